"""Whether plans help: values before sessions against the first one, over all active plans or those of one patient."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CTE, and_, func, select
from sqlalchemy.orm import Session

from scheduler.models import (
    Appointment,
    Location,
    Measure,
    Outcome,
    Patient,
    PlannedSession,
    PlanStatus,
    Practitioner,
    Protocol,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.models.base import epoch
from scheduler.transaction import reading
from scheduler.usecases.outcomes.values import RANGES, SMALLEST_CHANGE
from scheduler.usecases.plans.rows import filled_by

SESSIONS_BEFORE_REVIEW = 4


@dataclass(frozen=True, slots=True)
class Course:
    """What one measure was first and is now."""

    measure: str
    first: int
    latest: int

    @property
    def is_better(self) -> bool:
        """Whether it fell by as much as matters."""
        return is_better(self.measure, self.first, self.latest)


@dataclass(frozen=True, slots=True)
class NoBetter:
    """An active plan of which nothing that is measured got better after so many sessions."""

    plan_id: int
    plan: str
    patient_id: int
    patient: str
    practitioner: str
    held: int
    courses: tuple[Course, ...]


@dataclass(frozen=True, slots=True)
class ReviewPoints:
    """Of a plan: the day of its fourth session held, and the days on which its protocol has it reviewed afterwards."""

    plan_id: int
    fourth_on: date | None
    review_on: tuple[date, ...]


@reading
def review_points(session: Session, patient_id: int) -> dict[int, ReviewPoints]:
    """By plan of a patient; reviews count in months from the last session that was held or is booked. One query."""
    rows = session.execute(
        select(
            TreatmentPlan.id,
            Protocol.review_months,
            PlannedSession.status,
            epoch(Appointment.starts_at).label("starts"),
            Location.zone,
        )
        .join(PlannedSession, PlannedSession.plan_id == TreatmentPlan.id)
        .join(Appointment, filled_by())
        .join(Location, Location.id == Appointment.location_id)
        .outerjoin(Protocol, Protocol.id == TreatmentPlan.protocol_id)
        .where(TreatmentPlan.patient_id == patient_id)
        .order_by(TreatmentPlan.id, Appointment.starts_at)
    )
    by_plan: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_plan[row.id].append(row)
    return {number: _points(number, group) for number, group in by_plan.items()}


def _points(plan_id: int, rows: Sequence[Any]) -> ReviewPoints:
    days = [datetime.fromtimestamp(row.starts, ZoneInfo(row.zone)).date() for row in rows]
    held = [on for on, row in zip(days, rows, strict=True) if row.status == SessionStatus.COMPLETED]
    return ReviewPoints(
        plan_id,
        held[SESSIONS_BEFORE_REVIEW - 1] if len(held) >= SESSIONS_BEFORE_REVIEW else None,
        tuple(_months_after(days[-1], months) for months in rows[0].review_months or ()),
    )


def _months_after(on: date, months: int) -> date:
    """The same day so many months later, or the last day of that month."""
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    return on.replace(year=year, month=month + 1, day=min(on.day, monthrange(year, month + 1)[1]))


def is_better(measure: str, first: int, latest: int) -> bool:
    """Whether a value fell by the smallest change that matters, headache days by half, or as low as it can be.

    Rotation is not judged.
    """
    is_gone = latest == RANGES[measure][0] < first and measure != Measure.ROTATION
    return is_gone or _fell_enough(measure, first, latest)


def is_telling(measure: str, first: int, latest: int) -> bool:
    """Whether a value can tell that a plan does not help: it could have got better, or it got worse.

    Who began with pain 2 cannot fall by 2.5; that they are at 1 now is no reason to review anything.
    """
    return _fell_enough(measure, first, RANGES[measure][0]) or latest > first


def _fell_enough(measure: str, first: int, latest: int) -> bool:
    if measure == Measure.HEADACHE_DAYS:
        return latest * 2 <= first and latest < first
    return first - latest >= SMALLEST_CHANGE.get(measure, float("inf"))


@reading
def plans_no_better(session: Session, *, patient_id: int | None = None) -> list[NoBetter]:
    """Active plans in which nothing got better by as much as matters, with four sessions held before the last value.

    One query, however many plans; by plan.
    """
    rows = session.execute(_ends(patient_id)).all()
    by_plan: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_plan[row.plan_id].append(row)
    found = [_judged(plan_id, group) for plan_id, group in by_plan.items()]
    return [line for line in found if line is not None]


def _reached(patient_id: int | None) -> CTE:
    """Active plans with how many sessions were held, and the fourth of them; null where there is none yet."""
    held = (
        select(PlannedSession.id)
        .where(
            PlannedSession.plan_id == TreatmentPlan.id,
            PlannedSession.status == SessionStatus.COMPLETED.value,
        )
        .correlate(TreatmentPlan)
    )
    fourth = held.order_by(PlannedSession.number).limit(1).offset(SESSIONS_BEFORE_REVIEW - 1)
    query = select(
        TreatmentPlan.id.label("plan_id"),
        TreatmentPlan.patient_id,
        fourth.scalar_subquery().label("fourth_id"),
        held.with_only_columns(func.count()).scalar_subquery().label("held"),
    ).where(TreatmentPlan.status == PlanStatus.ACTIVE.value)
    if patient_id is not None:
        query = query.where(TreatmentPlan.patient_id == patient_id)
    # Written out once: the databases would otherwise count the sessions anew for every value.
    return query.cte("reached").prefix_with("MATERIALIZED")


def _first_and_last(reached: CTE) -> CTE:
    """By plan with four sessions held and by measure: each value beside the first; the last is 1 from_end."""
    order = (Outcome.measured_on, Outcome.id)
    partition = (Outcome.plan_id, Outcome.measure)
    return (
        select(
            Outcome.plan_id,
            Outcome.measure,
            func.first_value(Outcome.value).over(partition_by=partition, order_by=order).label("first"),
            Outcome.value.label("latest"),
            Outcome.measured_on,
            func.row_number()
            .over(partition_by=partition, order_by=[column.desc() for column in order])
            .label("from_end"),
            reached.c.held,
            reached.c.fourth_id,
        )
        .select_from(reached)
        # By patient, too: there is an index on it.
        .join(
            Outcome,
            and_(Outcome.patient_id == reached.c.patient_id, Outcome.plan_id == reached.c.plan_id),
        )
        .where(reached.c.fourth_id.is_not(None), Outcome.measure != Measure.ROTATION.value)
        .cte("ends")
    )


def _ends(patient_id: int | None) -> Any:
    """By active plan with four sessions held and by measure, the first value and the last one."""
    values = _first_and_last(_reached(patient_id))
    return (
        select(
            values,
            epoch(Appointment.starts_at).label("starts"),
            Location.zone,
            TreatmentPlan.name.label("plan"),
            TreatmentPlan.patient_id,
            Patient.given_name,
            Patient.family_name,
            Practitioner.given_name.label("their_given"),
            Practitioner.family_name.label("their_family"),
        )
        .join(PlannedSession, PlannedSession.id == values.c.fourth_id)
        .join(Appointment, filled_by())
        .join(Location, Location.id == Appointment.location_id)
        .join(TreatmentPlan, TreatmentPlan.id == values.c.plan_id)
        .join(Patient, Patient.id == TreatmentPlan.patient_id)
        .join(Practitioner, Practitioner.id == TreatmentPlan.practitioner_id)
        .where(values.c.from_end == 1)
        .order_by(values.c.plan_id, values.c.measure)
    )


def _judged(plan_id: int, rows: Sequence[Any]) -> NoBetter | None:
    fourth = datetime.fromtimestamp(rows[0].starts, ZoneInfo(rows[0].zone)).date()
    courses = tuple(_courses(rows, fourth))
    if not courses or any(course.is_better for course in courses):
        return None
    row = rows[0]
    return NoBetter(
        plan_id=plan_id,
        plan=row.plan,
        patient_id=row.patient_id,
        patient=f"{row.given_name} {row.family_name}",
        practitioner=f"{row.their_given} {row.their_family}",
        held=row.held,
        courses=courses,
    )


def _courses(rows: Iterable[Any], fourth: date) -> Iterable[Course]:
    """Of measures whose last value is from after the fourth session and tells whether the plan helps."""
    return (
        Course(row.measure, row.first, row.latest)
        for row in rows
        if row.measured_on > fourth and is_telling(row.measure, row.first, row.latest)
    )
