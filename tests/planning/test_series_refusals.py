"""Questions about a series that make no sense are refused with a sentence."""

from dataclasses import replace

import pytest

from scheduler.planning.series import Choice, Fixed, Weights, best_series, propose, series_cost
from tests.planning.series_worlds import ANY_DAY, MONDAY, NO_WISHES, clinic, day, wanted


def test_the_first_session_needs_a_window() -> None:
    with pytest.raises(ValueError, match="needs a window unless it is fixed"):
        best_series([wanted(1)], [], NO_WISHES)


def test_numbers_must_differ() -> None:
    with pytest.raises(ValueError, match="numbers must differ"):
        best_series([wanted(1), wanted(1)], [], NO_WISHES, ANY_DAY)


def test_leaving_out_must_cost_more_than_everything_else() -> None:
    with pytest.raises(ValueError, match="the weight unplaced must be more than"):
        best_series([wanted(1)], [], NO_WISHES, ANY_DAY, Weights(unplaced=20))


def test_a_long_plan_is_no_reason_to_refuse() -> None:
    found = best_series([wanted(number, 21, 28, 42) for number in range(1, 121)], [], NO_WISHES, ANY_DAY)
    assert len(found.unplaced) == 120


def test_at_least_one_proposal_must_be_asked_for() -> None:
    with pytest.raises(ValueError, match="at least one proposal"):
        propose([wanted(1)], [], NO_WISHES, ANY_DAY, limit=0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"duration_ticks": 0}, "at least a tick"),
        ({"rest_minutes": -1}, "cannot be negative"),
        ({"min_days": 8}, "0 <= min <= ideal <= max"),
    ],
)
def test_a_session_refuses_values_without_sense(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(wanted(1), **wrong)


@pytest.mark.parametrize(
    ("wrong", "message"), [({"unplaced": -1}, "unplaced"), ({"usable_minutes": 0}, "usable")]
)
def test_weights_refuse_values_without_sense(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Weights(**wrong)


def test_a_fixed_session_starts_on_a_tick_of_the_wall_clock() -> None:
    with pytest.raises(ValueError, match="on a multiple of 5, not at 601"):
        Fixed(0, MONDAY.toordinal(), 601, 1, 1)


@pytest.mark.parametrize(
    ("offset", "minute", "message"),
    [(3, 600, "outside its window"), (7, 605, "cannot start"), (6, 500, "too soon after session 1")],
)
def test_series_cost_names_the_session_that_breaks_a_rule(offset: int, minute: int, message: str) -> None:
    supplies = clinic({1: [(day(0), 600), (day(3), 600), (day(6), 500), (day(7), 600)]})
    clock = supplies[0].clock
    ticks = {clock.at(index): clock.horizon.start_tick + index for index in range(clock.horizon.ticks)}
    chosen = {
        1: Choice(0, ticks[day(0).toordinal(), 600]),
        2: Choice(0, ticks[day(offset).toordinal(), minute]),
    }
    with pytest.raises(ValueError, match=f"session 2 .*{message}|session 2 is {message}"):
        series_cost([wanted(1), wanted(2, rest_minutes=8600)], supplies, NO_WISHES, chosen, ANY_DAY)
