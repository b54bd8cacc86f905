"""The behind board: every active plan with a session that should be placed by now, worst first.

Nothing is stored for it: windows follow from the phases and from what was held, read in bulk and worked out here.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.models import (
    Appointment,
    Location,
    Message,
    MessageState,
    Patient,
    PlannedSession,
    PlanPhase,
    PlanStatus,
    Practitioner,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.models.appointments import INACTIVE
from scheduler.models.base import epoch
from scheduler.models.plans import PASSED_OVER
from scheduler.planning.cadence import Phase, Window, first_window, next_window
from scheduler.transaction import reading

DUE_WITHIN_DAYS = 14
"""A session to place is due when its window opens within so many days."""


@dataclass(frozen=True, slots=True)
class BehindLine:
    """A plan on the board, by its first session to place."""

    plan_id: int
    plan: str
    patient_id: int
    patient: str
    phone: str | None
    practitioner: str
    number: int
    sessions: int
    window: Window
    days_left: int
    """Until the window breaks; negative: it broke so many days ago."""
    why: str
    """The reason kept with the session: why its last appointment was lost; "" if it never had one."""
    waiting: int
    """Sessions of the plan that are to place."""
    next_at: datetime | None
    """The plan's next appointment; None puts it on the board whatever its windows say."""
    last_contact_at: datetime | None
    """When a mail last went out to the patient."""


@reading
def behind_board(session: Session, *, today: date, now: datetime) -> list[BehindLine]:
    """Active plans with a session to place that is due or overdue, or with nothing booked ahead; worst first.

    ``today`` is the date at the desk. Five queries, however many plans there are.
    """
    plans = _plans(session)
    sessions = _sessions(session)
    held = _held(session)
    ahead = _next_appointments(session, now)
    contacts = _last_contacts(session)
    lines = []
    for plan in plans:
        line = _line(plan, sessions[plan.id], held, ahead.get(plan.id), contacts, today)
        if line is not None:
            lines.append(line)
    lines.sort(key=lambda line: (line.days_left, line.plan_id))
    return lines


def _line(
    plan: Any,
    sessions: Sequence[Any],
    held: dict[int, date],
    next_at: datetime | None,
    contacts: dict[int, datetime],
    today: date,
) -> BehindLine | None:
    waiting = [place for place, row in enumerate(sessions) if row.status == SessionStatus.TO_PLACE]
    if not waiting:
        return None
    first = sessions[waiting[0]]
    window = _window(plan.starts_on, sessions, held, waiting[0])
    if next_at is not None and window.earliest > today + timedelta(days=DUE_WITHIN_DAYS):
        return None
    return BehindLine(
        plan_id=plan.id,
        plan=plan.name,
        patient_id=plan.patient_id,
        patient=f"{plan.given} {plan.family}",
        phone=plan.phone,
        practitioner=f"{plan.their_given} {plan.their_family}",
        number=first.number,
        sessions=len(sessions),
        window=window,
        days_left=(window.latest - today).days,
        why=first.reason,
        waiting=len(waiting),
        next_at=next_at,
        last_contact_at=contacts.get(plan.patient_id),
    )


def _window(starts_on: date, sessions: Sequence[Any], held: dict[int, date], place: int) -> Window:
    """The window of the session at a place in the list: counted from the last one held before it."""
    begin = next((at for at in range(place - 1, -1, -1) if sessions[at].id in held), -1)
    previous = held[sessions[begin].id] if begin >= 0 else None
    for row in sessions[begin + 1 : place]:
        if row.status not in PASSED_OVER:
            previous = _next(starts_on, previous, row).ideal
    return _next(starts_on, previous, sessions[place])


def _next(starts_on: date, previous_day: date | None, row: Any) -> Window:
    """The window of a session after the one before it that counts; the first one's if there is none."""
    phase = _phase(row)
    return first_window(starts_on, phase) if previous_day is None else next_window(previous_day, phase)


def _phase(row: Any) -> Phase:
    return _cadence(row.min_days, row.ideal_days, row.max_days)


@lru_cache(maxsize=256)
def _cadence(min_days: int, ideal_days: int, max_days: int) -> Phase:
    return Phase(1, min_days, ideal_days, max_days)


def _plans(session: Session) -> Sequence[Any]:
    return session.execute(
        select(
            TreatmentPlan.id,
            TreatmentPlan.name,
            TreatmentPlan.starts_on,
            TreatmentPlan.patient_id,
            Patient.given_name.label("given"),
            Patient.family_name.label("family"),
            Patient.phone,
            Practitioner.given_name.label("their_given"),
            Practitioner.family_name.label("their_family"),
        )
        .join(Patient, Patient.id == TreatmentPlan.patient_id)
        .join(Practitioner, Practitioner.id == TreatmentPlan.practitioner_id)
        .where(TreatmentPlan.status == PlanStatus.ACTIVE.value)
    ).all()


def _sessions(session: Session) -> dict[int, list[Any]]:
    """Sessions of active plans with their cadence, by plan and in order."""
    rows = session.execute(
        select(
            PlannedSession.plan_id,
            PlannedSession.id,
            PlannedSession.number,
            PlannedSession.status,
            PlannedSession.reason,
            PlanPhase.min_days,
            PlanPhase.ideal_days,
            PlanPhase.max_days,
        )
        .join(PlanPhase, PlanPhase.id == PlannedSession.phase_id)
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .where(TreatmentPlan.status == PlanStatus.ACTIVE.value)
        .order_by(PlannedSession.plan_id, PlannedSession.number)
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.plan_id].append(row)
    return found


def _held(session: Session) -> dict[int, date]:
    """Planned session -> local date of its active appointment."""
    rows = session.execute(
        select(Appointment.planned_session_id, epoch(Appointment.starts_at), Location.zone)
        .join(Location, Location.id == Appointment.location_id)
        .join(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .where(Appointment.status.not_in(INACTIVE), TreatmentPlan.status == PlanStatus.ACTIVE.value)
    )
    zones: dict[str, ZoneInfo] = {}
    found = {}
    for planned_id, starts, zone in rows:
        clock = zones.get(zone) or zones.setdefault(zone, ZoneInfo(zone))
        if planned_id is not None:
            found[planned_id] = datetime.fromtimestamp(starts, clock).date()
    return found


def _next_appointments(session: Session, now: datetime) -> dict[int, datetime]:
    rows = session.execute(
        select(PlannedSession.plan_id, func.min(epoch(Appointment.starts_at)))
        .join(Appointment, Appointment.planned_session_id == PlannedSession.id)
        .where(Appointment.status.not_in(INACTIVE), Appointment.starts_at >= now)
        .group_by(PlannedSession.plan_id)
    )
    return {plan_id: datetime.fromtimestamp(starts, UTC) for plan_id, starts in rows}


def _last_contacts(session: Session) -> dict[int, datetime]:
    rows = session.execute(
        select(Message.patient_id, func.max(epoch(Message.sent_at)))
        .where(Message.state == MessageState.SENT.value)
        .group_by(Message.patient_id)
    )
    return {patient_id: datetime.fromtimestamp(sent, UTC) for patient_id, sent in rows}
