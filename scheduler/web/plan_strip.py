"""A plan as a line of sessions: what was held, is booked or to place, how far apart, and in which windows."""

from dataclasses import dataclass
from datetime import date

from scheduler.models import Appointment, SessionStatus
from scheduler.planning.cadence import Window
from scheduler.usecases.plans.prescribing import PlanView, SessionLine

OVERDUE = "overdue"
"""To place, and its window is over."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One session on the line."""

    number: int
    state: str
    """The session's status, or OVERDUE."""
    kind: str
    window: Window
    appointment: Appointment | None
    gap_days: int | None
    """Days from the last session that has a date, if this one has one."""
    off: bool
    """Whether its date lies outside its window."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A plan with its stops."""

    view: PlanView
    stops: list[Stop]

    def count(self, *states: str) -> int:
        """How many sessions are in one of these states."""
        return sum(stop.state in states for stop in self.stops)

    @property
    def open(self) -> bool:
        """Whether something is still to come about."""
        return self.view.plan.status in {"draft", "active", "paused"}

    @property
    def to_place(self) -> int:
        """How many sessions wait for a slot."""
        return self.count(SessionStatus.TO_PLACE, OVERDUE)


def strip_of(view: PlanView, today: date) -> Strip:
    """The line of a plan; ``today`` is the local date."""
    stops, previous = [], None
    for line in view.lines:
        gap = (line.held_on - previous).days if line.held_on and previous else None
        stops.append(
            Stop(
                number=line.session.number,
                state=_state(line, today),
                kind=line.session.appointment_type.name,
                window=line.window,
                appointment=line.appointment,
                gap_days=gap,
                off=line.held_on is not None and line.held_on not in line.window,
            )
        )
        previous = line.held_on or previous
    return Strip(view, stops)


def _state(line: SessionLine, today: date) -> str:
    if line.session.status == SessionStatus.TO_PLACE and line.window.latest < today:
        return OVERDUE
    return line.session.status
