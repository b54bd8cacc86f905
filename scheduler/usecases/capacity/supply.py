"""What can still be booked, by practitioner, location and day: read once for everybody, then bit arithmetic."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import AppointmentType
from scheduler.planning.capacity import Lane, Shape, pack
from scheduler.planning.timeline import TICK_MINUTES, fits
from scheduler.usecases.availability.free_time import (
    Availability,
    Desk,
    bits_from,
    horizon_of,
    load_availability,
    ticks_of,
)
from scheduler.usecases.availability.slots import grid_of
from scheduler.usecases.capacity.rows import Waiting


@dataclass(frozen=True, slots=True)
class DeskDays:
    """A practitioner at a location, by days since the first."""

    practitioner_id: int
    location_id: int
    open_minutes: list[int]
    """Working, not closed, not away, from now on."""
    free_minutes: list[int]
    """Of these, not booked, buffers included."""
    fits: list[int]
    """Usual sessions that can all be booked together."""
    held_kinds: Mapping[str, frozenset[int]]
    """Credential -> the days on which it is held."""

    def offers(self, kind: AppointmentType, day: int | None = None) -> bool:
        """Whether the practitioner holds what the type asks for, on that day or on any."""
        if kind.needs_credential is None:
            return True
        days = self.held_kinds.get(kind.needs_credential, frozenset())
        return bool(days) if day is None else day in days


@dataclass(frozen=True, slots=True)
class Supply:
    """The days from ``first_on`` on, as many as ``days``, counted in sessions of the usual type."""

    first_on: date
    days: int
    usual: AppointmentType | None
    """None in a clinic without types; then there are no desks either."""
    kinds: Mapping[int, AppointmentType]
    desks: list[DeskDays]


def load_supply(
    session: Session,
    waiting: Sequence[Waiting],
    today: date,
    to_on: date,
    now: datetime,
    *,
    for_plan: int | None = None,
) -> Supply:
    """What can be booked from now to ``to_on``, included; the usual type is the one that most sessions wait for.

    Slots held for the plan ``for_plan`` are free for it.
    """
    kinds = {kind.id: kind for kind in session.scalars(select(AppointmentType))}
    usual = _usual(waiting, kinds)
    days = (to_on - today).days + 1
    if usual is None:
        return Supply(today, days, None, kinds, [])
    horizon = horizon_of(today, to_on)
    found = load_availability(session, horizon, grid_minutes=grid_of(session), now=now, for_plan=for_plan)
    later = bits_from(horizon, now)
    packed = _packed(found, usual, later)
    seen: dict[int, int] = {}
    desks = []
    for desk, ticks in zip(found.desks, packed, strict=True):
        # Hours at two places at once are counted at the first: nobody is there twice.
        here = desk.open & later & ~seen.get(desk.practitioner_id, 0)
        seen[desk.practitioner_id] = seen.get(desk.practitioner_id, 0) | here
        desks.append(_by_days(desk, ticks, here, today.toordinal(), days))
    return Supply(today, days, usual, kinds, desks)


def _usual(waiting: Sequence[Waiting], kinds: Mapping[int, AppointmentType]) -> AppointmentType | None:
    """The type that most waiting sessions have; where none waits, the one that a plan would get."""
    counted = Counter(one.appointment_type_id for one in waiting)
    if counted:
        return kinds[min(counted, key=lambda number: (-counted[number], number))]
    in_use = [kind for kind in kinds.values() if kind.archived_at is None]
    return min(in_use, key=lambda kind: (not kind.is_needling, kind.duration_minutes, kind.id), default=None)


def _packed(found: Availability, usual: AppointmentType, later: int) -> list[list[int]]:
    """Usual sessions, by desk, that can all be booked together."""
    duration, before, after = ticks_of(usual)
    lanes = [
        Lane(desk.practitioner_id, desk.location_id, found.starts(desk, usual) & later)
        for desk in found.desks
    ]
    rooms = {
        location: {
            room: fits(found.horizon.all & ~busy, before + duration + after) << before
            for room, busy in by_room.items()
        }
        for location, by_room in found.rooms.items()
    }
    return pack(lanes, Shape(duration, before, after), rooms if usual.needs_room else None)


def _by_days(desk: Desk, ticks: Sequence[int], here: int, first: int, days: int) -> DeskDays:
    open_minutes, free_minutes, fitting = [0] * days, [0] * days, [0] * days
    held: dict[str, set[int]] = {kind: set() for kind in desk.credentials}
    free = here & ~desk.busy
    for day in desk.clock.days:
        at = day.ordinal - first
        if 0 <= at < days:
            mask = (1 << (day.hi - day.lo)) - 1
            open_minutes[at] = (here >> day.lo & mask).bit_count() * TICK_MINUTES
            free_minutes[at] = (free >> day.lo & mask).bit_count() * TICK_MINUTES
            for kind, bits in desk.credentials.items():
                if bits >> day.lo & 1:
                    held[kind].add(at)
    for tick in ticks:
        at = desk.clock.at(tick)[0] - first
        if 0 <= at < days:
            fitting[at] += 1
    return DeskDays(
        practitioner_id=desk.practitioner_id,
        location_id=desk.location_id,
        open_minutes=open_minutes,
        free_minutes=free_minutes,
        fits=fitting,
        held_kinds={kind: frozenset(found) for kind, found in held.items()},
    )
