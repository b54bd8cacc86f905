"""What stands behind a displacement: the absence as it is asked for, what touches it, what the patients keep."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, joinedload

from scheduler.errors import InvalidInput
from scheduler.models import Appointment, PlannedSession, Practitioner, Room
from scheduler.models.appointments import NOT_BOOKED
from scheduler.usecases.absences.rows import (
    Absence,
    AbsenceKind,
    clean_reason,
    displaced_by,
    find_place,
    zone_of_practitioner,
)
from scheduler.usecases.absences.times import Edge, instants_between
from scheduler.usecases.appointments.state import MOVABLE
from scheduler.usecases.availability.rows import LONGEST
from scheduler.usecases.lookup import find, find_in_use

NEAR = timedelta(days=21)
"""How far around its displaced appointments what a patient keeps is shown."""


def described(
    session: Session,
    practitioner_id: int | None,
    location_id: int | None,
    room_id: int | None,
    starts: Edge,
    until: Edge,
    clock: str | int | None,
    reason: str,
) -> Absence:
    """The absence of one practitioner, location or room, unsaved. Raises NotFound or InvalidInput.

    An archived room can be emptied too: that is when it is most needed.
    """
    if sum(number is not None for number in (practitioner_id, location_id, room_id)) != 1:
        raise InvalidInput("Please choose one practitioner, location or room.", field="who")
    if practitioner_id is not None:
        kind, whose = AbsenceKind.TIME_OFF, practitioner_id
        name = find_in_use(session, Practitioner, practitioner_id).name
        zone = zone_of_practitioner(session, practitioner_id, clock)
    elif location_id is not None:
        place = find_place(session, location_id)
        kind, whose, name, zone = AbsenceKind.CLOSURE, place.id, place.name, ZoneInfo(place.zone)
    else:
        room = find(session, Room, room_id or 0)
        kind, whose, name = AbsenceKind.ROOM, room.id, f"{room.name}, {room.location.name}"
        zone = ZoneInfo(room.location.zone)
    starts_at, ends_at = instants_between(starts, until, zone)
    return Absence(kind, None, whose, name, starts_at, ends_at, zone, clean_reason(reason), 0)


def displaced_rows(session: Session, absence: Absence, now: datetime) -> list[Appointment]:
    """What can still be moved and touches the absence, by start; a room is taken with its buffers."""
    query = (
        select(Appointment)
        .where(_touching(absence, now))
        .options(*_NEEDED)
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return list(session.scalars(query))


_NEEDED = (
    joinedload(Appointment.patient),
    joinedload(Appointment.practitioner),
    joinedload(Appointment.location),
    joinedload(Appointment.room),
    joinedload(Appointment.appointment_type),
    joinedload(Appointment.planned_session).joinedload(PlannedSession.plan),
)


def rows_named(session: Session, numbers: Sequence[int]) -> list[Appointment]:
    """These appointments with all that is shown of them."""
    return list(session.scalars(select(Appointment).where(Appointment.id.in_(numbers)).options(*_NEEDED)))


def _touching(absence: Absence, now: datetime) -> ColumnElement[bool]:
    if absence.kind == AbsenceKind.ROOM:
        return and_(
            Appointment.room_id == absence.whose,
            Appointment.status.in_(MOVABLE),
            Appointment.starts_at >= max(now, absence.starts_at - LONGEST),
            Appointment.starts_at < absence.ends_at + LONGEST,
            Appointment.busy_from < absence.ends_at,
            Appointment.busy_until > absence.starts_at,
        )
    owner = Appointment.practitioner_id if absence.kind == AbsenceKind.TIME_OFF else Appointment.location_id
    return displaced_by(owner == absence.whose, absence.starts_at, absence.ends_at, now)


def stays_of(session: Session, rows: Sequence[Appointment]) -> dict[int, list[Appointment]]:
    """What the patients keep around their displaced appointments, by patient and start."""
    if not rows:
        return {}
    kept = session.scalars(
        select(Appointment)
        .where(
            Appointment.patient_id.in_({row.patient_id for row in rows}),
            Appointment.status.not_in(NOT_BOOKED),
            Appointment.id.not_in({row.id for row in rows}),
            Appointment.starts_at > min(row.starts_at for row in rows) - NEAR,
            Appointment.starts_at < max(row.starts_at for row in rows) + NEAR,
        )
        .options(joinedload(Appointment.location), joinedload(Appointment.planned_session))
        .order_by(Appointment.starts_at)
    )
    found: dict[int, list[Appointment]] = defaultdict(list)
    for row in kept:
        found[row.patient_id].append(row)
    return found
