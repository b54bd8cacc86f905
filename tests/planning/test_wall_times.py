"""A wall time is the instants that show it: none in a gap, two in an overlap."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.planning.hours import NonexistentWallTime, resolve_wall_time, start_of_day
from scheduler.planning.timeline import instant_of, tick_of
from tests.planning.naive_clock import MOMENTS, TICK, around, minute_of_day, walls

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(("key", "at"), MOMENTS)
def test_wall_times_resolve_to_every_instant_that_shows_them(key: str, at: datetime) -> None:
    zone, horizon = ZoneInfo(key), around(at, 2, 2)
    shown: dict[datetime, list[datetime]] = {}
    for i, wall in enumerate(walls(key, horizon)):
        shown.setdefault(wall, []).append(instant_of(horizon.start_tick + i))
    wall = min(shown)
    while wall <= max(shown):
        if wall in shown:
            found = resolve_wall_time(wall.date(), minute_of_day(wall), zone)
            assert list(found) == shown[wall]
        else:
            with pytest.raises(NonexistentWallTime) as gap:
                resolve_wall_time(wall.date(), minute_of_day(wall), zone)
            before, after = gap.value.alternatives
            assert tick_of(after) - tick_of(before) == 1
            assert before.replace(tzinfo=None) == max(other for other in shown if other < wall)
            assert after.replace(tzinfo=None) == min(other for other in shown if other > wall)
        wall += TICK


def test_a_nonexistent_wall_time_says_what_would_be_right() -> None:
    with pytest.raises(NonexistentWallTime) as gap:
        resolve_wall_time(date(2026, 3, 29), 150, BERLIN)
    assert str(gap.value) == (
        "2026-03-29 02:30 does not exist in Europe/Berlin, where clocks are put forward then; "
        "the nearest times are 2026-03-29 01:55 and 2026-03-29 03:00"
    )
    assert gap.value.alternatives[1].tzinfo is BERLIN


def test_resolved_instants_are_in_utc() -> None:
    assert resolve_wall_time(date(2026, 7, 1), 601, BERLIN)[0].tzinfo is UTC


@pytest.mark.parametrize("minute", [-1, 1440])
def test_a_minute_outside_the_day_is_refused(minute: int) -> None:
    with pytest.raises(ValueError, match="0 to 1439"):
        resolve_wall_time(date(2026, 7, 1), minute, BERLIN)


@pytest.mark.parametrize(("key", "at"), MOMENTS)
def test_a_day_starts_at_the_first_instant_that_shows_its_date(key: str, at: datetime) -> None:
    horizon = around(at, 3, 3)
    ordinals = [wall.toordinal() for wall in walls(key, horizon)]
    for ordinal in range(ordinals[0] + 1, ordinals[-1] + 1):
        expected = instant_of(horizon.start_tick + ordinals.index(ordinal))
        assert start_of_day(date.fromordinal(ordinal), ZoneInfo(key)) == expected
