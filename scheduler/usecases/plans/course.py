"""Changing what is still ahead of a plan: more sessions at its end, or another course from one session on."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import (
    Appointment,
    PlannedSession,
    PlanStatus,
    Protocol,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.transaction import writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.feeds.tokens import touch_events
from scheduler.usecases.lookup import find_in_use
from scheduler.usecases.plans.prescribing import PhaseWish, add_phases, check_phases, phases_of
from scheduler.usecases.plans.progress import load_plan_for_change, note_plan, settle_plan

HISTORY = frozenset({SessionStatus.PLACED, SessionStatus.COMPLETED, SessionStatus.MISSED})
"""Sessions that a new course leaves alone."""


@writing
def extend_plan(
    session: Session,
    plan_id: int,
    *,
    version: int,
    phases: Sequence[PhaseWish],
    actor: Actor,
    now: datetime,
) -> TreatmentPlan:
    """Add phases after the last session (a taper is one with longer gaps); a completed plan goes on with them.

    Raises NotFound, StaleVersion, InvalidInput, or Conflict for a discontinued plan.
    """
    plan = load_plan_for_change(session, plan_id, version)
    _refuse_discontinued(plan)
    check_phases(phases, besides=len(plan.sessions))
    first = len(plan.sessions) + 1
    add_phases(session, plan, phases)
    plan.version += 1
    sessions = len(plan.sessions)
    note_plan(session, actor, "plan_extended", plan, now=now, first=first, sessions=sessions)
    settle_plan(session, plan, actor, now=now)
    touch_events(session, _of(plan), now=now)
    stamp_diaries(session)  # which say how many sessions there are
    return plan


@writing
def change_course(
    session: Session,
    plan_id: int,
    *,
    version: int,
    from_number: int,
    phases: Sequence[PhaseWish] | None = None,
    protocol_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> TreatmentPlan:
    """Replace a plan's sessions from ``from_number`` on by those of phases, or of a protocol, from its first session.

    What was held, missed or is booked stays as it is: Conflict, naming the numbers, if any of it would be replaced.
    Raises NotFound, StaleVersion, InvalidInput; Conflict for a plan that is over (extend a completed one).
    """
    plan = load_plan_for_change(session, plan_id, version)
    if plan.status == PlanStatus.COMPLETED:
        raise Conflict("A completed plan goes on by being extended.")
    _refuse_discontinued(plan)
    protocol = find_in_use(session, Protocol, protocol_id) if protocol_id is not None else None
    wanted = phases_of(protocol, phases)
    if not 1 <= from_number <= len(plan.sessions):
        raise InvalidInput("This plan has no session %(number)s.", number=from_number, field="from_number")
    check_phases(wanted, besides=from_number - 1)
    replaced = plan.sessions[from_number - 1 :]
    _refuse_history(replaced)
    before = [f"{row.number}: {row.status}" for row in replaced]
    touch_events(session, _of(plan), now=now)
    _cut(session, plan, from_number)
    add_phases(session, plan, wanted)
    if protocol is not None:
        plan.protocol_id, plan.name = protocol.id, protocol.name
    plan.version += 1
    what = {"from_number": from_number, "replaced": before, "sessions": len(plan.sessions)}
    note_plan(session, actor, "plan_changed", plan, now=now, protocol_id=protocol_id, **what)
    settle_plan(session, plan, actor, now=now)
    stamp_diaries(session)
    return plan


def _refuse_discontinued(plan: TreatmentPlan) -> None:
    if plan.status == PlanStatus.DISCONTINUED:
        raise Conflict("This plan is discontinued. Please prescribe a new one.")


def _refuse_history(replaced: Sequence[PlannedSession]) -> None:
    kept = [row.number for row in replaced if row.status in HISTORY]
    if kept:
        raise Conflict(
            "Session %(numbers_text)s is booked, done or missed. Release what is booked, or begin later.",
            numbers=kept,
            numbers_text=", ".join(map(str, kept)),
        )


def _cut(session: Session, plan: TreatmentPlan, from_number: int) -> None:
    """Take a plan's sessions from a number on away, and what is empty then of its phases.

    Cancelled appointments that once filled them stay, as appointments of no plan.
    """
    gone = plan.sessions[from_number - 1 :]
    session.execute(
        update(Appointment)
        .where(Appointment.planned_session_id.in_([row.id for row in gone]))
        .values(planned_session_id=None)
    )
    del plan.sessions[from_number - 1 :]
    session.flush()
    for phase in list(plan.phases):
        left = sum(row.phase_id == phase.id for row in plan.sessions)
        if left:
            phase.sessions = left
        else:
            plan.phases.remove(phase)
    session.flush()


def _of(plan: TreatmentPlan) -> ColumnElement[bool]:
    """A condition for the appointments of a plan's sessions: they show how many there are."""
    numbers = select(PlannedSession.id).where(PlannedSession.plan_id == plan.id)
    return Appointment.planned_session_id.in_(numbers)
