"""Proposing the best series of slots for a plan's unplaced sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from scheduler.errors import Conflict
from scheduler.models import PlanStatus, SessionStatus, TreatmentPlan
from scheduler.planning.series import (
    Note,
    PlacedSession,
    Proposal,
    Unplaced,
    WantedSession,
    propose,
)
from scheduler.planning.timeline import instant_of
from scheduler.transaction import reading
from scheduler.usecases.availability.free_time import bits_from, horizon_of, load_availability, patient_busy
from scheduler.usecases.availability.slots import grid_of
from scheduler.usecases.availability.supply import Sought, planning_preferences, supplies_of
from scheduler.usecases.booking.rules import rest_minutes_of
from scheduler.usecases.lookup import find
from scheduler.usecases.plans.prescribing import PlanView, SessionLine, checked_preferences, view_of
from scheduler.usecases.plans.wishes import (
    FURTHEST_DAYS,
    length_of,
    slot_of,
    today_of,
    wanted_session,
    window_from,
)


@dataclass(frozen=True, slots=True)
class ProposedSession:
    """A session with its slot; instants in UTC. A fixed one is already booked and only shown."""

    number: int
    starts_at: datetime
    ends_at: datetime
    practitioner_id: int
    location_id: int
    days_since_previous: int | None
    notes: tuple[Note, ...]
    fixed: bool


@dataclass(frozen=True, slots=True)
class SeriesProposal:
    """A series for a plan, cheapest first; what could not be placed is named with its reason code."""

    cost: int
    differs_in: str | None
    sessions: list[ProposedSession]
    unplaced: tuple[Unplaced, ...]


@reading
def propose_series(
    session: Session,
    plan_id: int,
    *,
    preferences: Mapping[str, Any] | None = None,
    limit: int = 3,
    now: datetime,
) -> list[SeriesProposal]:
    """Up to ``limit`` clearly different series for all sessions to place; the first is the best there is.

    ``preferences`` stand in for the plan's own. A session whose window is over is looked for from today on,
    on the clock of where the plan is held.
    Raises NotFound, InvalidInput, or Conflict when nothing is to place.
    """
    plan = find(session, TreatmentPlan, plan_id)
    view = view_of(session, plan)
    if plan.status not in {PlanStatus.ACTIVE, PlanStatus.DRAFT}:
        raise Conflict("This plan is %(status)s; nothing can be placed.", status=plan.status)
    lines = _lines_that_matter(view)
    if not lines:
        raise Conflict("Every session of this plan has its appointment.")
    wishes = checked_preferences(session, plan.preferences if preferences is None else preferences)
    today = today_of(session, view, now)
    wanted = _wanted(lines, today, rest_minutes_of(session))
    horizon = horizon_of(
        min([today, *(line.held_on for line in lines if line.held_on)]), _last_day(lines, wanted, today)
    )
    found = load_availability(session, horizon, grid_minutes=grid_of(session), now=now, for_plan=plan.id)
    taken = patient_busy(session, plan.patient_id, horizon, now=now, for_plan=plan.id)
    kinds = {line.session.appointment_type_id: line.session.appointment_type for line in lines}
    supplies = supplies_of(
        found, [Sought(kind) for kind in kinds.values()], taken=taken, later=bits_from(horizon, now)
    )
    first = lines[0]
    proposals = propose(
        wanted,
        supplies,
        planning_preferences(wishes, plan.practitioner_id),
        first=window_from(first.window, today),
        limit=limit,
    )
    lengths = {line.session.number: length_of(line) for line in lines}
    return [_presented(proposal, lengths) for proposal in proposals]


def _lines_that_matter(view: PlanView) -> list[SessionLine]:
    """From the last session held or placed before the first one to place, on; skipped ones are left out."""
    lines = [
        line
        for line in view.lines
        if line.appointment is not None or line.session.status == SessionStatus.TO_PLACE
    ]
    first = next((at for at, line in enumerate(lines) if line.appointment is None), None)
    return [] if first is None else lines[max(first - 1, 0) :]


def _wanted(lines: Sequence[SessionLine], today: date, rest_minutes: int) -> list[WantedSession]:
    return [
        wanted_session(
            line, previous, slot_of(line.appointment) if line.appointment else None, today, rest_minutes
        )
        for previous, line in zip([None, *lines], lines, strict=False)
    ]


def _last_day(lines: Sequence[SessionLine], wanted: Sequence[WantedSession], today: date) -> date:
    """The last day that any session can fall on."""
    day = max(window_from(lines[0].window, today).latest, today).toordinal()
    for line, session in zip(lines[1:], wanted[1:], strict=True):
        held = line.held_on.toordinal() if line.held_on else 0
        day = max(day + session.max_days, held)
    return min(date.fromordinal(day), today + timedelta(days=FURTHEST_DAYS))


def _presented(proposal: Proposal, lengths: Mapping[int, timedelta]) -> SeriesProposal:
    sessions = [_session(placed, lengths[placed.number]) for placed in proposal.placed]
    return SeriesProposal(proposal.cost, proposal.differs_in, sessions, proposal.unplaced)


def _session(placed: PlacedSession, length: timedelta) -> ProposedSession:
    starts_at = instant_of(placed.tick)
    return ProposedSession(
        number=placed.number,
        starts_at=starts_at,
        ends_at=starts_at + length,
        practitioner_id=placed.practitioner_id,
        location_id=placed.location_id,
        days_since_previous=placed.days_since_previous,
        notes=placed.notes,
        fixed=placed.fixed,
    )
