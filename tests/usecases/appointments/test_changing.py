"""Booking, moving, cancelling: what is refused, what may be set aside, and what is left behind."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.errors import (
    Conflict,
    IdempotencyKeyReused,
    IllegalTransition,
    InvalidInput,
    NeedsOverride,
    NoRoomFree,
    NotAllowed,
    NotFound,
    SlotTaken,
    StaleVersion,
)
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AuditEntry,
    Closure,
    FeedToken,
    Location,
    Message,
    Room,
    TimeOff,
    WorkingHours,
)
from scheduler.models.staff import Role
from scheduler.usecases.appointments.changing import (
    LEGAL_MOVES,
    book_appointment,
    cancel_appointment,
    change_status,
    move_appointment,
)
from scheduler.usecases.feeds.tokens import issue_feed_token
from scheduler.usecases.idempotency import Idempotency
from tests.conftest import empty_database
from tests.factories import (
    NOW,
    RECEPTIONIST,
    World,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_type,
    make_world,
    save,
)

BY = {"actor": RECEPTIONIST, "now": NOW}
PRACTITIONER = replace(RECEPTIONIST, role=Role.PRACTITIONER, id=2)


def book(world: World, starts_at: datetime, **changes: Any) -> Appointment:
    """Book needling for the world's patient with its practitioner."""
    asked: dict[str, Any] = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "appointment_type_id": world.needling_id,
        "starts_at": starts_at,
        "actor": RECEPTIONIST,
        "now": NOW,
    }
    return book_appointment(**asked | changes)


def audit_actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def message_states() -> list[tuple[str, str]]:
    rows = db.session.execute(select(Message.kind, Message.state).order_by(Message.kind, Message.due_at))
    return [(kind, state) for kind, state in rows]


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


def break_rule(world: World, rule: str) -> dict[str, Any]:
    """Arrange for a booking on Tuesday the 10th at 10:00 to break one rule; returns what to book differently."""
    if rule == "outside_hours":
        return {"starts_at": at(10, 18)}
    if rule == "closed":
        save(Closure(location_id=world.location_id, starts_at=at(10, 9), ends_at=at(10, 12)))
    elif rule == "away":
        save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(10, 9), ends_at=at(10, 12)))
    elif rule == "rest":
        make_appointment(world, at(9, 10, 15))
    elif rule == "credential":
        untrained = make_practitioner(world.location_id, given_name="New", credentialed=False)
        return {"practitioner_id": untrained.id}
    elif rule == "in_the_past":
        return {"now": at(10, 10, 5)}
    return {}


RULES = ["outside_hours", "closed", "away", "rest", "credential", "in_the_past"]


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


@pytest.mark.parametrize("change", [move_appointment, cancel_appointment, change_status])
def test_stale_version_is_refused_with_the_present_state(context: Flask, change: Any) -> None:
    booked = book(make_world(), at(10))
    move_appointment(booked.id, version=1, starts_at=at(11), actor=RECEPTIONIST, now=NOW)
    extra = {"status": "arrived"} if change is change_status else {}
    with pytest.raises(StaleVersion) as caught:
        change(booked.id, version=1, actor=RECEPTIONIST, now=NOW, **extra)
    current: Any = caught.value.details["current"]
    assert (current["version"], current["starts_at"]) == (2, "2026-03-11T09:00:00Z")


def test_cancelling_frees_the_slot_and_withdraws_what_is_unsent(context: Flask) -> None:
    world = make_world()
    booked = book(world, at(10))
    cancelled = cancel_appointment(booked.id, version=1, reason="flu", actor=RECEPTIONIST, now=NOW)
    assert (cancelled.status, cancelled.cancel_reason, cancelled.sequence) == ("cancelled", "flu", 1)
    assert [state for kind, state in message_states() if kind == "reminder"] == ["cancelled", "cancelled"]
    assert book(world, at(10)).status == "booked"


def test_every_illegal_change_of_status_is_refused(context: Flask) -> None:
    world = make_world()
    day = 9
    for status, allowed in LEGAL_MOVES.items():
        for target in set(LEGAL_MOVES) - allowed - {status}:
            row = make_appointment(world, at(day), uid=f"{status}-{target}", status=status.value)
            with pytest.raises(IllegalTransition):
                change_status(row.id, version=1, status=str(target), actor=RECEPTIONIST, now=NOW)
            db.session.delete(row)
            db.session.commit()


def test_every_legal_change_of_status_works(context: Flask) -> None:
    world = make_world()
    for status, allowed in LEGAL_MOVES.items():
        for target in allowed:
            row = make_appointment(world, at(9), uid=f"{status}-{target}", status=status.value)
            assert (
                change_status(row.id, version=1, status=str(target), actor=RECEPTIONIST, now=NOW).status
                == target
            )
            empty_database()
            db.session.remove()
            world = make_world()


def test_no_show_cannot_come_back_to_a_slot_given_away(context: Flask) -> None:
    world = make_world()
    booked = book(world, at(10))
    gone = change_status(booked.id, version=1, status="no_show", actor=RECEPTIONIST, now=NOW)
    book(world, at(10), patient_id=make_patient("Other").id)
    with pytest.raises(SlotTaken):
        change_status(booked.id, version=gone.version, status="arrived", actor=RECEPTIONIST, now=NOW)


def test_calendars_hear_of_what_they_show_only(context: Flask) -> None:
    world = make_world()
    token = issue_feed_token(patient_id=world.patient_id, actor=RECEPTIONIST, now=NOW)

    def revision() -> int | None:
        db.session.expire_all()
        return db.session.scalar(select(FeedToken.revision).where(FeedToken.id == token.id))

    booked = book(world, at(10))
    assert revision() == 1
    change_status(booked.id, version=1, status="confirmed", actor=RECEPTIONIST, now=NOW)
    change_status(booked.id, version=2, status="no_show", actor=RECEPTIONIST, now=NOW)
    change_status(booked.id, version=3, status="booked", actor=RECEPTIONIST, now=NOW)
    assert revision() == 1
    move_appointment(booked.id, version=4, starts_at=at(11), actor=RECEPTIONIST, now=NOW)
    assert revision() == 2
    cancel_appointment(booked.id, version=5, actor=RECEPTIONIST, now=NOW)
    assert revision() == 3


def test_unknown_status_is_refused(context: Flask) -> None:
    booked = book(make_world(), at(10))
    with pytest.raises(InvalidInput):
        change_status(booked.id, version=1, status="vanished", actor=RECEPTIONIST, now=NOW)


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
