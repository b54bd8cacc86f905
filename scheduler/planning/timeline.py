"""A stretch of time as the bits of one Python integer.

A tick is five minutes of UTC, numbered from 1970-01-01T00:00Z. A `Horizon` is the stretch looked at; in a timeline
over it, bit i stands for tick `horizon.start_tick + i`. Sets of ticks are then plain non-negative integers: `&`, `|`
and `& ~` are intersection, union and difference at the speed of memory. All intervals are half-open, [start, end).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import compress

TICK_MINUTES = 5
TICK_SECONDS = 300

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(seconds=TICK_SECONDS)
_BIT = (1, 2, 4, 8, 16, 32, 64, 128)
_TRUTH = bytes.maketrans(b"01", b"\0\1")


def tick_of(instant: datetime) -> int:
    """The tick that begins at an aware instant. ValueError if it is naive or not exactly on a tick."""
    tick, rest = divmod(_since_epoch(instant), _TICK)
    if rest:
        raise ValueError(f"{instant.isoformat()} is not on a {TICK_MINUTES}-minute tick")
    return tick


def instant_of(tick: int) -> datetime:
    """The instant at which a tick begins, in UTC."""
    return _EPOCH + tick * _TICK


@dataclass(frozen=True, slots=True)
class Horizon:
    """The ticks [start_tick, start_tick + ticks) that a timeline's bits 0, 1, ... stand for."""

    start_tick: int
    ticks: int

    def __post_init__(self) -> None:
        if self.ticks < 0:
            raise ValueError(f"a horizon cannot end {-self.ticks} ticks before it starts")

    @classmethod
    def between(cls, start: datetime, end: datetime) -> "Horizon":
        """The smallest horizon that covers [start, end). ValueError if either is naive or end lies before start."""
        first = _since_epoch(start) // _TICK
        return cls(first, -(-_since_epoch(end) // _TICK) - first)

    @property
    def end_tick(self) -> int:
        """The first tick after the horizon."""
        return self.start_tick + self.ticks

    @property
    def all(self) -> int:
        """Every tick of the horizon, as bits."""
        return (1 << self.ticks) - 1

    def index(self, tick: int) -> int:
        """The bit that stands for a tick; outside 0 .. ticks - 1 when the tick lies outside the horizon."""
        return tick - self.start_tick


def span(lo: int, hi: int) -> int:
    """The bits lo .. hi - 1; what lies below 0 is cut off, and an empty range gives 0."""
    lo = max(lo, 0)
    return (1 << hi) - (1 << lo) if hi > lo else 0


def busy_bits(pairs: Iterable[tuple[int, int]], horizon: Horizon) -> int:
    """The ticks of the horizon touched by any of the pairs [start, end) of epoch seconds.

    Starts are floored and ends ceiled to a tick; pairs may overlap and come in any order (ascending is fastest); one
    that is empty or reversed touches nothing.
    """
    # A run of ones is 2**hi - 2**lo, so disjoint runs are the set of their ends minus the set of their starts. Setting
    # two bits in byte arrays costs the same on any horizon; an OR into the timeline costs its whole length.
    base, size = horizon.start_tick, horizon.ticks
    starts = bytearray((size >> 3) + 1)
    ends = bytearray((size >> 3) + 1)
    reach = 0
    for start, end in sorted(pairs):
        if start >= end:
            continue
        lo = start // TICK_SECONDS - base
        hi = -(-end // TICK_SECONDS) - base
        if lo < reach or hi > size:
            lo, hi = max(lo, reach), min(hi, size)
            if lo >= hi:
                continue
        reach = hi
        starts[lo >> 3] |= _BIT[lo & 7]
        ends[hi >> 3] |= _BIT[hi & 7]
    return int.from_bytes(ends, "little") - int.from_bytes(starts, "little")


def fits(free: int, k: int) -> int:
    """Bit i is set iff the ticks i .. i + k - 1 are all free. ValueError unless k is at least 1."""
    if k < 1:
        raise ValueError(f"a stretch must have at least one tick, not {k}")
    have = 1
    while have < k:
        step = min(have, k - have)
        free &= free >> step
        have += step
    return free


def bookable_starts(hours: int, free: int, duration_ticks: int, before_ticks: int, after_ticks: int) -> int:
    """The ticks at which something may start: [s, s + d) inside `hours` and [s - before, s + d + after) inside `free`.

    Buffers may spill out of the hours but must be free. Ticks outside the horizon count as not free, so a caller who
    wants starts near the horizon's ends pads it by the largest buffer. ValueError on a negative buffer.
    """
    if before_ticks < 0 or after_ticks < 0:
        raise ValueError("a buffer cannot be negative")
    clear = fits(free, before_ticks + duration_ticks + after_ticks) << before_ticks
    return fits(hours, duration_ticks) & clear


def indices(bits: int) -> Iterator[int]:
    """The numbers of the set bits, ascending. ValueError if bits is negative."""
    _refuse_negative(bits)
    digits = bin(bits)[:1:-1]
    # Searching costs per set bit, filtering per tick: they meet at about one in five.
    if bits.bit_count() * 5 > len(digits):
        return compress(range(len(digits)), digits.encode().translate(_TRUTH))
    return _found(digits)


def runs(bits: int) -> Iterator[tuple[int, int]]:
    """The maximal runs of set bits as half-open pairs, ascending. ValueError if bits is negative."""
    _refuse_negative(bits)
    edges = indices(bits ^ (bits << 1))
    return zip(edges, edges, strict=True)


def _refuse_negative(bits: int) -> None:
    if bits < 0:
        raise ValueError("a timeline cannot be negative: use `horizon.all & ~bits` for the rest of a horizon")


def _found(digits: str) -> Iterator[int]:
    at = digits.find("1")
    while at >= 0:
        yield at
        at = digits.find("1", at + 1)


def _since_epoch(instant: datetime) -> timedelta:
    if instant.utcoffset() is None:
        raise ValueError(f"{instant.isoformat()} has no time zone")
    return instant - _EPOCH
