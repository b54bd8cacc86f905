"""Inventing a demo clinic and writing it down."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from scheduler.errors import Conflict, InvalidInput
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    Clinic,
    Patient,
    PlannedSession,
    PlanStatus,
    Staff,
    TreatmentPlan,
)
from scheduler.models.appointments import INACTIVE
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.appointments.changing import book_appointment
from scheduler.usecases.availability.slots import find_slots
from scheduler.usecases.demo.invent import Demo, invent_demo
from scheduler.usecases.demo.load import has_data, load_demo
from scheduler.usecases.demo.size import DemoSize
from scheduler.usecases.feeds.tokens import list_feed_tokens
from scheduler.usecases.messages.claims import claim_messages
from scheduler.usecases.patients.registry import PatientDetails, find_patients, register_patient
from scheduler.usecases.staff.sign_in import sign_in
from tests.factories import BERLIN, RECEPTIONIST, make_patient
from tests.usecases.demo_sweep import AT_NOON, DAY, PASSWORD, SMALL, meets, works


@pytest.mark.parametrize("seed", range(4))
def test_plans_of_every_state_are_there(seed: int) -> None:
    invented = invent_demo(DemoSize(2, 24, 8, seed), now=AT_NOON)
    tables = dict(invented.tables)
    plans = {row["id"]: row["status"] for row in tables[TreatmentPlan]}
    statuses = defaultdict(set)
    for row in tables[PlannedSession]:
        statuses[row["plan_id"]].add(row["status"])
    states = {
        (status, "to_place" in statuses[plan], "placed" in statuses[plan]) for plan, status in plans.items()
    }
    assert {status for status, _, _ in states} == set(PlanStatus)
    assert states >= {
        ("active", False, True),  # running
        ("active", True, True),  # behind
        ("active", True, False),  # nothing placed yet
        ("draft", True, False),
        ("paused", True, False),
        ("completed", False, False),
        ("discontinued", False, False),
    }


def test_the_next_two_weeks_are_well_filled_and_later_ones_thin_out() -> None:
    invented = invent_demo(DemoSize(), now=AT_NOON)
    rows = next(rows for model, rows in invented.tables if model is Appointment)
    near, far = (share_taken(invented, rows, days) for days in (range(1, 15), range(29, 43)))
    assert 0.70 <= near <= 0.90
    assert far < near / 2


def share_taken(invented: Demo, rows: list[dict[str, Any]], days: range) -> float:
    """Minutes of active appointments over open minutes, on local days counted from today."""
    dates = {AT_NOON.astimezone(BERLIN).date() + DAY * number for number in days}
    taken = sum(
        (row["ends_at"] - row["starts_at"]).seconds // 60
        for row in rows
        if row["status"] not in INACTIVE and row["starts_at"].astimezone(BERLIN).date() in dates
    )
    return taken / sum(open_minutes(invented, day) for day in dates)


def open_minutes(invented: Demo, day: date) -> int:
    minutes = 0
    for person in invented.house.practitioners:
        for rule in person.working_hours:
            probe = {"location_id": rule.location_id, "practitioner_id": person.id}
            for minute in range(rule.starts_minute, rule.ends_minute, 15):
                begins = datetime.combine(day, datetime.min.time(), BERLIN) + timedelta(minutes=minute)
                start = begins.astimezone(UTC)
                row = Appointment(starts_at=start, ends_at=start + timedelta(minutes=15), **probe)
                blocked = [r for r in invented.house.time_off if r.practitioner_id == person.id]
                blocked_here = [r for r in invented.house.closures if r.location_id == rule.location_id]
                if works(rule, row) and not any(meets(row, other) for other in [*blocked, *blocked_here]):
                    minutes += 15
    return minutes


def test_the_same_seed_and_day_make_the_same_rows() -> None:
    first, second = (invent_demo(SMALL, now=AT_NOON) for _ in range(2))
    assert first.tables == second.tables


def test_the_time_of_day_changes_only_what_became_of_today() -> None:
    def settled(now: datetime) -> list[dict[str, Any]]:
        tables = dict(invent_demo(SMALL, now=now).tables)
        left_out = {"status", "version"}
        return [{k: v for k, v in row.items() if k not in left_out} for row in tables[Appointment]]

    assert settled(AT_NOON) == settled(AT_NOON + timedelta(hours=5))


def test_another_seed_makes_another_clinic() -> None:
    one, other = (dict(invent_demo(DemoSize(2, 24, 8, seed), now=AT_NOON).tables) for seed in (1, 2))
    assert [row["family_name"] for row in one[Patient]] != [row["family_name"] for row in other[Patient]]


@pytest.mark.usefixtures("context")
def test_work_goes_on_in_a_demo_clinic() -> None:
    demo = invent_demo(SMALL, now=AT_NOON)
    load_demo(demo, password=PASSWORD, actor=COMMAND, now=AT_NOON)
    staff = {row.email: row.role for row in db.session.scalars(select(Staff))}
    assert staff == {"reception": "reception", "admin": "admin", "practitioner": "practitioner"}
    assert sign_in("reception", PASSWORD, source="127.0.0.1", now=AT_NOON)
    assert len(list_feed_tokens(patient_id=demo.example_patient_id)) == 1
    patient = register_patient(PatientDetails("Ada", "Zufall"), actor=RECEPTIONIST, now=AT_NOON)
    assert [found.id for found in find_patients("zufall").items] == [patient.id]
    week = AT_NOON.date() + 7 * DAY
    slot = find_slots(appointment_type_id=2, from_on=week, to_on=week + 21 * DAY, now=AT_NOON)[0]
    booked = book_appointment(
        patient_id=patient.id,
        practitioner_id=slot.practitioner_id,
        appointment_type_id=2,
        starts_at=slot.starts_at,
        actor=RECEPTIONIST,
        now=AT_NOON,
    )
    assert booked.id == db.session.scalar(select(func.max(Appointment.id)))


@pytest.mark.usefixtures("context")
def test_nothing_is_sent_right_after_loading_and_reminders_the_day_after() -> None:
    load_demo(invent_demo(SMALL, now=AT_NOON), password=PASSWORD, actor=COMMAND, now=AT_NOON)
    assert claim_messages(limit=100, now=AT_NOON).looked_at == 0
    letters = claim_messages(limit=100, now=AT_NOON + DAY).letters
    assert {letter.kind for letter in letters} == {"reminder"}
    assert {letter.sender.name for letter in letters} == {"Nadelpunkt Berlin"}


@pytest.mark.usefixtures("context")
def test_a_database_with_data_is_left_alone() -> None:
    make_patient()
    assert has_data()
    with pytest.raises(Conflict):
        load_demo(invent_demo(SMALL, now=AT_NOON), password=PASSWORD, actor=COMMAND, now=AT_NOON)
    assert db.session.get(Clinic, 1) is None
    assert db.session.scalar(select(func.count(Patient.id))) == 1


@pytest.mark.usefixtures("context")
def test_a_password_too_short_leaves_the_database_empty() -> None:
    with pytest.raises(InvalidInput):
        load_demo(invent_demo(SMALL, now=AT_NOON), password="short", actor=COMMAND, now=AT_NOON)
    assert not has_data()


@pytest.mark.parametrize("senseless", [{"practitioners": 0}, {"patients": -1}, {"weeks": 100_000}])
def test_a_senseless_size_is_refused(senseless: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        DemoSize(**senseless)
