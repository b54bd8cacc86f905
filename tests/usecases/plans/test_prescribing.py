"""Plans: prescribed from a protocol, proposed against real availability, placed in one step or not at all."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.errors import Conflict, InvalidInput, NeedsOverride, NotFound, SeriesTaken
from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Closure, Message, MessageItem, TimeOff, TreatmentPlan
from scheduler.usecases.appointments.changing import cancel_appointment, change_status, move_appointment
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.plans.prescribing import PhaseWish, get_plan
from scheduler.usecases.series.placement import ChosenSlot
from scheduler.usecases.series.proposals import SeriesProposal, propose_series
from tests.factories import (
    NOW,
    RECEPTIONIST,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_world,
    save,
)
from tests.usecases.plans.support import best, chosen, place, prescribe, statuses

BERLIN = ZoneInfo("Europe/Berlin")


def days(proposal: SeriesProposal) -> list[str]:
    return [f"{row.starts_at.astimezone(BERLIN):%d.%m.}" for row in proposal.sessions]


def test_plan_is_the_patients_own_copy_of_the_protocol(context: Flask) -> None:
    world = make_world()
    protocols = load_shipped_protocols()
    save(*protocols)
    taper = next(row for row in protocols if "taper" in row.name)
    plan = prescribe(world, phases=None, protocol_id=taper.id, first_appointment_type_id=world.assessment_id)
    view = get_plan(plan.id)
    assert [line.session.number for line in view.lines] == list(range(1, 13))
    assert [phase.ideal_days for phase in plan.phases] == [7, 14, 28]
    assert [line.session.appointment_type_id for line in view.lines] == [world.assessment_id] + [
        world.needling_id
    ] * 11
    assert view.lines[1].window.ideal == date(2026, 3, 10)


def test_free_diary_gives_the_ideal_days(context: Flask) -> None:
    proposal = best(prescribe(make_world()))
    assert days(proposal) == ["03.03.", "10.03.", "17.03.", "24.03."]
    assert [row.days_since_previous for row in proposal.sessions] == [None, 7, 7, 7]
    assert proposal.unplaced == ()


def test_what_is_busy_moves_a_session_by_as_little_as_possible_and_says_so(context: Flask) -> None:
    world = make_world()
    save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(10, 0), ends_at=at(11, 0)))
    proposal = best(prescribe(world))
    assert days(proposal) == ["04.03.", "11.03.", "18.03.", "25.03."]
    assert [note.code for note in proposal.sessions[0].notes] == ["start_later"]


def test_a_colleague_steps_in_only_where_that_is_cheaper(context: Flask) -> None:
    world = make_world()
    colleague = make_practitioner(world.location_id, given_name="Other")
    save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(5), ends_at=at(14)))
    proposal = best(prescribe(world))
    assert [row.practitioner_id for row in proposal.sessions].count(colleague.id) == 1


def test_preferences_are_kept_where_the_diary_allows(context: Flask) -> None:
    plan = prescribe(make_world(), preferences={"weekdays": [3], "from_minute": 900, "until_minute": 1020})
    walls = [row.starts_at.astimezone(BERLIN) for row in best(plan).sessions]
    assert {wall.weekday() for wall in walls} == {3}
    assert all(15 <= wall.hour < 17 for wall in walls)


@pytest.mark.parametrize(
    ("absence", "reason"),
    [
        (TimeOff(starts_at=at(3, 0), ends_at=at(30, 0)), "away"),
        (Closure(starts_at=at(3, 0), ends_at=at(30, 0)), "closed"),
    ],
)
def test_session_that_cannot_be_placed_says_why(context: Flask, absence: Any, reason: str) -> None:
    world = make_world()
    row = type(absence)(starts_at=absence.starts_at, ends_at=absence.ends_at)
    if reason == "away":
        row.practitioner_id = world.practitioner_id
    else:
        row.location_id = world.location_id
    save(row)
    proposal = best(prescribe(world, PhaseWish(1, 5, 7, 9)))
    assert [(left.number, left.reason) for left in proposal.unplaced] == [(1, reason)]


def test_placing_books_all_with_one_confirmation_and_reminders(context: Flask) -> None:
    plan = prescribe(make_world())
    placed = place(plan, chosen(best(plan).sessions))
    assert [row.planned_session.number for row in placed if row.planned_session] == [1, 2, 3, 4]
    assert statuses(plan) == ["placed"] * 4
    kinds = db.session.scalars(select(Message.kind).where(Message.kind != "reminder")).all()
    assert kinds == ["series_confirmation"]
    listed = db.session.scalar(
        select(func.count())
        .select_from(MessageItem)
        .join(Message)
        .where(Message.kind == "series_confirmation")
    )
    assert listed == 4
    actions = db.session.scalars(select(AuditEntry.action)).all()
    assert actions.count("appointment_booked") == 4
    assert actions.count("plan_placed") == 1


def test_series_with_a_slot_taken_meanwhile_books_nothing_and_names_it(context: Flask) -> None:
    world = make_world()
    plan = prescribe(world)
    slots = chosen(best(plan).sessions)
    make_appointment(world, slots[2].starts_at, patient_id=make_patient("Faster").id)
    with pytest.raises(SeriesTaken) as caught:
        place(plan, slots)
    assert caught.value.details["numbers"] == [3]
    assert statuses(plan) == ["to_place"] * 4
    assert db.session.scalar(select(func.count(Appointment.id))) == 1
    assert db.session.scalar(select(func.count(Message.id))) == 0


def test_series_that_breaks_its_own_rest_needs_a_reason(context: Flask) -> None:
    world = make_world()
    plan = prescribe(world, PhaseWish(2, 0, 1, 3))
    slots = [ChosenSlot(1, at(3), world.practitioner_id), ChosenSlot(2, at(4), world.practitioner_id)]
    with pytest.raises(NeedsOverride) as caught:
        place(plan, slots)
    assert caught.value.details["rules"] == ["rest"]
    placed = place(plan, slots, override_reason="only two days in town")
    assert [row.override_rules for row in placed] == [["rest"], ["rest"]]


@pytest.mark.parametrize(
    ("slots", "error"),
    [
        ([], InvalidInput),
        ([(9, at(3))], InvalidInput),
        ([(1, at(3)), (1, at(10))], InvalidInput),
        ([(1, at(10)), (2, at(3))], InvalidInput),
        ([(1, at(3, 10, 2))], InvalidInput),
    ],
)
def test_senseless_choices_book_nothing(
    context: Flask, slots: list[tuple[int, datetime]], error: type[Exception]
) -> None:
    world = make_world()
    plan = prescribe(world)
    with pytest.raises(error):
        place(plan, [ChosenSlot(number, start, world.practitioner_id) for number, start in slots])
    assert statuses(plan) == ["to_place"] * 4


def test_placed_session_is_not_placed_twice(context: Flask) -> None:
    plan = prescribe(make_world())
    slots = chosen(best(plan).sessions)
    place(plan, slots[:1])
    with pytest.raises(Conflict):
        place(plan, slots[:1])
    place(plan, slots[1:])
    with pytest.raises(Conflict):
        propose_series(plan.id, now=NOW)


def test_repeated_placement_finds_its_result(context: Flask) -> None:
    plan = prescribe(make_world())
    slots = chosen(best(plan).sessions)
    key = Idempotency("again", "same")
    first = place(plan, slots, idempotency=key)
    assert [row.id for row in place(plan, slots, idempotency=key)] == [row.id for row in first]


def test_cancelled_session_returns_to_be_placed_between_its_neighbours(context: Flask) -> None:
    plan = prescribe(make_world())
    placed = place(plan, chosen(best(plan).sessions))
    cancel_appointment(placed[1].id, version=1, reason="flu", actor=RECEPTIONIST, now=NOW)
    assert statuses(plan) == ["placed", "to_place", "placed", "placed"]
    assert get_plan(plan.id).lines[1].session.reason == "flu"
    proposal = best(plan)
    assert [row.fixed for row in proposal.sessions] == [True, False, True, True]
    place(plan, chosen(proposal.sessions))
    assert statuses(plan) == ["placed"] * 4


def test_window_follows_the_session_actually_held(context: Flask) -> None:
    plan = prescribe(make_world())
    placed = place(plan, chosen(best(plan).sessions)[:1])
    move_appointment(placed[0].id, version=1, starts_at=at(5), actor=RECEPTIONIST, now=NOW)
    assert get_plan(plan.id).lines[1].window.ideal == date(2026, 3, 12)


def test_session_follows_its_appointment_through_the_day(context: Flask) -> None:
    plan = prescribe(make_world())
    (visit, *_) = place(plan, chosen(best(plan).sessions))
    arrived = change_status(visit.id, version=1, status="arrived", actor=RECEPTIONIST, now=NOW)
    change_status(visit.id, version=arrived.version, status="completed", actor=RECEPTIONIST, now=NOW)
    assert statuses(plan)[0] == "completed"


def test_overdue_session_is_looked_for_from_today_on(context: Flask) -> None:
    plan = prescribe(make_world())
    place(plan, chosen(best(plan).sessions)[:1])
    proposal = best(plan, now=at(30, 8))
    assert days(proposal)[1] == "30.03."
    assert proposal.unplaced == ()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"protocol_id": 99, "phases": None}, NotFound),
        ({"phases": None}, InvalidInput),
        ({"phases": []}, InvalidInput),
        ({"phases": [PhaseWish(0, 1, 2, 3)]}, InvalidInput),
        ({"phases": [PhaseWish(1, 3, 2, 1)]}, InvalidInput),
        ({"phases": [PhaseWish(61, 1, 2, 3)]}, InvalidInput),
        ({"preferences": {"weekdays": [7]}}, InvalidInput),
        ({"preferences": {"mood": 1}}, InvalidInput),
        ({"preferences": {"from_minute": 900, "until_minute": 800}}, InvalidInput),
        ({"preferences": {"practitioner_ids": [99]}}, NotFound),
    ],
)
def test_senseless_plans_are_refused(context: Flask, changes: dict[str, Any], error: type[Exception]) -> None:
    world = make_world()
    with pytest.raises(error):
        prescribe(world, **changes)
    assert db.session.scalar(select(func.count(TreatmentPlan.id))) == 0


def test_disorder_made_by_hand_does_not_block_the_rest(context: Flask) -> None:
    plan = prescribe(make_world())
    slots = chosen(best(plan).sessions)
    placed = place(plan, slots[:3])
    move_appointment(placed[1].id, version=1, starts_at=at(27, 15), actor=RECEPTIONIST, now=NOW)
    late = ChosenSlot(4, at(31, 10), slots[3].practitioner_id)
    assert [row.planned_session.number for row in place(plan, [late]) if row.planned_session] == [4]
