"""Reading appointments: one, or a page of many."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, false, or_, select
from sqlalchemy.orm import Session, joinedload

from scheduler.models import Appointment, AppointmentStatus, Location
from scheduler.transaction import reading
from scheduler.usecases.availability.rows import LONGEST
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
    from_on: date | None = None,
    to_on: date | None = None,
    practitioner_id: int | None = None,
    patient_id: int | None = None,
    location_id: int | None = None,
    statuses: Collection[str] | None = None,
    page: int = 1,
    page_size: int = 50,
) -> Page[Appointment]:
    """Appointments that touch [from_at, until_at) and the local dates from_on to to_on, both included, by start."""
    query = _named().order_by(Appointment.starts_at, Appointment.id)
    query = query.where(*_touching(from_at, until_at))
    if from_on is not None or to_on is not None:
        query = query.where(_on_days(session, from_on, to_on))
    if practitioner_id is not None:
        query = query.where(Appointment.practitioner_id == practitioner_id)
    if patient_id is not None:
        query = query.where(Appointment.patient_id == patient_id)
    if location_id is not None:
        query = query.where(Appointment.location_id == location_id)
    if statuses is not None:
        query = query.where(Appointment.status.in_(statuses))
    return fetch_page(session, query, page, page_size)


def _touching(from_at: datetime | None, until_at: datetime | None) -> list[ColumnElement[bool]]:
    """Conditions for touching [from_at, until_at), bounded for the index on starts_at."""
    conditions: list[ColumnElement[bool]] = []
    if from_at is not None:
        conditions += [Appointment.ends_at > from_at, Appointment.starts_at > from_at - LONGEST]
    if until_at is not None:
        conditions.append(Appointment.starts_at < until_at)
    return conditions


def _on_days(session: Session, from_on: date | None, to_on: date | None) -> ColumnElement[bool]:
    """Condition for touching these dates on the wall clock of where the appointment takes place."""
    places: dict[str, list[int]] = {}
    for number, zone in session.execute(select(Location.id, Location.zone)):
        places.setdefault(zone, []).append(number)
    alternatives = []
    for zone, numbers in places.items():
        from_at = _day_begins(from_on, zone) if from_on else None
        until_at = _day_begins(to_on + timedelta(days=1), zone) if to_on else None
        alternatives.append(and_(Appointment.location_id.in_(numbers), *_touching(from_at, until_at)))
    return or_(false(), *alternatives)


def _day_begins(day: date, zone: str) -> datetime:
    """The first instant of a local date, in UTC; where midnight is skipped, the end of the gap."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _named() -> Select[Appointment]:
    """Appointments with all that names them, in one query; slots that are only held are none."""
    return (
        select(Appointment)
        .where(Appointment.status != AppointmentStatus.HELD.value)
        .options(
            joinedload(Appointment.patient),
            joinedload(Appointment.practitioner),
            joinedload(Appointment.location),
            joinedload(Appointment.room),
            joinedload(Appointment.appointment_type),
            joinedload(Appointment.planned_session),
        )
    )
