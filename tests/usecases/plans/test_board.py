"""The behind board: who is on it, in which order, and that it agrees with the plans themselves."""

from datetime import date, timedelta

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import PlannedSession, TreatmentPlan
from scheduler.usecases.appointments.changing import cancel_appointment
from scheduler.usecases.plans.board import BehindLine, behind_board
from scheduler.usecases.plans.prescribing import PhaseWish, get_plan, prescribe_plan
from scheduler.usecases.series.placement import place_plan
from scheduler.usecases.series.proposals import propose_series
from tests.factories import NOW, RECEPTIONIST, World, make_appointment, make_message, make_patient, make_world
from tests.query_counter import count_queries
from tests.usecases.plans.support import WEEKLY, chosen

TODAY = date(2026, 3, 2)


def prescribe(world: World, starts_on: date = TODAY, patient_id: int | None = None) -> TreatmentPlan:
    return prescribe_plan(
        patient_id=patient_id or world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=starts_on,
        phases=[WEEKLY],
        actor=RECEPTIONIST,
        now=NOW,
    )


def board(days_later: int = 0) -> list[BehindLine]:
    later = timedelta(days=days_later)
    return behind_board(today=TODAY + later, now=NOW + later).items


def place_all(plan: TreatmentPlan, first: int = 4) -> list[int]:
    slots = chosen(propose_series(plan.id, now=NOW)[0].sessions)[:first]
    return [row.id for row in place_plan(plan.id, sessions=slots, actor=RECEPTIONIST, now=NOW)]


def test_plan_with_nothing_booked_is_on_the_board(context: Flask) -> None:
    plan = prescribe(make_world())
    (line,) = board()
    assert (line.plan_id, line.number, line.sessions, line.waiting, line.next_at) == (plan.id, 1, 4, 4, None)
    assert line.days_left == 9


def test_fully_placed_plan_is_not_on_the_board(context: Flask) -> None:
    place_all(prescribe(make_world()))
    assert board() == []


def test_lost_session_comes_back_with_its_reason_and_window(context: Flask) -> None:
    plan = prescribe(make_world())
    booked = place_all(plan)
    cancel_appointment(booked[1], version=1, reason="flu", actor=RECEPTIONIST, now=NOW)
    (line,) = board()
    assert (line.number, line.why, line.waiting) == (2, "flu", 1)
    assert line.window == get_plan(plan.id).lines[1].window


def test_session_far_ahead_is_not_yet_on_the_board_while_others_are_booked(context: Flask) -> None:
    place_all(prescribe(make_world()), first=3)
    assert board() == []
    assert [line.number for line in board(days_later=8)] == [4]


def test_worst_comes_first(context: Flask) -> None:
    world = make_world()
    late = prescribe(world, starts_on=TODAY - timedelta(days=30), patient_id=make_patient("Late").id)
    soon = prescribe(world, starts_on=TODAY)
    early = prescribe(world, starts_on=TODAY + timedelta(days=30), patient_id=make_patient("Early").id)
    found = board()
    assert [line.plan_id for line in found] == [late.id, soon.id, early.id]
    assert found[0].days_left == -21


def test_windows_agree_with_the_plan_after_skips_and_gaps(context: Flask) -> None:
    plan = prescribe_plan(
        patient_id=make_world().patient_id,
        practitioner_id=1,
        starts_on=TODAY,
        phases=[PhaseWish(2, 2, 3, 5), PhaseWish(3, 10, 14, 20)],
        actor=RECEPTIONIST,
        now=NOW,
    )
    booked = place_all(plan, first=5)
    for number in (1, 3):
        cancel_appointment(booked[number], version=1, actor=RECEPTIONIST, now=NOW)
    skipped = db.session.query(PlannedSession).filter_by(plan_id=plan.id, number=2).one()
    skipped.status = "skipped"
    db.session.commit()
    (line,) = board(days_later=30)
    assert line.number == 4
    assert line.window == get_plan(plan.id).lines[3].window


def test_session_after_skipped_ones_is_due_as_the_plan_says(context: Flask) -> None:
    plan = prescribe(make_world())
    for number in (1, 2):
        skipped = db.session.query(PlannedSession).filter_by(plan_id=plan.id, number=number).one()
        skipped.status = "skipped"
    db.session.commit()
    (line,) = board(days_later=30)
    assert (line.number, line.window) == (3, get_plan(plan.id).lines[2].window)
    assert line.window.earliest == TODAY


def test_board_costs_the_same_number_of_queries_for_any_number_of_plans(context: Flask) -> None:
    world = make_world()
    prescribe(world)
    with count_queries() as for_one:
        board()
    for number in range(10):
        prescribe(world, patient_id=make_patient(f"P{number}").id)
    with count_queries() as for_many:
        assert len(board()) == 11
    assert for_many.total == for_one.total == 4


def test_pages_follow_one_another(context: Flask) -> None:
    world = make_world()
    plans = [prescribe(world, patient_id=make_patient(f"P{number}").id).id for number in range(5)]
    found = [behind_board(today=TODAY, now=NOW, page=page, page_size=2) for page in (1, 2, 3, 4)]
    assert [[line.plan_id for line in page.items] for page in found] == [plans[:2], plans[2:4], plans[4:], []]
    assert {page.total for page in found} == {5}


def test_patient_without_a_future_appointment_is_on_the_board_whatever_the_windows_say(
    context: Flask,
) -> None:
    world = make_world()
    far = prescribe(world, starts_on=TODAY + timedelta(days=200))
    assert [(line.plan_id, line.next_at) for line in board()] == [(far.id, None)]


def test_an_appointment_of_another_plan_does_not_hide_a_plan_with_nothing_booked(context: Flask) -> None:
    world = make_world()
    place_all(prescribe(world))
    other = prescribe(world, starts_on=TODAY + timedelta(days=200))
    assert [line.plan_id for line in board()] == [other.id]


def test_plan_with_nothing_to_place_is_on_the_board_once_its_last_appointment_is_over(context: Flask) -> None:
    plan = prescribe(make_world())
    place_all(plan)
    assert board(days_later=10) == []
    (line,) = board(days_later=60)
    assert (line.plan_id, line.number, line.waiting, line.next_at) == (plan.id, 4, 0, None)
    assert line.window == get_plan(plan.id).lines[3].window


def test_lost_last_appointment_brings_the_plan_back_though_nothing_is_due(context: Flask) -> None:
    plan = prescribe(make_world(), starts_on=TODAY + timedelta(days=100))
    (only,) = place_all(plan, first=1)
    assert board() == []
    cancel_appointment(only, version=1, actor=RECEPTIONIST, now=NOW)
    assert [line.plan_id for line in board()] == [plan.id]


@pytest.mark.parametrize("status", ["draft", "paused", "completed", "discontinued"])
def test_only_active_plans_are_on_the_board(context: Flask, status: str) -> None:
    plan = prescribe(make_world())
    plan.status = status
    db.session.commit()
    assert board() == []


def test_last_contact_is_the_last_mail_sent(context: Flask) -> None:
    world = make_world()
    prescribe(world)
    appointment = make_appointment(world, NOW - timedelta(days=20))
    for days in (9, 5):
        make_message(appointment, state="sent", sent_at=NOW - timedelta(days=days))
    make_message(appointment, state="failed")
    (line,) = board()
    assert line.last_contact_at == NOW - timedelta(days=5)
