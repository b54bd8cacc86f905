"""Proposing the best series of slots for a plan's unplaced sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from scheduler.errors import Conflict
from scheduler.models import PlanStatus, SessionStatus, TreatmentPlan
from scheduler.planning.cadence import Window
from scheduler.planning.series import (
    Fixed,
    Note,
    PlacedSession,
    Proposal,
    Unplaced,
    WantedSession,
    propose,
)
from scheduler.planning.timeline import instant_of, tick_of
from scheduler.transaction import reading
from scheduler.usecases.availability import (
    bits_from,
    horizon_of,
    load_availability,
    patient_busy,
    ticks_of,
)
from scheduler.usecases.booking_rules import rest_minutes_of
from scheduler.usecases.clinic import zone_of
from scheduler.usecases.lookup import find
from scheduler.usecases.plans import PlanView, SessionLine, checked_preferences, view_of
from scheduler.usecases.slots import grid_of
from scheduler.usecases.supply import planning_preferences, supplies_of

LEEWAY_DAYS = 7
"""How long an overdue session may still be looked for, at least, counted from today."""
FURTHEST_DAYS = 730


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

    ``preferences`` stand in for the plan's own. A session whose window is over is looked for from today on.
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
    today = now.date()
    wanted = _wanted(lines, today, rest_minutes_of(session))
    horizon = horizon_of(
        min([today, *(line.held_on for line in lines if line.held_on)]), _last_day(lines, wanted, today)
    )
    found = load_availability(session, horizon, grid_minutes=grid_of(session))
    taken = patient_busy(session, plan.patient_id, horizon)
    kinds = {line.session.appointment_type_id: line.session.appointment_type for line in lines}
    supplies = supplies_of(found, kinds.values(), taken=taken, later=bits_from(horizon, now))
    first = lines[0]
    proposals = propose(
        wanted,
        supplies,
        planning_preferences(wishes, plan.practitioner_id),
        first=_first_window(first, today),
        limit=limit,
    )
    lengths = {line.session.number: line.session.appointment_type.duration_minutes for line in lines}
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
    wanted = []
    previous: SessionLine | None = None
    for line in lines:
        kind, phase = line.session.appointment_type, line.session.phase
        max_days = phase.max_days
        if line.appointment is None and previous is not None and previous.held_on is not None:
            overdue = (today - previous.held_on).days
            if overdue > phase.max_days:
                max_days = overdue + max(phase.max_days, LEEWAY_DAYS)
        duration, before, after = ticks_of(kind)
        wanted.append(
            WantedSession(
                number=line.session.number,
                appointment_type_id=kind.id,
                duration_ticks=duration,
                min_days=phase.min_days,
                ideal_days=phase.ideal_days,
                max_days=max_days,
                rest_minutes=rest_minutes if kind.is_needling else 0,
                fixed=_fixed(line),
                before_ticks=before,
                after_ticks=after,
            )
        )
        previous = line
    return wanted


def _fixed(line: SessionLine) -> Fixed | None:
    appointment = line.appointment
    if appointment is None:
        return None
    wall = appointment.starts_at.astimezone(zone_of(appointment.location))
    return Fixed(
        tick=tick_of(appointment.starts_at),
        day=wall.toordinal(),
        minute=wall.hour * 60 + wall.minute,
        practitioner_id=appointment.practitioner_id,
        location_id=appointment.location_id,
    )


def _first_window(line: SessionLine, today: date) -> Window:
    """The window of the first session; an overdue one is looked for from today."""
    window = line.window
    if window.latest < today:
        latest = today + timedelta(days=max((window.latest - window.earliest).days, LEEWAY_DAYS))
        return Window(today, today, latest)
    earliest = max(window.earliest, today)
    return Window(earliest, max(window.ideal, earliest), window.latest)


def _last_day(lines: Sequence[SessionLine], wanted: Sequence[WantedSession], today: date) -> date:
    """The last day that any session can fall on."""
    day = max(_first_window(lines[0], today).latest, today).toordinal()
    for line, session in zip(lines[1:], wanted[1:], strict=True):
        held = line.held_on.toordinal() if line.held_on else 0
        day = max(day + session.max_days, held)
    return min(date.fromordinal(day), today + timedelta(days=FURTHEST_DAYS))


def _presented(proposal: Proposal, lengths: Mapping[int, int]) -> SeriesProposal:
    sessions = [_session(placed, lengths[placed.number]) for placed in proposal.placed]
    return SeriesProposal(proposal.cost, proposal.differs_in, sessions, proposal.unplaced)


def _session(placed: PlacedSession, minutes: int) -> ProposedSession:
    starts_at = instant_of(placed.tick)
    return ProposedSession(
        number=placed.number,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        practitioner_id=placed.practitioner_id,
        location_id=placed.location_id,
        days_since_previous=placed.days_since_previous,
        notes=placed.notes,
        fixed=placed.fixed,
    )
