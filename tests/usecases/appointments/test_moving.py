"""Moving: what calendars and patients are told, the length an appointment has, and what stands in the way."""

from datetime import date, timedelta

import pytest
from flask import Flask

from scheduler.errors import InvalidInput, NeedsOverride, SlotTaken
from scheduler.extensions import db
from scheduler.models import Location, Room, TimeOff, WorkingHours
from scheduler.usecases.appointments.changing import book_appointment, change_status, move_appointment
from tests.factories import (
    NOW,
    RECEPTIONIST,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_type,
    make_world,
    save,
)
from tests.usecases.appointments.support import BY, audit_actions, book, message_states


def test_moving_keeps_the_uid_and_counts_what_calendars_show(context: Flask) -> None:
    world = make_world()
    booked = book(world, at(10))
    uid = booked.uid
    moved = move_appointment(
        booked.id, version=1, starts_at=at(11, 14), actor=RECEPTIONIST, now=NOW + timedelta(hours=1)
    )
    assert (moved.starts_at, moved.ends_at) == (at(11, 14), at(11, 14, 30))
    assert (moved.uid, moved.version, moved.sequence, moved.changed_at) == (
        uid,
        2,
        1,
        NOW + timedelta(hours=1),
    )
    assert ("change", "due") in message_states()
    assert message_states().count(("reminder", "cancelled")) == 2
    assert message_states().count(("reminder", "due")) == 2
    assert audit_actions() == ["appointment_booked", "appointment_moved"]


def test_moving_nowhere_changes_nothing(context: Flask) -> None:
    booked = book(make_world(), at(10))
    same = move_appointment(booked.id, version=1, starts_at=at(10), actor=RECEPTIONIST, now=NOW)
    assert (same.version, same.sequence) == (1, 0)
    assert audit_actions() == ["appointment_booked"]


def test_moving_by_less_than_its_length_does_not_collide_with_itself(context: Flask) -> None:
    booked = book(make_world(), at(10))
    moved = move_appointment(booked.id, version=1, starts_at=at(10, 10, 15), actor=RECEPTIONIST, now=NOW)
    assert moved.starts_at == at(10, 10, 15)


def test_changing_only_the_room_tells_calendars_but_not_the_patient(context: Flask) -> None:
    world = make_world()
    booked = book(world, at(10))
    (other,) = set(world.room_ids) - {booked.room_id}
    moved = move_appointment(booked.id, version=1, room_id=other, actor=RECEPTIONIST, now=NOW)
    assert (moved.room_id, moved.sequence) == (other, 1)
    assert "change" not in [kind for kind, _ in message_states()]
    assert message_states().count(("reminder", "due")) == 2


def test_move_stays_at_its_location_even_where_the_practitioner_works_elsewhere_then(context: Flask) -> None:
    world = make_world()
    elsewhere = Location(name="Elsewhere", zone="Europe/Lisbon", rooms=[Room(name="A")])
    save(elsewhere)
    save(
        WorkingHours(
            practitioner_id=world.practitioner_id,
            location_id=elsewhere.id,
            weekday=5,
            starts_minute=600,
            ends_minute=1080,
            valid_from=date(2025, 1, 6),
        )
    )
    booked = book(world, at(10))
    with pytest.raises(NeedsOverride) as caught:
        move_appointment(booked.id, version=1, starts_at=at(14, 13), actor=RECEPTIONIST, now=NOW)
    assert caught.value.details["rules"] == ["outside_hours"]


def test_reason_goes_when_no_rule_is_broken_any_more(context: Flask) -> None:
    booked = book(make_world(), at(10, 18), override_reason="after work")
    moved = move_appointment(booked.id, version=1, starts_at=at(11), actor=RECEPTIONIST, now=NOW)
    assert (moved.override_reason, moved.override_rules) == (None, [])


def test_rules_are_known_of_practitioners_without_weekly_hours(context: Flask) -> None:
    world = make_world()
    locum = make_practitioner(world.location_id, given_name="Locum", weekdays=())
    save(TimeOff(practitioner_id=locum.id, starts_at=at(11, 0), ends_at=at(12, 0)))
    with pytest.raises(NeedsOverride) as caught:
        book(world, at(10), practitioner_id=locum.id, location_id=world.location_id)
    assert caught.value.details["rules"] == ["outside_hours"]
    with pytest.raises(NeedsOverride) as caught:
        book(world, at(11), practitioner_id=locum.id, location_id=world.location_id)
    assert caught.value.details["rules"] == ["outside_hours", "away"]


def test_confirmation_is_for_the_old_time_only(context: Flask) -> None:
    booked = book(make_world(), at(10))
    confirmed = change_status(booked.id, version=1, status="confirmed", actor=RECEPTIONIST, now=NOW)
    moved = move_appointment(
        booked.id, version=confirmed.version, starts_at=at(11), actor=RECEPTIONIST, now=NOW
    )
    assert moved.status == "booked"


def test_move_into_a_busy_time_leaves_it_where_it_was(context: Flask) -> None:
    world = make_world()
    booked = book(world, at(10))
    book(world, at(12), patient_id=make_patient("Other").id)
    with pytest.raises(SlotTaken):
        move_appointment(booked.id, version=1, starts_at=at(12, 10, 15), actor=RECEPTIONIST, now=NOW)
    db.session.expire_all()
    assert (booked.starts_at, booked.version) == (at(10), 1)


def test_a_type_that_may_be_resized_has_its_own_length_and_keeps_it(context: Flask) -> None:
    world = make_world()
    long_one = make_type("Talk", needs_credential=None, is_needling=False, may_resize=True).id
    wish = {"practitioner_id": world.practitioner_id, "patient_id": world.patient_id, **BY}
    booked = book_appointment(appointment_type_id=long_one, starts_at=at(3), minutes=50, **wish)
    assert booked.ends_at == at(3, 10, 50)
    moved = move_appointment(booked.id, version=1, starts_at=at(4), **BY)
    assert (moved.starts_at, moved.ends_at) == (at(4), at(4, 10, 50))
    shorter = move_appointment(booked.id, version=2, minutes=20, **BY)
    assert (shorter.ends_at, shorter.busy_until) == (at(4, 10, 20), at(4, 10, 20))
    with pytest.raises(InvalidInput, match="in steps of 5"):
        move_appointment(booked.id, version=3, minutes=22, **BY)


def test_other_types_last_as_long_as_they_do(context: Flask) -> None:
    booked = make_appointment(make_world(), at(3))
    with pytest.raises(InvalidInput, match="Dry needling always lasts 30 minutes"):
        move_appointment(booked.id, version=1, minutes=60, **BY)


def test_one_that_came_with_another_length_keeps_it(context: Flask) -> None:
    world = make_world()
    brought_in = make_appointment(world, at(3), 45)
    moved = move_appointment(brought_in.id, version=1, room_id=world.room_ids[1], **BY)
    assert (moved.room_id, moved.ends_at) == (world.room_ids[1], at(3, 10, 45))
