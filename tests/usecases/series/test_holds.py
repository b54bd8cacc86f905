"""Slots kept for a patient: nobody else gets them, and they let themselves go."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.errors import Conflict, InvalidInput, NotFound, SeriesTaken, SlotHeld, SlotTaken
from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Hold, Message, SessionStatus, TreatmentPlan
from scheduler.usecases.appointments.changing import book_appointment, move_appointment
from scheduler.usecases.appointments.queries import get_appointment, list_appointments
from scheduler.usecases.availability.slots import find_slots
from scheduler.usecases.diary.days import load_diary
from scheduler.usecases.plans.course import change_course
from scheduler.usecases.plans.life import pause_plan
from scheduler.usecases.plans.prescribing import PhaseWish, get_plan, prescribe_plan
from scheduler.usecases.series.holds import get_hold, hold_slots, list_holds, release_hold
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from scheduler.usecases.series.proposals import propose_series
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_patient, make_world

BY = {"actor": RECEPTIONIST, "now": NOW}
LATER = NOW + timedelta(minutes=10)
"""When a hold of the usual length is over."""


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def plan_for(world: World, patient_id: int | None = None) -> int:
    """A plan of two sessions a week apart, from Thursday on."""
    plan = prescribe_plan(
        patient_id=patient_id or world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=date(2026, 3, 5),
        phases=[PhaseWish(2, 5, 7, 9)],
        **BY,
    )
    return plan.id


def two_slots(world: World) -> list[ChosenSlot]:
    return [ChosenSlot(1, at(5), world.practitioner_id), ChosenSlot(2, at(12), world.practitioner_id)]


def starts(world: World, now: datetime = NOW, **more: object) -> list[datetime]:
    """The bookable starts of the first day."""
    day = date(2026, 3, 5)
    found = find_slots(appointment_type_id=world.needling_id, from_on=day, to_on=day, now=now, **more)
    return [slot.starts_at for slot in found]


def test_a_held_slot_is_free_again_when_its_time_is_over(world: World) -> None:
    hold_slots(plan_for(world), sessions=two_slots(world), **BY)
    assert at(5) not in starts(world)
    assert at(5) in starts(world, LATER)


def test_nobody_is_booked_on_a_held_slot_until_it_is_over(world: World) -> None:
    hold_slots(plan_for(world), sessions=two_slots(world), **BY)
    other = {
        "patient_id": make_patient("Otto", "Other").id,
        "practitioner_id": world.practitioner_id,
        "appointment_type_id": world.needling_id,
        "starts_at": at(5),
        "actor": RECEPTIONIST,
    }
    with pytest.raises(SlotHeld, match="being kept for another booking"):
        book_appointment(**other, now=NOW)
    assert book_appointment(**other, now=LATER).starts_at == at(5)
    assert db.session.scalar(select(func.count(Hold.id))) == 0


def test_nothing_is_moved_to_a_held_slot(world: World) -> None:
    appointment = make_appointment(world, at(3), patient_id=make_patient("Otto", "Other").id)
    hold_slots(plan_for(world), sessions=two_slots(world), **BY)
    with pytest.raises(SlotTaken):
        move_appointment(appointment.id, version=1, starts_at=at(5), **BY)


def test_what_is_held_is_no_appointment(world: World) -> None:
    plan_id = plan_for(world)
    hold_slots(plan_id, sessions=two_slots(world), **BY)
    held = db.session.scalars(select(Appointment)).all()
    view = get_plan(plan_id)
    assert [line.session.status for line in view.lines] == [SessionStatus.TO_PLACE] * 2
    assert [line.appointment for line in view.lines] == [None, None]
    assert list_appointments(patient_id=world.patient_id).total == 0
    assert load_diary(world.location_id, date(2026, 3, 5), date(2026, 3, 5), now=NOW).entries == []
    assert db.session.scalar(select(func.count(Message.id))) == 0
    with pytest.raises(NotFound):
        get_appointment(held[0].id)


def test_the_diary_shows_who_keeps_what_until_when(world: World) -> None:
    hold_slots(plan_for(world), sessions=two_slots(world), **BY)
    day = date(2026, 3, 5)
    (kept,) = load_diary(world.location_id, day, day, now=NOW).held
    assert (kept.patient, kept.holder, kept.starts_at, kept.expires_at) == (
        "Paul Pain",
        "Rita Reception",
        at(5),
        LATER,
    )
    assert load_diary(world.location_id, day, day, now=LATER).held == []


def test_placing_with_the_hold_books_what_was_kept(world: World) -> None:
    plan_id = plan_for(world)
    hold = hold_slots(plan_id, sessions=two_slots(world), **BY)
    booked = place_plan(plan_id, sessions=two_slots(world), hold_id=hold.id, **BY)
    assert [row.starts_at for row in booked] == [at(5), at(12)]
    assert db.session.scalar(select(func.count(Hold.id))) == 0
    assert {row.status for row in db.session.scalars(select(Appointment))} == {"booked"}


def test_placing_without_the_hold_names_what_is_held(world: World) -> None:
    plan_id = plan_for(world)
    hold_slots(plan_id, sessions=two_slots(world), **BY)
    with pytest.raises(SeriesTaken) as refused:
        place_plan(plan_id, sessions=two_slots(world), **BY)
    assert refused.value.details["numbers"] == [1, 2]


def test_a_hold_that_is_over_does_not_hinder_placing(world: World) -> None:
    plan_id = plan_for(world)
    hold = hold_slots(plan_id, sessions=two_slots(world), **BY)
    booked = place_plan(
        plan_id,
        sessions=two_slots(world),
        hold_id=hold.id,
        actor=RECEPTIONIST,
        now=LATER + timedelta(hours=1),
    )
    assert len(booked) == 2


def test_a_hold_of_another_plan_is_not_used_up(world: World) -> None:
    other = plan_for(world, make_patient("Otto", "Other").id)
    hold = hold_slots(other, sessions=two_slots(world), **BY)
    mine = plan_for(world)
    with pytest.raises(SeriesTaken):
        place_plan(mine, sessions=two_slots(world), hold_id=hold.id, **BY)
    assert [kept.hold.id for kept in list_holds(now=NOW)] == [hold.id]


def test_keeping_again_lets_the_first_slots_go(world: World) -> None:
    plan_id = plan_for(world)
    hold_slots(plan_id, sessions=two_slots(world), **BY)
    hold_slots(plan_id, sessions=[ChosenSlot(1, at(5, 14), world.practitioner_id)], **BY)
    (kept,) = list_holds(plan_id=plan_id, now=NOW)
    assert [(slot.number, slot.starts_at) for slot in kept.slots] == [(1, at(5, 14))]
    assert at(5) in starts(world)


def test_proposals_for_the_same_plan_may_use_what_is_kept_for_it(world: World) -> None:
    plan_id = plan_for(world)
    best = propose_series(plan_id, now=NOW)[0].sessions
    chosen = [ChosenSlot(row.number, row.starts_at, row.practitioner_id) for row in best]
    hold_slots(plan_id, sessions=chosen, **BY)
    again = propose_series(plan_id, now=NOW)[0].sessions
    assert [row.starts_at for row in again] == [row.starts_at for row in best]
    other = plan_for(world, make_patient("Otto", "Other").id)
    others = propose_series(other, now=NOW)[0].sessions
    assert not {row.starts_at for row in others} & {row.starts_at for row in best}


def test_releasing_frees_at_once(world: World) -> None:
    hold = hold_slots(plan_for(world), sessions=two_slots(world), **BY)
    release_hold(hold.id, **BY)
    assert at(5) in starts(world)
    with pytest.raises(NotFound, match="not kept any more"):
        release_hold(hold.id, **BY)


def test_a_plan_that_changes_lets_its_holds_go(world: World) -> None:
    plan_id = plan_for(world)
    hold_slots(plan_id, sessions=two_slots(world), **BY)
    change_course(plan_id, version=1, from_number=1, phases=[PhaseWish(3, 5, 7, 9)], **BY)
    assert list_holds(now=NOW) == []
    hold_slots(plan_id, sessions=[ChosenSlot(1, at(5), world.practitioner_id)], **BY)
    pause_plan(plan_id, version=db.session.get_one(TreatmentPlan, plan_id).version, release=False, **BY)
    assert list_holds(now=NOW) == []
    with pytest.raises(Conflict):
        hold_slots(plan_id, sessions=[ChosenSlot(1, at(5), world.practitioner_id)], **BY)


@pytest.mark.parametrize("minutes", [0, 121])
def test_minutes_out_of_range_are_refused(world: World, minutes: int) -> None:
    with pytest.raises(InvalidInput, match="1 to 120 minutes"):
        hold_slots(plan_for(world), sessions=two_slots(world), minutes=minutes, **BY)


def test_the_clinic_says_how_long_unless_asked_otherwise(world: World) -> None:
    plan_id = plan_for(world)
    assert hold_slots(plan_id, sessions=two_slots(world), **BY).expires_at == LATER
    longer = hold_slots(plan_id, sessions=two_slots(world), minutes=30, **BY)
    assert get_hold(longer.id, now=NOW).hold.expires_at == NOW + timedelta(minutes=30)


def test_keeping_and_letting_go_stand_in_the_trail(world: World) -> None:
    hold = hold_slots(plan_for(world), sessions=two_slots(world), **BY)
    release_hold(hold.id, **BY)
    rows = db.session.scalars(select(AuditEntry).where(AuditEntry.entity == "hold").order_by(AuditEntry.id))
    told = [(row.action, row.patient_id) for row in rows]
    assert told == [("slots_held", world.patient_id), ("hold_released", world.patient_id)]


def test_the_past_is_not_kept(world: World) -> None:
    with pytest.raises(InvalidInput, match="has begun"):
        hold_slots(plan_for(world), sessions=[ChosenSlot(1, at(1), world.practitioner_id)], **BY)
