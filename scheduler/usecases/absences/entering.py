"""When nobody can be booked: a practitioner's time off, closures of a location or of one room. Entered in wall-clock
times.

Undoing one leaves a row in the audit trail; one that has begun ends now instead, and one that is over stays.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from scheduler.models import Closure, Practitioner, TimeOff
from scheduler.transaction import reading, writing
from scheduler.usecases.absences.rows import (
    LONGEST_REASON,
    Absence,
    AbsenceKind,
    clean_reason,
    closed_place,
    list_rows,
    made_absence,
    name_of_room,
    stored_absence,
    zone_of_practitioner,
)
from scheduler.usecases.absences.times import Edge, WallTime, instants_between
from scheduler.usecases.absences.writing_rows import remove_row, write_row
from scheduler.usecases.actors import Actor
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find_in_use
from scheduler.usecases.paging import Page

__all__ = [
    "LONGEST_REASON",
    "Absence",
    "AbsenceKind",
    "WallTime",
    "add_closure",
    "add_time_off",
    "get_absence",
    "list_closures",
    "list_time_off",
    "remove_closure",
    "remove_time_off",
]


@writing
def add_time_off(
    session: Session,
    practitioner_id: int,
    starts: Edge,
    until: Edge,
    *,
    reason: str = "",
    location: str | int | None = None,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Absence:
    """Write that a practitioner is away; a whole day in ``until`` is the last one away.

    The times are read in the zone of that location (name or number), by default of where the practitioner works. Booked
    appointments stay as they are. Raises NotFound, InvalidInput, or Conflict if it was written before.
    """
    kind = AbsenceKind.TIME_OFF
    known = recall(session, actor, idempotency)
    if known is not None:
        return stored_absence(session, kind, known[0], now)
    practitioner = find_in_use(session, Practitioner, practitioner_id)
    zone = zone_of_practitioner(session, practitioner_id, location)
    row = TimeOff(practitioner_id=practitioner_id, reason=clean_reason(reason))
    row.starts_at, row.ends_at = instants_between(starts, until, zone)
    write_row(session, row, practitioner.name, actor, now)
    remember(session, actor, idempotency, [row.id], now=now)
    return made_absence(session, row, now, zone)


@writing
def add_closure(
    session: Session,
    location: str | int | None,
    starts: Edge,
    until: Edge,
    *,
    room: str | int | None = None,
    reason: str = "",
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Absence:
    """Write that a location (name or number) is closed, or one of its rooms out of use; a whole day in ``until`` is
    the last one.

    The number of a room says its location too. Booked appointments stay as they are. Raises NotFound, InvalidInput, or
    Conflict if it was written before.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return stored_absence(session, AbsenceKind.CLOSURE, known[0], now)
    place, shut = closed_place(session, location, room)
    row = Closure(location_id=place.id, room_id=shut.id if shut else None, reason=clean_reason(reason))
    row.starts_at, row.ends_at = instants_between(starts, until, ZoneInfo(place.zone))
    write_row(session, row, name_of_room(shut) if shut else place.name, actor, now)
    remember(session, actor, idempotency, [row.id], now=now)
    return made_absence(session, row, now)


@writing
def remove_time_off(session: Session, number: int, *, actor: Actor, now: datetime) -> None:
    """Take a practitioner's time off back; one that has begun ends now. Raises NotFound, or Conflict if it is over."""
    remove_row(session, AbsenceKind.TIME_OFF, number, actor, now)


@writing
def remove_closure(session: Session, number: int, *, actor: Actor, now: datetime) -> None:
    """Take a closure back; one that has begun ends now. Raises NotFound, or Conflict if it is over."""
    remove_row(session, AbsenceKind.CLOSURE, number, actor, now)


@reading
def list_time_off(
    session: Session,
    *,
    practitioner_id: int | None = None,
    past: bool = False,
    now: datetime,
    page: int = 1,
    page_size: int = 500,
) -> Page[Absence]:
    """Time off that is not over, by start, with what is still booked then; ``past``: what is over too."""
    whose = [] if practitioner_id is None else [TimeOff.practitioner_id == practitioner_id]
    return list_rows(session, AbsenceKind.TIME_OFF, whose, past, now, page, page_size)


@reading
def list_closures(
    session: Session,
    *,
    location_id: int | None = None,
    room_id: int | None = None,
    past: bool = False,
    now: datetime,
    page: int = 1,
    page_size: int = 500,
) -> Page[Absence]:
    """Closures that are not over, by start, with what is still booked then; ``past``: what is over too.

    Those of a location are its rooms' too.
    """
    whose = [] if location_id is None else [Closure.location_id == location_id]
    whose += [] if room_id is None else [Closure.room_id == room_id]
    return list_rows(session, AbsenceKind.CLOSURE, whose, past, now, page, page_size)


@reading
def get_absence(session: Session, kind: AbsenceKind, number: int, *, now: datetime) -> Absence:
    """A time off or a closure. Raises NotFound."""
    return stored_absence(session, kind, number, now)
