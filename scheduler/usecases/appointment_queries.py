"""Reading appointments: one, or a page of many."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from scheduler.models import Appointment
from scheduler.transaction import reading
from scheduler.usecases.lookup import find
from scheduler.usecases.paging import Page, fetch_page


@reading
def get_appointment(session: Session, appointment_id: int) -> Appointment:
    """One appointment with everything that names it. Raises NotFound."""
    find(session, Appointment, appointment_id)
    found: Appointment = session.scalars(_named().where(Appointment.id == appointment_id)).one()
    return found


@reading
def list_appointments(
    session: Session,
    *,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    practitioner_id: int | None = None,
    patient_id: int | None = None,
    location_id: int | None = None,
    statuses: Collection[str] | None = None,
    page: int = 1,
    page_size: int = 50,
) -> Page[Appointment]:
    """Appointments that touch [from_at, until_at), by start."""
    query = _named().order_by(Appointment.starts_at, Appointment.id)
    if from_at is not None:
        query = query.where(
            Appointment.ends_at > from_at, Appointment.starts_at > from_at - timedelta(hours=12)
        )
    if until_at is not None:
        query = query.where(Appointment.starts_at < until_at)
    if practitioner_id is not None:
        query = query.where(Appointment.practitioner_id == practitioner_id)
    if patient_id is not None:
        query = query.where(Appointment.patient_id == patient_id)
    if location_id is not None:
        query = query.where(Appointment.location_id == location_id)
    if statuses is not None:
        query = query.where(Appointment.status.in_(statuses))
    return fetch_page(session, query, page, page_size)


def _named() -> Select[Appointment]:
    """Appointments with all that names them, in one query."""
    return select(Appointment).options(
        joinedload(Appointment.patient),
        joinedload(Appointment.practitioner),
        joinedload(Appointment.location),
        joinedload(Appointment.room),
        joinedload(Appointment.appointment_type),
        joinedload(Appointment.planned_session),
    )
