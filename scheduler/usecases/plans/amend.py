"""Writing a plan anew before anything of it is placed: who goes back in the wizard changes it, and adds no second."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import (
    Appointment,
    PlannedSession,
    PlanStatus,
    Practitioner,
    Protocol,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.lookup import find_in_use
from scheduler.usecases.plans.prescribing import (
    PhaseWish,
    add_phases,
    check_phases,
    checked_preferences,
    phases_of,
)
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
    practitioner_id: int,
    starts_on: date,
    protocol_id: int | None = None,
    phases: Sequence[PhaseWish] | None = None,
    condition: str = "",
    target_muscles: Sequence[str] = (),
    preferences: Mapping[str, Any] | None = None,
    first_appointment_type_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> TreatmentPlan:
    """Replace all of a plan that nothing was ever booked for; what is held for it is let go.

    Raises as prescribe_plan does, NotFound, StaleVersion, and Conflict once something was placed, missed or skipped.
    """
    plan = load_plan_for_change(session, plan_id, version)
    if not _is_untouched(session, plan):
        raise Conflict("Something of this plan is placed or decided. Change it on its own page.")
    protocol = find_in_use(session, Protocol, protocol_id) if protocol_id is not None else None
    wanted = list(phases) if phases is not None else phases_of(protocol)
    check_phases(wanted)
    if not date(1980, 1, 1) <= starts_on <= date(2200, 1, 1):
        raise InvalidInput("That start date is too far away.", field="starts_on")
    plan.practitioner_id = find_in_use(session, Practitioner, practitioner_id).id
    plan.protocol_id = protocol.id if protocol else None
    plan.name = protocol.name if protocol else "Individual plan"
    plan.condition = (condition or (protocol.condition if protocol else ""))[:200]
    plan.target_muscles = [muscle[:80] for muscle in target_muscles][:40]
    plan.preferences = checked_preferences(session, preferences or {})
    plan.starts_on = starts_on
    plan.sessions.clear()
    session.flush()
    plan.phases.clear()
    session.flush()
    add_phases(session, plan, wanted, first_appointment_type_id)
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
