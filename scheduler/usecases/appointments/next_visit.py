"""What a patient who calls most likely wants to book: the next session of the plan, or the same as last time."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from scheduler.models import Appointment, PlanStatus, SessionStatus, TreatmentPlan
from scheduler.models.appointments import NOT_BOOKED
from scheduler.planning.cadence import Window
from scheduler.transaction import reading
from scheduler.usecases.plans.prescribing import SessionLine, view_of


@dataclass(frozen=True, slots=True)
class NextSession:
    """A plan's first session to place."""

    planned_session_id: int
    plan: str
    number: int
    sessions: int
    window: Window
    appointment_type_id: int


@dataclass(frozen=True, slots=True)
class NextVisit:
    """What to prefill; None where nothing is known."""

    appointment_type_id: int | None = None
    practitioner_id: int | None = None
    location_id: int | None = None
    last_at: datetime | None = None
    """When the patient was here last, or will be next before this one."""
    session: NextSession | None = None


@reading
def suggest_visit(session: Session, patient_id: int) -> NextVisit:
    """The first session to place of the newest active plan; practitioner and place as last time."""
    last = session.scalars(
        select(Appointment)
        .where(Appointment.patient_id == patient_id, Appointment.status.not_in(NOT_BOOKED))
        .order_by(Appointment.starts_at.desc())
        .limit(1)
    ).first()
    plan, line = _waiting(session, patient_id)
    found = None
    if plan is not None and line is not None:
        found = NextSession(
            planned_session_id=line.session.id,
            plan=plan.name,
            number=line.session.number,
            sessions=len(plan.sessions),
            window=line.window,
            appointment_type_id=line.session.appointment_type_id,
        )
    treats = last.practitioner_id if last else None
    return NextVisit(
        appointment_type_id=found.appointment_type_id
        if found
        else (last.appointment_type_id if last else None),
        practitioner_id=treats or (plan.practitioner_id if plan else None),
        location_id=last.location_id if last else None,
        last_at=last.starts_at if last else None,
        session=found,
    )


def _waiting(session: Session, patient_id: int) -> tuple[TreatmentPlan | None, SessionLine | None]:
    plans = session.scalars(
        select(TreatmentPlan)
        .where(TreatmentPlan.patient_id == patient_id, TreatmentPlan.status == PlanStatus.ACTIVE.value)
        .options(joinedload(TreatmentPlan.practitioner))
        .order_by(TreatmentPlan.created_at.desc(), TreatmentPlan.id.desc())
    )
    for plan in plans:
        for line in view_of(session, plan).lines:
            if line.session.status == SessionStatus.TO_PLACE:
                return plan, line
    return None, None


def days_to_search(visit: NextVisit, today: date) -> tuple[date, date | None]:
    """From when to when a slot is looked for: the session's window as far as it is ahead, else from today on."""
    if visit.session is None or visit.session.window.latest < today:
        return today, None
    return max(visit.session.window.earliest, today), visit.session.window.latest
