"""What is stored about availability, read in bulk: columns, not objects; one query each, however many are asked.

Statements that every search runs are made once: putting one together takes longer than running it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, or_, select, union_all
from sqlalchemy.orm import Session

from scheduler.models import (
    Appointment,
    BusyTime,
    Closure,
    Credential,
    Hold,
    Location,
    Practitioner,
    Room,
    TimeOff,
    WorkingHours,
)
from scheduler.models.appointments import INACTIVE
from scheduler.models.base import epoch
from scheduler.models.overlap_guard import LONGEST_HOURS
from scheduler.planning.hours import WeeklyHours
from scheduler.planning.timeline import Horizon, busy_bits, instant_of

LONGEST = timedelta(hours=LONGEST_HOURS)
Pairs = list[tuple[int, int]]
PEOPLE: BindParameter[Any] = bindparam("people", expanding=True)
PLACES: BindParameter[Any] = bindparam("places", expanding=True)
BEGINS: BindParameter[Any] = bindparam("begins")
ENDS: BindParameter[Any] = bindparam("ends")


def weekly_hours(
    session: Session,
    practitioner_ids: Collection[int] | None,
    location_id: int | None,
    *,
    with_archived: bool = False,
) -> dict[tuple[int, int], list[WeeklyHours]]:
    """Weekly hours by (practitioner, location); of nobody and nowhere archived, unless asked for the past."""
    parameters: dict[str, Any] = {}
    if practitioner_ids is not None:
        parameters["people"] = list(practitioner_ids)
    if location_id is not None:
        parameters["place"] = location_id
    found: dict[tuple[int, int], list[WeeklyHours]] = defaultdict(list)
    query = _weekly_hours(practitioner_ids is None, location_id is None, with_archived)
    for row in session.execute(query, parameters):
        found[row[0], row[1]].append(WeeklyHours(*row[2:]))
    return found


@lru_cache
def _weekly_hours(everybody: bool, everywhere: bool, with_archived: bool) -> Any:
    query = (
        select(
            WorkingHours.practitioner_id,
            WorkingHours.location_id,
            WorkingHours.weekday,
            WorkingHours.starts_minute,
            WorkingHours.ends_minute,
            WorkingHours.valid_from,
            WorkingHours.valid_until,
            WorkingHours.every_n_weeks,
        )
        .join(Practitioner, Practitioner.id == WorkingHours.practitioner_id)
        .join(Location, Location.id == WorkingHours.location_id)
    )
    if not with_archived:
        query = query.where(Practitioner.archived_at.is_(None), Location.archived_at.is_(None))
    if not everybody:
        query = query.where(WorkingHours.practitioner_id.in_(PEOPLE))
    return query if everywhere else query.where(WorkingHours.location_id == bindparam("place"))


def zones_of(session: Session, location_ids: Collection[int]) -> dict[int, ZoneInfo]:
    """Time zones by location."""
    rows = session.execute(_zones(), {"places": list(location_ids)})
    return {number: ZoneInfo(zone) for number, zone in rows}


@lru_cache(maxsize=1)
def _zones() -> Any:
    return select(Location.id, Location.zone).where(Location.id.in_(PLACES))


def active_within(horizon: Horizon, leave_out: Collection[int] = ()) -> list[ColumnElement[bool]]:
    """Conditions for active appointments that may touch a horizon, bounded for the index on starts_at."""
    conditions: list[ColumnElement[bool]] = [
        Appointment.status.not_in(INACTIVE),
        Appointment.starts_at > instant_of(horizon.start_tick) - LONGEST,
        Appointment.starts_at < instant_of(horizon.end_tick) + LONGEST,
    ]
    if leave_out:
        conditions.append(Appointment.id.not_in(leave_out))
    return conditions


def holds_in_force(now: datetime, for_plan: int | None = None) -> Select[int]:
    """The holds that count at ``now``; those for the plan ``for_plan`` do not count for it."""
    query = select(Hold.id).where(Hold.expires_at > now)
    if for_plan is not None:
        query = query.where(or_(Hold.plan_id.is_(None), Hold.plan_id != for_plan))
    return query


def room_pairs(
    session: Session, room_ids: Collection[int], horizon: Horizon, leave_out: Collection[int]
) -> dict[int, Pairs]:
    """Busy times of rooms as epoch seconds, by room."""
    rows = session.execute(
        select(Appointment.room_id, epoch(Appointment.busy_from), epoch(Appointment.busy_until)).where(
            Appointment.room_id.in_(room_ids), *active_within(horizon, leave_out)
        )
    )
    found: dict[int, Pairs] = defaultdict(list)
    for room, start, end in rows:
        if room is not None:
            found[room].append((start, end))
    return found


def absent_ticks(session: Session, horizon: Horizon, people: Collection[int]) -> dict[int, int]:
    """Absences by practitioner, and when their private calendars say that they are busy."""
    rows = session.execute(_absences(), {"people": list(people)} | _within(horizon))
    return _bits_by_key(((who, start, end) for who, start, end in rows), horizon)


@lru_cache(maxsize=1)
def _absences() -> Any:
    return union_all(*(_times_of(model.practitioner_id, model, PEOPLE) for model in (TimeOff, BusyTime)))


def _times_of(key: Any, model: Any, wanted: BindParameter[Any]) -> Any:
    """Whose and when, of times that touch a horizon."""
    return select(key, epoch(model.starts_at), epoch(model.ends_at)).where(
        key.in_(wanted), model.starts_at < ENDS, model.ends_at > BEGINS
    )


def _within(horizon: Horizon) -> dict[str, Any]:
    return {"begins": instant_of(horizon.start_tick), "ends": instant_of(horizon.end_tick)}


def private_ticks(session: Session, horizon: Horizon, people: Collection[int]) -> dict[int, int]:
    """When private calendars alone say that practitioners are busy."""
    rows = session.execute(_private_times(), {"people": list(people)} | _within(horizon))
    return _bits_by_key(((who, start, end) for who, start, end in rows), horizon)


@lru_cache(maxsize=1)
def _private_times() -> Any:
    return _times_of(BusyTime.practitioner_id, BusyTime, PEOPLE)


def closed_ticks(session: Session, horizon: Horizon, location_ids: Collection[int]) -> dict[int, int]:
    """Closures of whole locations, by location."""
    rows = session.execute(_closures(), {"places": list(location_ids)} | _within(horizon))
    return _bits_by_key(((where, start, end) for where, start, end in rows), horizon)


@lru_cache(maxsize=1)
def _closures() -> Any:
    return _times_of(Closure.location_id, Closure, PLACES).where(Closure.room_id.is_(None))


def _bits_by_key(rows: Iterable[tuple[int, int, int]], horizon: Horizon) -> dict[int, int]:
    pairs: dict[int, Pairs] = defaultdict(list)
    for key, start, end in rows:
        pairs[key].append((start, end))
    return {key: busy_bits(listed, horizon) for key, listed in pairs.items()}


def credential_days(
    session: Session, people: Collection[int]
) -> dict[int, list[tuple[str, date, date | None]]]:
    """(kind, first day, last day or None) by practitioner."""
    rows = session.execute(_credentials(), {"people": list(people)})
    found: dict[int, list[tuple[str, date, date | None]]] = defaultdict(list)
    for practitioner, kind, issued_on, expires_on in rows:
        found[practitioner].append((kind, issued_on, expires_on))
    return found


@lru_cache(maxsize=1)
def _credentials() -> Any:
    return select(
        Credential.practitioner_id, Credential.kind, Credential.issued_on, Credential.expires_on
    ).where(Credential.practitioner_id.in_(PEOPLE))


def rooms_of(session: Session, location_ids: Collection[int], horizon: Horizon) -> dict[int, dict[int, int]]:
    """Location -> room, ascending -> the ticks at which it is out of use. Archived rooms are no rooms."""
    rows = session.execute(_rooms(), {"places": list(location_ids)} | _within(horizon))
    pairs: dict[int, dict[int, Pairs]] = defaultdict(dict)
    for location, room, start, end in rows:
        shut = pairs[location].setdefault(room, [])
        if start is not None:
            shut.append((start, end))
    return {
        location: {room: busy_bits(shut, horizon) if shut else 0 for room, shut in rooms.items()}
        for location, rooms in pairs.items()
    }


@lru_cache(maxsize=1)
def _rooms() -> Any:
    shut = and_(Closure.room_id == Room.id, Closure.starts_at < ENDS, Closure.ends_at > BEGINS)
    return (
        select(Room.location_id, Room.id, epoch(Closure.starts_at), epoch(Closure.ends_at))
        .outerjoin(Closure, shut)
        .where(Room.location_id.in_(PLACES), Room.archived_at.is_(None))
        .order_by(Room.id)
    )


def shut_ticks(session: Session, horizon: Horizon, room_ids: Collection[int]) -> dict[int, int]:
    """When rooms are out of use, by room."""
    rows = session.execute(_room_closures(), {"places": list(room_ids)} | _within(horizon))
    return _bits_by_key(((room, start, end) for room, start, end in rows), horizon)


@lru_cache(maxsize=1)
def _room_closures() -> Any:
    return _times_of(Closure.room_id, Closure, PLACES)
