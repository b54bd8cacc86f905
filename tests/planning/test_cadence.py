"""Phases turn into windows, and windows follow what was really held."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.planning.cadence import (
    Gap,
    Phase,
    Verdict,
    Window,
    first_window,
    gap_verdict,
    next_window,
    windows,
)

WEEKLY = Phase(sessions=2, min_days=5, ideal_days=7, max_days=10)
FORTNIGHTLY = Phase(sessions=2, min_days=12, ideal_days=14, max_days=18)
START = date(2026, 3, 2)


@pytest.mark.parametrize("days", [(-1, 0, 0), (3, 2, 4), (1, 5, 4)])
def test_a_phase_refuses_days_out_of_order(days: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="0 <= min <= ideal <= max"):
        Phase(1, *days)


def test_a_phase_needs_a_session() -> None:
    with pytest.raises(ValueError, match="at least one session, not 0"):
        Phase(0, 1, 2, 3)


def test_a_window_refuses_days_out_of_order() -> None:
    with pytest.raises(ValueError, match="from earliest over ideal to latest"):
        Window(date(2026, 3, 9), date(2026, 3, 7), date(2026, 3, 12))


def test_a_window_includes_both_its_ends() -> None:
    window = Window(date(2026, 3, 7), date(2026, 3, 9), date(2026, 3, 12))
    days = [date(2026, 3, day) for day in range(1, 32)]
    assert [day.day for day in days if day in window] == [7, 8, 9, 10, 11, 12]


def test_the_next_window_counts_from_the_day_held() -> None:
    assert next_window(START, WEEKLY) == Window(date(2026, 3, 7), date(2026, 3, 9), date(2026, 3, 12))


def test_the_first_session_is_due_at_once_and_within_the_longest_gap() -> None:
    assert first_window(START, WEEKLY) == Window(START, START, date(2026, 3, 12))


def test_windows_without_history_are_projected_from_ideal_to_ideal() -> None:
    ideals = [window.ideal for window in windows(START, [WEEKLY, FORTNIGHTLY], {}).values()]
    assert ideals == [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 23), date(2026, 4, 6)]


def test_a_session_follows_its_own_phase_even_after_one_of_another_phase() -> None:
    found = windows(START, [WEEKLY, FORTNIGHTLY], {2: date(2026, 3, 10)})
    assert found[3] == next_window(date(2026, 3, 10), FORTNIGHTLY)


def test_a_late_session_shifts_the_windows_after_it_but_not_its_own() -> None:
    found = windows(START, [WEEKLY, FORTNIGHTLY], {1: START, 2: date(2026, 3, 12)})
    assert found[2] == next_window(START, WEEKLY)
    assert found[3].ideal == date(2026, 3, 26)
    assert found[4].ideal == date(2026, 4, 9)


def test_a_session_that_is_passed_over_is_not_waited_for() -> None:
    plan = [WEEKLY, FORTNIGHTLY]
    assert windows(START, plan, {1: START}, {2})[3] == next_window(START, FORTNIGHTLY)
    assert windows(START, plan, {}, {1, 2})[3] == first_window(START, FORTNIGHTLY)


phases = st.builds(
    lambda sessions, days: Phase(sessions, *sorted(days)),
    st.integers(1, 5),
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)),
)


@given(st.lists(phases, min_size=1, max_size=4), st.dictionaries(st.integers(1, 20), st.integers(0, 200)))
def test_every_window_follows_the_date_before_it(plan: list[Phase], days: dict[int, int]) -> None:
    held = {number: START + timedelta(days=offset) for number, offset in days.items()}
    found = windows(START, plan, held)
    owners = [phase for phase in plan for _ in range(phase.sessions)]
    assert list(found) == list(range(1, len(owners) + 1))
    for number in range(2, len(owners) + 1):
        before = held.get(number - 1, found[number - 1].ideal)
        assert found[number] == next_window(before, owners[number - 1])


@pytest.mark.parametrize(
    ("days", "verdict"),
    [
        (4, Verdict.TOO_SHORT),
        (5, Verdict.FINE),
        (7, Verdict.FINE),
        (10, Verdict.FINE),
        (11, Verdict.TOO_LONG),
    ],
)
def test_a_gap_is_judged_by_the_phase_of_the_later_session(days: int, verdict: Verdict) -> None:
    assert gap_verdict(START, START + timedelta(days=days), WEEKLY) == Gap(days, days - 7, verdict)


@given(st.integers(-10, 60), phases)
def test_a_gap_is_fine_exactly_inside_the_next_window(days: int, phase: Phase) -> None:
    day = START + timedelta(days=days)
    fine = gap_verdict(START, day, phase).verdict == Verdict.FINE
    assert fine == (day in next_window(START, phase))
