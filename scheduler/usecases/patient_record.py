"""What is known of a patient besides their details: plans with their sessions, appointments past and to come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from scheduler.models.appointments import NOT_BOOKED, Appointment
from scheduler.models.plans import PlannedSession, TreatmentPlan
from scheduler.transaction import reading

PAST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan and its sessions in order, each with the appointment that fills it."""

    plan: TreatmentPlan
    sessions: list[tuple[PlannedSession, Appointment | None]]

    def count(self, status: str) -> int:
        """How many sessions have this status."""
        return sum(session.status == status for session, _ in self.sessions)


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """Plans (newest first), appointments to come (next first) and past or cancelled ones (latest first)."""

    plans: list[PlanLine]
    upcoming: list[Appointment]
    past: list[Appointment]


@reading
def see_patient_record(session: Session, patient_id: int, *, now: datetime) -> PatientRecord:
    """A patient's plans and appointments, at most 50 past ones; five queries however many rows."""
    appointments = (
        select(Appointment)
        .where(Appointment.patient_id == patient_id)
        .options(
            joinedload(Appointment.practitioner),
            joinedload(Appointment.location),
            joinedload(Appointment.room),
            joinedload(Appointment.appointment_type),
        )
    )
    to_come = (Appointment.ends_at > now) & Appointment.status.not_in(NOT_BOOKED)
    upcoming = session.scalars(appointments.where(to_come).order_by(Appointment.starts_at)).all()
    past = session.scalars(
        appointments.where(~to_come).order_by(Appointment.starts_at.desc()).limit(PAST_SHOWN)
    ).all()
    plans = session.scalars(
        select(TreatmentPlan)
        .where(TreatmentPlan.patient_id == patient_id)
        .order_by(TreatmentPlan.created_at.desc(), TreatmentPlan.id.desc())
        .options(joinedload(TreatmentPlan.practitioner), selectinload(TreatmentPlan.sessions))
    ).all()
    filling = _appointments_by_session(session, plans)
    return PatientRecord(
        plans=[
            PlanLine(plan, [(planned, filling.get(planned.id)) for planned in plan.sessions])
            for plan in plans
        ],
        upcoming=list(upcoming),
        past=list(past),
    )


@reading
def next_appointments(
    session: Session, patient_ids: Iterable[int], *, now: datetime
) -> dict[int, Appointment]:
    """patient id -> their next active appointment, for a list of patients; one query."""
    soonest = (
        select(Appointment.patient_id, func.min(Appointment.starts_at).label("starts_at"))
        .where(
            Appointment.patient_id.in_(list(patient_ids)),
            Appointment.starts_at > now,
            Appointment.status.not_in(NOT_BOOKED),
        )
        .group_by(Appointment.patient_id)
        .subquery()
    )
    rows = session.scalars(
        select(Appointment)
        .join(
            soonest,
            (Appointment.patient_id == soonest.c.patient_id) & (Appointment.starts_at == soonest.c.starts_at),
        )
        .where(Appointment.status.not_in(NOT_BOOKED))
        .options(joinedload(Appointment.location))
    )
    return {row.patient_id: row for row in rows}


def _appointments_by_session(session: Session, plans: Iterable[TreatmentPlan]) -> dict[int, Appointment]:
    numbers = [planned.id for plan in plans for planned in plan.sessions]
    rows = session.scalars(
        select(Appointment)
        .where(Appointment.planned_session_id.in_(numbers), Appointment.status.not_in(NOT_BOOKED))
        .options(joinedload(Appointment.location))
    )
    return {row.planned_session_id: row for row in rows if row.planned_session_id is not None}
