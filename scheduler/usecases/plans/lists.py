"""Plans that run, and how far each of them is."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Subquery, case, func, select
from sqlalchemy.orm import Session

from scheduler.models import (
    Appointment,
    Patient,
    PlannedSession,
    PlanStatus,
    Practitioner,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.models.appointments import NOT_BOOKED
from scheduler.transaction import reading
from scheduler.usecases.paging import Page


@dataclass(frozen=True, slots=True)
class PlanLine:
    """An active plan in a list."""

    plan_id: int
    name: str
    patient_id: int
    patient: str
    practitioner: str
    starts_on: date
    sessions: int
    completed: int
    to_place: int
    next_at: datetime | None
    """Its next appointment."""


@reading
def list_active_plans(
    session: Session, *, only_to_place: bool = False, page: int = 1, page_size: int = 50, now: datetime
) -> Page[PlanLine]:
    """Active plans; those with nothing booked ahead come first, then by their next appointment."""
    counts, ahead = _session_counts(), _next_appointments(now)
    query = (
        select(
            TreatmentPlan.id,
            TreatmentPlan.name,
            Patient.id,
            Patient.given_name,
            Patient.family_name,
            Practitioner.given_name,
            Practitioner.family_name,
            TreatmentPlan.starts_on,
            counts.c.sessions,
            counts.c.completed,
            counts.c.to_place,
            ahead.c.next_at,
        )
        .join(Patient, Patient.id == TreatmentPlan.patient_id)
        .join(Practitioner, Practitioner.id == TreatmentPlan.practitioner_id)
        .join(counts, counts.c.plan_id == TreatmentPlan.id)
        .outerjoin(ahead, ahead.c.plan_id == TreatmentPlan.id)
        .where(TreatmentPlan.status == PlanStatus.ACTIVE.value)
    )
    if only_to_place:
        query = query.where(counts.c.to_place > 0)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    nothing_first = case((ahead.c.next_at.is_(None), 0), else_=1)
    ordered = query.order_by(nothing_first, ahead.c.next_at, TreatmentPlan.starts_on, TreatmentPlan.id)
    rows = session.execute(ordered.limit(page_size).offset((page - 1) * page_size))
    lines = [
        PlanLine(plan, name, patient, f"{given} {family}", f"{their_given} {their_family}", *rest)
        for plan, name, patient, given, family, their_given, their_family, *rest in rows
    ]
    return Page(items=lines, total=total)


def _session_counts() -> Subquery:
    """By plan: sessions, completed, to_place."""
    return (
        select(
            PlannedSession.plan_id,
            func.count().label("sessions"),
            _count_of(SessionStatus.COMPLETED).label("completed"),
            _count_of(SessionStatus.TO_PLACE).label("to_place"),
        )
        .group_by(PlannedSession.plan_id)
        .subquery()
    )


def _next_appointments(now: datetime) -> Subquery:
    """By plan that has something booked from now on: next_at."""
    return (
        select(PlannedSession.plan_id, func.min(Appointment.starts_at).label("next_at"))
        .join(Appointment, Appointment.planned_session_id == PlannedSession.id)
        .where(Appointment.status.not_in(NOT_BOOKED), Appointment.starts_at >= now)
        .group_by(PlannedSession.plan_id)
        .subquery()
    )


def _count_of(status: SessionStatus) -> ColumnElement[int]:
    return func.sum(case((PlannedSession.status == status.value, 1), else_=0))
