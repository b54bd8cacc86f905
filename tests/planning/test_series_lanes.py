"""Operations on many lanes at once do to each lane what they say, and nothing to its neighbours."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from scheduler.planning.series.lanes import Lanes

WIDTH, REACH = 24, 18
GROUPS = (7, 8, 7, 9, 9)
Days = list[set[int]]

days = st.lists(st.sets(st.integers(0, WIDTH - 1), max_size=4), min_size=len(GROUPS), max_size=len(GROUPS))
lanes = Lanes(GROUPS, WIDTH, REACH)


def bits(given_days: Days) -> int:
    return sum(lanes.bit(lane, tick) for lane, ticks in enumerate(given_days) for tick in ticks)


def ticks_of(result: int) -> Days:
    """What a result says about real ticks: guards may hold anything."""
    return [
        {tick for tick in range(WIDTH) if lanes.of(result, lane) >> tick & 1} for lane in range(len(GROUPS))
    ]


def each(given_days: Days, change: Callable[[int], range]) -> Days:
    """Every lane by itself: the ticks that a change makes of each of its ticks, as far as they are of that day."""
    day = set(range(WIDTH))
    return [{new for tick in ticks for new in change(tick)} & day for ticks in given_days]


@given(days)
def test_lanes_are_joined_from_bytes(given_days: Days) -> None:
    lines = [sum(1 << tick for tick in ticks).to_bytes(WIDTH // 8, "little") for ticks in given_days]
    assert lanes.joined(lines) == bits(given_days)


@given(days, st.integers(-REACH, REACH), st.integers(-REACH, REACH))
def test_near_reaches_the_ticks_between(given_days: Days, lo: int, hi: int) -> None:
    found = ticks_of(lanes.near(bits(given_days), lo, hi))
    assert found == each(given_days, lambda tick: range(tick + lo, tick + hi + 1))


@given(days, st.integers(1, 5))
def test_widening_again_and_again_stays_in_its_lane(given_days: Days, times: int) -> None:
    found = lanes.near(bits(given_days), -6, 6)
    for _ in range(times):
        found = lanes.wider(found, 12)
    radius = 6 + 12 * times
    assert ticks_of(found) == each(given_days, lambda tick: range(tick - radius, tick + radius + 1))


@given(days, st.integers(-WIDTH, WIDTH))
def test_since_earliest_runs_to_the_end_of_the_day(given_days: Days, lo: int) -> None:
    found = ticks_of(lanes.since_earliest(bits(given_days), lo))
    assert found == [set(range(max(min(ticks) + lo, 0), WIDTH)) if ticks else set() for ticks in given_days]


@given(days)
def test_filled_lanes_are_those_with_a_tick(given_days: Days) -> None:
    found = lanes.filled(bits(given_days))
    assert found == bits([set(range(WIDTH)) if ticks else set() for ticks in given_days])


@given(days)
def test_folding_and_spreading_share_every_tick(given_days: Days) -> None:
    shared = lanes.everywhere(lanes.folded(bits(given_days)))
    assert ticks_of(shared) == [set().union(*given_days)] * len(GROUPS)


@given(days)
def test_companions_share_their_ticks(given_days: Days) -> None:
    found = ticks_of(lanes.companions(bits(given_days)))
    assert found == [
        set().union(*(ticks for ticks, other in zip(given_days, GROUPS, strict=True) if other == group))
        for group in GROUPS
    ]
