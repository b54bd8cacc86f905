"""What stands behind a displacement: the absence as it is asked for, what touches it, what the patients keep."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from scheduler.errors import InvalidInput
from scheduler.models import Appointment, PlannedSession, Practitioner
from scheduler.models.appointments import NOT_BOOKED
from scheduler.usecases.absences.rows import (
    Absence,
    AbsenceKind,
    clean_reason,
    closed_place,
    displaced_by,
    name_of_room,
    zone_of_practitioner,
)
from scheduler.usecases.absences.times import Edge, instants_between
from scheduler.usecases.lookup import find_in_use

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
    """The absence of one practitioner, location or room, unsaved. Raises NotFound or InvalidInput."""
    if sum(number is not None for number in (practitioner_id, location_id, room_id)) != 1:
        raise InvalidInput("Please choose one practitioner, location or room.", field="who")
    if practitioner_id is not None:
        kind, whose = AbsenceKind.TIME_OFF, practitioner_id
        name = find_in_use(session, Practitioner, practitioner_id).name
        zone, where = zone_of_practitioner(session, practitioner_id, clock), None
    else:
        place, room = closed_place(session, location_id, room_id)
        kind, whose, name = AbsenceKind.CLOSURE, place.id, place.name
        if room is not None:
            kind, whose, name = AbsenceKind.ROOM, room.id, name_of_room(room)
        zone, where = ZoneInfo(place.zone), place.id
    starts_at, ends_at = instants_between(starts, until, zone)
    return Absence(kind, None, whose, name, starts_at, ends_at, zone, clean_reason(reason), 0, where)


def displaced_rows(session: Session, absence: Absence, now: datetime) -> list[Appointment]:
    """What can still be moved and touches the absence, by start; a room is taken with its buffers."""
    query = (
        select(Appointment)
        .where(displaced_by(absence.kind, absence.whose, absence.starts_at, absence.ends_at, now))
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
