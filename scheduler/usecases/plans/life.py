"""Pausing, resuming, completing and discontinuing plans; what is booked for them is released or kept, as asked."""

from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from scheduler.errors import Conflict
from scheduler.models import (
    Appointment,
    AppointmentStatus,
    PlannedSession,
    PlanStatus,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.transaction import lock_resources, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.feeds.tokens import bump_feeds
from scheduler.usecases.lookup import find
from scheduler.usecases.messages.outbox import owe_cancellations, withdraw_messages
from scheduler.usecases.plans.progress import (
    cancel_of_plan,
    clean_reason,
    load_plan_for_change,
    move_plan,
    move_session,
    note_plan,
)

RELEASABLE = (AppointmentStatus.BOOKED.value, AppointmentStatus.CONFIRMED.value)


class Asked(TypedDict):
    """How a plan is to rest or end."""

    version: int
    release: bool
    """Whether its future appointments are cancelled."""
    reason: NotRequired[str]
    actor: Actor
    now: datetime


@writing
def pause_plan(session: Session, plan_id: int, **asked: Unpack[Asked]) -> TreatmentPlan:
    """Let a plan rest; ``release`` cancels its future appointments, whose sessions are to place again.

    Raises NotFound, StaleVersion, IllegalTransition.
    """
    return _change(session, plan_id, PlanStatus.PAUSED, **asked)


@writing
def resume_plan(
    session: Session, plan_id: int, *, version: int, reason: str = "", actor: Actor, now: datetime
) -> TreatmentPlan:
    """Let a paused plan go on. Raises NotFound, StaleVersion, IllegalTransition."""
    plan = load_plan_for_change(session, plan_id, version)
    if plan.status == PlanStatus.COMPLETED:
        raise Conflict("A completed plan goes on by being extended.")
    move_plan(plan, PlanStatus.ACTIVE)
    plan.version += 1
    note_plan(session, actor, "plan_resumed", plan, now=now, reason=clean_reason(reason))
    return plan


@writing
def complete_plan(session: Session, plan_id: int, **asked: Unpack[Asked]) -> TreatmentPlan:
    """Call a plan complete before its last session is: what is to place is skipped, and nothing may stay booked.

    Without ``release`` it is refused while an appointment is booked. Raises NotFound, StaleVersion,
    IllegalTransition, Conflict.
    """
    return _change(session, plan_id, PlanStatus.COMPLETED, **asked)


@writing
def discontinue_plan(session: Session, plan_id: int, **asked: Unpack[Asked]) -> TreatmentPlan:
    """End a plan for good: what is to place is skipped; ``release`` cancels its future appointments, else they stay.

    Raises NotFound, StaleVersion, IllegalTransition.
    """
    return _change(session, plan_id, PlanStatus.DISCONTINUED, **asked)


def is_ahead(appointment: Appointment, now: datetime) -> bool:
    """Whether releasing a plan's appointments would cancel this one."""
    return appointment.status in RELEASABLE and appointment.starts_at > now


def _change(
    session: Session,
    plan_id: int,
    status: PlanStatus,
    *,
    version: int,
    release: bool,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> TreatmentPlan:
    _lock_what_may_be_released(session, plan_id, now)
    plan = load_plan_for_change(session, plan_id, version)
    before = str(plan.status)
    move_plan(plan, status)
    reason = clean_reason(reason)
    released = _release(session, plan, reason, actor, now) if release else []
    if status != PlanStatus.PAUSED:
        _skip_the_rest(session, plan, status, reason)
    plan.version += 1
    released_ids = [row.id for row in released]
    note_plan(
        session,
        actor,
        f"plan_{status.value}",
        plan,
        now=now,
        before=before,
        reason=reason,
        released=released_ids,
    )
    return plan


def _lock_what_may_be_released(session: Session, plan_id: int, now: datetime) -> None:
    """Lock everybody concerned at once: taken one after the other, locks of two series could wait for each other."""
    plan = find(session, TreatmentPlan, plan_id)
    rows = _future(session, plan, now)
    wanted = {("patient", plan.patient_id), ("plan", plan.id)}
    wanted |= {("practitioner", row.practitioner_id) for row in rows}
    wanted |= {("location", row.location_id) for row in rows}
    lock_resources(session, wanted)


def _future(session: Session, plan: TreatmentPlan, now: datetime) -> list[Appointment]:
    return list(
        session.scalars(
            select(Appointment)
            .join(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
            .where(
                PlannedSession.plan_id == plan.id,
                Appointment.status.in_(RELEASABLE),
                Appointment.starts_at > now,
            )
            .options(joinedload(Appointment.planned_session))
            .order_by(Appointment.starts_at)
            .execution_options(populate_existing=True)
        )
    )


def _release(
    session: Session, plan: TreatmentPlan, reason: str, actor: Actor, now: datetime
) -> list[Appointment]:
    """Cancel the plan's future appointments; the patient is told all dates in one mail."""
    rows = _future(session, plan, now)
    for row in rows:
        cancel_of_plan(session, plan, row, reason, actor, now=now)
    session.flush()
    for row in rows:
        withdraw_messages(session, row, now=now)
    owe_cancellations(session, rows, now=now)
    practitioners = sorted({row.practitioner_id for row in rows})
    bump_feeds(session, patient_ids=[plan.patient_id], practitioner_ids=practitioners, now=now)
    return rows


def _skip_the_rest(session: Session, plan: TreatmentPlan, status: PlanStatus, reason: str) -> None:
    """What is still to place is not any more; raises Conflict if a complete plan still has something booked."""
    of_plan = select(PlannedSession).where(PlannedSession.plan_id == plan.id)
    rows = session.scalars(of_plan.order_by(PlannedSession.number)).all()
    booked = [row.number for row in rows if row.status == SessionStatus.PLACED]
    if booked and status == PlanStatus.COMPLETED:
        raise Conflict(
            "Session %(numbers_text)s still has an appointment: release it, or say what became of it.",
            numbers=booked,
            numbers_text=", ".join(map(str, booked)),
        )
    for row in rows:
        if row.status == SessionStatus.TO_PLACE:
            move_session(row, SessionStatus.SKIPPED, reason or row.reason)
