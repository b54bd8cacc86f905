"""Reminders: wall-clock days, quiet hours, what is left out; against a naive clock on nights that clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduler.planning.due import DueReminder, ReminderPolicy, reminders_due
from scheduler.planning.timeline import instant_of, tick_of
from tests.planning.naive_clock import MOMENTS, TICK, around, minute_of_day, walls

BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ALWAYS = ReminderPolicy(quiet_from_minute=0, quiet_until_minute=0)

minutes_of_day = st.integers(0, 287).map(lambda tick: tick * 5)
policies = st.builds(
    ReminderPolicy,
    offsets_minutes=st.lists(
        st.one_of(
            st.integers(1, 3).map(lambda days: days * 1440), st.integers(1, 900).map(lambda tick: tick * 5)
        ),
        max_size=4,
    ).map(tuple),
    quiet_from_minute=minutes_of_day,
    quiet_until_minute=minutes_of_day,
    not_if_booked_within_minutes=st.sampled_from([0, 7, 120]),
)


@st.composite
def starts_near_a_change(draw: st.DrawFn) -> tuple[datetime, ZoneInfo, str]:
    """A start within a few days after (or just before) a change of some zone's clock."""
    key, at = draw(st.sampled_from(MOMENTS))
    return at + draw(st.integers(-40, 900)) * TICK, ZoneInfo(key), key


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """The instant of a wall time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def due(starts_at: datetime, policy: ReminderPolicy, zone: ZoneInfo = BERLIN) -> list[tuple[int, str]]:
    """Offsets and wall times of an appointment booked long ago."""
    return [
        (offset, f"{due_at.astimezone(zone):%Y-%m-%d %H:%M}")
        for offset, due_at in reminders_due(starts_at, LONG_AGO, zone, policy, LONG_AGO)
    ]


def test_the_default_reminds_three_days_and_one_day_before_at_the_same_wall_time() -> None:
    assert due(at("2026-07-10T10:00"), ReminderPolicy()) == [
        (4320, "2026-07-07 10:00"),
        (1440, "2026-07-09 10:00"),
    ]


def test_a_day_before_is_the_same_wall_time_when_the_clock_changes_in_between() -> None:
    one_day = ReminderPolicy((1440,))
    assert due(at("2026-03-29T10:00"), one_day) == [(1440, "2026-03-28 10:00")]
    assert due(at("2026-10-25T10:00"), one_day) == [(1440, "2026-10-24 10:00")]


def test_an_offset_that_is_no_whole_day_is_elapsed_time() -> None:
    assert due(at("2026-03-29T10:00"), ReminderPolicy((720,), 0, 0)) == [(720, "2026-03-28 21:00")]
    assert due(at("2026-10-25T10:00"), ReminderPolicy((720,), 0, 0)) == [(720, "2026-10-24 23:00")]


def test_a_day_before_that_falls_into_a_gap_is_due_just_before_it() -> None:
    assert due(at("2026-03-30T02:30"), ReminderPolicy((1440,), 0, 0)) == [(1440, "2026-03-29 01:55")]


def test_a_day_before_that_comes_twice_is_due_the_first_time() -> None:
    reminders = reminders_due(
        at("2026-10-26T02:30"), LONG_AGO, BERLIN, ReminderPolicy((1440,), 0, 0), LONG_AGO
    )
    assert reminders == [DueReminder(1440, datetime(2026, 10, 25, 0, 30, tzinfo=UTC))]


def test_quiet_hours_move_a_reminder_to_the_tick_before_them() -> None:
    two_hours = ReminderPolicy((120,))
    assert due(at("2026-07-10T09:55"), two_hours) == [(120, "2026-07-09 20:55")]
    assert due(at("2026-07-10T10:00"), two_hours) == [(120, "2026-07-10 08:00")]
    assert due(at("2026-07-10T22:55"), two_hours) == [(120, "2026-07-10 20:55")]
    assert due(at("2026-07-10T23:00"), two_hours) == [(120, "2026-07-10 20:55")]


def test_quiet_hours_need_not_run_past_midnight() -> None:
    siesta = ReminderPolicy((60,), quiet_from_minute=12 * 60, quiet_until_minute=15 * 60)
    assert due(at("2026-07-10T14:00"), siesta) == [(60, "2026-07-10 11:55")]
    assert due(at("2026-07-10T16:00"), siesta) == [(60, "2026-07-10 15:00")]


def test_quiet_hours_from_midnight_move_a_reminder_to_the_evening_before() -> None:
    assert due(at("2026-07-10T07:00"), ReminderPolicy((60,), 0, 480)) == [(60, "2026-07-09 23:55")]


def test_equal_ends_of_quiet_hours_mean_none() -> None:
    assert due(at("2026-07-10T04:00"), ReminderPolicy((60,), 600, 600)) == [(60, "2026-07-10 03:00")]


def test_quiet_hours_are_the_recipients_not_the_clinics() -> None:
    starts_at = at("2026-07-10T18:00")
    assert due(starts_at, ReminderPolicy((120,)), BERLIN) == [(120, "2026-07-10 16:00")]
    auckland = ZoneInfo("Pacific/Auckland")
    assert due(starts_at, ReminderPolicy((120,)), auckland) == [(120, "2026-07-10 20:55")]


def test_a_reminder_whose_time_has_passed_is_left_out() -> None:
    starts_at, policy = at("2026-07-10T10:00"), ReminderPolicy()
    for now, left in (
        ("2026-07-07T10:00", [4320, 1440]),
        ("2026-07-07T10:01", [1440]),
        ("2026-07-09T10:01", []),
    ):
        reminders = reminders_due(starts_at, LONG_AGO, BERLIN, policy, at(now))
        assert [reminder.offset_minutes for reminder in reminders] == left


def test_a_reminder_right_after_the_booking_is_left_out() -> None:
    starts_at, policy = at("2026-07-10T10:00"), ReminderPolicy((1440,))
    for booked_at, count in (("2026-07-09T08:00", 1), ("2026-07-09T08:01", 0), ("2026-07-09T11:00", 0)):
        assert len(reminders_due(starts_at, at(booked_at), BERLIN, policy, LONG_AGO)) == count


def test_of_two_reminders_due_at_once_the_nearer_one_stays() -> None:
    assert due(at("2026-07-10T09:00"), ReminderPolicy((180, 120, 240, 120))) == [(120, "2026-07-09 20:55")]


def test_no_offsets_mean_no_reminders() -> None:
    assert due(at("2026-07-10T09:00"), ReminderPolicy(())) == []


def test_naive_instants_are_refused() -> None:
    aware = at("2026-07-10T09:00")
    naive = aware.replace(tzinfo=None)
    for starts_at, booked_at, now in ((naive, aware, aware), (aware, naive, aware), (aware, aware, naive)):
        with pytest.raises(ValueError, match="has no time zone"):
            reminders_due(starts_at, booked_at, BERLIN, ReminderPolicy(), now)


def test_a_start_between_ticks_is_refused() -> None:
    with pytest.raises(ValueError, match="not on a 5-minute tick"):
        reminders_due(at("2026-07-10T09:01"), LONG_AGO, BERLIN, ReminderPolicy(), LONG_AGO)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"offsets_minutes": (0,)}, "positive multiple of 5"),
        ({"offsets_minutes": (1440, -60)}, "positive multiple of 5"),
        ({"offsets_minutes": (61,)}, "positive multiple of 5"),
        ({"quiet_from_minute": 1440}, "from 0 to 1435, not 1440"),
        ({"quiet_until_minute": -5}, "quiet hours must begin"),
        ({"quiet_until_minute": 481}, "quiet hours must begin"),
        ({"not_if_booked_within_minutes": -1}, "cannot be negative"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ReminderPolicy(**wrong)


def naive_due(
    starts_at: datetime, key: str, offset: int, policy: ReminderPolicy
) -> tuple[datetime, datetime]:
    """The due times before and after quiet hours are minded, found by looking at every tick of the days before."""
    horizon = around(starts_at, 6, 1 / 288)
    shown = walls(key, horizon)
    if offset % 1440:
        index = len(shown) - 1 - offset // 5
    else:
        wanted = shown[-1] - timedelta(minutes=offset)
        index = (
            shown.index(wanted)
            if wanted in shown
            else max(i for i, wall in enumerate(shown) if wall < wanted)
        )
    unshifted = index
    begins, ends = policy.quiet_from_minute, policy.quiet_until_minute
    quiet = set(range(begins, ends)) if begins <= ends else set(range(1440)) - set(range(ends, begins))
    while minute_of_day(shown[index]) in quiet:
        index -= 1
    return instant_of(horizon.start_tick + unshifted), instant_of(horizon.start_tick + index)


@settings(deadline=None, max_examples=300)
@given(starts_near_a_change(), policies)
def test_reminders_equal_the_naive_clock_near_every_change(
    start: tuple[datetime, ZoneInfo, str], policy: ReminderPolicy
) -> None:
    starts_at, zone, key = start
    expected: dict[datetime, int] = {}
    for offset in policy.offsets_minutes:
        unshifted, due_at = naive_due(starts_at, key, offset, policy)
        assert due_at <= unshifted < starts_at
        expected[due_at] = min(offset, expected.get(due_at, offset))
    reminders = reminders_due(starts_at, LONG_AGO, zone, policy, LONG_AGO)
    assert reminders == [DueReminder(offset, due_at) for due_at, offset in sorted(expected.items())]


@settings(deadline=None, max_examples=300)
@given(starts_near_a_change(), policies, st.integers(-9000, 600), st.integers(-9000, 600))
def test_reminders_keep_every_promise_whenever_booked_and_asked(
    start: tuple[datetime, ZoneInfo, str], policy: ReminderPolicy, booked: int, asked: int
) -> None:
    starts_at, zone, _ = start
    booked_at, now = starts_at + timedelta(minutes=booked), starts_at + timedelta(minutes=asked)
    reminders = reminders_due(starts_at, booked_at, zone, policy, now)
    for offset, due_at in reminders:
        assert not policy.is_quiet(minute_of_day(due_at.astimezone(zone)))
        assert due_at.tzinfo is UTC
        assert tick_of(due_at) < tick_of(starts_at)
        assert due_at >= now
        assert due_at - booked_at >= timedelta(minutes=policy.not_if_booked_within_minutes)
        assert offset in policy.offsets_minutes
    assert all(one.due_at < other.due_at for one, other in pairwise(reminders))
    always = reminders_due(starts_at, LONG_AGO, zone, policy, LONG_AGO)
    kept = [
        reminder
        for reminder in always
        if reminder.due_at >= max(now, booked_at + timedelta(minutes=policy.not_if_booked_within_minutes))
    ]
    assert reminders == kept


@settings(deadline=None, max_examples=200)
@given(starts_near_a_change(), policies, st.integers(0, 400), st.sampled_from([5, 120, 1440, 2880]))
def test_a_later_wall_time_is_never_reminded_of_earlier(
    start: tuple[datetime, ZoneInfo, str], policy: ReminderPolicy, later: int, offset: int
) -> None:
    starts_at, zone, _ = start
    policy = ReminderPolicy((offset,), policy.quiet_from_minute, policy.quiet_until_minute)
    second_at = starts_at + later * TICK
    first, second = (moment.astimezone(zone).replace(tzinfo=None) for moment in (starts_at, second_at))
    assume(first <= second or offset % 1440)
    (one,) = reminders_due(starts_at, LONG_AGO, zone, policy, LONG_AGO)
    (other,) = reminders_due(second_at, LONG_AGO, zone, policy, LONG_AGO)
    assert one.due_at <= other.due_at


@settings(deadline=None)
@given(starts_near_a_change(), policies, st.integers(1, 4))
def test_a_larger_offset_in_days_is_never_due_later(
    start: tuple[datetime, ZoneInfo, str], policy: ReminderPolicy, days: int
) -> None:
    starts_at, zone, _ = start
    nearer, farther = (
        reminders_due(
            starts_at,
            LONG_AGO,
            zone,
            ReminderPolicy((offset,), policy.quiet_from_minute, policy.quiet_until_minute),
            LONG_AGO,
        )[0]
        for offset in (days * 1440, days * 1440 + 1440)
    )
    assert farther.due_at <= nearer.due_at
