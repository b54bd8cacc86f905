"""The diary of a location: who works when, and what is booked."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.models import (
    Closure,
    Location,
    Practitioner,
    Room,
)
from scheduler.planning.hours import start_of_day
from scheduler.planning.timeline import Horizon, instant_of, runs, span
from scheduler.transaction import reading
from scheduler.usecases.availability.free_time import Desk, load_desks
from scheduler.usecases.availability.rows import private_ticks
from scheduler.usecases.clinic.catalogue import zone_of
from scheduler.usecases.diary.chosen import EVERYTHING, Chosen
from scheduler.usecases.diary.clashes import clashing
from scheduler.usecases.diary.entries import Entry, Held, load_entries, load_held
from scheduler.usecases.lookup import find


@dataclass(frozen=True, slots=True)
class Shut:
    """A time at which a practitioner does not treat here; why is hours, away, private (their calendar) or closed."""

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
class RoomColumn:
    """A room of the location; 0 stands for appointments without one."""

    room_id: int
    name: str


@dataclass(frozen=True, slots=True)
class ShutRoom:
    """A time at which a room is out of use while its location may be open."""

    room_id: int
    room: str
    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Diary:
    """A range of local days at one location; entries by start."""

    columns: list[Column]
    rooms: list[RoomColumn]
    entries: list[Entry]
    held: list[Held]
    shut: list[Shut]
    shut_rooms: list[ShutRoom]
    clashes: frozenset[int]
    """Appointments at a time that their practitioner's private calendar calls busy."""


@reading
def load_diary(
    session: Session,
    location_id: int,
    from_on: date,
    to_on: date,
    *,
    chosen: Chosen = EVERYTHING,
    now: datetime,
) -> Diary:
    """The diary of the local dates from_on to to_on, both included; cancelled appointments are left out.

    Slots that are held at ``now`` stand beside the appointments. Practitioners who are chosen have a column even where
    they do nothing, if they are not too many to be chosen by name. Raises NotFound for an unknown location.
    """
    zone = zone_of(find(session, Location, location_id))
    start, end = start_of_day(from_on, zone), start_of_day(to_on + timedelta(days=1), zone)
    entries = load_entries(session, location_id, start, end, chosen)
    held = load_held(session, location_id, start, end, chosen, now)
    horizon = Horizon.between(start, end)
    asked = chosen.practitioner_ids or None
    desks = load_desks(session, horizon, practitioner_ids=asked, location_id=location_id)
    needed = {row.practitioner_id for row in entries} | {row.practitioner_id for row in held}
    needed |= {desk.practitioner_id for desk in desks if desk.hours}
    if asked is not None and len(asked) == 1:
        needed.update(asked)
    private = private_ticks(session, horizon, needed)
    shut = [
        gap
        for desk in desks
        if desk.practitioner_id in needed
        for gap in _shut(desk, horizon, private.get(desk.practitioner_id, 0))
    ]
    strangers = needed - {desk.practitioner_id for desk in desks}
    shut += [Shut(number, start, end, "hours") for number in sorted(strangers)]
    shut_rooms = _shut_rooms(session, location_id, start, end)
    shown = {row.room_id or 0 for row in entries} | {row.room_id for row in shut_rooms}
    rooms = _rooms(session, location_id, shown)
    clashes = clashing(entries, private, horizon, now=now)
    return Diary(_columns(session, needed), rooms, entries, held, shut, shut_rooms, clashes)


def _shut(desk: Desk, horizon: Horizon, private: int) -> Iterable[Shut]:
    """When the practitioner does not treat here: outside the hours, away, closed; each tick is named once.

    What a private calendar calls busy is named within the hours only: what else somebody does is nobody's business.
    """
    reasons = {
        "closed": desk.closed,
        "away": desk.away & ~desk.closed & ~private,
        "private": desk.hours & private & ~desk.closed,
        "hours": horizon.all & ~(desk.hours | desk.closed | (desk.away & ~private)),
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


def _shut_rooms(session: Session, location_id: int, start: datetime, end: datetime) -> list[ShutRoom]:
    rows = session.execute(
        select(Room.id, Room.name, Closure.starts_at, Closure.ends_at, Closure.reason)
        .join(Room, Room.id == Closure.room_id)
        .where(Closure.location_id == location_id, Closure.starts_at < end, Closure.ends_at > start)
        .order_by(Closure.starts_at, Closure.id)
    )
    return [ShutRoom(*row) for row in rows]


def _rooms(session: Session, location_id: int, used: Collection[int]) -> list[RoomColumn]:
    """The location's rooms in use, archived ones with something in them, and one for what needs none."""
    rows = session.execute(
        select(Room.id, Room.name)
        .where(Room.location_id == location_id, or_(Room.archived_at.is_(None), Room.id.in_(used)))
        .order_by(Room.name, Room.id)
    )
    rooms = [RoomColumn(number, name) for number, name in rows]
    return rooms + [RoomColumn(0, "")] * (0 in used)
