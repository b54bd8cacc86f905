"""Writing a plan anew before anything of it is placed: who goes back in the wizard changes it, and adds no second."""

from datetime import datetime, timedelta
from typing import Unpack

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict
from scheduler.models import (
    Appointment,
    PlannedSession,
    PlanStatus,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.plans.prescribing import Prescription, write_plan
from scheduler.usecases.plans.progress import load_plan_for_change, note_plan

FRESH_HOURS = 12
"""For how long a plan of which nothing was placed counts as being written."""
UNPLACED = (PlanStatus.ACTIVE.value, PlanStatus.DRAFT.value)


@writing
def amend_plan(
    session: Session,
    plan_id: int,
    *,
    version: int,
    actor: Actor,
    now: datetime,
    **prescription: Unpack[Prescription],
) -> TreatmentPlan:
    """Replace all of a plan that nothing was ever booked for; what is held for it is let go.

    Raises as prescribe_plan does, NotFound, StaleVersion, and Conflict once something was placed, missed or skipped.
    """
    plan = load_plan_for_change(session, plan_id, version)
    if not _is_untouched(session, plan):
        raise Conflict("Something of this plan is placed or decided. Change it on its own page.")
    plan.sessions.clear()
    session.flush()
    plan.phases.clear()
    session.flush()
    write_plan(session, plan, prescription)
    plan.version += 1
    note_plan(session, actor, "plan_amended", plan, now=now, sessions=len(plan.sessions))
    return plan


@reading
def find_begun_plan(session: Session, patient_id: int, *, now: datetime) -> int | None:
    """The newest plan of a patient, if it was written in the last hours and nothing of it was ever booked."""
    newest = (
        select(TreatmentPlan)
        .where(
            TreatmentPlan.patient_id == patient_id,
            TreatmentPlan.status.in_(UNPLACED),
            TreatmentPlan.created_at > now - timedelta(hours=FRESH_HOURS),
        )
        .order_by(TreatmentPlan.created_at.desc(), TreatmentPlan.id.desc())
        .limit(1)
    )
    plan = session.scalar(newest)
    return plan.id if plan is not None and _is_untouched(session, plan) else None


def _is_untouched(session: Session, plan: TreatmentPlan) -> bool:
    """Whether every session waits to be placed and none had an appointment; slots that are held do not count."""
    of_plan = select(PlannedSession.id).where(PlannedSession.plan_id == plan.id)
    decided = exists().where(
        PlannedSession.plan_id == plan.id, PlannedSession.status != SessionStatus.TO_PLACE.value
    )
    booked = exists().where(Appointment.planned_session_id.in_(of_plan), Appointment.hold_id.is_(None))
    return plan.status in UNPLACED and not session.scalar(select(decided | booked))
