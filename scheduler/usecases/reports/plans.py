"""Plans: on track, behind, finished or dropped out and after which session; and how long the first session took."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import Appointment, AppointmentStatus, PlannedSession, PlanStatus, TreatmentPlan
from scheduler.models.base import epoch
from scheduler.planning.reports import WAIT_BANDS, counted, middle
from scheduler.transaction import reading
from scheduler.usecases.plans.board import lines_behind
from scheduler.usecases.plans.rows import filled_by
from scheduler.usecases.reports.period import Period, check_period, zones

STANDINGS = ("on_track", "behind", "paused", "finished", "dropped_out")


@dataclass(frozen=True, slots=True)
class PlanReport:
    """Plans that begin in a period."""

    standings: dict[str, int]
    """How many plans of each of STANDINGS."""
    dropped_after: list[int]
    """How many plans ended after so many sessions held: from 0 on, as far as there are any."""
    waits: list[int]
    """Plans by days from being written to the first session, in WAIT_BANDS."""
    median_wait: float | None
    """In days."""
    without_first: int
    """Plans that had no session yet, and have none booked."""

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.standings.values())


@reading
def report_plans(session: Session, period: Period, *, today: date, now: datetime) -> PlanReport:
    """What became of the plans that begin in the period; drafts are none yet. Raises InvalidInput or NotFound.

    A plan belongs to the location of its first appointment, or else to the one that it prefers. It is behind while the
    window of its next session is over, or sessions wait and nothing is booked.
    """
    check_period(session, period)
    sessions = _sessions(session, period)
    clocks = zones(session)
    behind = {
        line.plan_id
        for line in lines_behind(session, today=today, now=now)
        if line.waiting and (line.days_left < 0 or line.next_at is None)
    }
    standings: Counter[str] = Counter()
    dropped: Counter[int] = Counter()
    waits = []
    without_first = 0
    for plan in _plans(session, period):
        held = sessions.get(plan.id, [])
        first = min(held, key=lambda row: row.starts, default=None)
        where = first.location_id if first else plan.preferences.get("location_id")
        if period.location_id not in {None, where}:
            continue
        standing = _standing(plan, behind)
        standings[standing] += 1
        if standing == "dropped_out":
            dropped[sum(row.status == AppointmentStatus.COMPLETED.value for row in held)] += 1
        if first is None:
            without_first += 1
        else:
            clock = clocks[first.location_id]
            written = datetime.fromtimestamp(plan.written, clock).date()
            waits.append(max((datetime.fromtimestamp(first.starts, clock).date() - written).days, 0))
    return PlanReport(
        standings={standing: standings[standing] for standing in STANDINGS},
        dropped_after=[dropped[at] for at in range(max(dropped, default=-1) + 1)],
        waits=counted(waits, WAIT_BANDS),
        median_wait=middle(waits),
        without_first=without_first,
    )


def _standing(plan: Any, behind: set[int]) -> str:
    if plan.status == PlanStatus.COMPLETED.value:
        return "finished"
    if plan.status == PlanStatus.DISCONTINUED.value:
        return "dropped_out"
    if plan.status == PlanStatus.PAUSED.value:
        return "paused"
    return "behind" if plan.id in behind else "on_track"


def _plans(session: Session, period: Period) -> Any:
    return session.execute(
        select(
            TreatmentPlan.id,
            TreatmentPlan.status,
            TreatmentPlan.preferences,
            epoch(TreatmentPlan.created_at).label("written"),
        ).where(
            TreatmentPlan.starts_on.between(period.from_on, period.to_on),
            TreatmentPlan.status != PlanStatus.DRAFT.value,
        )
    )


def _sessions(session: Session, period: Period) -> dict[int, list[Any]]:
    """The appointments that fill the sessions of those plans."""
    rows = session.execute(
        select(
            PlannedSession.plan_id,
            Appointment.status,
            Appointment.location_id,
            epoch(Appointment.starts_at).label("starts"),
        )
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .join(Appointment, filled_by())
        .where(TreatmentPlan.starts_on.between(period.from_on, period.to_on))
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.plan_id].append(row)
    return found
