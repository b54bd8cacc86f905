"""Single sessions of a plan: skipped, given up, taken back."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, IllegalTransition, NotFound, StaleVersion
from scheduler.extensions import db
from scheduler.models import AuditEntry, SessionStatus, TreatmentPlan
from scheduler.usecases.appointments.changing import change_status
from scheduler.usecases.plans.life import discontinue_plan
from scheduler.usecases.plans.prescribing import PhaseWish, get_plan
from scheduler.usecases.plans.progress import SESSION_MOVES
from scheduler.usecases.plans.sessions import give_up_session, skip_session, take_back_session
from scheduler.usecases.series.placement import ChosenSlot
from tests.factories import NOW, RECEPTIONIST, at, make_world
from tests.usecases.plans.support import (
    best,
    chosen,
    hold,
    place,
    placed_plan,
    plan_status,
    prescribe,
    statuses,
    version_of,
)

DEEDS = {"skipped": skip_session, "missed": give_up_session, "to_place": take_back_session}


def decide(plan: TreatmentPlan, number: int, status: str, **changes: Any) -> TreatmentPlan:
    asked: dict[str, Any] = {"version": version_of(plan), "actor": RECEPTIONIST, "now": NOW}
    return DEEDS[status](plan.id, number, **asked | changes)


@pytest.mark.parametrize("before", SessionStatus)
@pytest.mark.parametrize("after", DEEDS)
def test_session_moves_as_the_table_says(context: Flask, before: str, after: str) -> None:
    plan = prescribe(make_world())
    plan.sessions[1].status = str(before)
    db.session.commit()
    if after in SESSION_MOVES[before] and before != "placed":
        decide(plan, 2, after)
        assert statuses(plan)[1] == after
    else:
        with pytest.raises((IllegalTransition, Conflict)):
            decide(plan, 2, after)
        assert statuses(plan)[1] == before


def test_decision_keeps_its_reason_and_is_noted(context: Flask) -> None:
    plan = prescribe(make_world())
    decide(plan, 3, "skipped", reason=" patient ")
    assert get_plan(plan.id).lines[2].session.reason == "patient"
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "session_changed"))
    assert entry.detail == {"number": 3, "before": "to_place", "after": "skipped", "reason": "patient"}
    assert version_of(plan) == 2


def test_skipped_session_is_not_proposed_any_more(context: Flask) -> None:
    plan = prescribe(make_world())
    decide(plan, 2, "skipped")
    assert [row.number for row in best(plan).sessions] == [1, 3, 4]


def test_window_after_a_skipped_session_follows_the_one_held_before_it(context: Flask) -> None:
    plan, _ = placed_plan(place_first=1)
    decide(plan, 2, "skipped")
    lines = get_plan(plan.id).lines
    assert lines[0].held_on is not None
    assert (lines[2].window.ideal - lines[0].held_on).days == 7
    place(plan, chosen(best(plan).sessions)[:1])
    third = get_plan(plan.id).lines[2]
    assert third.held_on == third.window.ideal


def test_booked_session_is_not_decided_about(context: Flask) -> None:
    plan, _ = placed_plan(place_first=1)
    for status in DEEDS:
        with pytest.raises(Conflict):
            decide(plan, 1, status)
    assert statuses(plan) == ["placed", "to_place", "to_place", "to_place"]


def test_stale_version_and_unknown_number_are_refused(context: Flask) -> None:
    plan = prescribe(make_world())
    with pytest.raises(StaleVersion):
        decide(plan, 1, "skipped", version=5)
    with pytest.raises(NotFound):
        decide(plan, 5, "skipped")


def test_discontinued_plan_stays_as_it_is(context: Flask) -> None:
    plan = prescribe(make_world())
    discontinue_plan(plan.id, version=1, release=False, actor=RECEPTIONIST, now=NOW)
    with pytest.raises(Conflict):
        decide(plan, 1, "to_place")


def test_giving_the_last_one_up_completes_the_plan_and_taking_it_back_reopens_it(context: Flask) -> None:
    plan, visits = placed_plan(PhaseWish(2, 5, 7, 9), place_first=1)
    hold(visits[0])
    decide(plan, 2, "missed")
    assert plan_status(plan) == "completed"
    decide(plan, 2, "to_place")
    assert plan_status(plan) == "active"


def test_plan_of_which_nothing_was_held_is_not_complete(context: Flask) -> None:
    plan = prescribe(make_world(), PhaseWish(1, 5, 7, 9))
    decide(plan, 1, "skipped")
    assert plan_status(plan) == "active"


def test_no_show_that_came_after_all_fills_a_session_given_up_meanwhile(context: Flask) -> None:
    plan, (visit,) = placed_plan(place_first=1)
    gone = change_status(visit.id, version=1, status="no_show", actor=RECEPTIONIST, now=NOW)
    assert get_plan(plan.id).lines[0].session.reason == "no_show"
    decide(plan, 1, "missed")
    change_status(visit.id, version=gone.version, status="arrived", actor=RECEPTIONIST, now=NOW)
    assert statuses(plan)[0] == "placed"


def test_no_show_cannot_come_back_to_a_session_that_another_appointment_fills(context: Flask) -> None:
    plan, (visit,) = placed_plan(place_first=1)
    gone = change_status(visit.id, version=1, status="no_show", actor=RECEPTIONIST, now=NOW)
    place(plan, [ChosenSlot(1, at(5), visit.practitioner_id)])
    with pytest.raises(Conflict):
        change_status(visit.id, version=gone.version, status="arrived", actor=RECEPTIONIST, now=NOW)
