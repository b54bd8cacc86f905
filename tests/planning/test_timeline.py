"""Timelines against sets of tick numbers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise, product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.planning.timeline import (
    Horizon,
    bookable_starts,
    busy_bits,
    fits,
    indices,
    instant_of,
    runs,
    span,
    tick_of,
)

DAY = Horizon(5_800_000, 288)
TIMELINES = st.one_of(
    st.integers(0, 2**400 - 1),
    st.sets(st.integers(0, 2000), max_size=8).map(lambda found: sum(1 << i for i in found)),
    st.sets(st.integers(0, 2000), max_size=8).map(lambda found: (1 << 2001) - 1 - sum(1 << i for i in found)),
)


def members(bits: int) -> set[int]:
    return {i for i in range(bits.bit_length()) if bits >> i & 1}


def test_tick_of_counts_five_minutes_from_the_epoch() -> None:
    assert tick_of(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert tick_of(datetime(1970, 1, 2, 0, 5, tzinfo=UTC)) == 289
    assert tick_of(datetime(1969, 12, 31, 23, 55, tzinfo=UTC)) == -1


def test_tick_of_reads_any_offset_as_the_instant_it_is() -> None:
    assert tick_of(datetime(1970, 1, 1, 5, 45, tzinfo=timezone(timedelta(hours=5, minutes=45)))) == 0


@given(st.integers(-7_000_000, 20_000_000))
def test_instant_of_is_the_inverse_of_tick_of(tick: int) -> None:
    assert tick_of(instant_of(tick)) == tick
    assert instant_of(tick).tzinfo is UTC


@pytest.mark.parametrize("off", [timedelta(minutes=1), timedelta(seconds=1), timedelta(microseconds=1)])
def test_tick_of_refuses_an_instant_between_ticks(off: timedelta) -> None:
    with pytest.raises(ValueError, match="not on a 5-minute tick"):
        tick_of(datetime(2026, 3, 1, 10, 0, tzinfo=UTC) + off)


def test_naive_instants_are_refused() -> None:
    naive, aware = datetime(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC)  # noqa: DTZ001
    for attempt in (
        lambda: tick_of(naive),
        lambda: Horizon.between(naive, aware),
        lambda: Horizon.between(aware, naive),
    ):
        with pytest.raises(ValueError, match="has no time zone"):
            attempt()


def test_horizon_between_covers_partly_touched_ticks() -> None:
    start = datetime(2026, 3, 1, 10, 4, 59, tzinfo=UTC)
    horizon = Horizon.between(start, datetime(2026, 3, 1, 10, 5, 0, 1, tzinfo=UTC))
    assert horizon == Horizon(tick_of(datetime(2026, 3, 1, 10, 0, tzinfo=UTC)), 2)
    assert horizon.end_tick == tick_of(datetime(2026, 3, 1, 10, 10, tzinfo=UTC))
    assert horizon.all == 0b11
    assert horizon.index(horizon.start_tick + 1) == 1


def test_a_horizon_may_be_empty_but_not_reversed() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert Horizon.between(at, at).all == 0
    with pytest.raises(ValueError, match="cannot end 1 ticks before"):
        Horizon.between(at, at - timedelta(minutes=5))


def test_span_is_half_open_and_cut_off_at_zero() -> None:
    for lo, hi in product(range(-5, 12), repeat=2):
        assert members(span(lo, hi)) == {i for i in range(lo, hi) if i >= 0}


@given(
    st.lists(st.tuples(st.integers(-400, 400), st.integers(-4, 30)), max_size=40),
    st.lists(st.tuples(st.integers(-1500, 90_000), st.integers(-400, 90_000)), max_size=6),
    st.integers(0, 300),
)
@example([(0, 1), (1, 1), (3, 2)], [], 288)
@example([(280, 8)], [], 288)
@example([], [(-1, 200_000)], 288)
@example([], [(301, 0)], 288)
@example([], [(350, -40)], 288)
def test_busy_bits_are_the_ticks_that_a_pair_touches(
    in_ticks: list[tuple[int, int]], in_seconds: list[tuple[int, int]], size: int
) -> None:
    horizon = Horizon(DAY.start_tick, size)
    begin = horizon.start_tick * 300
    pairs = [(begin + lo * 300, begin + (lo + length) * 300) for lo, length in in_ticks]
    pairs += [(begin + start, begin + start + length) for start, length in in_seconds]
    touched = {
        i
        for i in range(size)
        for start, end in pairs
        if max(start, begin + i * 300) < min(end, begin + i * 300 + 300)
    }
    assert members(busy_bits(pairs, horizon)) == touched
    assert busy_bits(iter(pairs[::-1]), horizon) == busy_bits(pairs, horizon)


@given(TIMELINES, st.integers(1, 40))
def test_fits_where_every_tick_of_the_stretch_is_free(free: int, k: int) -> None:
    ticks = members(free)
    assert members(fits(free, k)) == {i for i in ticks if all(i + n in ticks for n in range(k))}


@pytest.mark.parametrize("k", [0, -1])
def test_fits_refuses_an_empty_stretch(k: int) -> None:
    with pytest.raises(ValueError, match="at least one tick"):
        fits(1, k)


@given(TIMELINES, TIMELINES, st.integers(1, 12), st.integers(0, 6), st.integers(0, 6))
def test_bookable_starts_keep_the_session_in_hours_and_its_buffers_free(
    hours: int, free: int, duration: int, before: int, after: int
) -> None:
    opened, clear = members(hours), members(free)
    expected = {
        s
        for s in opened
        if opened.issuperset(range(s, s + duration))
        and clear.issuperset(range(s - before, s + duration + after))
    }
    assert members(bookable_starts(hours, free, duration, before, after)) == expected


def test_buffers_may_spill_out_of_hours_but_not_out_of_the_horizon() -> None:
    hours, free = span(2, 6), span(0, 8)
    assert members(bookable_starts(hours, free, 4, 2, 2)) == {2}
    assert bookable_starts(hours, free, 4, 3, 0) == 0
    assert bookable_starts(hours, free, 4, 0, 3) == 0


@pytest.mark.parametrize(
    ("duration", "before", "after"), [(0, 0, 0), (-1, 2, 2), (0, 1, 0), (2, -1, 0), (2, 0, -1)]
)
def test_bookable_starts_refuse_durations_and_buffers_that_make_no_sense(
    duration: int, before: int, after: int
) -> None:
    with pytest.raises(ValueError, match=r"negative|at least one tick"):
        bookable_starts(1, 1, duration, before, after)


@given(TIMELINES)
def test_indices_are_the_set_bits_ascending(bits: int) -> None:
    assert list(indices(bits)) == sorted(members(bits))


@given(TIMELINES)
def test_runs_are_maximal_ascending_and_make_up_the_timeline(bits: int) -> None:
    found = list(runs(bits))
    assert sum(span(lo, hi) for lo, hi in found) == bits
    edges = [edge for run in found for edge in run]
    assert all(low < high for low, high in pairwise(edges))


@pytest.mark.parametrize("walk", [indices, runs])
def test_a_negative_timeline_is_refused(walk: Callable[[int], object]) -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        walk(-1)
