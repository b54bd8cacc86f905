"""Who and what is free when: a handful of queries for everybody asked about, then bit arithmetic.

The number of queries does not depend on the number of practitioners or days.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.models import Appointment, AppointmentType
from scheduler.models.base import epoch
from scheduler.planning.hours import WallClock, grid_bits, open_bits, wall_clock
from scheduler.planning.timeline import (
    TICK_MINUTES,
    Horizon,
    bookable_starts,
    busy_bits,
    fits,
    instant_of,
    span,
    tick_of,
)
from scheduler.usecases.availability.occupancy import freed_ticks, held_ticks, taken_ticks
from scheduler.usecases.availability.rows import (
    absent_ticks,
    active_within,
    closed_ticks,
    credential_days,
    holds_in_force,
    room_pairs,
    rooms_of,
    weekly_hours,
    zones_of,
)

PAD = timedelta(hours=24)
"""A horizon reaches a day beyond what is asked, so that buffers and zones at its ends are looked at too."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One practitioner at one location over a horizon; every integer holds one bit a tick."""

    practitioner_id: int
    location_id: int
    clock: WallClock
    hours: int
    """Weekly working hours."""
    closed: int
    """Closures of the whole location."""
    away: int
    """Absences of the practitioner."""
    busy: int
    """Appointments of the practitioner with their buffers, at any location."""
    credentials: Mapping[str, int]
    """Kind -> the days on which the practitioner holds it."""

    @property
    def open(self) -> int:
        """Working, not closed, not away."""
        return self.hours & ~(self.closed | self.away)

    def offers(self, kind: AppointmentType) -> bool:
        """Whether the practitioner holds, on some day of the horizon, what the type asks for."""
        return kind.needs_credential is None or self.credentials.get(kind.needs_credential, 0) != 0


@dataclass(frozen=True, slots=True)
class Availability:
    """What a horizon offers: practitioners at locations, and the locations' rooms."""

    horizon: Horizon
    grid_minutes: int
    desks: list[Desk]
    rooms: Mapping[int, Mapping[int, int]]
    """location -> room -> ticks at which it is taken or out of use."""
    rooms_if_open: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    """The same as if no room were out of use; only of locations where one is."""
    _room_starts_known: dict[tuple[int, int, int, bool], int] = field(default_factory=dict, compare=False)

    def starts(
        self,
        desk: Desk,
        kind: AppointmentType,
        *,
        taken: int = 0,
        minutes: int | None = None,
        if_open: bool = False,
    ) -> int:
        """The ticks on the grid where ``kind`` can start at this desk; ``taken`` are the patient's own busy ticks.

        ``minutes`` where it lasts longer or shorter than its type says; ``if_open``: as if no room were out of use.
        """
        if not desk.offers(kind):
            return 0
        duration, before, after = ticks_of(kind, minutes)
        everything = self.horizon.all
        found = bookable_starts(desk.open, everything & ~desk.busy, duration, before, after)
        found &= grid_bits(desk.clock.zone, self.horizon, self.grid_minutes)
        if kind.needs_credential is not None:
            found &= desk.credentials[kind.needs_credential]
        if found and kind.needs_room:
            found &= self._room_starts(desk.location_id, before, duration + after, if_open)
        if found and taken:
            found &= fits(everything & ~taken, duration)
        return found

    def _room_starts(self, location_id: int, before: int, rest: int, if_open: bool) -> int:
        """The ticks at which at least one room of the location is free from ``before`` ticks earlier on."""
        asked = (location_id, before, rest, if_open)
        if asked not in self._room_starts_known:
            everything, starts = self.horizon.all, 0
            rooms = self.rooms_if_open if if_open else self.rooms
            for busy in rooms.get(location_id, {}).values():
                starts |= fits(everything & ~busy, before + rest) << before
            self._room_starts_known[asked] = starts
        return self._room_starts_known[asked]


def ticks_of(kind: AppointmentType, minutes: int | None = None) -> tuple[int, int, int]:
    """Duration, buffer before and buffer after of a type, in ticks; ``minutes`` instead of the type's duration."""
    return (
        (minutes or kind.duration_minutes) // TICK_MINUTES,
        kind.buffer_before_minutes // TICK_MINUTES,
        kind.buffer_after_minutes // TICK_MINUTES,
    )


def horizon_of(from_on: date, to_on: date) -> Horizon:
    """The horizon that holds the local dates from the first to the last, both included, in every zone."""
    start = datetime.combine(from_on, datetime.min.time(), UTC) - PAD
    return Horizon.between(start, datetime.combine(to_on, datetime.min.time(), UTC) + timedelta(days=1) + PAD)


def bits_from(horizon: Horizon, instant: datetime) -> int:
    """The ticks of the horizon that begin at or after an instant."""
    first = -(-int(instant.timestamp()) // (TICK_MINUTES * 60))
    return span(horizon.index(first), horizon.ticks)


def load_availability(
    session: Session,
    horizon: Horizon,
    *,
    grid_minutes: int,
    now: datetime,
    practitioner_ids: Collection[int] | None = None,
    location_id: int | None = None,
    without: Collection[int] = (),
    for_plan: int | None = None,
) -> Availability:
    """Read everything that decides over a horizon.

    None for ``practitioner_ids`` or ``location_id`` means all in use. Hours at archived locations do not count.
    ``without`` names appointments to be thought away, such as those that a repair may move. Held slots are taken
    until their time is over; those kept for the plan ``for_plan`` are free for it.
    """
    desks = load_desks(session, horizon, practitioner_ids=practitioner_ids, location_id=location_id)
    taken = taken_ticks(session, horizon)
    if without:
        taken = taken.without(freed_ticks(session, horizon, without))
    held = held_ticks(session, horizon, now, for_plan)
    if held.practitioners or held.rooms:
        taken = taken.with_(held)
    desks = [replace(desk, busy=taken.practitioners.get(desk.practitioner_id, 0)) for desk in desks]
    rooms = rooms_of(session, {desk.location_id for desk in desks}, horizon)
    room_bits = {
        location: {room: taken.rooms.get(room, 0) | shut for room, shut in numbers.items()}
        for location, numbers in rooms.items()
    }
    if_open = {
        location: {room: taken.rooms.get(room, 0) for room in numbers}
        for location, numbers in rooms.items()
        if any(numbers.values())
    }
    return Availability(
        horizon=horizon, grid_minutes=grid_minutes, desks=desks, rooms=room_bits, rooms_if_open=if_open
    )


def load_desks(
    session: Session,
    horizon: Horizon,
    *,
    practitioner_ids: Collection[int] | None = None,
    location_id: int | None = None,
    places: Collection[tuple[int, int]] = (),
    with_archived: bool = False,
) -> list[Desk]:
    """Who works where, what is closed and who is away, without looking at appointments.

    ``places`` are (practitioner, location) to be looked at even where there are no weekly hours. ``with_archived``
    takes in who and what is archived, for looking back.
    """
    hours = weekly_hours(session, practitioner_ids, location_id, with_archived=with_archived)
    for place in places:
        hours.setdefault(place, [])
    people = {practitioner for practitioner, _ in hours}
    zones = zones_of(session, {location for _, location in hours})
    away = absent_ticks(session, horizon, people)
    closed = closed_ticks(session, horizon, set(zones))
    held = credential_days(session, people)
    desks = []
    for (practitioner, location), rules in sorted(hours.items()):
        clock = wall_clock(zones[location], horizon)
        desks.append(
            Desk(
                practitioner_id=practitioner,
                location_id=location,
                clock=clock,
                hours=open_bits(rules, clock.zone, horizon),
                closed=closed.get(location, 0),
                away=away.get(practitioner, 0),
                busy=0,
                credentials=_credential_bits(held.get(practitioner, []), clock),
            )
        )
    return desks


def patient_busy(
    session: Session,
    patient_id: int,
    horizon: Horizon,
    *,
    now: datetime,
    leave_out: Collection[int] = (),
    for_plan: int | None = None,
) -> int:
    """The ticks at which the patient is elsewhere in the clinic, or a slot is held for that."""
    rows = session.execute(
        select(epoch(Appointment.starts_at), epoch(Appointment.ends_at)).where(
            Appointment.patient_id == patient_id,
            *active_within(horizon, leave_out),
            or_(Appointment.hold_id.is_(None), Appointment.hold_id.in_(holds_in_force(now, for_plan))),
        )
    )
    return busy_bits([(start, end) for start, end in rows], horizon)


def free_rooms(
    session: Session, location_id: int, start: datetime, end: datetime, *, leave_out: Collection[int] = ()
) -> list[int]:
    """Rooms of a location that are free and in use over [start, end), the tightest fit first."""
    horizon = Horizon.between(start - PAD, end + PAD)
    rooms = rooms_of(session, {location_id}, horizon).get(location_id, {})
    pairs = room_pairs(session, rooms, horizon, leave_out)
    busy = {room: busy_bits(pairs.get(room, []), horizon) | shut for room, shut in rooms.items()}
    return fitting_rooms(busy, span(horizon.index(_floor_tick(start)), horizon.index(_ceil_tick(end))))


def fitting_rooms(busy: Mapping[int, int], wanted: int) -> list[int]:
    """Of rooms with their busy ticks, those with nothing in ``wanted``; the one that is taken soonest after it first.

    So a room that fits tightly is used up before a longer free stretch of another is broken.
    """
    gaps = []
    for room, bits in busy.items():
        if not bits & wanted:
            later = bits >> wanted.bit_length()
            gaps.append((not later, later & -later, room))
    return [room for *_, room in sorted(gaps)]


def _floor_tick(instant: datetime) -> int:
    return tick_of(instant.replace(minute=instant.minute - instant.minute % TICK_MINUTES, second=0))


def _ceil_tick(instant: datetime) -> int:
    tick = _floor_tick(instant)
    return tick if instant_of(tick) == instant else tick + 1


def _credential_bits(held: Iterable[tuple[str, date, date | None]], clock: WallClock) -> dict[str, int]:
    bits: dict[str, int] = {}
    for kind, issued_on, expires_on in held:
        days = clock.bits_of_days(issued_on.toordinal(), (expires_on or date.max).toordinal())
        bits[kind] = bits.get(kind, 0) | days
    return bits
