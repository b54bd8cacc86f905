"""Deciding about single sessions of a plan: skipped, given up as missed, or to be placed again after all."""

from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, NotFound
from scheduler.models import PlannedSession, PlanStatus, SessionStatus, TreatmentPlan
from scheduler.transaction import writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.plans.progress import (
    clean_reason,
    load_plan_for_change,
    move_session,
    note_plan,
    settle_plan,
)


class Asked(TypedDict):
    """What comes with a decision; ``version`` is the plan's."""

    version: int
    reason: NotRequired[str]
    actor: Actor
    now: datetime


@writing
def skip_session(session: Session, plan_id: int, number: int, **asked: Unpack[Asked]) -> TreatmentPlan:
    """Do without a session that is to place.

    Raises NotFound, StaleVersion, IllegalTransition, or Conflict if it is booked or the plan is discontinued.
    """
    return _decide(session, plan_id, number, SessionStatus.SKIPPED, **asked)


@writing
def give_up_session(session: Session, plan_id: int, number: int, **asked: Unpack[Asked]) -> TreatmentPlan:
    """Count a session that is to place as missed: it is not made up for. Raises as skip_session."""
    return _decide(session, plan_id, number, SessionStatus.MISSED, **asked)


@writing
def take_back_session(session: Session, plan_id: int, number: int, **asked: Unpack[Asked]) -> TreatmentPlan:
    """Let a skipped or missed session be placed after all; a completed plan goes on with it. Raises as skip_session."""
    return _decide(session, plan_id, number, SessionStatus.TO_PLACE, **asked)


def _decide(
    session: Session,
    plan_id: int,
    number: int,
    status: SessionStatus,
    *,
    version: int,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> TreatmentPlan:
    plan = load_plan_for_change(session, plan_id, version)
    planned = session.scalar(
        select(PlannedSession)
        .where(PlannedSession.plan_id == plan.id, PlannedSession.number == number)
        .execution_options(populate_existing=True)
    )
    if planned is None:
        raise NotFound(what="planned session")
    if plan.status == PlanStatus.DISCONTINUED:
        raise Conflict("This plan is discontinued; its sessions stay as they are.")
    before = str(planned.status)
    if before in {SessionStatus.PLACED, SessionStatus.COMPLETED}:
        raise Conflict("Session %(number)s has an appointment; change that instead.", number=number)
    reason = clean_reason(reason)
    move_session(planned, status, reason)
    plan.version += 1
    note_plan(
        session,
        actor,
        "session_changed",
        plan,
        now=now,
        number=number,
        before=before,
        after=status.value,
        reason=reason,
    )
    settle_plan(session, plan, actor, now=now)
    return plan
