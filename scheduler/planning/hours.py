"""Weekly hours and whole days of a time zone, as timelines.

Set semantics: an instant is open iff the wall clock shows a right date and a minute of day in [starts, ends). So
wall times skipped in spring are simply not there, and both instants of a time repeated in autumn are open. An
absence or closure given in instants goes through `timeline.busy_bits`, one given in days through
`WallClock.bits_of_days`.

How: between two changes of its UTC offset, a wall clock is a straight line. Hours are laid out once on an ideal
wall timeline of whole weeks, by repeating a week's pattern, and each stretch of constant offset cuts out its piece.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

from scheduler.planning.timeline import TICK_MINUTES, TICK_SECONDS, Horizon, instant_of, span

DAY_MINUTES = 1440
_DAY_TICKS = DAY_MINUTES // TICK_MINUTES
_WEEK_TICKS = 7 * _DAY_TICKS
# Wall ticks count from 0001-01-01 00:00, a Monday: weeks are whole multiples of _WEEK_TICKS, and ordinal = day + 1.
_EPOCH_WALL_TICK = (date(1970, 1, 1).toordinal() - 1) * _DAY_TICKS
GRIDS = (5, 10, 15, 20, 30, 60)


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Opening hours [starts_minute, ends_minute) on one weekday (0 is Monday), in minutes of the wall clock's day.

    They hold from valid_from to valid_until, both included, in every n-th ISO week counted from the one that
    contains valid_from. ValueError if a value makes no sense.
    """

    weekday: int
    starts_minute: int
    ends_minute: int
    valid_from: date
    valid_until: date | None = None
    every_n_weeks: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise ValueError(f"weekday must be 0 (Monday) to 6 (Sunday), not {self.weekday}")
        if not 0 <= self.starts_minute < self.ends_minute <= DAY_MINUTES:
            raise ValueError(
                f"hours must start before they end, within 0 to {DAY_MINUTES} minutes, "
                f"not {self.starts_minute} to {self.ends_minute}"
            )
        if self.starts_minute % TICK_MINUTES or self.ends_minute % TICK_MINUTES:
            raise ValueError(
                f"hours must start and end on a multiple of {TICK_MINUTES} minutes, "
                f"not {self.starts_minute} to {self.ends_minute}"
            )
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise ValueError(f"hours valid from {self.valid_from} cannot end before, on {self.valid_until}")
        if self.every_n_weeks < 1:
            raise ValueError(f"hours must recur every 1 or more weeks, not {self.every_n_weeks}")


class LocalDay(NamedTuple):
    """A local date (`date.fromordinal(ordinal)`) and the bits [lo, hi) of the horizon that carry it."""

    ordinal: int
    lo: int
    hi: int


class WallClock:
    """What a zone's wall clock shows at each tick of a horizon: what it shows when the tick begins.

    ValueError where the zone's UTC offset is not a multiple of five minutes (none since January 1972).
    """

    def __init__(self, zone: ZoneInfo, horizon: Horizon) -> None:
        self.zone = zone
        self.horizon = horizon
        self._pieces = _pieces(zone, horizon)
        self._lows = [lo for lo, _, _ in self._pieces]
        first = min((wall for _, _, wall in self._pieces), default=0)
        last = max((wall + hi - lo for lo, hi, wall in self._pieces), default=0)
        self.first_week = first // _WEEK_TICKS
        self.weeks = -(-last // _WEEK_TICKS) - self.first_week

    def at(self, index: int) -> tuple[int, int]:
        """The date's ordinal and the minute of day shown at a tick of the horizon. IndexError outside it."""
        if not 0 <= index < self.horizon.ticks:
            raise IndexError(f"tick {index} is outside a horizon of {self.horizon.ticks} ticks")
        lo, _, wall = self._pieces[bisect_right(self._lows, index) - 1]
        day, tick = divmod(wall + index - lo, _DAY_TICKS)
        return day + 1, tick * TICK_MINUTES

    @cached_property
    def days(self) -> list[LocalDay]:
        """The local dates that the horizon touches, ascending; a date that the zone skipped is missing.

        Where a clock was once turned back across midnight (no zone since 2012), [lo, hi) is the smallest range that
        holds the whole date; `bits_of_days` is exact there, too.
        """
        found: dict[int, LocalDay] = {}
        for lo, hi, wall in self._pieces:
            for day in range(wall // _DAY_TICKS, -(-(wall + hi - lo) // _DAY_TICKS)):
                begins = lo + day * _DAY_TICKS - wall
                before = found.get(day)
                found[day] = LocalDay(
                    day + 1, before.lo if before else max(begins, lo), min(begins + _DAY_TICKS, hi)
                )
        return [found[day] for day in sorted(found)]

    def bits_of_days(self, first_ordinal: int, last_ordinal: int) -> int:
        """The ticks of the local dates from the first to the last, both included."""
        origin = self.first_week * 7 + 1
        weeks_end = self.weeks * 7
        first, end = first_ordinal - origin, min(last_ordinal + 1 - origin, weeks_end)
        return self.project(span(first * _DAY_TICKS, end * _DAY_TICKS))

    def project(self, wall_bits: int) -> int:
        """The ticks at which the clock shows one of the wall ticks given: bit 0 is Monday 00:00 of `first_week`."""
        origin = self.first_week * _WEEK_TICKS
        bits = 0
        for lo, hi, wall in self._pieces:
            bits |= ((wall_bits >> (wall - origin)) & ((1 << (hi - lo)) - 1)) << lo
        return bits


@lru_cache(maxsize=128)
def wall_clock(zone: ZoneInfo, horizon: Horizon) -> WallClock:
    """The zone's wall clock over the horizon, remembered for the next caller."""
    return WallClock(zone, horizon)


@lru_cache(maxsize=128)
def grid_bits(zone: ZoneInfo, horizon: Horizon, grid_minutes: int) -> int:
    """The ticks at which the wall clock's minute of day is a multiple of the grid. ValueError if it is not a GRIDS."""
    if grid_minutes not in GRIDS:
        raise ValueError(f"the grid must be one of {GRIDS} minutes, not {grid_minutes}")
    clock = wall_clock(zone, horizon)
    step = grid_minutes // TICK_MINUTES
    return clock.project(_repeated(1, step, clock.weeks * _WEEK_TICKS // step))


def open_bits(rules: Iterable[WeeklyHours], zone: ZoneInfo, horizon: Horizon) -> int:
    """The ticks of the horizon at which at least one of the weekly hours is open on the zone's wall clock."""
    clock = wall_clock(zone, horizon)
    patterns: dict[tuple[date, date | None, int], int] = {}
    for rule in rules:
        key = (rule.valid_from, rule.valid_until, rule.every_n_weeks)
        day = rule.weekday * _DAY_TICKS
        hours = span(day + rule.starts_minute // TICK_MINUTES, day + rule.ends_minute // TICK_MINUTES)
        patterns[key] = patterns.get(key, 0) | hours
    wall_bits = 0
    for (valid_from, valid_until, every_n_weeks), week in patterns.items():
        wall_bits |= _recurring(week, valid_from, valid_until, every_n_weeks, clock)
    return clock.project(wall_bits)


class NonexistentWallTime(ValueError):
    """A wall time that the clock skips; `alternatives` are the last tick before the gap and the first after it."""

    def __init__(self, wall: datetime, zone: ZoneInfo, alternatives: tuple[datetime, datetime]) -> None:
        before, after = alternatives
        super().__init__(
            f"{wall:%Y-%m-%d %H:%M} does not exist in {zone.key}, where clocks are put forward then; "
            f"the nearest times are {before:%Y-%m-%d %H:%M} and {after:%Y-%m-%d %H:%M}"
        )
        self.alternatives = alternatives


def resolve_wall_time(on: date, minute: int, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants, in UTC and ascending, at which the zone's clock shows this date and minute of day.

    One as a rule, two where a clock is put back. NonexistentWallTime where it is put forward; ValueError if the
    minute is not within 0 to 1439.
    """
    if not 0 <= minute < DAY_MINUTES:
        raise ValueError(f"minute of day must be 0 to {DAY_MINUTES - 1}, not {minute}")
    wall = datetime.combine(on, time(minute // 60, minute % 60), tzinfo=zone)
    first, second = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    if first == second:
        return (first,)
    if first < second:
        return first, second
    # In a gap, fold=0 reads the clock as before the change and lands after it; fold=1 the other way round.
    change = _first_change(zone, _tick_before(second), _tick_before(first) + 1)
    before, after = (instant_of(tick).astimezone(zone) for tick in (change - 1, change))
    raise NonexistentWallTime(wall, zone, (before, after))


def start_of_day(on: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local date, in UTC; of the next one there is where the zone skips midnight or the date."""
    try:
        return resolve_wall_time(on, 0, zone)[0]
    except NonexistentWallTime as gap:
        return gap.alternatives[1].astimezone(UTC)


def _recurring(
    week: int, valid_from: date, valid_until: date | None, every_n_weeks: int, clock: WallClock
) -> int:
    """A week's pattern repeated over the clock's weeks, as wall ticks, within its validity."""
    origin = clock.first_week * 7 + 1
    skipped = ((valid_from.toordinal() - 1) // 7 - clock.first_week) % every_n_weeks
    times = -(-(clock.weeks - skipped) // every_n_weeks)
    bits = _repeated(week, every_n_weeks * _WEEK_TICKS, times) << skipped * _WEEK_TICKS
    begins = (valid_from.toordinal() - origin) * _DAY_TICKS
    if begins > 0:
        bits = bits >> begins << begins
    if valid_until is not None:
        ends = (valid_until.toordinal() + 1 - origin) * _DAY_TICKS
        bits &= span(0, min(ends, clock.weeks * _WEEK_TICKS))
    return bits


def _repeated(unit: int, size: int, times: int) -> int:
    """`times` copies of a unit of `size` bits, one after the other, by doubling; 0 if times is not positive."""
    if times < 1:
        return 0
    bits, have = unit, 1
    while have < times:
        more = min(have, times - have)
        bits |= bits << more * size
        have += more
    return bits


def _pieces(zone: ZoneInfo, horizon: Horizon) -> tuple[tuple[int, int, int], ...]:
    """(lo, hi, wall): the bits [lo, hi) between two changes of the UTC offset, and the wall tick at lo."""
    pieces = []
    lo = horizon.start_tick
    while lo < horizon.end_tick:
        hi = _piece_end(zone, lo, horizon.end_tick)
        pieces.append((horizon.index(lo), horizon.index(hi), _EPOCH_WALL_TICK + lo + _offset_ticks(zone, lo)))
        lo = hi
    return tuple(pieces)


def _piece_end(zone: ZoneInfo, lo: int, end: int) -> int:
    """The first tick after lo at which the zone's offset has changed, or end. Steps of a day, then bisection."""
    offset = _offset(zone, lo)
    while lo < end:
        probe = min(lo + _DAY_TICKS, end)
        if _offset(zone, probe) != offset:
            return _first_change(zone, lo, probe)
        lo = probe
    return end


def _first_change(zone: ZoneInfo, lo: int, hi: int) -> int:
    """The first tick in (lo, hi] whose offset differs from that at lo; the offsets at lo and hi must differ."""
    offset = _offset(zone, lo)
    while hi - lo > 1:
        middle = (lo + hi) // 2
        if _offset(zone, middle) == offset:
            lo = middle
        else:
            hi = middle
    return hi


def _offset(zone: ZoneInfo, tick: int) -> timedelta:
    return cast(timedelta, datetime.fromtimestamp(tick * TICK_SECONDS, zone).utcoffset())


def _offset_ticks(zone: ZoneInfo, tick: int) -> int:
    ticks, rest = divmod(_offset(zone, tick), timedelta(minutes=TICK_MINUTES))
    if rest:
        raise ValueError(
            f"{zone.key} was not a multiple of {TICK_MINUTES} minutes off UTC at {instant_of(tick)}"
        )
    return ticks


def _tick_before(instant: datetime) -> int:
    """The tick that an instant lies in."""
    return int(instant.timestamp() // TICK_SECONDS)
