"""The demo's appointment book: who and which room is free when, as one integer a day (a bit is a tick of the clock).

Bits count from the wall clock's midnight: nobody here works while clocks change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scheduler.models import AppointmentType, Closure, Credential, TimeOff
from scheduler.planning.hours import DAY_MINUTES, WeeklyHours, open_bits
from scheduler.planning.timeline import TICK_MINUTES, Horizon, bookable_starts, busy_bits, span, tick_of
from scheduler.usecases.demo.house import NEEDLING, House, add_rooms
from scheduler.usecases.demo.size import Days

DAY_TICKS = DAY_MINUTES // TICK_MINUTES
WHOLE_DAY = (1 << DAY_TICKS) - 1
HALF_HOURS = sum(1 << tick for tick in range(0, DAY_TICKS, 6))
DAY_OFF_COSTS = 45
"""Being a day off the ideal is as bad as being so many minutes off the usual time."""
FAR_OFF = 10**9
Desk = tuple[int, int]
"""(practitioner, location)"""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the book; ``moment`` is the start in wall-clock minutes since day 0."""

    practitioner_id: int
    location_id: int
    room_id: int | None
    moment: int


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: days first to last, near an ideal day and a usual minute, starting within two moments."""

    kind: AppointmentType
    first: int
    last: int
    ideal: int
    usual_minute: int
    not_before: int
    not_after: int
    avoided_day: int = -1
    """The patient has something else to do on that day."""


@dataclass(frozen=True, slots=True)
class _Need:
    """What an appointment type takes, in ticks."""

    duration: int
    before: int
    after: int
    room: bool
    credential: bool

    @classmethod
    def of(cls, kind: AppointmentType) -> "_Need":
        return cls(
            kind.duration_minutes // TICK_MINUTES,
            kind.buffer_before_minutes // TICK_MINUTES,
            kind.buffer_after_minutes // TICK_MINUTES,
            kind.needs_room,
            kind.needs_credential is not None,
        )

    def bits(self, tick: int) -> int:
        """What it makes busy when it starts at a tick of the day."""
        return span(tick - self.before, tick + self.duration + self.after)


class Book:
    """Free and busy ticks of everybody and every room over all days."""

    def __init__(self, house: House, days: Days) -> None:
        self._days = days
        self._needs = {kind.id: _Need.of(kind) for kind in house.types}
        self.open: dict[Desk, list[int]] = _open_days(house, days)
        self.needles = {person.id: _needling_days(person.credentials, days) for person in house.practitioners}
        add_rooms(house.locations, _rooms_needed(self.open, [place.id for place in house.locations]))
        rooms_at = {place.id: [room.id for room in place.rooms] for place in house.locations}
        self._rooms_by_habit = {desk: _by_habit(rooms_at[desk[1]], desk[0]) for desk in self.open}
        self._people = {person.id: [0] * days.count for person in house.practitioners}
        self._rooms = {room: [0] * days.count for rooms in rooms_at.values() for room in rooms}
        self._capacity = {person.id: [0] * days.count for person in house.practitioners}
        self._used = {person.id: [0] * days.count for person in house.practitioners}
        for (practitioner, _), bits in self.open.items():
            for day, value in enumerate(bits):
                self._capacity[practitioner][day] += value.bit_count()

    def desks_of(self, practitioner_id: int) -> list[Desk]:
        """Where a practitioner works."""
        return [desk for desk in self.open if desk[0] == practitioner_id]

    def fill(self, practitioner_id: int, first: int, until: int) -> float:
        """The taken share of a practitioner's hours on the days [first, until); 1 where there are none."""
        hours = sum(self._capacity[practitioner_id][first:until])
        return sum(self._used[practitioner_id][first:until]) / hours if hours else 1.0

    def take(self, spot: Spot, kind: AppointmentType) -> None:
        """Make practitioner and room busy."""
        self._mark(spot, kind, 1)

    def give_back(self, spot: Spot, kind: AppointmentType) -> None:
        """Make practitioner and room free again."""
        self._mark(spot, kind, -1)

    def find(self, desks: Iterable[Desk], wanted: Search) -> Spot | None:
        """The spot at one of these desks that costs the fewest minutes off what is ideal and usual."""
        need = self._needs[wanted.kind.id]
        best: Spot | None = None
        least = FAR_OFF
        for desk in desks:
            qualified = self.needles[desk[0]]
            for day in range(max(wanted.first, 0), min(wanted.last + 1, self._days.count)):
                floor = abs(day - wanted.ideal) * DAY_OFF_COSTS
                if floor >= least or day == wanted.avoided_day or (need.credential and not qualified[day]):
                    continue
                starts = self._starts(desk, day, need, wanted)
                while starts:
                    tick = _nearest(starts, wanted.usual_minute // TICK_MINUTES)
                    cost = floor + abs(tick * TICK_MINUTES - wanted.usual_minute)
                    if cost >= least:
                        break
                    room = self._room(desk, day, tick, need) if need.room else None
                    if room is not None or not need.room:
                        moment = day * DAY_MINUTES + tick * TICK_MINUTES
                        best, least = Spot(desk[0], desk[1], room, moment), cost
                        break
                    starts ^= 1 << tick
        return best

    def _starts(self, desk: Desk, day: int, need: "_Need", wanted: Search) -> int:
        """Half hours, as wanted, at which the practitioner is there and free; rooms are not looked at."""
        hours = self.open[desk][day]
        if not hours:
            return 0
        free = WHOLE_DAY & ~self._people[desk[0]][day]
        starts = bookable_starts(hours, free, need.duration, need.before, need.after) & HALF_HOURS
        if not starts:
            return 0
        midnight = day * DAY_MINUTES
        return starts & _between(wanted.not_before - midnight, wanted.not_after - midnight)

    def _room(self, desk: Desk, day: int, tick: int, need: "_Need") -> int | None:
        """The practitioner's usual room if it is free, else the next one that is."""
        bits = need.bits(tick)
        for room in self._rooms_by_habit[desk]:
            if not self._rooms[room][day] & bits:
                return room
        return None

    def _mark(self, spot: Spot, kind: AppointmentType, sign: int) -> None:
        day, minute = divmod(spot.moment, DAY_MINUTES)
        bits = self._needs[kind.id].bits(minute // TICK_MINUTES)
        self._people[spot.practitioner_id][day] ^= bits
        if spot.room_id is not None:
            self._rooms[spot.room_id][day] ^= bits
        self._used[spot.practitioner_id][day] += sign * bits.bit_count()


def _by_habit(rooms: list[int], practitioner_id: int) -> list[int]:
    """The rooms, the practitioner's usual one first."""
    usual = practitioner_id % len(rooms)
    return rooms[usual:] + rooms[:usual]


def _between(first_minute: int, last_minute: int) -> int:
    """The ticks of a day from one minute to another, both included."""
    return span(-(-first_minute // TICK_MINUTES), min(last_minute // TICK_MINUTES + 1, DAY_TICKS))


def _nearest(bits: int, tick: int) -> int:
    """The set bit nearest to a tick; the earlier of two."""
    before = (bits & ((1 << tick + 1) - 1)).bit_length() - 1
    after = bits >> tick
    if not after:
        return before
    later = tick + (after & -after).bit_length() - 1
    return later if before < 0 or later - tick < tick - before else before


def _open_days(house: House, days: Days) -> dict[Desk, list[int]]:
    """Working, not closed, not away: by desk and day."""
    horizon = Horizon.between(days.midnight(0), days.midnight(days.count))
    away = {
        person.id: busy_bits(
            [_seconds(row) for row in house.time_off if row.practitioner_id == person.id], horizon
        )
        for person in house.practitioners
    }
    closed = {
        place.id: busy_bits([_seconds(row) for row in house.closures if row.location_id == place.id], horizon)
        for place in house.locations
    }
    lows = [horizon.index(tick_of(days.midnight(number))) for number in range(days.count)]
    found = {}
    for person in house.practitioners:
        for place in sorted({row.location_id for row in person.working_hours}):
            rules = [
                WeeklyHours(
                    row.weekday,
                    row.starts_minute,
                    row.ends_minute,
                    row.valid_from,
                    row.valid_until,
                    row.every_n_weeks,
                )
                for row in person.working_hours
                if row.location_id == place
            ]
            bits = open_bits(rules, days.zone, horizon) & ~(away[person.id] | closed[place])
            found[person.id, place] = [(bits >> low) & WHOLE_DAY for low in lows]
    return found


def _seconds(row: TimeOff | Closure) -> tuple[int, int]:
    return int(row.starts_at.timestamp()), int(row.ends_at.timestamp())


def _needling_days(held: Sequence[Credential], days: Days) -> list[bool]:
    spans = [
        (
            days.number_of(row.issued_on),
            days.count if row.expires_on is None else days.number_of(row.expires_on),
        )
        for row in held
        if row.kind == NEEDLING
    ]
    return [any(first <= day <= last for first, last in spans) for day in range(days.count)]


def _rooms_needed(open_days: Mapping[Desk, list[int]], locations: Sequence[int]) -> dict[int, int]:
    """As many rooms as people are ever there at once, a little fewer where those are many; two at least."""
    needed = {}
    for place in locations:
        there = [bits for (_, at), bits in open_days.items() if at == place]
        peak = 0
        for day in range(len(there[0]) if there else 0):
            bits = [person[day] & HALF_HOURS for person in there if person[day]]
            peak = max([peak, *(sum(each >> tick & 1 for each in bits) for tick in range(0, DAY_TICKS, 6))])
        needed[place] = max(2, peak if peak <= 4 else -(-peak * 9 // 10))
    return needed
