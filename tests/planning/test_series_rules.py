"""The rules of a series one by one, on clinics made by hand."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from scheduler.planning.cadence import Window
from scheduler.planning.hours import wall_clock
from scheduler.planning.series import (
    Fixed,
    Note,
    Preferences,
    Proposal,
    Supply,
    Unplaced,
    best_series,
    propose,
)
from scheduler.planning.timeline import Horizon, span
from tests.planning.series_worlds import ANY_DAY, BERLIN, NO_WISHES, clinic, day, days_of, wanted

# The rules, one by one


def test_the_ideal_day_wins_over_an_earlier_one() -> None:
    supplies = clinic({1: [(day(0), 600), (day(5), 600), (day(7), 600), (day(8), 600)]})
    assert days_of(best_series([wanted(1), wanted(2)], supplies, NO_WISHES, ANY_DAY)) == [day(0), day(7)]


def test_a_good_start_now_is_given_up_for_a_better_series() -> None:
    supplies = clinic({1: [(day(0), 600)], 2: [(day(1), 600), (day(8), 600), (day(15), 600)]})
    found = best_series([wanted(1), wanted(2), wanted(3)], supplies, NO_WISHES, ANY_DAY)
    assert [session.practitioner_id for session in found.placed] == [2, 2, 2]
    assert found.placed[0].notes == (Note("start_later", 2, {"days": 1}),)


def test_a_session_is_never_outside_its_window() -> None:
    supplies = clinic({1: [(day(0), 600), (day(4), 600), (day(11), 600)]})
    found = best_series([wanted(1), wanted(2)], supplies, NO_WISHES, Window(day(0), day(0), day(3)))
    assert (days_of(found), found.unplaced) == ([day(0)], (Unplaced(2, "no_hours"),))


@pytest.mark.parametrize(("minute", "placed"), [(595, False), (600, True)])
def test_rest_is_measured_from_start_to_start(minute: int, placed: bool) -> None:
    supplies = clinic({1: [(day(0), 600), (day(2), minute)]})
    found = best_series([wanted(1), wanted(2, 1, 2, 3)], supplies, NO_WISHES, ANY_DAY)
    assert [session.number for session in found.placed] == ([1, 2] if placed else [1])
    assert found.unplaced == (() if placed else (Unplaced(2, "rest_period"),))


def test_rest_is_measured_on_the_wall_clock_when_clocks_change() -> None:
    # 29 March 2026 has 23 hours in Berlin: 47 hours pass, the wall clock shows two days.
    supplies = clinic({1: [(day(26), 600), (day(28), 600)]})
    found = best_series(
        [wanted(1), wanted(2, 1, 2, 3)], supplies, NO_WISHES, Window(day(26), day(26), day(26))
    )
    assert days_of(found) == [day(26), day(28)]
    assert found.placed[1].tick - found.placed[0].tick == 47 * 12


def test_sessions_of_one_day_do_not_overlap_even_without_rest() -> None:
    supplies = clinic({1: [(day(0), 600), (day(0), 625), (day(0), 630)]})
    sessions = [wanted(1), wanted(2, 0, 0, 0, rest_minutes=0)]
    found = best_series(sessions, supplies, NO_WISHES, Window(day(0), day(0), day(0)))
    assert [session.minute for session in found.placed] == [600, 630]


@pytest.mark.parametrize(("offset", "who", "cost"), [(8, 1, 4), (9, 2, 5)])
def test_the_same_practitioner_is_worth_two_days_but_not_three(offset: int, who: int, cost: int) -> None:
    supplies = clinic({1: [(day(0), 600), (day(offset), 600)], 2: [(day(6), 600)]})
    found = best_series([wanted(1), wanted(2, 5, 6, 10)], supplies, NO_WISHES, Window(day(0), day(0), day(0)))
    assert (found.placed[1].practitioner_id, found.cost) == (who, cost)


def test_a_practitioner_at_two_locations_is_no_change() -> None:
    one = clinic({1: [(day(0), 600)]})[0]
    other = replace(clinic({1: [(day(7), 600)]})[0], location_id=2)
    found = best_series([wanted(1), wanted(2)], [one, other], NO_WISHES, ANY_DAY)
    assert ([session.location_id for session in found.placed], found.cost) == ([1, 2], 0)


@pytest.mark.parametrize(
    ("minutes", "cost"), [(30, 0), (35, 1), (90, 1), (95, 2), (210, 3), (215, 4), (600, 4)]
)
def test_another_time_of_day_costs_by_started_hours_after_the_first_half(minutes: int, cost: int) -> None:
    supplies = clinic({1: [(day(0), 480), (day(7), 480 + minutes)]})
    assert best_series([wanted(1), wanted(2)], supplies, NO_WISHES, ANY_DAY).cost == cost


def test_another_weekday_costs_only_where_the_gap_should_be_whole_weeks() -> None:
    supplies = clinic({1: [(day(0), 600), (day(8), 600)]})
    weekly = best_series([wanted(1), wanted(2, 5, 7, 10)], supplies, NO_WISHES, ANY_DAY)
    every_six_days = best_series([wanted(1), wanted(2, 5, 6, 10)], supplies, NO_WISHES, ANY_DAY)
    assert [note.code for note in weekly.placed[1].notes] == ["gap_longer", "other_weekday"]
    assert [note.code for note in every_six_days.placed[1].notes] == ["gap_longer"]


def test_wishes_cost_but_never_refuse() -> None:
    supplies = clinic({1: [(day(0), 600)]})
    wishes = Preferences(frozenset({3}), 700, 800, (9, 8), location_id=5)
    found = best_series([wanted(1)], supplies, wishes, ANY_DAY)
    assert found.placed[0].notes == (
        Note("outside_preference_weekday", 6, {"weekday": 0}),
        Note("outside_preference_time", 6, {"minute": 600}),
        Note("outside_preference_practitioner", 6, {"practitioner_id": 1}),
        Note("outside_preference_location", 6, {"location_id": 1}),
    )


def test_practitioners_are_preferred_in_the_order_given() -> None:
    starts = [(day(0), 600)]
    supplies = clinic({1: starts, 2: starts, 3: starts})
    found = best_series([wanted(1)], supplies, Preferences(practitioner_ids=(9, 3, 2)), ANY_DAY)
    assert found.placed[0].practitioner_id == 3
    assert found.placed[0].notes == (
        Note("later_choice_practitioner", 1, {"practitioner_id": 3, "place": 2}),
    )


def test_a_start_that_leaves_free_time_whole_is_preferred() -> None:
    supply = clinic({1: [(day(0), 600), (day(0), 610), (day(0), 630)]})[0]
    begins = next(index for index in range(999) if supply.starts[1] >> index & 1)
    # Free from 10:00 to 11:10: at 10:00 40 minutes remain, at 10:10 ten are lost before, at 10:30 ten after.
    found = best_series([wanted(1)], [replace(supply, free=span(begins, begins + 14))], NO_WISHES, ANY_DAY)
    assert (found.placed[0].minute, found.cost) == (600, 0)
    only = replace(supply, free=span(begins, begins + 14), starts={1: supply.starts[1] & ~(1 << begins)})
    worse = best_series([wanted(1)], [only], NO_WISHES, ANY_DAY)
    assert worse.placed[0].notes == (Note("fragments_diary", 1),)


def test_equal_series_keep_to_the_same_time_of_day() -> None:
    times = [(day(offset), minute) for offset in (0, 7, 14, 21) for minute in (600, 615, 630)]
    found = best_series([wanted(number) for number in (1, 2, 3, 4)], clinic({1: times}), NO_WISHES, ANY_DAY)
    assert len({session.minute for session in found.placed}) == 1


def test_of_a_repeated_hour_the_first_is_taken() -> None:
    night = (date(2026, 10, 25), 150)
    begins = datetime(2026, 10, 24, tzinfo=BERLIN)
    clock = wall_clock(BERLIN, Horizon.between(begins, begins + timedelta(days=3)))
    both = [
        index for index in range(clock.horizon.ticks) if clock.at(index) == (night[0].toordinal(), night[1])
    ]
    bits = sum(1 << index for index in both)
    window = Window(night[0], night[0], night[0])
    first = best_series([wanted(1)], [Supply(1, 1, clock, {1: bits}, bits, bits)], NO_WISHES, window)
    later = best_series([wanted(1)], [Supply(1, 1, clock, {1: 1 << both[1]}, bits, bits)], NO_WISHES, window)
    assert [found.placed[0].tick - clock.horizon.start_tick for found in (first, later)] == both


# Fixed sessions


def fixed(on: date, minute: int = 600, who: int = 1) -> Fixed:
    return Fixed(0, on.toordinal(), minute, who, 1)


def test_a_series_goes_on_from_the_last_session_held() -> None:
    sessions = [wanted(3, fixed=fixed(day(-5))), wanted(4)]
    supplies = clinic({1: [(day(0), 600), (day(2), 600)]})
    found = best_series(sessions, supplies, NO_WISHES)
    assert (days_of(found), found.cost) == ([day(-5), day(2)], 0)
    assert [session.fixed for session in found.placed] == [True, False]


def test_nothing_is_charged_or_refused_between_fixed_sessions() -> None:
    sessions = [wanted(1, fixed=fixed(day(0))), wanted(2, fixed=fixed(day(1), 900, who=7))]
    found = best_series(sessions, [], NO_WISHES)
    assert (days_of(found), found.cost) == ([day(0), day(1)], 0)


def test_a_session_between_fixed_ones_keeps_window_and_rest_to_both() -> None:
    sessions = [
        wanted(1, fixed=fixed(day(0))),
        wanted(2, 2, 3, 5),
        wanted(3, 2, 3, 5, fixed=fixed(day(5))),
    ]
    # Day 1 is too soon after, day 4 too soon before, day 3 at 11 h less than 48 hours before day 5 at 10 h.
    times = [(day(1), 600), (day(4), 600), (day(3), 660), (day(3), 590)]
    found = best_series(sessions, clinic({1: times}), NO_WISHES)
    assert [(session.number, session.day, session.minute) for session in found.placed[1:2]] == [
        (2, day(3).toordinal(), 590)
    ]


def test_a_stranger_among_the_fixed_ones_makes_any_practitioner_a_change() -> None:
    sessions = [wanted(1, fixed=fixed(day(0), who=99)), wanted(2)]
    found = best_series(sessions, clinic({1: [(day(7), 600)]}), NO_WISHES)
    assert found.placed[1].notes == (
        Note("other_practitioner", 5, {"practitioner_id": 1, "previous_practitioner_id": 99}),
    )


# Sessions left out


def test_as_few_as_possible_are_left_out_whatever_the_rest_costs() -> None:
    # With the first session on its ideal day nothing could follow it.
    supplies = clinic({1: [(day(0), 600), (day(4), 1000)], 2: [(day(14), 400)]})
    found = best_series([wanted(1), wanted(2)], supplies, NO_WISHES, ANY_DAY)
    assert (days_of(found), found.unplaced) == ([day(4), day(14)], ())


def test_a_session_left_out_counts_as_held_on_its_ideal_day() -> None:
    supplies = clinic({1: [(day(0), 600), (day(15), 700)]})
    found = best_series([wanted(1), wanted(2), wanted(3)], supplies, NO_WISHES, ANY_DAY)
    assert [session.number for session in found.placed] == [1, 3]
    assert found.placed[1].days_since_previous == 15
    assert found.placed[1].notes == (
        Note("gap_longer", 2, {"days": 15, "ideal_days": 14}),
        Note("other_weekday", 1, {"weekday": 1, "previous_weekday": 0}),
        Note("other_time", 2, {"minute": 700, "previous_minute": 600}),
    )


def test_everything_can_be_left_out() -> None:
    found = best_series([wanted(1), wanted(2)], clinic({1: []}), NO_WISHES, ANY_DAY)
    assert found == Proposal(2_000_000, (), (Unplaced(1, "no_hours"), Unplaced(2, "no_hours")))


def test_without_practitioners_nothing_is_offered() -> None:
    assert best_series([wanted(1)], [], NO_WISHES, ANY_DAY).unplaced == (Unplaced(1, "not_offered"),)


def test_without_sessions_there_is_an_empty_series() -> None:
    assert propose([], [], NO_WISHES) == [Proposal(0, ())]


def reason(window: Window, **layers: Any) -> str:
    """Why one session in a window is not placed by a practitioner with hours from 9 to 10 h on every day."""
    supply = clinic({1: [(day(offset), minute) for offset in range(60) for minute in (540, 570)]})[0]
    layers = {"starts": 0} | layers
    starts = {1: layers.pop("starts")}
    return (
        best_series([wanted(1)], [replace(supply, starts=starts, **layers)], NO_WISHES, window)
        .unplaced[0]
        .reason
    )


def test_the_reason_is_the_first_layer_that_leaves_nothing() -> None:
    everything = (1 << 60 * 288) - 1
    assert [
        reason(ANY_DAY, hours=0),
        reason(ANY_DAY, closed=everything),
        reason(ANY_DAY, away=everything),
        reason(ANY_DAY, free=0),
        reason(ANY_DAY),
        reason(ANY_DAY, shut={1: everything}),
        reason(Window(day(70), day(70), day(71))),
        reason(Window(day(-9), day(-9), day(-8))),
    ] == [
        "no_hours",
        "closed",
        "away",
        "fully_booked",
        "no_opening",
        "rooms_shut",
        "past_horizon",
        "window_over",
    ]


def test_a_type_that_nobody_offers_is_the_reason() -> None:
    found = best_series([replace(wanted(1), appointment_type_id=2)], clinic({1: []}), NO_WISHES, ANY_DAY)
    assert found.unplaced == (Unplaced(1, "not_offered"),)


def test_starts_that_only_other_sessions_rule_out_are_the_reason() -> None:
    # Session 2 has a start, but then the fixed third one would be outside its window.
    sessions = [wanted(1, fixed=fixed(day(0))), wanted(2), wanted(3, fixed=fixed(day(30)))]
    found = best_series(sessions, clinic({1: [(day(7), 600)]}), NO_WISHES)
    assert found.unplaced == (Unplaced(2, "other_sessions"),)
