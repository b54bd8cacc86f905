"""Booking: place and room are found, rules need a reason, what is busy is named, and a repeated request books once."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.errors import (
    Conflict,
    IdempotencyKeyReused,
    InvalidInput,
    NeedsOverride,
    NoRoomFree,
    NotAllowed,
    NotFound,
    SlotTaken,
)
from scheduler.extensions import db
from scheduler.models import Appointment, Location, Room, WorkingHours
from scheduler.usecases.idempotency import Idempotency
from tests.factories import at, make_appointment, make_patient, make_practitioner, make_world, save
from tests.usecases.appointments.support import (
    PRACTITIONER,
    RULES,
    audit_actions,
    book,
    break_rule,
    message_states,
)


def test_booking_chooses_place_and_room_and_owes_confirmation_and_reminders(context: Flask) -> None:
    world = make_world()
    booked = book(world, at(10))
    assert (booked.ends_at, booked.location_id) == (at(10, 10, 30), world.location_id)
    assert booked.room_id in world.room_ids
    assert (booked.status, booked.version, booked.sequence) == ("booked", 1, 0)
    assert message_states() == [("confirmation", "due"), ("reminder", "due"), ("reminder", "due")]
    assert audit_actions() == ["appointment_booked"]


@pytest.mark.parametrize(
    ("same", "resources"),
    [
        ({"patient_id"}, ["patient"]),
        ({"practitioner_id"}, ["practitioner"]),
        ({"practitioner_id", "patient_id"}, ["practitioner", "patient"]),
    ],
)
def test_busy_resources_are_named(context: Flask, same: set[str], resources: list[str]) -> None:
    world = make_world()
    book(world, at(10))
    others = {
        "patient_id": make_patient("Other").id,
        "practitioner_id": make_practitioner(world.location_id, given_name="Other").id,
    }
    changes = {key: value for key, value in others.items() if key not in same}
    with pytest.raises(SlotTaken) as caught:
        book(world, at(10, 10, 15), appointment_type_id=world.review_id, override_reason="please", **changes)
    assert caught.value.details["resources"] == resources
    assert db.session.query(Appointment).count() == 1


def test_no_room_is_never_overridable(context: Flask) -> None:
    world = make_world()
    for room in world.room_ids:
        other = make_practitioner(world.location_id, given_name=f"Busy{room}")
        make_appointment(
            world, at(10), room_id=room, practitioner_id=other.id, patient_id=make_patient(f"P{room}").id
        )
    with pytest.raises(NoRoomFree):
        book(world, at(10), override_reason="please")


def test_tightest_room_is_taken_first(context: Flask) -> None:
    world = make_world()
    other = make_practitioner(world.location_id, given_name="Other")
    make_appointment(
        world,
        at(10, 10, 30),
        room_id=world.room_ids[1],
        practitioner_id=other.id,
        patient_id=make_patient("Other").id,
    )
    assert book(world, at(10)).room_id == world.room_ids[1]


@pytest.mark.parametrize("rule", RULES)
def test_broken_rule_asks_for_a_reason_and_keeps_it(context: Flask, rule: str) -> None:
    world = make_world()
    changes = {"starts_at": at(10)} | break_rule(world, rule)
    before = db.session.query(Appointment).count()
    with pytest.raises(NeedsOverride) as caught:
        book(world, **changes)
    assert caught.value.details["rules"] == [rule]
    assert db.session.query(Appointment).count() == before
    booked = book(world, **changes, override_reason="patient flies tomorrow")
    assert (booked.override_rules, booked.override_reason) == ([rule], "patient flies tomorrow")


def test_without_the_right_a_reason_does_not_help(context: Flask) -> None:
    world = make_world()
    changes = break_rule(world, "credential")
    with pytest.raises(NotAllowed):
        book(world, at(10), **changes, override_reason="I know better", actor=PRACTITIONER)


def test_rest_is_measured_on_the_wall_clock_across_a_clock_change(context: Flask) -> None:
    world = make_world()
    save(
        *[
            WorkingHours(
                practitioner_id=world.practitioner_id,
                location_id=world.location_id,
                weekday=weekday,
                starts_minute=0,
                ends_minute=1440,
                valid_from=date(2025, 1, 6),
            )
            for weekday in range(7)
        ]
    )
    book(world, at(28, 10))
    assert book(world, at(30, 10)).starts_at - at(28, 10) == timedelta(hours=47)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"patient_id": 999}, NotFound),
        ({"practitioner_id": 10**12}, NotFound),
        ({"appointment_type_id": -1}, NotFound),
        ({"room_id": 999}, NotFound),
        ({"starts_at": datetime(2026, 3, 10, 10)}, InvalidInput),  # noqa: DTZ001 - naive on purpose
        ({"starts_at": at(10, 10, 3)}, InvalidInput),
        ({"planned_session_id": 4}, NotFound),
    ],
)
def test_senseless_bookings_leave_nothing(
    context: Flask, changes: dict[str, Any], error: type[Exception]
) -> None:
    world = make_world()
    with pytest.raises(error):
        book(world, **{"starts_at": at(10)} | changes)
    assert db.session.query(Appointment).count() == 0
    assert audit_actions() == []


def test_room_elsewhere_is_refused(context: Flask) -> None:
    world = make_world()
    elsewhere = Location(name="Elsewhere", zone="Europe/Berlin", rooms=[Room(name="A")])
    save(elsewhere)
    with pytest.raises(InvalidInput, match="another location"):
        book(world, at(10), location_id=world.location_id, room_id=elsewhere.rooms[0].id)


def test_repeating_a_request_finds_its_result(context: Flask) -> None:
    world = make_world()
    key = Idempotency("k1", "fingerprint")
    first = book(world, at(10), idempotency=key)
    again = book(world, at(10), idempotency=key)
    assert again.id == first.id
    assert db.session.scalar(select(func.count(Appointment.id))) == 1
    with pytest.raises(IdempotencyKeyReused):
        book(world, at(11), idempotency=Idempotency("k1", "another"))


def test_one_planned_session_has_one_appointment(context: Flask) -> None:
    world = make_world()
    with pytest.raises((Conflict, NotFound, InvalidInput)):
        book(world, at(10), planned_session_id=1)
