"""The life of plans: paused, resumed, completed, discontinued, with what is booked released or kept."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, IllegalTransition, InvalidInput, StaleVersion
from scheduler.extensions import db
from scheduler.models import AuditEntry, Message, PlanStatus, TreatmentPlan
from scheduler.usecases.appointments.changing import book_appointment, cancel_appointment, change_status
from scheduler.usecases.plans.life import complete_plan, discontinue_plan, pause_plan, resume_plan
from scheduler.usecases.plans.prescribing import PhaseWish
from scheduler.usecases.plans.progress import PLAN_MOVES
from tests.factories import NOW, RECEPTIONIST, at, make_world
from tests.usecases.plans.support import (
    WEEKLY,
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

CHANGES = {
    "paused": pause_plan,
    "active": resume_plan,
    "completed": complete_plan,
    "discontinued": discontinue_plan,
}


def change(plan: TreatmentPlan, status: str, **changes: Any) -> TreatmentPlan:
    """Ask for a status with the version that is there now, releasing nothing unless told otherwise."""
    asked: dict[str, Any] = {"version": version_of(plan), "actor": RECEPTIONIST, "now": NOW}
    if status != "active":
        asked["release"] = False
    return CHANGES[status](plan.id, **asked | changes)


def owed(kind: str) -> list[tuple[str, int]]:
    """(state, number of dates) of the messages of a kind."""
    rows = db.session.scalars(select(Message).where(Message.kind == kind).order_by(Message.id))
    return [(row.state, len(row.items)) for row in rows]


@pytest.mark.parametrize("status", PlanStatus)
@pytest.mark.parametrize("target", CHANGES)
def test_plan_moves_as_the_table_says(context: Flask, status: str, target: str) -> None:
    plan = prescribe(make_world())
    plan.status = str(status)
    db.session.commit()
    if target in PLAN_MOVES[status] and status != "completed":
        assert change(plan, target).status == target
    else:
        with pytest.raises((IllegalTransition, Conflict)):
            change(plan, target)
        assert plan_status(plan) == status


@pytest.mark.parametrize("status", CHANGES)
def test_stale_version_changes_nothing_and_shows_the_present(context: Flask, status: str) -> None:
    plan = prescribe(make_world())
    with pytest.raises(StaleVersion) as caught:
        change(plan, status, version=7)
    assert caught.value.details["current"] == {"id": plan.id, "version": 1, "status": "active"}
    assert plan_status(plan) == "active"


def test_pausing_keeps_what_is_booked_unless_asked(context: Flask) -> None:
    plan, _ = placed_plan()
    change(plan, "paused", reason="patient")
    assert statuses(plan) == ["placed"] * 4
    assert owed("cancellation") == []


def test_releasing_cancels_what_is_ahead_and_tells_the_patient_once(context: Flask) -> None:
    plan, visits = placed_plan()
    hold(visits[0])
    change(plan, "paused", release=True, reason="patient", now=at(4))
    assert statuses(plan) == ["completed", "to_place", "to_place", "to_place"]
    assert [(row.status, row.sequence, row.cancel_reason) for row in visits[1:]] == [
        ("cancelled", 1, "patient")
    ] * 3
    assert owed("cancellation") == [("due", 3)]
    assert {state for state, _ in owed("reminder")[1:]} == {"cancelled"}
    deeds = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert deeds[-4:].count("appointment_cancelled") == 3
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "plan_paused"))
    assert entry.detail["released"] == [row.id for row in visits[1:]]
    assert entry.detail["reason"] == "patient"


def test_paused_plan_takes_no_booking_until_it_is_resumed(context: Flask) -> None:
    plan = prescribe(make_world())
    slots = chosen(best(plan).sessions)
    change(plan, "paused")
    with pytest.raises(Conflict):
        place(plan, slots)
    single: dict[str, Any] = {
        "patient_id": plan.patient_id,
        "practitioner_id": plan.practitioner_id,
        "appointment_type_id": plan.sessions[0].appointment_type_id,
        "starts_at": slots[0].starts_at,
        "planned_session_id": plan.sessions[0].id,
        "actor": RECEPTIONIST,
        "now": NOW,
    }
    with pytest.raises(InvalidInput):
        book_appointment(**single)
    change(plan, "active")
    assert len(place(plan, slots)) == 4


def test_discontinuing_skips_what_is_left(context: Flask) -> None:
    plan, _ = placed_plan(place_first=2)
    change(plan, "discontinued", release=True, reason="moved away")
    assert statuses(plan) == ["skipped"] * 4
    db.session.rollback()
    assert {row.reason for row in db.session.get_one(TreatmentPlan, plan.id).sessions} == {"moved away"}
    assert owed("cancellation") == [("due", 2)]


def test_kept_appointment_of_a_discontinued_plan_is_skipped_when_cancelled_later(context: Flask) -> None:
    plan, visits = placed_plan(place_first=1)
    change(plan, "discontinued")
    assert statuses(plan) == ["placed", "skipped", "skipped", "skipped"]
    cancel_appointment(visits[0].id, version=1, actor=RECEPTIONIST, now=NOW)
    assert statuses(plan) == ["skipped"] * 4


def test_completing_early_wants_what_is_booked_released(context: Flask) -> None:
    plan, visits = placed_plan(place_first=2)
    hold(visits[0])
    with pytest.raises(Conflict) as caught:
        change(plan, "completed")
    assert caught.value.details["numbers"] == [2]
    change(plan, "completed", release=True)
    assert statuses(plan) == ["completed", "skipped", "skipped", "skipped"]


@pytest.mark.parametrize("paused", [False, True])
def test_plan_completes_with_its_last_open_session_and_goes_on_when_that_is_undone(
    context: Flask, paused: bool
) -> None:
    plan, visits = placed_plan(PhaseWish(2, 5, 7, 9))
    if paused:
        change(plan, "paused")
    hold(visits[0])
    assert plan_status(plan) == ("paused" if paused else "active")
    before = version_of(plan)
    last = hold(visits[1])
    assert plan_status(plan) == "completed"
    change_status(last.id, version=last.version, status="arrived", actor=RECEPTIONIST, now=NOW)
    assert plan_status(plan) == "active"
    assert version_of(plan) == before + 2


def test_series_with_one_date_left_is_cancelled_in_one_mail_of_one_date(context: Flask) -> None:
    plan, _ = placed_plan(WEEKLY, place_first=1)
    change(plan, "paused", release=True)
    assert owed("cancellation") == [("due", 1)]
