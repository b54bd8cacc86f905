"""A patient's appointments, past and to come; their plans come from plans.list_plans."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from scheduler.models.appointments import NOT_BOOKED, Appointment, AppointmentStatus
from scheduler.models.plans import PlannedSession
from scheduler.transaction import reading

PAST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """Appointments to come (next first) and past, cancelled or missed ones (latest first)."""

    upcoming: list[Appointment]
    past: list[Appointment]


@reading
def see_patient_record(session: Session, patient_id: int, *, now: datetime) -> PatientRecord:
    """A patient's appointments with all that names them, at most 50 past ones; two queries however many rows."""
    appointments = (
        select(Appointment)
        .where(Appointment.patient_id == patient_id, Appointment.status != AppointmentStatus.HELD.value)
        .options(
            joinedload(Appointment.practitioner),
            joinedload(Appointment.location),
            joinedload(Appointment.room),
            joinedload(Appointment.appointment_type),
            joinedload(Appointment.planned_session).joinedload(PlannedSession.plan),
        )
    )
    to_come = (Appointment.ends_at > now) & Appointment.status.not_in(NOT_BOOKED)
    upcoming = session.scalars(appointments.where(to_come).order_by(Appointment.starts_at)).all()
    past = session.scalars(
        appointments.where(~to_come).order_by(Appointment.starts_at.desc()).limit(PAST_SHOWN)
    ).all()
    return PatientRecord(upcoming=list(upcoming), past=list(past))


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
