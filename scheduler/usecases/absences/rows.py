"""What the verbs about absences share: the rows of time off and closures, whose they are, what is booked within."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput, NotFound
from scheduler.models import Appointment, Closure, Location, Practitioner, TimeOff, WorkingHours
from scheduler.transaction import lock_resources
from scheduler.usecases.actors import Actor
from scheduler.usecases.appointments.state import MOVABLE
from scheduler.usecases.audit import note_deed
from scheduler.usecases.clinic.catalogue import location_named
from scheduler.usecases.lookup import BIGGEST_ID, find_in_use
from scheduler.usecases.paging import Page, fetch_page

LONGEST_REASON = 200


class AbsenceKind(StrEnum):
    """Who or what cannot be booked. A room out of use is only looked at, never stored."""

    TIME_OFF = "time_off"
    CLOSURE = "closure"
    ROOM = "room"


STORED: dict[AbsenceKind, type[TimeOff] | type[Closure]] = {
    AbsenceKind.TIME_OFF: TimeOff,
    AbsenceKind.CLOSURE: Closure,
}
ENTITIES = {AbsenceKind.TIME_OFF: "practitioner", AbsenceKind.CLOSURE: "location"}
"""Whose it is, as locks and the audit trail name it."""
COVERED = {
    AbsenceKind.TIME_OFF: "%(name)s is away then already.",
    AbsenceKind.CLOSURE: "%(name)s is closed then already.",
}


@dataclass(frozen=True, slots=True)
class Absence:
    """Who, which location or which room cannot be booked on [starts_at, ends_at), and the zone it was meant in."""

    kind: AbsenceKind
    id: int | None
    """None as long as nothing is saved."""
    whose: int
    """Number of the practitioner, location or room."""
    name: str
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    reason: str
    appointments: int
    """Booked for that time and still to come: somebody must move or cancel them."""


def stored_absence(session: Session, kind: AbsenceKind, number: int, now: datetime) -> Absence:
    """The same inside an open transaction."""
    return made_absence(session, kind, stored_row(session, kind, number), now)


def find_place(session: Session, location: str | int) -> Location:
    """The location in use with that name or number. Raises NotFound, or InvalidInput if it is archived."""
    if isinstance(location, int):
        return find_in_use(session, Location, location)
    return location_named(session, location)


def zone_of_practitioner(
    session: Session, practitioner_id: int, location: str | int | None = None
) -> ZoneInfo:
    """The zone of a location, or the one in which the practitioner works. Raises InvalidInput if there are several."""
    if location is not None:
        return ZoneInfo(find_place(session, location).zone)
    found = zones_of_practitioner(session, practitioner_id)
    if len(found) != 1:
        raise InvalidInput(
            "Please name the location on whose clock these times are meant: there are several time zones.",
            field="location",
        )
    return ZoneInfo(found[0])


def clean_reason(reason: str) -> str:
    """The reason on one line. Raises InvalidInput if it is too long."""
    clean = " ".join("".join(letter for letter in reason if letter.isprintable()).split())
    if len(clean) > LONGEST_REASON:
        raise InvalidInput("A reason has at most 200 letters.", field="reason")
    return clean


def displaced_by(
    whose: ColumnElement[bool], starts_at: Any, ends_at: Any, now: datetime
) -> ColumnElement[bool]:
    """Appointments still to come that can be moved and touch [starts_at, ends_at) (values or columns)."""
    return and_(
        whose,
        Appointment.status.in_(MOVABLE),
        Appointment.starts_at >= now,
        Appointment.starts_at < ends_at,
        Appointment.ends_at > starts_at,
    )


def write_row(
    session: Session,
    kind: AbsenceKind,
    row: TimeOff | Closure,
    name: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Add the row unless one holds the whole time already: the same entered twice."""
    model = STORED[kind]
    whose = _whose(row)
    lock_resources(session, [(ENTITIES[kind], whose)])
    holds = select(model.id).where(
        _owner(kind) == whose, model.starts_at <= row.starts_at, model.ends_at >= row.ends_at
    )
    with session.no_autoflush:
        if session.scalar(holds.limit(1)) is not None:
            raise Conflict(COVERED[kind], name=name)
    session.add(row)
    session.flush()
    _note(session, kind, "added", row, actor, now)


def remove_row(session: Session, kind: AbsenceKind, number: int, actor: Actor, now: datetime) -> None:
    row = stored_row(session, kind, number)
    lock_resources(session, [(ENTITIES[kind], _whose(row))])
    row = stored_row(session, kind, number)
    if row.ends_at <= now:
        raise Conflict("This is over already; it stays on record.")
    ends_at = now.replace(second=0, microsecond=0)
    if row.starts_at < ends_at:
        _note(session, kind, "ended", row, actor, now, ended_at=ends_at.isoformat())
        row.ends_at = ends_at
        return
    _note(session, kind, "removed", row, actor, now)
    session.delete(row)


def stored_row(session: Session, kind: AbsenceKind, number: int) -> TimeOff | Closure:
    """The row as it is now. Raises NotFound."""
    row = session.get(STORED[kind], number, populate_existing=True) if 0 < number <= BIGGEST_ID else None
    if not isinstance(row, TimeOff | Closure):
        if kind == AbsenceKind.CLOSURE:
            raise NotFound(what="closure")
        raise NotFound(what="absence")
    return row


def list_rows(
    session: Session,
    kind: AbsenceKind,
    whose: Collection[ColumnElement[bool]],
    past: bool,
    now: datetime,
    page: int,
    page_size: int,
) -> Page[Absence]:
    model = STORED[kind]
    query = select(model).where(*whose).order_by(model.starts_at, model.id)
    found = fetch_page(session, query if past else query.where(model.ends_at > now), page, page_size)
    counts = _counts(session, kind, [row.id for row in found.items], now)
    names = _names(session, kind, {_whose(row) for row in found.items})
    rows = [_made(kind, row, names[_whose(row)], counts.get(row.id, 0)) for row in found.items]
    return Page(rows, found.total)


def made_absence(
    session: Session, kind: AbsenceKind, row: TimeOff | Closure, now: datetime, zone: ZoneInfo | None = None
) -> Absence:
    name, usual = _names(session, kind, {_whose(row)})[_whose(row)]
    count = _counts(session, kind, [row.id], now).get(row.id, 0)
    return _made(kind, row, (name, zone or usual), count)


def _made(
    kind: AbsenceKind, row: TimeOff | Closure, called: tuple[str, ZoneInfo], appointments: int
) -> Absence:
    name, zone = called
    return Absence(
        kind, row.id, _whose(row), name, row.starts_at, row.ends_at, zone, row.reason, appointments
    )


def _names(session: Session, kind: AbsenceKind, numbers: set[int]) -> dict[int, tuple[str, ZoneInfo]]:
    """Name and zone by number; of a practitioner who works in several zones, that of the first location."""
    if kind == AbsenceKind.CLOSURE:
        places = session.scalars(select(Location).where(Location.id.in_(numbers)))
        return {place.id: (place.name, ZoneInfo(place.zone)) for place in places}
    people = session.scalars(select(Practitioner).where(Practitioner.id.in_(numbers)))
    return {
        person.id: (person.name, ZoneInfo((zones_of_practitioner(session, person.id) or ["UTC"])[0]))
        for person in people
    }


def zones_of_practitioner(session: Session, practitioner_id: int) -> list[str]:
    """Zones in which a practitioner works, else those of all locations; distinct, the first location's first."""
    places = select(WorkingHours.location_id).where(WorkingHours.practitioner_id == practitioner_id)
    zones = select(Location.zone).where(Location.archived_at.is_(None)).order_by(Location.id)
    found = list(session.scalars(zones.where(Location.id.in_(places)))) or list(session.scalars(zones))
    return list(dict.fromkeys(found))


def _counts(session: Session, kind: AbsenceKind, numbers: Collection[int], now: datetime) -> dict[int, int]:
    """How many appointments are still booked within each."""
    model = STORED[kind]
    column = Appointment.practitioner_id if kind == AbsenceKind.TIME_OFF else Appointment.location_id
    booked = displaced_by(column == _owner(kind), model.starts_at, model.ends_at, now)
    rows = session.execute(
        select(model.id, func.count(Appointment.id))
        .join(Appointment, booked)
        .where(model.id.in_(numbers))
        .group_by(model.id)
    )
    return {row[0]: row[1] for row in rows}


def _owner(kind: AbsenceKind) -> Any:
    return TimeOff.practitioner_id if kind == AbsenceKind.TIME_OFF else Closure.location_id


def _whose(row: TimeOff | Closure) -> int:
    return row.practitioner_id if isinstance(row, TimeOff) else row.location_id


def _note(
    session: Session,
    kind: AbsenceKind,
    deed: str,
    row: TimeOff | Closure,
    actor: Actor,
    now: datetime,
    **more: Any,
) -> None:
    note_deed(
        session,
        actor,
        f"{kind.value}_{deed}",
        ENTITIES[kind],
        _whose(row),
        now=now,
        starts_at=row.starts_at.isoformat(),
        ends_at=row.ends_at.isoformat(),
        **more,
    )
