"""Proposals for everything that a closure displaces, timed through the use case: rows are read, windows worked out.

20 practitioners work from Monday to Thursday at a busy location and on Fridays at another one, which closes for four
weeks. Each displaced session is the second of a plan whose first was held and whose third is booked.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import insert

from bench.world import environment_for
from config import read_settings
from scheduler import create_app
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AppointmentType,
    Clinic,
    Credential,
    Location,
    Patient,
    PlannedSession,
    PlanPhase,
    Practitioner,
    Room,
    TreatmentPlan,
    WorkingHours,
)
from scheduler.usecases.absences.displacement import preview_absence
from scheduler.usecases.absences.times import WallTime
from tools.postgres import Cluster

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
PRACTITIONERS, WEEKS = 20, 4
BUSY_SHARE = 0.8
CROWDS = (50, 200)
REPEATS = 3


def run() -> dict[str, Any]:
    """Seconds until the proposals are there, and for how many, by the number displaced, on both databases."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, Cluster() as cluster:
        for count in CROWDS:
            urls = {
                "sqlite": f"sqlite:///{Path(folder) / f'displaced{count}.db'}",
                "postgresql": cluster.create_database(f"displaced{count}"),
            }
            for name, url in urls.items():
                found[f"{count} displaced, {name}"] = _measure(url, count)
    return found


def _measure(url: str, count: int) -> dict[str, float]:
    app = create_app(read_settings(environment_for(url)))
    with app.app_context():
        upgrade(directory=str(Path(__file__).parent.parent / "migrations"))
        _fill(count)
        took = []
        for _ in range(REPEATS):
            db.session.remove()
            begins = time.perf_counter()
            found = preview_absence(
                location_id=2,
                starts=WallTime(MONDAY),
                until=WallTime(MONDAY + timedelta(days=7 * WEEKS - 1)),
                now=NOW,
            )
            took.append(time.perf_counter() - begins)
        _release(app)
    return {"repair_all_s": median(took), "displaced": len(found.lines), "housed": found.repaired}


def _release(app: Flask) -> None:
    db.session.remove()
    db.engine.dispose()


def _fill(count: int) -> None:
    chance = random.Random(count)
    _add_house()
    rows = [
        _row(1, who, patient=who, starts_at=starts_at)
        for who in range(1, PRACTITIONERS + 1)
        for starts_at in _half_hours(range(-1, WEEKS + 2), weekdays=range(4))
        if chance.random() < BUSY_SHARE
    ]
    patients, plans, sessions = [], [], []
    fridays = list(_half_hours(range(WEEKS), weekdays=(4,)))
    places = [(who, starts_at) for starts_at in fridays for who in range(1, PRACTITIONERS + 1)]
    for number, (who, starts_at) in enumerate(chance.sample(places, count), start=1):
        patient = 1000 + number
        patients.append({"id": patient, "given_name": "Paul", "family_name": f"Pain {number}", **_OF_PATIENT})
        plans.append({"id": number, "patient_id": patient, "practitioner_id": who, **_OF_PLAN})
        for place, status in enumerate(("completed", "placed", "placed"), start=1):
            sessions.append({"plan_id": number, "phase_id": number, "number": place, "status": status})
            planned = 3 * (number - 1) + place
            week = timedelta(days=7 * (place - 2))
            where = 2 if place == 2 else 3
            rows.append(
                _row(where, who, patient, starts_at + week, planned, "completed" if place == 1 else "booked")
            )
    phases = [
        {"plan_id": plan["id"], "position": 1, "sessions": 3, "min_days": 4, "ideal_days": 7, "max_days": 10}
        for plan in plans
    ]
    for model, values in ((Patient, patients), (TreatmentPlan, plans), (PlanPhase, phases)):
        db.session.execute(insert(model), values)
    db.session.execute(
        insert(PlannedSession), [{"appointment_type_id": 1, "reason": "", **row} for row in sessions]
    )
    db.session.execute(insert(Appointment), _apart(rows))
    db.session.commit()


def _apart(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of rows that want the same practitioner at the same time, the first; what has a plan goes before the rest."""
    found: dict[tuple[int, datetime], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (row["planned_session_id"] is None, row["location_id"] != 2)):
        found.setdefault((row["practitioner_id"], row["starts_at"]), row)
    return [row | {"uid": f"{number}@bench"} for number, row in enumerate(found.values())]


def _add_house() -> None:
    db.session.add(
        Clinic(id=1, name="Bench", email="a@b.example", phone="", locale="en", reminder_offsets_minutes=[])
    )
    for name in ("Mitte", "Spandau", "Elsewhere"):
        place = Location(name=name, zone="Europe/Berlin")
        place.rooms = [Room(name=f"Room {number}") for number in range(PRACTITIONERS)]
        db.session.add(place)
        db.session.flush()
    db.session.add(AppointmentType(name="Dry needling", duration_minutes=30, is_needling=True))
    for number in range(1, PRACTITIONERS + 1):
        person = Practitioner(id=number, given_name="Petra", family_name=f"Pin {number}")
        person.credentials = [Credential(kind="dry_needling", issued_on=date(2000, 1, 1))]
        person.working_hours = [
            WorkingHours(
                location_id=2 if weekday == 4 else 1,
                weekday=weekday,
                starts_minute=9 * 60,
                ends_minute=17 * 60,
                valid_from=date(2020, 1, 6),
            )
            for weekday in range(5)
        ]
        db.session.add(person)
    own = [
        {"id": number, "given_name": "Ann", "family_name": "Ache", **_OF_PATIENT}
        for number in range(1, PRACTITIONERS + 1)
    ]
    db.session.flush()
    db.session.execute(insert(Patient), own)


def _half_hours(weeks: range, weekdays: range | tuple[int, ...]) -> Iterator[datetime]:
    """The half hours from 9 to 17 on these weekdays, in Berlin."""
    for week in weeks:
        for weekday in weekdays:
            day = MONDAY + timedelta(days=7 * week + weekday)
            begins = datetime(day.year, day.month, day.day, 9, tzinfo=BERLIN)
            for half_hour in range(16):
                yield (begins + half_hour * timedelta(minutes=30)).astimezone(UTC)


def _row(
    location: int,
    who: int,
    patient: int,
    starts_at: datetime,
    planned: int | None = None,
    status: str = "booked",
) -> dict[str, Any]:
    ends_at = starts_at + timedelta(minutes=30)
    return {
        "patient_id": patient,
        "practitioner_id": who,
        "location_id": location,
        "room_id": (location - 1) * PRACTITIONERS + who,
        "appointment_type_id": 1,
        "planned_session_id": planned,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "busy_from": starts_at,
        "busy_until": ends_at,
        "status": status,
        "changed_at": NOW,
        "created_at": NOW,
        "override_rules": [],
    }


_OF_PATIENT = {"cautions": [], "created_at": NOW}
_OF_PLAN = {
    "name": "Weekly",
    "target_muscles": [],
    "preferences": {},
    "starts_on": MONDAY - timedelta(days=7),
    "created_at": NOW,
}
