"""A plan as it stands before its repair, and what is asked for and answered.

A wall minute counts from the start of day ordinal 0 on the location's wall clock: day * 1440 + minute of day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from scheduler.planning.cadence import Gap, Phase, Window, gap_verdict
from scheduler.planning.hours import DAY_MINUTES
from scheduler.planning.series import Fixed, Note, WantedSession
from scheduler.planning.series.legs import rest_between
from scheduler.planning.series.sessions import ReasonCode
from scheduler.planning.timeline import TICK_MINUTES

Step = Literal["stays", "moves", "placed", "unplaced"]
LONG_AGO = -(10**9)
RepairReason = ReasonCode | Literal["fixed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a session is, or would be after the repair, and how it follows the session before it.

    `gap` is None for the plan's first session and after a session without a slot; `broken` says that the session is
    outside its window, or too soon after the session before it for its rest.
    """

    slot: Fixed | None
    gap: Gap | None
    broken: bool


@dataclass(frozen=True, slots=True)
class RepairLine:
    """What the repair does to one session; `reason` says why its window stays broken, `notes` what a new slot costs."""

    number: int
    step: Step
    before: Standing
    after: Standing
    reason: RepairReason | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """The smallest change of a plan, and how many windows it leaves broken, appointments it moves, and its cost."""

    lines: tuple[RepairLine, ...]
    broken: int
    moved: int
    cost: int


class Course:
    """The sessions with the slots that they have. ValueError if the question makes no sense."""

    def __init__(
        self, sessions: Sequence[WantedSession], standing: Mapping[int, Fixed], first: Window | None
    ) -> None:
        if len({session.number for session in sessions}) != len(sessions):
            raise ValueError("session numbers must differ")
        if standing.keys() - {session.number for session in sessions if not session.fixed}:
            raise ValueError("only a session of the plan that is not fixed can have a slot to be moved from")
        if sessions and not sessions[0].fixed and not first:
            raise ValueError("the first session needs a window unless it is fixed")
        self.sessions = sessions
        # Nothing looks at the window of a fixed session.
        self.first = first or Window(date.min, date.min, date.min)
        self.slots = [session.fixed or standing.get(session.number) for session in sessions]
        self.movable = [not session.fixed for session in sessions]
        longest = max((one.duration_ticks + one.after_ticks for one in sessions), default=0)
        self.spaced = [
            replace(one, rest_minutes=max(one.rest_minutes, (longest + one.before_ticks) * TICK_MINUTES))
            for one in sessions
        ]
        """The sessions with so much rest that a new slot's buffers stay clear of the sessions around it."""

    def latest(self, upto: int) -> int:
        """The session with the latest slot of those up to one; -1 if none has one."""
        held = [at for at in range(upto + 1) if self.slots[at]]
        return max(held, key=lambda at: wall_minute(self.slots[at]), default=-1)

    def counted(self, slots: Sequence[Fixed | None], at: int) -> int | None:
        """The day that a session's gap counts from, ideal days standing in for missing slots; None at the start."""
        if not at:
            return None
        slot = slots[at - 1]
        if slot:
            return slot.day
        before = self.counted(slots, at - 1)
        if before is None:
            return self.first.ideal.toordinal()
        return before + self.sessions[at - 1].ideal_days

    def standings(self, slots: Sequence[Fixed | None]) -> list[Standing]:
        """How the sessions would stand in these slots."""
        found: list[Standing] = []
        for at, slot in enumerate(slots):
            gap = None
            if slot and at and (before := slots[at - 1]):
                wanted = self.sessions[at]
                phase = Phase(1, wanted.min_days, wanted.ideal_days, wanted.max_days)
                gap = gap_verdict(date_of(before), date_of(slot), phase)
            found.append(Standing(slot, gap, self.is_broken(slots, at)))
        return found

    def is_broken(self, slots: Sequence[Fixed | None], at: int) -> bool:
        """Whether a session is without a slot, outside its window or within its rest, given the sessions before it.

        The window after a session without a slot is not known yet: there only the rest counts.
        """
        slot, wanted = slots[at], self.sessions[at]
        if slot is None:
            return True
        if not at:
            return not wanted.fixed and date_of(slot) not in self.first
        before = slots[at - 1]
        if before and not wanted.min_days <= slot.day - before.day <= wanted.max_days:
            return True
        real = next((k for k in range(at - 1, -1, -1) if slots[k]), None)
        if real is None:
            return False
        rest = rest_between(self.sessions[real], wanted)
        return wall_minute(slot) - wall_minute(slots[real]) < rest


def wall_minute(slot: Fixed | None) -> int:
    """When a slot starts on the wall clock, in minutes; long ago if there is none."""
    return slot.day * DAY_MINUTES + slot.minute if slot else LONG_AGO


def date_of(slot: Fixed) -> date:
    """A slot's local date."""
    return date.fromordinal(slot.day)
