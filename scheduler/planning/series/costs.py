"""What a series costs: the one table of weights, and the few sums made with them.

Every cost is a whole number, so two series compare exactly. One unit is about half a day off the ideal gap.
"""

from dataclasses import dataclass, fields
from math import gcd
from typing import NamedTuple

from scheduler.planning.series.sessions import Preferences
from scheduler.planning.timeline import TICK_MINUTES, fits


@dataclass(frozen=True, slots=True)
class Weights:
    """The table. A weight counts once per session and miss, unless it says otherwise. ValueError if negative."""

    unplaced: int = 1_000_000
    """A session left out: more than everything else together, so that as few as possible are."""
    day_off_ideal: int = 2
    """Each day by which the gap misses the ideal one, or the first session its ideal day."""
    weekday_change: int = 1
    """Another weekday than the session before; only where the ideal gap is a number of whole weeks."""
    practitioner_change: int = 5
    """Another practitioner than the session before."""
    time_change: int = 1
    """Each started hour by which the time of day differs from the session before, the first half hour being free."""
    time_change_hours: int = 4
    """So many hours are charged at most."""
    weekday_missed: int = 6
    """Not on a preferred weekday."""
    time_missed: int = 6
    """Not within the preferred time of day."""
    practitioner_missed: int = 6
    """With a practitioner who is not among the preferred ones."""
    practitioner_rank: int = 1
    """Each place down the list of preferred practitioners, up to practitioner_missed."""
    location_missed: int = 6
    """Not at the preferred location."""
    fragmented: int = 1
    """Leaves free time too short to use on either side, or touches nothing and so cuts free time in two."""
    usable_minutes: int = 30
    """Not a cost: the shortest free time that is of use."""

    def __post_init__(self) -> None:
        for item in fields(self):
            if getattr(self, item.name) < 0:
                raise ValueError(f"the weight {item.name} cannot be negative")
        if self.usable_minutes < TICK_MINUTES:
            raise ValueError(f"usable_minutes must be at least {TICK_MINUTES}, not {self.usable_minutes}")

    @property
    def usable_ticks(self) -> int:
        """The shortest free time that is of use, in ticks."""
        return -(-self.usable_minutes // TICK_MINUTES)


_SAME_TIME_MINUTES = 30
_STEP_MINUTES = 60
TIME_STEP_TICKS = _STEP_MINUTES // TICK_MINUTES


class TimeStep(NamedTuple):
    """Starts at most `radius` ticks of the day apart (None: any) cost this; the least step that holds counts."""

    radius: int | None
    cost: int


def time_steps(weights: Weights) -> tuple[TimeStep, ...]:
    """The change of time of day as steps of ascending cost; the last one holds for any two times."""
    hours = weights.time_change_hours if weights.time_change else 0
    finite = [
        TimeStep((_SAME_TIME_MINUTES + _STEP_MINUTES * hour) // TICK_MINUTES, hour * weights.time_change)
        for hour in range(hours)
    ]
    return (*finite, TimeStep(None, hours * weights.time_change))


def time_change_cost(weights: Weights, minutes: int) -> int:
    """What it costs to start so many minutes earlier or later in the day than the session before."""
    beyond = abs(minutes) - _SAME_TIME_MINUTES
    hours = -(-beyond // _STEP_MINUTES) if beyond > 0 else 0
    return min(hours, weights.time_change_hours) * weights.time_change


def gap_cost(weights: Weights, days: int, ideal_days: int) -> int:
    """What a gap of so many days costs: days off the ideal, and the other weekday."""
    return abs(days - ideal_days) * weights.day_off_ideal + weekday_change_cost(weights, days, ideal_days)


def weekday_change_cost(weights: Weights, days: int, ideal_days: int) -> int:
    """What a gap of so many days costs for its other weekday, where the ideal is one or more whole weeks."""
    return weights.weekday_change if ideal_days and not ideal_days % 7 and days % 7 else 0


def weekday_missed_cost(weights: Weights, preferences: Preferences, day: int) -> int:
    """What a day costs for its weekday."""
    missed = preferences.weekdays and weekday_of(day) not in preferences.weekdays
    return weights.weekday_missed if missed else 0


def time_missed_cost(weights: Weights, preferences: Preferences, minute: int) -> int:
    """What a minute of day costs for the preferred times."""
    begins, ends = preferences.from_minute, preferences.until_minute
    missed = (begins is not None and minute < begins) or (ends is not None and minute >= ends)
    return weights.time_missed if missed else 0


def practitioner_missed_cost(weights: Weights, preferences: Preferences, practitioner_id: int) -> int:
    """What a practitioner costs for the preferred ones."""
    if not preferences.practitioner_ids:
        return 0
    if practitioner_id not in preferences.practitioner_ids:
        return weights.practitioner_missed
    rank = preferences.practitioner_ids.index(practitioner_id)
    return min(rank * weights.practitioner_rank, weights.practitioner_missed)


def location_missed_cost(weights: Weights, preferences: Preferences, location_id: int) -> int:
    """What a location costs for the preferred one."""
    return weights.location_missed if preferences.location_id not in (None, location_id) else 0


def dearest_session(weights: Weights) -> int:
    """The most that one session can cost, days off the ideal not counted."""
    changes = weights.weekday_change + weights.practitioner_change
    times = weights.time_change * weights.time_change_hours
    missed = (
        weights.weekday_missed + weights.time_missed + weights.practitioner_missed + weights.location_missed
    )
    return changes + times + missed + weights.fragmented


def common_unit(weights: Weights) -> int:
    """The largest number that all costs are multiples of, however weights add up."""
    counts = {"time_change_hours", "usable_minutes"}
    costs = [getattr(weights, item.name) for item in fields(weights) if item.name not in counts]
    return gcd(*costs) or 1


def weekday_of(day: int) -> int:
    """The weekday of a date's ordinal: 0 is Monday."""
    return (day - 1) % 7


def fragmented_starts(free: int, before: int, length: int, usable: int) -> int:
    """The starts that would fragment free time, of any timeline, as bits; only the ones that fit mean anything.

    A start s takes [s - before, s + length). It fragments where on either side 1 to usable - 1 free ticks remain next
    to it, or where free ticks remain on both sides: better to touch an appointment or an end of the free time.
    """
    left = free << (before + 1)
    right = free >> length
    roomy = fits(free, usable)
    return (left & ~(roomy << (before + usable))) | (right & ~(roomy >> length)) | (left & right)
