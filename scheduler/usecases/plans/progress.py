"""How plans and their sessions move from state to state, and follow their appointments; private helpers."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import IllegalTransition, StaleVersion
from scheduler.models import (
    Appointment,
    AppointmentStatus,
    PlannedSession,
    PlanStatus,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.transaction import lock_resources
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.booking.held_slots import drop_holds_of_plan
from scheduler.usecases.booking.making import mark_cancelled
from scheduler.usecases.booking.state import note_change
from scheduler.usecases.lookup import find

P, S, A = PlanStatus, SessionStatus, AppointmentStatus
PLAN_MOVES: Mapping[str, frozenset[str]] = {
    P.DRAFT: frozenset({P.ACTIVE, P.DISCONTINUED}),
    P.ACTIVE: frozenset({P.PAUSED, P.COMPLETED, P.DISCONTINUED}),
    P.PAUSED: frozenset({P.ACTIVE, P.COMPLETED, P.DISCONTINUED}),
    P.COMPLETED: frozenset({P.ACTIVE}),
    P.DISCONTINUED: frozenset(),
}
"""status -> what a plan may become; a completed one goes on only by an open session: extended, or one taken back."""
SESSION_MOVES: Mapping[str, frozenset[str]] = {
    S.TO_PLACE: frozenset({S.PLACED, S.MISSED, S.SKIPPED}),
    S.PLACED: frozenset({S.TO_PLACE, S.COMPLETED, S.SKIPPED}),
    S.COMPLETED: frozenset({S.PLACED}),
    S.MISSED: frozenset({S.TO_PLACE, S.PLACED}),
    S.SKIPPED: frozenset({S.TO_PLACE, S.PLACED}),
}
"""status -> what a planned session may become; to placed, to completed and back only with its appointment."""
SESSION_FOLLOWS: Mapping[str, SessionStatus] = {
    A.BOOKED: S.PLACED,
    A.CONFIRMED: S.PLACED,
    A.ARRIVED: S.PLACED,
    A.COMPLETED: S.COMPLETED,
    A.CANCELLED: S.TO_PLACE,
    A.NO_SHOW: S.TO_PLACE,
}
"""An appointment's status -> that of the planned session it fills."""
OPEN_SESSION = (S.TO_PLACE.value, S.PLACED.value)
"""Sessions that are still to come about."""


def load_plan_for_change(session: Session, plan_id: int, version: int) -> TreatmentPlan:
    """The plan as it is now, locked with its patient; raises NotFound, or StaleVersion if it is not ``version``.

    Slots that are kept for it are let go: they were chosen for the plan as it was.
    Every writer of an appointment locks its patient, so none of this plan's changes before the transaction ends.
    """
    plan = find(session, TreatmentPlan, plan_id)
    lock_resources(session, [("patient", plan.patient_id), ("plan", plan.id)])
    session.expire(plan)
    if plan.version != version:
        raise StaleVersion(current={"id": plan.id, "version": plan.version, "status": str(plan.status)})
    drop_holds_of_plan(session, plan.id)
    return plan


def move_plan(plan: TreatmentPlan, status: PlanStatus) -> None:
    """Set a plan's status, if PLAN_MOVES lets it. Raises IllegalTransition."""
    if status not in PLAN_MOVES[plan.status]:
        raise IllegalTransition(
            "A plan that is %(from_status)s cannot become %(to_status)s.",
            from_status=str(plan.status),
            to_status=status.value,
        )
    plan.status = status.value


def move_session(planned: PlannedSession, status: SessionStatus, reason: str) -> None:
    """Set a planned session's status, if SESSION_MOVES lets it, and why. Raises IllegalTransition."""
    if status not in SESSION_MOVES[planned.status]:
        raise IllegalTransition(
            "Session %(number)s is %(from_status)s and cannot become %(to_status)s.",
            number=planned.number,
            from_status=str(planned.status),
            to_status=status.value,
        )
    planned.status, planned.reason = status.value, reason


def follow_appointment(planned: PlannedSession, status: AppointmentStatus, reason: str) -> None:
    """Let the planned session follow its appointment; of a discontinued plan none is to place again."""
    follows = SESSION_FOLLOWS[status]
    if follows == S.TO_PLACE and planned.plan.status == P.DISCONTINUED:
        follows = S.SKIPPED
    if planned.status == follows:
        planned.reason = reason
    else:
        move_session(planned, follows, reason)


def cancel_of_plan(
    session: Session, plan: TreatmentPlan, row: Appointment, reason: str, actor: Actor, *, now: datetime
) -> None:
    """Cancel one of a plan's appointments and note it; messages and calendars are for the caller to tell."""
    before, reason = str(row.status), clean_reason(reason)
    mark_cancelled(row, reason, now=now)
    if row.planned_session is not None:
        follow_appointment(row.planned_session, AppointmentStatus.CANCELLED, reason)
    note_change(
        session,
        row,
        actor,
        "appointment_cancelled",
        now=now,
        plan_id=plan.id,
        before=before,
        after=str(row.status),
        reason=reason,
    )


def settle_plan(session: Session, plan: TreatmentPlan, actor: Actor, *, now: datetime) -> None:
    """Complete a plan of which no session is open any more and one was held; let it go on when one is open again."""
    session.flush()
    statuses = set(
        session.scalars(select(PlannedSession.status).where(PlannedSession.plan_id == plan.id).distinct())
    )
    is_open = not statuses.isdisjoint(OPEN_SESSION)
    before = plan.status
    if is_open and plan.status == P.COMPLETED:
        move_plan(plan, P.ACTIVE)
    elif not is_open and S.COMPLETED in statuses and plan.status in {P.ACTIVE, P.PAUSED}:
        move_plan(plan, P.COMPLETED)
    if plan.status != before:
        plan.version += 1
        action = "plan_completed" if plan.status == P.COMPLETED else "plan_reopened"
        note_plan(session, actor, action, plan, now=now, before=str(before))


def note_plan(
    session: Session, actor: Actor, action: str, plan: TreatmentPlan, *, now: datetime, **detail: object
) -> None:
    """Add a plan's audit row to the transaction."""
    note_deed(session, actor, action, "plan", plan.id, now=now, patient_id=plan.patient_id, **detail)


def clean_reason(reason: str) -> str:
    """A reason as it is stored: patient, clinic, no_capacity, no_show, or a few words of one's own."""
    return reason.replace("\0", "").strip()[:200]
