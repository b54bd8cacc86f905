"""Appointments that stand although the practitioner's private calendar says busy then: somebody must decide."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from scheduler.models import Appointment, BusyTime
from scheduler.transaction import reading
from scheduler.usecases.absences.rows import AbsenceKind, displaced_by


@dataclass(frozen=True, slots=True)
class BusyConflict:
    """An appointment still to come at a time at which the practitioner's private calendar says busy."""

    appointment_id: int
    starts_at: datetime
    ends_at: datetime
    zone: str
    patient_id: int
    patient: str
    practitioner_id: int
    practitioner: str


@reading
def list_busy_conflicts(
    session: Session, *, practitioner_id: int | None = None, appointment_id: int | None = None, now: datetime
) -> list[BusyConflict]:
    """Appointments that stand although a private calendar says busy then, by start; somebody must decide."""
    whom = BusyTime.practitioner_id
    clash = displaced_by(AbsenceKind.TIME_OFF, whom, BusyTime.starts_at, BusyTime.ends_at, now)
    whose = BusyTime.ends_at > now
    if practitioner_id is not None:
        whose = whose & (BusyTime.practitioner_id == practitioner_id)
    if appointment_id is not None:
        whose = whose & (Appointment.id == appointment_id)
    touched = select(Appointment.id).join(BusyTime, clash).where(whose)
    query = (
        select(Appointment)
        .where(Appointment.id.in_(touched))
        .options(
            joinedload(Appointment.patient),
            joinedload(Appointment.practitioner),
            joinedload(Appointment.location),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return [
        BusyConflict(
            appointment_id=row.id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            zone=row.location.zone,
            patient_id=row.patient_id,
            patient=row.patient.name,
            practitioner_id=row.practitioner_id,
            practitioner=row.practitioner.name,
        )
        for row in session.scalars(query)
    ]
