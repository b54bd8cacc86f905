"""What is free, who may want it, and what is found of each.

Days are local dates of the slot's location, minutes count from midnight on its wall clock, ticks are those of
`timeline`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from scheduler.planning.cadence import Window
from scheduler.planning.timeline import TICK_MINUTES


@dataclass(frozen=True, slots=True)
class Opening:
    """A free slot [start_tick, end_tick) of a practitioner, on one local day."""

    practitioner_id: int
    location_id: int
    day: date
    minute: int
    """Of the day, at start_tick."""
    start_tick: int
    end_tick: int
    starts: Mapping[int, Sequence[int]]
    """Type -> the ticks, ascending, at which it can begin here and end within the slot, as the diary allows it."""
    lengths: Mapping[int, int]
    """Type -> its duration in ticks."""
    own_starts: Mapping[tuple[int, int], Sequence[int]] = field(default_factory=dict)
    """(type, ticks) -> the same for an appointment of that type that was given a length of its own."""

    def length_of(self, claim: "Claim") -> int:
        """In ticks: how long the claim's appointment is."""
        return claim.own_ticks or self.lengths[claim.type_id]

    def starts_of(self, claim: "Claim") -> Sequence[int]:
        """Where the claim's appointment can begin; none where its type does not fit."""
        if claim.own_ticks is None:
            return self.starts.get(claim.type_id, ())
        return self.own_starts.get((claim.type_id, claim.own_ticks), ())

    def minute_of(self, tick: int) -> int:
        """The minute of the day at a tick of the slot."""
        return self.minute + (tick - self.start_tick) * TICK_MINUTES


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for; empty or None: nothing. Weekdays count from 0, Monday."""

    practitioner_ids: frozenset[int] = frozenset()
    location_id: int | None = None
    weekdays: frozenset[int] = frozenset()
    from_minute: int | None = None
    until_minute: int | None = None
    usual_practitioner_id: int | None = None
    """Who prescribed: another one is noted, not refused."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The session booked after the one in question, and the gap that it should keep from it."""

    day: date
    tick: int
    min_days: int
    max_days: int

    def days_off(self, previous_day: date) -> int:
        """By how many days the gap from that day is too short or too long."""
        days = (self.day - previous_day).days
        return max(self.min_days - days, days - self.max_days, 0)


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody who may want the slot: what the three kinds have in common."""

    number: int
    """Names the claim among its kind: the planned session, the entry, the appointment to be moved."""
    patient_id: int
    type_id: int
    is_needling: bool
    wishes: Wishes
    own_ticks: int | None = field(default=None, kw_only=True)
    """The length of the appointment that would move here, where it is not its type's."""


@dataclass(frozen=True, slots=True)
class ToPlace(Claim):
    """A plan's first session to place; `next` is the one booked after it."""

    plan_id: int
    session_number: int
    window: Window
    next: Neighbour | None


@dataclass(frozen=True, slots=True)
class Entry(Claim):
    """An entry of the waitlist; dates included, the whole appointment within the times."""

    wanted_from: date
    wanted_until: date
    urgency: str
    since: date
    since_second: int
    """When it was entered: what waits longer comes first."""
    releases_id: int | None = None
    """A later appointment of the patient's, which would be moved here."""


@dataclass(frozen=True, slots=True)
class ToMove(Claim):
    """A plan's booked session, which could come here from its own `day`; `next` is the one booked after it."""

    plan_id: int
    planned_session_id: int
    session_number: int
    day: date
    tick: int
    window: Window
    next: Neighbour | None


class Note(NamedTuple):
    """Why somebody is ranked, or what is not as wished: a code and the numbers to word it with."""

    code: str
    params: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Engaged:
    """A patient's own appointments around the slot, by their identity."""

    busy: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """[start, end) in ticks."""
    needling: Mapping[int, int] = field(default_factory=dict)
    """Wall minutes since the year 1."""


class Ranked(NamedTuple):
    """A claim in its place: `rank` orders it; `starts` are the ticks that suit it, the most welcome first."""

    reason: str
    rank: tuple[int, ...]
    claim: ToPlace | Entry | ToMove
    starts: tuple[int, ...]
    releases_id: int | None
    notes: tuple[Note, ...]
