"""Weekly hours and wall clocks against a naive clock, around every change of a dozen zones' offsets in 2024 to 2027."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.planning.hours import (
    GRIDS,
    NonexistentWallTime,
    WallClock,
    WeeklyHours,
    grid_bits,
    open_bits,
    resolve_wall_time,
    start_of_day,
    wall_clock,
)
from scheduler.planning.timeline import Horizon, indices, instant_of, tick_of
from tests.planning.naive_clock import MOMENTS, TICK, ZONES, around, changes, minute_of_day, walls

BERLIN = ZoneInfo("Europe/Berlin")


def is_open(rule: WeeklyHours, wall: datetime) -> bool:
    """The definition: the rule's weekday, minutes, validity and week."""
    on = wall.date()
    if rule.weekday != on.weekday() or not rule.starts_minute <= minute_of_day(wall) < rule.ends_minute:
        return False
    if on < rule.valid_from or (rule.valid_until is not None and on > rule.valid_until):
        return False
    monday = rule.valid_from - timedelta(days=rule.valid_from.weekday())
    return (on - monday).days // 7 % rule.every_n_weeks == 0


def naive_open_bits(rules: list[WeeklyHours], key: str, horizon: Horizon) -> int:
    ticks = enumerate(walls(key, horizon))
    return sum(1 << i for i, wall in ticks if any(is_open(rule, wall) for rule in rules))


def opened_on(rules: list[WeeklyHours], horizon: Horizon) -> list[date]:
    """The dates of the open ticks in UTC."""
    return [
        instant_of(horizon.start_tick + i).date() for i in indices(open_bits(rules, ZoneInfo("UTC"), horizon))
    ]


@st.composite
def weekly_hours(draw: st.DrawFn, near: date) -> WeeklyHours:
    starts = draw(st.integers(0, 287))
    ends = draw(st.integers(starts + 1, 288))
    valid_from = near + timedelta(days=draw(st.integers(-40, 15)))
    lasts = draw(st.none() | st.integers(0, 60))
    return WeeklyHours(
        weekday=draw(st.integers(0, 6)),
        starts_minute=starts * 5,
        ends_minute=ends * 5,
        valid_from=draw(st.sampled_from([valid_from, date(1999, 12, 31)])),
        valid_until=None if lasts is None else valid_from + timedelta(days=lasts),
        every_n_weeks=draw(st.sampled_from([1, 1, 1, 2, 3, 5, 10**9])),
    )


@settings(deadline=None, max_examples=300)
@given(
    st.data(),
    st.sampled_from(MOMENTS),
    st.sampled_from([0, 1 / 288, 0.4, 8.3]),
    st.sampled_from([1 / 96, 1, 11]),
)
def test_open_bits_equal_the_naive_clock_on_random_hours(
    data: st.DataObject, moment: tuple[str, datetime], days_before: float, days_after: float
) -> None:
    key, at = moment
    horizon = around(at, days_before, days_after)
    rules = data.draw(st.lists(weekly_hours(at.date()), max_size=8))
    assert open_bits(rules, ZoneInfo(key), horizon) == naive_open_bits(rules, key, horizon)


@pytest.mark.parametrize(("key", "at"), MOMENTS)
def test_open_bits_equal_the_naive_clock_around_every_change(key: str, at: datetime) -> None:
    horizon = around(at, 8.3, 8.3)
    nights = [
        WeeklyHours(day, starts, starts + 35, date(2020, 1, 1))
        for day in range(7)
        for starts in range(0, 300, 45)
    ]
    days = [WeeklyHours(day, 8 * 60, 18 * 60, date(2020, 1, 1), every_n_weeks=2) for day in range(7)]
    late = [WeeklyHours(day, 22 * 60, 1440, at.date(), at.date() + timedelta(days=3)) for day in range(7)]
    rules = nights + days + late
    assert open_bits(rules, ZoneInfo(key), horizon) == naive_open_bits(rules, key, horizon)


@pytest.mark.parametrize(("key", "at"), MOMENTS)
def test_the_wall_clock_shows_what_the_naive_clock_shows_at_every_tick(key: str, at: datetime) -> None:
    horizon = around(at, 2.1, 2.1)
    clock = WallClock(ZoneInfo(key), horizon)
    shown = [clock.at(index) for index in range(horizon.ticks)]
    assert shown == [(wall.toordinal(), minute_of_day(wall)) for wall in walls(key, horizon)]


@pytest.mark.parametrize(("key", "at"), MOMENTS)
def test_grid_bits_are_the_multiples_on_the_wall_clock(key: str, at: datetime) -> None:
    horizon = around(at, 1.1, 1.1)
    for grid in GRIDS:
        expected = sum(
            1 << i for i, wall in enumerate(walls(key, horizon)) if minute_of_day(wall) % grid == 0
        )
        assert grid_bits(ZoneInfo(key), horizon, grid) == expected


@pytest.mark.parametrize(("key", "at"), MOMENTS)
def test_local_days_cut_the_horizon_at_the_naive_clocks_midnights(key: str, at: datetime) -> None:
    horizon = around(at, 3.1, 3.1)
    ordinals = [wall.toordinal() for wall in walls(key, horizon)]
    expected = [
        (day, ordinals.index(day), ordinals.index(day) + ordinals.count(day)) for day in sorted(set(ordinals))
    ]
    assert wall_clock(ZoneInfo(key), horizon).days == expected
    for first, last in ((0, 0), (1, 3), (-9, 2), (4, 99), (-9, 99), (99, 120), (-20, -9), (3, 1)):
        first, last = ordinals[0] + first, ordinals[0] + last
        among = sum(1 << i for i, day in enumerate(ordinals) if first <= day <= last)
        assert wall_clock(ZoneInfo(key), horizon).bits_of_days(first, last) == among


def test_a_year_of_hours_equals_the_naive_clock() -> None:
    horizon = Horizon.between(datetime(2026, 1, 1, 7, tzinfo=UTC), datetime(2027, 1, 3, 4, tzinfo=UTC))
    rules = [
        WeeklyHours(0, 480, 720, date(2025, 1, 1), date(2026, 6, 30)),
        WeeklyHours(0, 540, 1080, date(2026, 7, 1)),
        WeeklyHours(3, 0, 1440, date(2026, 2, 4), every_n_weeks=4),
        WeeklyHours(6, 100, 200, date(2025, 1, 1)),
    ]
    for key in ("Australia/Lord_Howe", "Africa/Casablanca"):
        assert open_bits(rules, ZoneInfo(key), horizon) == naive_open_bits(rules, key, horizon)


def test_the_zones_under_test_change_their_clocks_as_meant() -> None:
    sizes = set()
    for key, at in MOMENTS:
        before, after = (
            at.astimezone(ZoneInfo(key)).utcoffset(),
            (at + TICK * 12).astimezone(ZoneInfo(key)).utcoffset(),
        )
        assert before is not None
        assert after is not None
        sizes.add((after - before) // timedelta(minutes=1))
    assert sizes == {-60, -30, 0, 30, 60}
    assert [key for key in ZONES if not changes(key)] == ["Asia/Kathmandu", "Pacific/Apia"]


def test_hours_in_a_gap_are_missing_and_in_an_overlap_double() -> None:
    rule = [WeeklyHours(6, 120, 180, date(2026, 1, 1))]
    spring = Horizon.between(datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))
    autumn = Horizon.between(datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC))
    assert open_bits(rule, BERLIN, spring).bit_count() == 0
    assert open_bits(rule, BERLIN, autumn).bit_count() == 24


def test_hours_hold_every_week_from_their_first_day_on_unless_told_otherwise() -> None:
    horizon = Horizon.between(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC))
    rule = WeeklyHours(weekday=0, starts_minute=600, ends_minute=605, valid_from=date(2026, 1, 6))
    assert opened_on([rule], horizon) == [date(2026, 1, 12), date(2026, 1, 19), date(2026, 1, 26)]


def test_every_other_week_counts_iso_weeks_from_the_one_that_holds_the_first_day() -> None:
    horizon = Horizon.between(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 9, tzinfo=UTC))
    rule = WeeklyHours(0, 600, 605, valid_from=date(2026, 1, 11), every_n_weeks=2)
    assert opened_on([rule], horizon) == [date(2026, 1, 19), date(2026, 2, 2)]


def test_nothing_is_open_without_rules_or_without_a_horizon() -> None:
    empty = Horizon(5_800_000, 0)
    assert open_bits([], BERLIN, Horizon(5_800_000, 2000)) == 0
    assert open_bits([WeeklyHours(0, 0, 1440, date(2020, 1, 1))], BERLIN, empty) == 0
    assert grid_bits(BERLIN, empty, 15) == 0
    assert wall_clock(BERLIN, empty).days == []
    assert WallClock(BERLIN, empty).bits_of_days(0, 10**6) == 0


@pytest.mark.parametrize("index", [-1, 2000])
def test_the_wall_clock_refuses_a_tick_outside_its_horizon(index: int) -> None:
    with pytest.raises(IndexError, match="outside a horizon of 2000 ticks"):
        WallClock(BERLIN, Horizon(5_800_000, 2000)).at(index)


def test_a_date_that_the_zone_skipped_is_no_local_day() -> None:
    apia = ZoneInfo("Pacific/Apia")
    horizon = Horizon.between(datetime(2011, 12, 29, 10, tzinfo=UTC), datetime(2012, 1, 1, 10, tzinfo=UTC))
    days = wall_clock(apia, horizon).days
    assert [date.fromordinal(day.ordinal).day for day in days] == [29, 31, 1]
    assert all(left.hi == right.lo for left, right in pairwise(days))
    with pytest.raises(NonexistentWallTime) as gap:
        resolve_wall_time(date(2011, 12, 30), 600, apia)
    assert [at.replace(tzinfo=None) for at in gap.value.alternatives] == [
        datetime(2011, 12, 29, 23, 55),  # noqa: DTZ001
        datetime(2011, 12, 31),  # noqa: DTZ001
    ]
    assert start_of_day(date(2011, 12, 30), apia) == start_of_day(date(2011, 12, 31), apia)


def test_days_torn_apart_at_midnight_are_exact_as_bits_and_enclosed_as_ranges() -> None:
    st_johns = ZoneInfo("America/St_Johns")  # 2005-10-30: 00:01 back to 23:01 of the day before
    horizon = Horizon.between(datetime(2005, 10, 29, 12, tzinfo=UTC), datetime(2005, 10, 31, 12, tzinfo=UTC))
    ordinals = [wall.toordinal() for wall in walls("America/St_Johns", horizon)]
    clock = WallClock(st_johns, horizon)
    for day in clock.days:
        own = [i for i, ordinal in enumerate(ordinals) if ordinal == day.ordinal]
        assert (day.lo, day.hi) == (own[0], own[-1] + 1)
        assert clock.bits_of_days(day.ordinal, day.ordinal) == sum(1 << i for i in own)
    assert any(left.hi > right.lo for left, right in pairwise(clock.days))


def test_an_offset_that_is_no_multiple_of_five_minutes_is_refused() -> None:
    with pytest.raises(ValueError, match="Africa/Monrovia was not a multiple of 5 minutes off UTC"):
        WallClock(ZoneInfo("Africa/Monrovia"), Horizon(tick_of(datetime(1971, 1, 1, tzinfo=UTC)), 288))


@pytest.mark.parametrize("grid", [0, -15, 7, 25, 45, 120])
def test_a_grid_other_than_the_usual_ones_is_refused(grid: int) -> None:
    with pytest.raises(ValueError, match="grid must be one of"):
        grid_bits(BERLIN, Horizon(0, 288), grid)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"weekday": 7}, "weekday must be 0"),
        ({"weekday": -1}, "weekday must be 0"),
        ({"starts_minute": 600, "ends_minute": 600}, "must start before they end"),
        ({"starts_minute": -5}, "must start before they end"),
        ({"ends_minute": 1445}, "must start before they end"),
        ({"starts_minute": 481}, "multiple of 5 minutes"),
        ({"ends_minute": 1081}, "multiple of 5 minutes"),
        ({"valid_until": date(2025, 12, 31)}, "cannot end before"),
        ({"every_n_weeks": 0}, "every 1 or more weeks"),
    ],
)
def test_weekly_hours_that_make_no_sense_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    right: dict[str, Any] = {
        "weekday": 0,
        "starts_minute": 480,
        "ends_minute": 1080,
        "valid_from": date(2026, 1, 1),
    }
    with pytest.raises(ValueError, match=sentence):
        WeeklyHours(**(right | wrong))
