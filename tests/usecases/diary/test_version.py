"""What a page asks every few seconds: another answer after each change that it would show, and one cheap read."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from scheduler.extensions import db
from scheduler.models import Location, Practitioner, WorkingHours
from scheduler.usecases.absences.entering import WallTime, add_closure, add_time_off, remove_time_off
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.appointments.changing import book_appointment, move_appointment
from scheduler.usecases.availability.slots import find_slots
from scheduler.usecases.clinic.appointment_types import TypeDetails, change_type, get_type
from scheduler.usecases.clinic.locations import add_room
from scheduler.usecases.diary.version import diary_version
from scheduler.usecases.edits import stamp_of
from scheduler.usecases.patients.registry import change_patient, read_details
from scheduler.usecases.plans.course import extend_plan
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.practitioners.adding import DayHours
from scheduler.usecases.practitioners.hours_blocks import HoursBlock
from scheduler.usecases.practitioners.records import archive_practitioner
from scheduler.usecases.practitioners.working_hours import set_hours
from tests.factories import NOW, World, at, make_appointment, make_practitioner, make_type, make_world, save
from tests.feeds.support import statements

TODAY = date(2026, 3, 2)
BY: dict[str, Any] = {"actor": COMMAND, "now": NOW}


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def version(first: date = TODAY, last: date = TODAY, later: timedelta = timedelta()) -> str:
    return diary_version(first, last, now=NOW + later)


def hours(world: World) -> None:
    rows = db.session.scalars(
        select(WorkingHours).order_by(WorkingHours.weekday, WorkingHours.starts_minute, WorkingHours.id)
    )
    saturdays = HoursBlock(world.location_id, (DayHours(5, 540, 720),), TODAY)
    set_hours(world.practitioner_id, saturdays, seen=stamp_of(*rows), **BY)


def recolour(world: World) -> None:
    kind = get_type(world.review_id)
    known = {name: getattr(kind, name) for name in TypeDetails.__slots__}
    change_type(world.review_id, TypeDetails(**known | {"colour": "#aa0000"}), seen=stamp_of(kind), **BY)


def marry(world: World) -> None:
    details = replace(read_details(world.patient_id), family_name="Gain")
    change_patient(world.patient_id, details, version=1, **BY)


CHANGES: dict[str, Callable[[World], object]] = {
    "time off": lambda world: add_time_off(world.practitioner_id, at(2, 12), at(2, 14), **BY),
    "a closure": lambda world: add_closure("Mitte", at(2, 12), at(2, 14), **BY),
    "hours": hours,
    "a colour": recolour,
    "a patient's name": marry,
    "a room": lambda world: add_room(world.location_id, "Attic", **BY),
    "somebody archived": lambda world: archive_practitioner(
        make_practitioner(world.location_id, given_name="Nina").id, **BY
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_surrounds_appointments_is_seen_at_once(world: World, what: str) -> None:
    before = version()
    assert version() == before
    CHANGES[what](world)
    assert version() != before


def test_an_absence_that_is_taken_back_and_entered_again_is_seen_each_time(world: World) -> None:
    seen = [version()]
    for _ in range(2):
        absence = add_time_off(world.practitioner_id, WallTime(TODAY), WallTime(TODAY), **BY)
        seen.append(version())
        remove_time_off(absence.id or 0, actor=COMMAND, now=NOW - timedelta(days=1))
        seen.append(version())
    assert len(set(seen)) == 5


def test_an_appointment_is_seen_in_its_week_only_and_nobody_else_takes_the_stamp_for_one(
    world: World,
) -> None:
    before = [version(), version(date(2026, 3, 23), date(2026, 3, 29))]
    book_appointment(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        appointment_type_id=world.needling_id,
        starts_at=at(3),
        **BY,
    )
    assert version() != before[0]
    assert version(date(2026, 3, 23), date(2026, 3, 29)) == before[1]
    CHANGES["a room"](world)
    slots = find_slots(appointment_type_id=world.review_id, from_on=TODAY, to_on=date(2026, 3, 3), now=NOW)
    assert {slot.practitioner_id for slot in slots} == set(db.session.scalars(select(Practitioner.id)))


def test_a_session_that_gets_others_after_it_is_seen(world: World) -> None:
    phase = PhaseWish(1, 7, 7, 7, world.needling_id)
    who: dict[str, Any] = {"patient_id": world.patient_id, "practitioner_id": world.practitioner_id, **BY}
    plan = prescribe_plan(starts_on=TODAY, phases=[phase], first_appointment_type_id=world.needling_id, **who)
    first = plan.sessions[0].id
    book_appointment(appointment_type_id=world.needling_id, starts_at=at(3), planned_session_id=first, **who)
    before = version()
    extend_plan(plan.id, version=plan.version, phases=[phase], **BY)
    assert version() != before


def test_an_appointment_that_only_goes_to_another_location_is_seen(world: World) -> None:
    elsewhere = Location(name="Ost", address="", zone="Europe/Berlin")
    save(elsewhere)
    call = make_type("Call", needs_room=False)
    row = make_appointment(world, at(3), room_id=None, appointment_type_id=call.id)
    before = version()
    move_appointment(row.id, version=1, location_id=elsewhere.id, override_reason="moves house", **BY)
    assert version() != before


def test_asking_is_one_statement_that_looks_up_rows_by_their_keys(world: World) -> None:
    CHANGES["time off"](world)
    version()
    with statements(db.engine) as seen:
        version(TODAY, TODAY + timedelta(days=41))
    (asked,) = [line for line in seen if "diary_weeks" in line]
    if db.engine.dialect.name == "sqlite":
        values = dict.fromkeys(range(asked.count("?")), 1)
        plan = db.session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + asked, tuple(values)).all()
        steps = [row[3] for row in plan]
        assert [step for step in steps if step.startswith("SCAN")] == []
        assert len([step for step in steps if step.startswith("SEARCH")]) == 3
    else:
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        for name in ("first", "last"):
            asked = asked.replace(f"%({name})s", "1")
        asked = asked.replace("%(now)s", "now()")
        steps = [row[0] for row in db.session.connection().exec_driver_sql("EXPLAIN " + _literal(asked))]
        assert [step for step in steps if "Seq Scan" in step] == []
        assert len([step for step in steps if "diary_weeks" in step or "ix_holds_expires_at" in step]) >= 3


def _literal(statement: str) -> str:
    """The statement with every value that is left written as 0."""
    import re

    return re.sub(r"%\(\w+\)s(::\w+)?", "0", statement)
