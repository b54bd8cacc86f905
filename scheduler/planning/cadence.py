"""How far apart a plan's sessions should be: from phases to each session's window.

All days are local dates. A gap is the number of days from one session's date to the next one's; the phase that a
session belongs to says how far it should follow the session before it, whichever phase that one belongs to.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Phase:
    """So many sessions, each `ideal_days` after the one before it, at least `min_days` and at most `max_days`.

    ValueError unless there is a session and 0 <= min <= ideal <= max.
    """

    sessions: int
    min_days: int
    ideal_days: int
    max_days: int

    def __post_init__(self) -> None:
        if self.sessions < 1:
            raise ValueError(f"a phase needs at least one session, not {self.sessions}")
        if not 0 <= self.min_days <= self.ideal_days <= self.max_days:
            raise ValueError(
                "days between sessions must be 0 <= min <= ideal <= max, "
                f"not {self.min_days}, {self.ideal_days}, {self.max_days}"
            )


@dataclass(frozen=True, slots=True)
class Window:
    """The dates on which a session may be held, earliest and latest included. ValueError if they are out of order."""

    earliest: date
    ideal: date
    latest: date

    def __post_init__(self) -> None:
        if not self.earliest <= self.ideal <= self.latest:
            raise ValueError(
                f"a window must run from earliest over ideal to latest, "
                f"not {self.earliest}, {self.ideal}, {self.latest}"
            )

    def __contains__(self, day: date) -> bool:
        return self.earliest <= day <= self.latest


class Verdict(StrEnum):
    """What a gap between two sessions is, measured against the phase of the later one."""

    TOO_SHORT = "too_short"
    FINE = "fine"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap's length in days, how many days it is off the ideal (negative: too soon), and whether it is allowed."""

    days: int
    days_off: int
    verdict: Verdict


def next_window(previous_day: date, phase: Phase) -> Window:
    """The window of a session of this phase that follows one held on previous_day."""
    return Window(
        previous_day + timedelta(days=phase.min_days),
        previous_day + timedelta(days=phase.ideal_days),
        previous_day + timedelta(days=phase.max_days),
    )


def first_window(starts_on: date, phase: Phase) -> Window:
    """The window of a plan's first session: ideally at once, and within the first phase's longest gap."""
    return Window(starts_on, starts_on, starts_on + timedelta(days=phase.max_days))


def numbered(phases: Sequence[Phase]) -> Iterator[tuple[int, Phase]]:
    """Each session's number, from 1, with the phase that it belongs to."""
    number = 0
    for phase in phases:
        for _ in range(phase.sessions):
            number += 1
            yield number, phase


def windows(
    starts_on: date,
    phases: Sequence[Phase],
    held: Mapping[int, date],
    passed_over: Collection[int] = (),
) -> dict[int, Window]:
    """Every session's window by number, each following the session before it that counts.

    `held` gives the dates of the sessions already held or placed. Where the session before has none, the window is
    projected from that session's own ideal day. Sessions `passed_over` (skipped, or missed for good) are not waited
    for: the next one follows the one before them. What follows none has its `first_window`.
    """
    found: dict[int, Window] = {}
    previous_day: date | None = None
    for number, phase in numbered(phases):
        if previous_day is None:
            found[number] = first_window(starts_on, phase)
        else:
            found[number] = next_window(previous_day, phase)
        if number not in passed_over:
            previous_day = held.get(number) or found[number].ideal
    return found


def gap_verdict(previous_day: date, day: date, phase: Phase) -> Gap:
    """How the gap from previous_day to day suits the phase of the session on `day`."""
    days = (day - previous_day).days
    verdict = Verdict.FINE
    if days < phase.min_days:
        verdict = Verdict.TOO_SHORT
    elif days > phase.max_days:
        verdict = Verdict.TOO_LONG
    return Gap(days, days - phase.ideal_days, verdict)
