"""What the search for a series is asked, and what it answers.

A day is the ordinal of a local date and a minute is a minute of that day, both as the wall clock at the supply's
location shows them. A tick is absolute (`timeline.tick_of`). All timelines of one question share one horizon.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scheduler.planning.hours import DAY_MINUTES, WallClock
from scheduler.planning.timeline import TICK_MINUTES

DAY_TICKS = DAY_MINUTES // TICK_MINUTES

NoteCode = Literal[
    "start_later",
    "start_earlier",
    "gap_longer",
    "gap_shorter",
    "other_weekday",
    "other_practitioner",
    "other_time",
    "outside_preference_weekday",
    "outside_preference_time",
    "outside_preference_practitioner",
    "later_choice_practitioner",
    "outside_preference_location",
    "fragments_diary",
]
ReasonCode = Literal[
    "past_horizon",
    "window_over",
    "not_offered",
    "no_hours",
    "closed",
    "away",
    "fully_booked",
    "no_opening",
    "rooms_shut",
    "rest_period",
    "other_sessions",
]
Difference = Literal["time_of_day", "practitioner", "weekday"]


@dataclass(frozen=True, slots=True)
class Supply:
    """When one practitioner can treat at one location, as timelines over the clock's horizon.

    `starts` holds, by appointment type, the ticks at which a session may really start: everything is taken into
    account but the series itself. A type that the practitioner does not offer is missing; in another length it counts
    as another type. `hours` are the opening hours, `closed` the location's closures, `away` the practitioner's
    absences; `free` is what is left of the hours after those and all appointments with their buffers. `shut` holds, by
    type, further starts that nothing but rooms out of use stands in the way of.
    """

    practitioner_id: int
    location_id: int
    clock: WallClock
    starts: Mapping[int, int]
    free: int
    hours: int
    closed: int = 0
    away: int = 0
    shut: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fixed:
    """Where a session that is already held or placed stands; it is kept as it is. ValueError if off a tick."""

    tick: int
    day: int
    minute: int
    practitioner_id: int
    location_id: int

    def __post_init__(self) -> None:
        if not 0 <= self.minute < DAY_MINUTES or self.minute % TICK_MINUTES:
            raise ValueError(
                f"a session must start at minute 0 to {DAY_MINUTES - TICK_MINUTES}, "
                f"on a multiple of {TICK_MINUTES}, not at {self.minute}"
            )


@dataclass(frozen=True, slots=True)
class WantedSession:
    """One session of a plan: what is booked, and how it follows the session before it in the list.

    It should be `ideal_days` after that session, within min_days and max_days (local dates), and start at least
    `rest_minutes` after its start on the wall clock. Buffers are in ticks, before and after the duration.
    ValueError if a value makes no sense.
    """

    number: int
    appointment_type_id: int
    duration_ticks: int
    min_days: int
    ideal_days: int
    max_days: int
    rest_minutes: int = 2880
    fixed: Fixed | None = None
    before_ticks: int = 0
    after_ticks: int = 0

    def __post_init__(self) -> None:
        if self.duration_ticks < 1:
            raise ValueError(f"a session must last at least a tick, not {self.duration_ticks}")
        if min(self.before_ticks, self.after_ticks, self.rest_minutes) < 0:
            raise ValueError("buffers and rest cannot be negative")
        if not 0 <= self.min_days <= self.ideal_days <= self.max_days:
            raise ValueError(
                "days between sessions must be 0 <= min <= ideal <= max, "
                f"not {self.min_days}, {self.ideal_days}, {self.max_days}"
            )


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the patient would like; each miss costs, none is refused. Empty or None: no preference.

    Weekdays count from 0, Monday; the session should start in [from_minute, until_minute); practitioners stand in the
    order of preference.
    """

    weekdays: frozenset[int] = frozenset()
    from_minute: int | None = None
    until_minute: int | None = None
    practitioner_ids: tuple[int, ...] = ()
    location_id: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A start chosen for a session: which supply (its place in the list given), and when."""

    supply: int
    tick: int


@dataclass(frozen=True, slots=True)
class Note:
    """One compromise of a placed session: a code, the facts to word it with, and what it cost."""

    code: NoteCode
    cost: int
    params: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlacedSession:
    """A session with its start. days_since_previous counts from the session really held or placed before it."""

    number: int
    tick: int
    day: int
    minute: int
    practitioner_id: int
    location_id: int
    days_since_previous: int | None
    notes: tuple[Note, ...] = ()
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A session for which there is no start, and why."""

    number: int
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Proposal:
    """A series of starts: `placed` also holds the fixed sessions, marked so.

    cost is the sum of all notes' costs and of the weight of every session left out. `differs_in` says how an
    alternative was made to differ from the best proposal; None for the best one.
    """

    cost: int
    placed: tuple[PlacedSession, ...]
    unplaced: tuple[Unplaced, ...] = ()
    differs_in: Difference | None = None
