"""When displaced appointments may be instead: a planned session's window as seen from what stays, a week or two around
the date of an appointment without a plan.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import (
    Appointment,
    AppointmentType,
    Location,
    PlannedSession,
    PlanPhase,
    TreatmentPlan,
)
from scheduler.models.plans import PASSED_OVER
from scheduler.planning.cadence import Phase, Window, first_window
from scheduler.planning.series.reasons import Neighbour
from scheduler.usecases.plans.rows import filled_by

EARLIER_DAYS, LATER_DAYS = 7, 14
"""How far an appointment without a plan may move: it is better held late than lost."""
LEEWAY_DAYS = 7
"""How long a session whose window is over may still be looked for, at least, counted from today."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the cadence says of a displaced session, and the sessions around it that stay."""

    window: Window
    number: int
    """Its place among the plan's sessions that count."""
    min_days: int
    max_days: int
    earlier: Neighbour | None
    later: Neighbour | None
    neighbours: frozenset[int]
    """Ids of the appointments that the neighbours are."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A session of a plan in order; ``wall`` is None unless its appointment stays."""

    session_id: int
    phase: Phase
    is_needling: bool
    minutes: int
    displaced: bool
    appointment_id: int | None
    wall: datetime | None

    @property
    def day(self) -> date | None:
        return self.wall.date() if self.wall else None


def window_around(day: date, today: date) -> Window:
    """When an appointment without a plan may be instead; never before today."""
    earliest = max(day - timedelta(days=EARLIER_DAYS), today)
    return Window(earliest, max(day, earliest), max(day + timedelta(days=LATER_DAYS), earliest))


def places_of(
    session: Session, plan_ids: Collection[int], displaced: Collection[int], rest_minutes: int, today: date
) -> dict[int, Place]:
    """Planned session -> its place, for the sessions that lose their appointments; two queries for any number."""
    found: dict[int, Place] = {}
    starts = {row.id: row.starts_on for row in _plans(session, plan_ids)}
    for plan_id, steps in _steps(session, plan_ids, displaced).items():
        found |= _places(steps, starts[plan_id], rest_minutes, today)
    return found


def _places(steps: Sequence[_Step], starts_on: date, rest_minutes: int, today: date) -> dict[int, Place]:
    found = {}
    before: tuple[date, date, date] | None = None
    for at, step in enumerate(steps):
        earliest, ideal, latest = _after(before, starts_on, step.phase)
        if step.displaced:
            window = _towards_next(_from_today(earliest, ideal, latest, today), steps[at + 1 : at + 2])
            earlier = next((other for other in reversed(steps[:at]) if other.wall), None)
            later = next((other for other in steps[at + 1 :] if other.wall), None)
            near = (earlier, later)
            found[step.session_id] = Place(
                window=window,
                number=at + 1,
                min_days=step.phase.min_days,
                max_days=step.phase.max_days,
                earlier=_neighbour(earlier, _rest(earlier, step, rest_minutes)),
                later=_neighbour(later, _rest(step, later, rest_minutes)),
                neighbours=frozenset(one.appointment_id for one in near if one and one.appointment_id),
            )
            before = (window.earliest, window.ideal, window.latest)
        else:
            before = (step.day or ideal,) * 3
    return found


def _after(before: tuple[date, date, date] | None, starts_on: date, phase: Phase) -> tuple[date, date, date]:
    """The window after a session that may itself fall on any day of its own."""
    if before is None:
        first = first_window(starts_on, phase)
        return first.earliest, first.ideal, first.latest
    gaps = (phase.min_days, phase.ideal_days, phase.max_days)
    earliest, ideal, latest = (day + timedelta(days=gap) for day, gap in zip(before, gaps, strict=True))
    return earliest, ideal, latest


def _from_today(earliest: date, ideal: date, latest: date, today: date) -> Window:
    """The rest of a window; one that is over is looked for from today."""
    if latest < today:
        return Window(today, today, today + timedelta(days=max((latest - earliest).days, LEEWAY_DAYS)))
    earliest = max(earliest, today)
    return Window(earliest, max(ideal, earliest), latest)


def _towards_next(window: Window, following: Sequence[_Step]) -> Window:
    """The part of a window that leaves the next session in its own, where there is such a part."""
    day = following[0].day if following else None
    if day is None:
        return window
    phase = following[0].phase
    earliest = max(window.earliest, day - timedelta(days=phase.max_days))
    latest = min(window.latest, day - timedelta(days=phase.min_days))
    if latest < earliest:
        return window
    return Window(earliest, min(max(window.ideal, earliest), latest), latest)


def _rest(first: _Step | None, second: _Step | None, rest_minutes: int) -> int:
    """Least minutes from start to start."""
    if first is None or second is None:
        return 0
    return max(first.minutes, rest_minutes if first.is_needling and second.is_needling else 0)


def _neighbour(step: _Step | None, rest: int) -> Neighbour | None:
    if step is None or step.wall is None:
        return None
    return Neighbour(step.wall.toordinal(), step.wall.hour * 60 + step.wall.minute, rest)


def _plans(session: Session, plan_ids: Collection[int]) -> Sequence[Any]:
    return session.execute(
        select(TreatmentPlan.id, TreatmentPlan.starts_on).where(TreatmentPlan.id.in_(plan_ids))
    ).all()


def _steps(
    session: Session, plan_ids: Collection[int], displaced: Collection[int]
) -> Mapping[int, list[_Step]]:
    """By plan, the sessions that count, in order."""
    rows = session.execute(
        select(
            PlannedSession.plan_id,
            PlannedSession.id,
            PlanPhase.min_days,
            PlanPhase.ideal_days,
            PlanPhase.max_days,
            AppointmentType.is_needling,
            AppointmentType.duration_minutes,
            Appointment.id.label("appointment_id"),
            Appointment.starts_at,
            Location.zone,
        )
        .join(PlanPhase, PlanPhase.id == PlannedSession.phase_id)
        .join(AppointmentType, AppointmentType.id == PlannedSession.appointment_type_id)
        .outerjoin(Appointment, filled_by())
        .outerjoin(Location, Location.id == Appointment.location_id)
        .where(PlannedSession.plan_id.in_(plan_ids), PlannedSession.status.not_in(PASSED_OVER))
        .order_by(PlannedSession.plan_id, PlannedSession.number)
    )
    found: dict[int, list[_Step]] = defaultdict(list)
    for row in rows:
        gone = row.appointment_id in displaced
        stays = row.appointment_id is not None and not gone
        found[row.plan_id].append(
            _Step(
                session_id=row.id,
                phase=Phase(1, row.min_days, row.ideal_days, row.max_days),
                is_needling=row.is_needling,
                minutes=row.duration_minutes,
                displaced=gone,
                appointment_id=row.appointment_id,
                wall=row.starts_at.astimezone(ZoneInfo(row.zone)) if stays else None,
            )
        )
    return found
