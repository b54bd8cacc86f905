"""What waits: sessions to place of active and draft plans with their windows, read in two queries however many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
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
    PlanStatus,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.models.base import epoch
from scheduler.models.plans import PASSED_OVER
from scheduler.planning.cadence import Phase, Window
from scheduler.planning.capacity import Step, waiting_windows
from scheduler.usecases.lookup import find_in_use
from scheduler.usecases.plans.prescribing import PhaseWish, type_of
from scheduler.usecases.plans.rows import filled_by

COUNTED = (PlanStatus.ACTIVE.value, PlanStatus.DRAFT.value)
LEEWAY_DAYS = 7
"""How long an overdue session may still be looked for, at least, as when series are proposed."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A session that waits: its window from today on, what it is, and whom and where the plan wants (best first)."""

    plan_id: int | None
    """None while the plan is only being thought of."""
    window: Window
    appointment_type_id: int
    practitioner_ids: tuple[int, ...]
    location_id: int | None


def load_waiting(session: Session, today: date) -> list[Waiting]:
    """Every session to place of a plan that is active or a draft, by plan and in order."""
    plans = _plans(session)
    found = []
    for plan_id, rows in groupby(_sessions(session), key=itemgetter(0)):
        starts_on, practitioner_id, preferences = plans[plan_id]
        listed = list(rows)
        steps = [_step(row) for row in listed]
        windows = waiting_windows(starts_on, steps, today, LEEWAY_DAYS)
        wanted = wanted_people(preferences, practitioner_id)
        found += [
            Waiting(plan_id, window, row.appointment_type_id, wanted, preferences.get("location_id"))
            for row, window in zip(listed, windows, strict=True)
            if window is not None and row.status == SessionStatus.TO_PLACE
        ]
    return found


def wanted_people(preferences: Mapping[str, Any], prescriber: int) -> tuple[int, ...]:
    """Whom a plan wants to go to: those it prefers, or else who prescribes."""
    return tuple(preferences.get("practitioner_ids") or (prescriber,))


def _step(row: Any) -> Step:
    return Step(
        _phase(row.min_days, row.ideal_days, row.max_days),
        None if row.starts is None else datetime.fromtimestamp(row.starts, _zone(row.zone)).date(),
        row.status in PASSED_OVER,
    )


@lru_cache(maxsize=256)
def _phase(min_days: int, ideal_days: int, max_days: int) -> Phase:
    return Phase(1, min_days, ideal_days, max_days)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _plans(session: Session) -> dict[int, tuple[date, int, Mapping[str, Any]]]:
    rows = session.execute(
        select(
            TreatmentPlan.id,
            TreatmentPlan.starts_on,
            TreatmentPlan.practitioner_id,
            TreatmentPlan.preferences,
        ).where(TreatmentPlan.status.in_(COUNTED))
    )
    return {number: (starts_on, prescriber, wishes) for number, starts_on, prescriber, wishes in rows}


def _sessions(session: Session) -> Sequence[Any]:
    """Sessions of plans in which something waits, with their cadence and their active appointment."""
    waits = select(PlannedSession.plan_id).where(PlannedSession.status == SessionStatus.TO_PLACE.value)
    return session.execute(
        select(
            PlannedSession.plan_id,
            PlannedSession.status,
            PlannedSession.appointment_type_id,
            PlanPhase.min_days,
            PlanPhase.ideal_days,
            PlanPhase.max_days,
            epoch(Appointment.starts_at).label("starts"),
            Location.zone,
        )
        .join(PlanPhase, PlanPhase.id == PlannedSession.phase_id)
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .outerjoin(Appointment, filled_by())
        .outerjoin(Location, Location.id == Appointment.location_id)
        .where(TreatmentPlan.status.in_(COUNTED), TreatmentPlan.id.in_(waits))
        .order_by(PlannedSession.plan_id, PlannedSession.number)
    ).all()


def thought_of(
    session: Session,
    phases: Sequence[PhaseWish],
    starts_on: date,
    preferences: Mapping[str, Any],
    practitioner_id: int,
    first_type_id: int | None,
    today: date,
) -> list[Waiting]:
    """The sessions of a plan as it would be written. Raises NotFound or InvalidInput for their types."""
    kinds = [type_of(session, phase).id for phase in phases for _ in range(phase.sessions)]
    if first_type_id is not None:
        kinds[0] = find_in_use(session, AppointmentType, first_type_id).id
    steps = [
        Step(_phase(phase.min_days, phase.ideal_days, phase.max_days))
        for phase in phases
        for _ in range(phase.sessions)
    ]
    windows = waiting_windows(starts_on, steps, today, LEEWAY_DAYS)
    wanted = wanted_people(preferences, practitioner_id)
    return [
        Waiting(None, window, kind, wanted, preferences.get("location_id"))
        for kind, window in zip(kinds, windows, strict=True)
        if window is not None
    ]
