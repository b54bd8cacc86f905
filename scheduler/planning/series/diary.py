"""The supplies' timelines, turned day by day into lanes of bits, sorted by what a start costs on its own.

Everything here is on the wall clock: tick t of a day is the five minutes from minute 5 * t on. Of two instants that
show the same wall time, where a clock is put back, the first one that can be booked counts.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial, reduce
from operator import or_
from typing import NamedTuple

from scheduler.planning.hours import WallClock
from scheduler.planning.series.costs import (
    TIME_STEP_TICKS,
    Weights,
    fragmented_starts,
    location_missed_cost,
    practitioner_missed_cost,
    time_missed_cost,
    time_steps,
    weekday_missed_cost,
)
from scheduler.planning.series.lanes import Lanes
from scheduler.planning.series.sessions import DAY_TICKS, Choice, Fixed, Preferences, Supply, WantedSession
from scheduler.planning.timeline import TICK_MINUTES

_DAY_BYTES = DAY_TICKS // 8

PricedStarts = list[tuple[int, int]]
"""(cost, starts): disjoint, non-empty sets of starts with what each costs on its own, cheapest first."""


class Kind(NamedTuple):
    """What a start takes: the ticks [start - before, start + length), for an appointment of this type."""

    appointment_type_id: int
    before: int
    length: int


def kind_of(session: WantedSession) -> Kind:
    """The session's kind: two sessions of one kind have the same starts at the same cost."""
    length = session.duration_ticks + session.after_ticks
    return Kind(session.appointment_type_id, session.before_ticks, length)


class Diary:
    """All supplies, the preferred practitioners' first: a lane each, then one for each fixed session's stranger.

    Lanes begin at the first tick of the day that any supply or fixed session uses, to keep integers short.
    """

    def __init__(
        self,
        supplies: Sequence[Supply],
        sessions: Sequence[WantedSession],
        preferences: Preferences,
        weights: Weights,
    ) -> None:
        self._preferences, self._weights = preferences, weights
        self._order = sorted(
            range(len(supplies)),
            key=lambda i: practitioner_missed_cost(weights, preferences, supplies[i].practitioner_id),
        )
        self._supplies = [supplies[i] for i in self._order]
        fixed = [session.fixed for session in sessions if session.fixed]
        kinds = {kind_of(session) for session in sessions if not session.fixed}
        self.places = _places(self._supplies, fixed)
        self.first_day, self.end_day = _days(self._supplies)
        timelines = {
            type_id: self._on_walls(type_id) for type_id in {kind.appointment_type_id for kind in kinds}
        }
        free = [self._on_wall(supply, supply.free) for supply in self._supplies]
        first, last = self._hours_used([free, *timelines.values()], fixed)
        self._base = first * 8
        self._first_byte, self._last_byte = first, last
        self.lanes = Lanes([place[0] for place in self.places], (last - first) * 8, _reach(weights, kinds))
        self._starts = {type_id: self._as_bytes(walls) for type_id, walls in timelines.items()}
        self._free = self._as_bytes(free)
        self._prices = self._priced_ticks()
        self._open: dict[tuple[Kind, int], PricedStarts] = {}

    def starts(self, kind: Kind, day: int) -> PricedStarts:
        """The starts of a kind on a day, by cost: preferences missed and free time fragmented."""
        found = self._open.get((kind, day))
        if found is None:
            found = self._open[kind, day] = self._priced_starts(kind, day)
        return found

    def fixed_start(self, fixed: Fixed) -> int:
        """A fixed session's start: in the lane of its practitioner, at its location if there is one."""
        lanes = [lane for lane, (who, _) in enumerate(self.places) if who == fixed.practitioner_id]
        lane = min(lanes, key=lambda lane: self.places[lane][1] != fixed.location_id)
        return self.lanes.bit(lane, fixed.minute // TICK_MINUTES - self._base)

    def ticks_between(self, first_minute: int, end_minute: int) -> int:
        """The ticks of one lane that begin in [first_minute, end_minute)."""
        first = min(max(-(-first_minute // TICK_MINUTES) - self._base, 0), self.lanes.width)
        end = min(max(-(-end_minute // TICK_MINUTES) - self._base, first), self.lanes.width)
        return (1 << end) - (1 << first)

    def choice(self, kind: Kind, day: int, start: int) -> Choice:
        """The supply and the tick that a start stands for."""
        lane, tick = self.lanes.locate(start)
        supply = self._supplies[lane]
        wall = day * DAY_TICKS + tick + self._base
        bookable = supply.starts[kind.appointment_type_id]
        for lo, hi, wall_lo in wall_pieces(supply.clock):
            index = wall - wall_lo + lo
            if lo <= index < hi and bookable >> index & 1:
                return Choice(self._order[lane], supply.clock.horizon.start_tick + index)
        raise LookupError(f"nothing starts on day {day} at tick {tick + self._base} in lane {lane}")

    def _on_walls(self, type_id: int) -> list[int]:
        return [self._on_wall(supply, supply.starts.get(type_id, 0)) for supply in self._supplies]

    def _on_wall(self, supply: Supply, bits: int) -> int:
        """A timeline on its wall clock: bit 0 is the first tick of `first_day`."""
        origin = self.first_day * DAY_TICKS
        shown = 0
        for lo, hi, wall in wall_pieces(supply.clock):
            shown |= (bits >> lo & (1 << (hi - lo)) - 1) << (wall - origin)
        return shown

    def _hours_used(self, timelines: Iterable[Iterable[int]], fixed: Iterable[Fixed]) -> tuple[int, int]:
        """The bytes [first, last) of a day outside which nothing is free or starts; at least one byte."""
        day = reduce(or_, (wall for walls in timelines for wall in walls), 0)
        have = 1 << max(self.end_day - self.first_day - 1, 0).bit_length()
        while have > 1:
            have //= 2
            day |= day >> have * DAY_TICKS
        day &= (1 << DAY_TICKS) - 1
        for session in fixed:
            day |= 1 << session.minute // TICK_MINUTES
        first = max((day & -day).bit_length() - 1, 0) // 8
        return first, max(-(-day.bit_length() // 8), first + 1)

    def _as_bytes(self, walls: Iterable[int]) -> list[bytes]:
        length = (self.end_day - self.first_day) * _DAY_BYTES
        return [wall.to_bytes(length, "little") for wall in walls]

    def _lanes_of(self, timelines: list[bytes], day: int) -> int:
        """One day of all supplies, side by side. Slicing bytes costs the same on any horizon; shifting does not."""
        at = (day - self.first_day) * _DAY_BYTES
        first, last = at + self._first_byte, at + self._last_byte
        return self.lanes.joined([timeline[first:last] for timeline in timelines])

    def _priced_ticks(self) -> PricedStarts:
        """Every lane's ticks by the preferences missed there, whatever the day."""
        weights, preferences, lanes = self._weights, self._preferences, self.lanes
        times: dict[int, int] = {}
        for tick in range(lanes.width):
            cost = time_missed_cost(weights, preferences, (tick + self._base) * TICK_MINUTES)
            times[cost] = times.get(cost, 0) | lanes.bit(0, tick)
        prices: dict[int, int] = {}
        for lane, (practitioner_id, location_id) in enumerate(self.places):
            who = practitioner_missed_cost(weights, preferences, practitioner_id)
            who += location_missed_cost(weights, preferences, location_id)
            for cost, ticks in times.items():
                prices[who + cost] = prices.get(who + cost, 0) | ticks << lane * lanes.size
        return list(prices.items())

    def _priced_starts(self, kind: Kind, day: int) -> PricedStarts:
        if not self.first_day <= day < self.end_day:
            return []
        starts = self._lanes_of(self._starts[kind.appointment_type_id], day)
        if not starts:
            return []
        weights = self._weights
        free = self._lanes_of(self._free, day)
        fragmented = fragmented_starts(free, kind.before, kind.length, weights.usable_ticks)
        missed = weekday_missed_cost(weights, self._preferences, day)
        found: dict[int, int] = {}
        for price, ticks in self._prices:
            here = starts & ticks
            split = here & fragmented
            cost = missed + price
            if split:
                found[cost + weights.fragmented] = found.get(cost + weights.fragmented, 0) | split
            if here != split:
                found[cost] = found.get(cost, 0) | (here ^ split)
        return sorted(found.items())


def _places(supplies: Sequence[Supply], fixed: Iterable[Fixed]) -> list[tuple[int, int]]:
    """(practitioner, location) of every lane."""
    places = [(supply.practitioner_id, supply.location_id) for supply in supplies]
    known = {who for who, _ in places}
    for session in fixed:
        if session.practitioner_id not in known:
            known.add(session.practitioner_id)
            places.append((session.practitioner_id, session.location_id))
    return places


def _days(supplies: Iterable[Supply]) -> tuple[int, int]:
    """The local days [first, end) that the horizon touches on any supply's clock."""
    spans = [day_span(supply.clock) for supply in supplies if supply.clock.horizon.ticks]
    return min((first for first, _ in spans), default=0), max((end for _, end in spans), default=0)


def _reach(weights: Weights, kinds: Iterable[Kind]) -> int:
    """How far bits are ever shifted within a lane."""
    radii = [step.radius or 0 for step in time_steps(weights)]
    around = [max(kind.before + 1, kind.length) + weights.usable_ticks for kind in kinds]
    return max([radii[0] + TIME_STEP_TICKS, *radii, *around])


@lru_cache(maxsize=32)
def day_span(clock: WallClock) -> tuple[int, int]:
    """The local days [first, end) that a clock's horizon, which must not be empty, touches."""
    return clock.at(0)[0], clock.at(clock.horizon.ticks - 1)[0] + 1


def day_bits(clock: WallClock, bits: int, day: int) -> int:
    """One local day of a timeline, on the wall clock: bit t is tick t of the day."""
    begins = day * DAY_TICKS
    shown = 0
    for lo, hi, wall in wall_pieces(clock):
        first, end = max(wall, begins), min(wall + hi - lo, begins + DAY_TICKS)
        if first < end:
            shown |= (bits >> (lo + first - wall) & (1 << (end - first)) - 1) << (first - begins)
    return shown


@lru_cache(maxsize=32)
def wall_pieces(clock: WallClock) -> tuple[tuple[int, int, int], ...]:
    """(lo, hi, wall): the bits [lo, hi) between two changes of the offset; wall is day * DAY_TICKS + tick at lo.

    Looks once a day: two changes within one day would go unseen; no zone has had that.
    """

    def offset(index: int) -> int:
        day, minute = clock.at(index)
        return day * DAY_TICKS + minute // TICK_MINUTES - index

    def moved(before: int, index: int) -> bool:
        return offset(index) != before

    end = clock.horizon.ticks
    if not end:
        return ()
    pieces = []
    lo, seen, current = 0, 0, offset(0)
    for probe in (*range(DAY_TICKS, end, DAY_TICKS), end - 1):
        if offset(probe) != current:
            hi = seen + bisect_left(range(seen, probe), True, key=partial(moved, current))
            pieces.append((lo, hi, lo + current))
            lo, current = hi, offset(hi)
        seen = probe
    return (*pieces, (lo, end, lo + current))
