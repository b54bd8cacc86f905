"""Several processes at one database, some of them killed in the middle: nothing overlaps, nothing is lost or halved."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, MessageItem, PlannedSession
from tests.factories import make_patient, make_practitioner, make_world
from tests.forking import Child
from tests.races.worker import SERIES, Line, be_busy


def start(app: Flask, seed: int, *, deeds: int, stall: int = 0) -> Child:
    """A worker process on the application's database."""
    return Child(be_busy, app.config["SQLALCHEMY_DATABASE_URI"], seed, deeds, stall)


def hear_until_stalled(worker: Child) -> list[Line]:
    """What a worker acknowledged until it stopped in mid-transaction; then kill it as a power cut would.

    Raises EOFError if it ended without.
    """
    lines: list[Line] = [worker.hear()]
    while lines[-1]["op"] != "stalled":
        lines.append(worker.hear())
    worker.kill()
    return lines


def hear_all(worker: Child) -> list[Line]:
    """What a worker acknowledged until it ended, which it must do well."""
    lines: list[Line] = worker.hear_all()
    assert worker.exit_code() == 0
    worker.kill()
    return lines


def sweep(app: Flask, acknowledged: list[Line]) -> None:
    """Check the rows independently of the code that wrote them."""
    with app.app_context():
        rows = list(db.session.scalars(select(Appointment)))
        active = [row for row in rows if row.status not in {"cancelled", "no_show"}]
        by_resource = defaultdict(list)
        for row in active:
            by_resource["practitioner", row.practitioner_id].append((row.busy_from, row.busy_until))
            by_resource["room", row.room_id].append((row.busy_from, row.busy_until))
            by_resource["patient", row.patient_id].append((row.starts_at, row.ends_at))
        overlaps = [
            (resource, one, other)
            for resource, spans in by_resource.items()
            for one, other in combinations(spans, 2)
            if one[0] < other[1] and other[0] < one[1]
        ]
        assert overlaps == []
        versions = {row.id: row.version for row in rows}
        lost = [
            line for line in acknowledged if any(versions.get(i, 0) < line["version"] for i in line["ids"])
        ]
        assert lost == []
        # What a victim had not committed when it was killed is not there, not even in part.
        assert set(versions) == {number for line in acknowledged for number in line["ids"]}
        ever_filled = defaultdict(set)
        for row in rows:
            if row.planned_session_id:
                planned = db.session.get(PlannedSession, row.planned_session_id)
                ever_filled[planned.plan_id].add(planned.number)
        assert {len(numbers) for numbers in ever_filled.values()} <= {SERIES}
        filled = {row.planned_session_id for row in active}
        placed = set(db.session.scalars(select(PlannedSession.id).where(PlannedSession.status == "placed")))
        assert placed == filled - {None}
        told = set(db.session.scalars(select(MessageItem.appointment_id)))
        noted = set(
            db.session.scalars(select(AuditEntry.entity_id).where(AuditEntry.action == "appointment_booked"))
        )
        assert told == noted == set(versions)


def test_processes_racing_and_killed_in_mid_transaction_leave_a_sound_diary(app: Flask) -> None:
    with app.app_context():
        world = make_world()
        make_practitioner(world.location_id, given_name="Second")
        for number in range(6):
            make_patient(f"Patient{number}")
        db.session.remove()
        db.engine.dispose()
    racers = [start(app, seed, deeds=60) for seed in (1, 2)]
    victims = [start(app, 10 + stall, deeds=400, stall=stall) for stall in (2, 5, 9)]
    with ThreadPoolExecutor() as readers:
        # All at once: one that stalls keeps the others waiting until it is killed.
        heard = [*readers.map(hear_until_stalled, victims), *readers.map(hear_all, racers)]
    lines = [line for said in heard for line in said]
    kept = [line for line in lines if line["op"] == "kept"]
    refused = [line for line in lines if line["op"] == "refused"]
    assert len(kept) > 40
    assert {line["code"] for line in refused} <= {
        "slot_taken",
        "no_room_free",
        "series_taken",
        "stale_version",
        "illegal_transition",
        "conflict",
    }
    sweep(app, kept)
