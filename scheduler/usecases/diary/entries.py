"""What is booked and kept in a range of the diary: a week of a team has 1,500 of them, so they are read plainly."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    Hold,
    Patient,
    PlannedSession,
    Practitioner,
    Room,
)
from scheduler.models.base import epoch
from scheduler.usecases.availability.rows import LONGEST
from scheduler.usecases.diary.chosen import Chosen

NOT_SHOWN = (AppointmentStatus.CANCELLED.value, AppointmentStatus.HELD.value)


class Entry(NamedTuple):
    """An appointment as the diary shows it; instants in UTC."""

    id: int
    version: int
    starts_at: datetime
    ends_at: datetime
    status: str
    practitioner_id: int
    patient_id: int
    room_id: int | None
    patient: str
    practitioner: str
    type: str
    colour: str
    may_resize: bool
    room: str | None
    session: int | None
    sessions: int | None
    """Number of the planned session it fills, and how many the plan has."""
    busy_from: datetime
    busy_until: datetime
    """With what is kept free before and after it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A slot kept for a patient while somebody talks to them; instants in UTC."""

    id: int
    starts_at: datetime
    ends_at: datetime
    practitioner_id: int
    room_id: int | None
    patient: str
    plan_id: int | None
    holder: str
    expires_at: datetime


def load_entries(
    session: Session, location_id: int, start: datetime, end: datetime, chosen: Chosen
) -> list[Entry]:
    """What is booked and touches [start, end), by start; without what was cancelled."""
    query = _entries().where(
        Appointment.location_id == location_id,
        Appointment.starts_at > start - LONGEST,
        Appointment.starts_at < end,
        Appointment.ends_at > start,
        Appointment.status.not_in(NOT_SHOWN),
        *chosen.conditions(),
    )
    # Plain rows: what the session adds to them takes as long as reading.
    rows = session.connection().execute(query.order_by(Appointment.starts_at, Appointment.id))
    return [
        Entry._make(
            (number, version, _instant(starts), _instant(ends), *rest, _instant(busy), _instant(until))
        )
        for number, version, starts, ends, *rest, busy, until in rows
    ]


def _entries() -> Any:
    """The fields of Entry, in their order."""
    sibling = aliased(PlannedSession)
    sessions = (
        select(func.count(sibling.id)).where(sibling.plan_id == PlannedSession.plan_id).scalar_subquery()
    )
    return (
        select(
            Appointment.id,
            Appointment.version,
            epoch(Appointment.starts_at),
            epoch(Appointment.ends_at),
            Appointment.status,
            Appointment.practitioner_id,
            Appointment.patient_id,
            Appointment.room_id,
            Patient.given_name + " " + Patient.family_name,
            Practitioner.given_name + " " + Practitioner.family_name,
            AppointmentType.name,
            AppointmentType.colour,
            AppointmentType.may_resize,
            Room.name,
            PlannedSession.number,
            sessions,
            epoch(Appointment.busy_from),
            epoch(Appointment.busy_until),
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .join(AppointmentType, AppointmentType.id == Appointment.appointment_type_id)
        .outerjoin(Room, Room.id == Appointment.room_id)
        .outerjoin(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
    )


@lru_cache(maxsize=8192)
def _instant(second: int) -> datetime:
    """Kept: a team begins at the same times, and everything further on knows one and the same object faster."""
    return datetime.fromtimestamp(second, UTC)


def load_held(
    session: Session, location_id: int, start: datetime, end: datetime, chosen: Chosen, now: datetime
) -> list[Held]:
    """What is held at ``now`` and touches [start, end), by start."""
    query = (
        select(
            Appointment.id,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.practitioner_id,
            Appointment.room_id,
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
            Appointment.starts_at > start - LONGEST,
            Appointment.starts_at < end,
            Appointment.ends_at > start,
            *chosen.conditions(),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return [Held(*row) for row in session.execute(query)]
