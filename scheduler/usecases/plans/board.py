"""The behind board: every active plan with a session that should be placed by now, worst first.

A plan with no appointment ahead is always on it, so a patient without one is never forgotten: even where nothing is to
place any more, somebody has to say what became of its last session. Nothing is stored for the board: windows follow
from the phases and from what was held, read in bulk and worked out here.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CTE, ColumnElement, and_, case, func, select
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
from scheduler.models.base import epoch
from scheduler.models.plans import PASSED_OVER
from scheduler.planning.cadence import Phase, Window, first_window, next_window
from scheduler.transaction import reading
from scheduler.usecases.paging import LARGEST_PAGE, Page
from scheduler.usecases.plans.rows import filled_by

DUE_WITHIN_DAYS = 14
"""A session to place is due when its window opens within so many days."""


@dataclass(frozen=True, slots=True)
class BehindLine:
    """A plan on the board, by its first session to place; by its last session where none is."""

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
    """Sessions of the plan that are to place; 0: each had its appointment, but nobody said that the plan is over."""
    next_at: datetime | None
    """The plan's next appointment; None puts it on the board whatever its windows say."""
    last_contact_at: datetime | None = None
    """When a mail last went out to the patient; looked up for the page that is shown."""


@reading
def behind_board(
    session: Session, *, today: date, now: datetime, page: int = 1, page_size: int = LARGEST_PAGE
) -> Page[BehindLine]:
    """Active plans with a session to place that is due or overdue, or with nothing booked ahead; worst first.

    ``today`` is the date at the desk. Four queries, however many plans there are.
    """
    lines = lines_behind(session, today=today, now=now)
    first = (page - 1) * page_size
    shown = lines[first : first + page_size]
    contacts = _last_contacts(session, {line.patient_id for line in shown})
    return Page([replace(line, last_contact_at=contacts.get(line.patient_id)) for line in shown], len(lines))


def lines_behind(session: Session, *, today: date, now: datetime) -> list[BehindLine]:
    """The whole board in the open transaction, without looking up the last contacts."""
    courses = _courses(session)
    ahead = _next_appointments(session, now)
    lines = []
    for plan in _plans(session):
        if plan.id in courses:
            line = _line(plan, courses[plan.id], ahead.get(plan.id), today)
            if line is not None:
                lines.append(line)
    lines.sort(key=lambda line: (line.days_left, line.plan_id))
    return lines


def _line(
    plan: Any,
    course: Sequence[Any],
    next_at: datetime | None,
    today: date,
) -> BehindLine | None:
    session = course[-1]
    if next_at is not None and not session.waiting:
        return None
    window = _window(plan.starts_on, course)
    if next_at is not None and window.earliest > today + timedelta(days=DUE_WITHIN_DAYS):
        return None
    return BehindLine(
        plan_id=plan.id,
        plan=plan.name,
        patient_id=plan.patient_id,
        patient=f"{plan.given} {plan.family}",
        phone=plan.phone,
        practitioner=f"{plan.their_given} {plan.their_family}",
        number=session.number,
        sessions=session.sessions,
        window=window,
        days_left=(window.latest - today).days,
        why=session.reason,
        waiting=session.waiting,
        next_at=next_at,
    )


def _window(starts_on: date, course: Sequence[Any]) -> Window:
    """The window of the last session of a course: counted from the last one held before it."""
    *before, last = course
    previous: date | None = None
    for row in before:
        if row.starts is not None:
            previous = datetime.fromtimestamp(row.starts, _zone(row.zone)).date()
        elif row.status not in PASSED_OVER:
            previous = _next(starts_on, previous, row).ideal
    return _next(starts_on, previous, last)


def _next(starts_on: date, previous_day: date | None, row: Any) -> Window:
    """The window of a session after the one before it that counts; the first one's if there is none."""
    phase = _cadence(row.min_days, row.ideal_days, row.max_days)
    return first_window(starts_on, phase) if previous_day is None else next_window(previous_day, phase)


@lru_cache(maxsize=256)
def _cadence(min_days: int, ideal_days: int, max_days: int) -> Phase:
    return Phase(1, min_days, ideal_days, max_days)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _is_active() -> ColumnElement[bool]:
    return TreatmentPlan.status == PlanStatus.ACTIVE.value


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
        .where(_is_active())
    ).all()


def _courses(session: Session) -> dict[int, list[Any]]:
    """By plan, what decides its window: from the last session held before the one to place first, up to that one.

    Of a plan with none to place, its last session stands for it.
    """
    spans = _spans()
    rows = session.execute(
        select(
            PlannedSession.plan_id,
            PlannedSession.number,
            PlannedSession.status,
            PlannedSession.reason,
            PlanPhase.min_days,
            PlanPhase.ideal_days,
            PlanPhase.max_days,
            epoch(Appointment.starts_at).label("starts"),
            Location.zone,
            spans.c.sessions,
            spans.c.waiting,
        )
        .select_from(spans)
        .join(
            PlannedSession,
            and_(
                PlannedSession.plan_id == spans.c.plan_id,
                PlannedSession.number.between(spans.c.begins, spans.c.number),
            ),
        )
        .join(PlanPhase, PlanPhase.id == PlannedSession.phase_id)
        .outerjoin(Appointment, filled_by())
        .outerjoin(Location, Location.id == Appointment.location_id)
        .order_by(PlannedSession.plan_id, PlannedSession.number)
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.plan_id].append(row)
    return found


def _spans() -> CTE:
    """From which to which number a plan's sessions matter, how many it has and how many of them are to place."""
    to_place = case((PlannedSession.status == SessionStatus.TO_PLACE.value, PlannedSession.number))
    ends = (
        select(
            PlannedSession.plan_id,
            func.coalesce(func.min(to_place), func.max(PlannedSession.number)).label("number"),
            func.count().label("sessions"),
            func.count(to_place).label("waiting"),
        )
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .where(_is_active())
        .group_by(PlannedSession.plan_id)
        .cte("ends")
    )
    held_before = (
        select(PlannedSession.number)
        .join(Appointment, filled_by())
        .where(PlannedSession.plan_id == ends.c.plan_id, PlannedSession.number < ends.c.number)
        .order_by(PlannedSession.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(ends, func.coalesce(held_before, 1).label("begins")).cte("spans")


def _next_appointments(session: Session, now: datetime) -> dict[int, datetime]:
    """Plan -> its next appointment."""
    rows = session.execute(
        select(PlannedSession.plan_id, func.min(epoch(Appointment.starts_at)))
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .join(Appointment, filled_by())
        .where(
            _is_active(), PlannedSession.status == SessionStatus.PLACED.value, Appointment.starts_at >= now
        )
        .group_by(PlannedSession.plan_id)
    )
    return {plan_id: datetime.fromtimestamp(starts, UTC) for plan_id, starts in rows}


def _last_contacts(session: Session, patient_ids: Collection[int]) -> dict[int, datetime]:
    """Patient -> when a mail last went out."""
    rows = session.execute(
        select(Message.patient_id, func.max(epoch(Message.sent_at)).label("sent"))
        .where(Message.state == MessageState.SENT.value, Message.patient_id.in_(patient_ids))
        .group_by(Message.patient_id)
    )
    return {row.patient_id: datetime.fromtimestamp(row.sent, UTC) for row in rows}
