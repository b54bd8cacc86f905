"""What the verbs about absences share: rows of time off and closures read, whose they are, what is booked within."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, joinedload

from scheduler.errors import InvalidInput, NotFound
from scheduler.models import Appointment, Closure, Location, Practitioner, Room, TimeOff, WorkingHours
from scheduler.usecases.booking.state import MOVABLE
from scheduler.usecases.clinic.catalogue import location_named
from scheduler.usecases.lookup import BIGGEST_ID, find_in_use
from scheduler.usecases.paging import Page, fetch_page

LONGEST_REASON = 200


class AbsenceKind(StrEnum):
    """Who or what cannot be booked. A room out of use is stored as a closure of its location that names the room."""

    TIME_OFF = "time_off"
    CLOSURE = "closure"
    ROOM = "room"


STORED: dict[AbsenceKind, type[TimeOff] | type[Closure]] = {
    AbsenceKind.TIME_OFF: TimeOff,
    AbsenceKind.CLOSURE: Closure,
    AbsenceKind.ROOM: Closure,
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
    location_id: int | None = None
    """The location that is closed, or that the room belongs to."""


def stored_absence(session: Session, kind: AbsenceKind, number: int, now: datetime) -> Absence:
    """The same inside an open transaction."""
    return made_absence(session, stored_row(session, kind, number), now)


def find_place(session: Session, location: str | int) -> Location:
    """The location in use with that name or number. Raises NotFound, or InvalidInput if it is archived."""
    if isinstance(location, int):
        return find_in_use(session, Location, location)
    return location_named(session, location)


def closed_place(
    session: Session, location: str | int | None, room: str | int | None
) -> tuple[Location, Room | None]:
    """What a closure is about: a location, or a room by its number, or by its name at a location.

    Raises NotFound, or InvalidInput for one that is archived or elsewhere.
    """
    if location is None and room is None:
        raise InvalidInput("Please choose one practitioner, location or room.", field="who")
    if isinstance(room, int):
        shut = find_in_use(session, Room, room)
        if location is not None and find_place(session, location).id != shut.location_id:
            raise InvalidInput("That room belongs to another location.", field="room_id")
        return shut.location, shut
    place = find_place(session, location or 0)
    if room is None:
        return place, None
    named = [one for one in place.rooms if one.name == room and one.archived_at is None]
    if not named:
        raise NotFound("There is no room named %(name)s at %(location)s.", name=room, location=place.name)
    return place, named[0]


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
    kind: AbsenceKind, whose: Any, starts_at: Any, ends_at: Any, now: datetime
) -> ColumnElement[bool]:
    """Appointments still to come that can be moved and touch [starts_at, ends_at) (values or columns).

    A room is taken with its buffers.
    """
    owners = {
        AbsenceKind.TIME_OFF: Appointment.practitioner_id,
        AbsenceKind.CLOSURE: Appointment.location_id,
        AbsenceKind.ROOM: Appointment.room_id,
    }
    taken = (Appointment.starts_at, Appointment.ends_at)
    if kind == AbsenceKind.ROOM:
        taken = (Appointment.busy_from, Appointment.busy_until)
    return and_(
        owners[kind] == whose,
        Appointment.status.in_(MOVABLE),
        Appointment.starts_at >= now,
        taken[0] < ends_at,
        taken[1] > starts_at,
    )


def stored_row(session: Session, kind: AbsenceKind, number: int) -> TimeOff | Closure:
    """The row as it is now. Raises NotFound."""
    row = session.get(STORED[kind], number, populate_existing=True) if 0 < number <= BIGGEST_ID else None
    if not isinstance(row, TimeOff | Closure):
        if kind == AbsenceKind.TIME_OFF:
            raise NotFound(what="absence")
        raise NotFound(what="closure")
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
    return Page(_made(session, found.items, now), found.total)


def made_absence(
    session: Session, row: TimeOff | Closure, now: datetime, zone: ZoneInfo | None = None
) -> Absence:
    """The row with what is shown of it; ``zone`` stands in for the usual one."""
    (made,) = _made(session, [row], now)
    return replace(made, zone=zone) if zone else made


def _made(session: Session, rows: Sequence[TimeOff | Closure], now: datetime) -> list[Absence]:
    """In the order given; a closure's place may be a location or one of its rooms."""
    counts: dict[int, int] = {}
    names: dict[tuple[AbsenceKind, int], tuple[str, ZoneInfo]] = {}
    for kind in {kind_of(row) for row in rows}:
        these = [row for row in rows if kind_of(row) == kind]
        counts |= _counts(session, kind, [row.id for row in these], now)
        called = _names(session, kind, {whose_of(row) for row in these})
        names |= {(kind, whose): name for whose, name in called.items()}
    return [
        Absence(
            kind=kind_of(row),
            id=row.id,
            whose=whose_of(row),
            name=names[kind_of(row), whose_of(row)][0],
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            zone=names[kind_of(row), whose_of(row)][1],
            reason=row.reason,
            appointments=counts.get(row.id, 0),
            location_id=row.location_id if isinstance(row, Closure) else None,
        )
        for row in rows
    ]


def _names(session: Session, kind: AbsenceKind, numbers: set[int]) -> dict[int, tuple[str, ZoneInfo]]:
    """Name and zone by number; of a practitioner who works in several zones, that of the first location."""
    if kind == AbsenceKind.CLOSURE:
        places = session.scalars(select(Location).where(Location.id.in_(numbers)))
        return {place.id: (place.name, ZoneInfo(place.zone)) for place in places}
    if kind == AbsenceKind.ROOM:
        rooms = session.scalars(select(Room).where(Room.id.in_(numbers)).options(joinedload(Room.location)))
        return {room.id: (name_of_room(room), ZoneInfo(room.location.zone)) for room in rooms}
    people = session.scalars(select(Practitioner).where(Practitioner.id.in_(numbers))).all()
    zones = zones_by_practitioner(session, numbers)
    return {person.id: (person.name, ZoneInfo((zones[person.id] or ["UTC"])[0])) for person in people}


def name_of_room(room: Room) -> str:
    """A room with its location: rooms of several locations are often called the same."""
    return f"{room.name}, {room.location.name}"


def zones_of_practitioner(session: Session, practitioner_id: int) -> list[str]:
    """Zones in which a practitioner works, else those of all locations; distinct, the first location's first."""
    return zones_by_practitioner(session, [practitioner_id])[practitioner_id]


def zones_by_practitioner(session: Session, numbers: Collection[int]) -> dict[int, list[str]]:
    """The same of several, in two queries."""
    places = select(Location.id, Location.zone).where(Location.archived_at.is_(None)).order_by(Location.id)
    zones = {place: zone for place, zone in session.execute(places)}  # noqa: C416 - rows are no pairs to mypy
    at_work = set(
        session.execute(
            select(WorkingHours.practitioner_id, WorkingHours.location_id)
            .where(WorkingHours.practitioner_id.in_(numbers))
            .distinct()
        )
    )
    return {
        person: list(dict.fromkeys([zone for place, zone in zones.items() if (person, place) in at_work]))
        or list(dict.fromkeys(zones.values()))
        for person in numbers
    }


def _counts(session: Session, kind: AbsenceKind, numbers: Collection[int], now: datetime) -> dict[int, int]:
    """How many appointments are still booked within each."""
    model = STORED[kind]
    booked = displaced_by(kind, owner_of(kind), model.starts_at, model.ends_at, now)
    rows = session.execute(
        select(model.id, func.count(Appointment.id))
        .join(Appointment, booked)
        .where(model.id.in_(numbers))
        .group_by(model.id)
    )
    return {row[0]: row[1] for row in rows}


def owner_of(kind: AbsenceKind) -> Any:
    """The column that holds that number."""
    return {
        AbsenceKind.TIME_OFF: TimeOff.practitioner_id,
        AbsenceKind.CLOSURE: Closure.location_id,
        AbsenceKind.ROOM: Closure.room_id,
    }[kind]


def kind_of(row: TimeOff | Closure) -> AbsenceKind:
    """What a row is about: only a closure that names a room is one of a room."""
    if isinstance(row, TimeOff):
        return AbsenceKind.TIME_OFF
    return AbsenceKind.CLOSURE if row.room_id is None else AbsenceKind.ROOM


def whose_of(row: TimeOff | Closure) -> int:
    """Number of the practitioner, location or room."""
    if isinstance(row, TimeOff):
        return row.practitioner_id
    return row.location_id if row.room_id is None else row.room_id
