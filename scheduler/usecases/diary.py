"""The diary of a location: who works when, and what is booked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    Hold,
    Location,
    Patient,
    PlannedSession,
    Practitioner,
    Room,
)
from scheduler.planning.hours import start_of_day
from scheduler.planning.timeline import Horizon, instant_of, runs, span
from scheduler.transaction import reading
from scheduler.usecases.availability import Desk, load_desks
from scheduler.usecases.clinic import zone_of
from scheduler.usecases.lookup import find


@dataclass(frozen=True, slots=True)
class Entry:
    """An appointment as the diary shows it; instants in UTC."""

    id: int
    version: int
    starts_at: datetime
    ends_at: datetime
    status: str
    practitioner_id: int
    patient_id: int
    patient: str
    practitioner: str
    type: str
    colour: str
    room: str | None
    session: int | None
    sessions: int | None
    """Number of the planned session it fills, and how many the plan has."""


@dataclass(frozen=True, slots=True)
class Held:
    """A slot kept for a patient while somebody talks to them; instants in UTC."""

    id: int
    starts_at: datetime
    ends_at: datetime
    practitioner_id: int
    patient: str
    plan_id: int | None
    holder: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Shut:
    """A time at which a practitioner does not treat here; why is hours, away or closed."""

    practitioner_id: int
    starts_at: datetime
    ends_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Column:
    """A practitioner who works here in the range, or has something booked in it."""

    practitioner_id: int
    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class Diary:
    """A range of local days at one location; entries by start."""

    columns: list[Column]
    entries: list[Entry]
    held: list[Held]
    shut: list[Shut]


@reading
def load_diary(
    session: Session,
    location_id: int,
    from_on: date,
    to_on: date,
    *,
    practitioner_id: int | None = None,
    now: datetime,
) -> Diary:
    """The diary of the local dates from_on to to_on, both included; cancelled appointments are left out.

    Slots that are held at ``now`` stand beside the appointments.

    Raises NotFound for an unknown location.
    """
    zone = zone_of(find(session, Location, location_id))
    start, end = start_of_day(from_on, zone), start_of_day(to_on + timedelta(days=1), zone)
    entries = _entries(session, location_id, start, end, practitioner_id)
    asked = None if practitioner_id is None else [practitioner_id]
    horizon = Horizon.between(start, end)
    desks = load_desks(session, horizon, practitioner_ids=asked, location_id=location_id)
    held = _held(session, location_id, start, end, practitioner_id, now)
    needed = {entry.practitioner_id for entry in entries} | {slot.practitioner_id for slot in held}
    needed |= {desk.practitioner_id for desk in desks if desk.hours}
    if practitioner_id is not None:
        needed.add(practitioner_id)
    shut = [gap for desk in desks if desk.practitioner_id in needed for gap in _shut(desk, horizon)]
    return Diary(_columns(session, needed), entries, held, shut)


def _held(
    session: Session,
    location_id: int,
    start: datetime,
    end: datetime,
    practitioner_id: int | None,
    now: datetime,
) -> list[Held]:
    query = (
        select(
            Appointment.id,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.practitioner_id,
            Patient.given_name + " " + Patient.family_name,
            Hold.plan_id,
            Hold.holder_name,
            Hold.expires_at,
        )
        .join(Hold, Hold.id == Appointment.hold_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            Hold.expires_at > now,
            Appointment.location_id == location_id,
            Appointment.starts_at < end,
            Appointment.ends_at > start,
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    if practitioner_id is not None:
        query = query.where(Appointment.practitioner_id == practitioner_id)
    return [Held(*row) for row in session.execute(query)]


def _shut(desk: Desk, horizon: Horizon) -> Iterable[Shut]:
    """When the practitioner does not treat here: outside the hours, away, closed; each tick is named once."""
    reasons = {
        "closed": desk.closed,
        "away": desk.away & ~desk.closed,
        "hours": horizon.all & ~(desk.hours | desk.closed | desk.away),
    }
    for why, bits in reasons.items():
        for lo, hi in runs(bits & span(0, horizon.ticks)):
            begins, ends = instant_of(horizon.start_tick + lo), instant_of(horizon.start_tick + hi)
            yield Shut(desk.practitioner_id, begins, ends, why)


def _columns(session: Session, practitioner_ids: Iterable[int]) -> list[Column]:
    rows = session.execute(
        select(Practitioner.id, Practitioner.given_name, Practitioner.family_name, Practitioner.colour)
        .where(Practitioner.id.in_(practitioner_ids))
        .order_by(Practitioner.family_name, Practitioner.given_name, Practitioner.id)
    )
    return [Column(number, f"{given} {family}", colour) for number, given, family, colour in rows]


def _entries(
    session: Session, location_id: int, start: datetime, end: datetime, practitioner_id: int | None
) -> list[Entry]:
    sibling = aliased(PlannedSession)
    sessions = (
        select(func.count(sibling.id)).where(sibling.plan_id == PlannedSession.plan_id).scalar_subquery()
    )
    query = (
        select(
            Appointment.id,
            Appointment.version,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.status,
            Appointment.practitioner_id,
            Appointment.patient_id,
            Patient.given_name,
            Patient.family_name,
            Practitioner.given_name,
            Practitioner.family_name,
            AppointmentType.name,
            AppointmentType.colour,
            Room.name,
            PlannedSession.number,
            sessions,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .join(AppointmentType, AppointmentType.id == Appointment.appointment_type_id)
        .outerjoin(Room, Room.id == Appointment.room_id)
        .outerjoin(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
        .where(
            Appointment.location_id == location_id,
            Appointment.starts_at > start - timedelta(hours=12),
            Appointment.starts_at < end,
            Appointment.ends_at > start,
            Appointment.status.not_in((AppointmentStatus.CANCELLED.value, AppointmentStatus.HELD.value)),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    if practitioner_id is not None:
        query = query.where(Appointment.practitioner_id == practitioner_id)
    return [
        Entry(
            id=number,
            version=version,
            starts_at=starts_at,
            ends_at=ends_at,
            status=status,
            practitioner_id=treats,
            patient_id=patient,
            patient=f"{given} {family}",
            practitioner=f"{their_given} {their_family}",
            type=kind,
            colour=colour,
            room=room,
            session=planned,
            sessions=planned_of,
        )
        for (
            number,
            version,
            starts_at,
            ends_at,
            status,
            treats,
            patient,
            given,
            family,
            their_given,
            their_family,
            kind,
            colour,
            room,
            planned,
            planned_of,
        ) in session.execute(query)
    ]
