"""The statements that ask which plans could use a free slot; each is made once, as that takes longer than running it.

The databases leave out by arithmetic on seconds what cannot fit (a day of slack on either side, as they know no zones).
What zones and types there are is known already: with fewer tables to join, PostgreSQL plans and finds in half the time.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    ScalarSelect,
    Text,
    and_,
    bindparam,
    cast,
    func,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from scheduler.models import (
    Appointment,
    AppointmentStatus,
    Patient,
    PlannedSession,
    PlanPhase,
    PlanStatus,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.models.appointments import INACTIVE
from scheduler.models.base import UtcDateTime, among, epoch, numbers, seconds_later

DAY_SECONDS = 86_400
LOOKS_AHEAD = timedelta(days=28)
"""An appointment later than so much after the slot is not offered to come forward."""
STANDS = (SessionStatus.PLACED.value, SessionStatus.COMPLETED.value)
OPEN = (SessionStatus.TO_PLACE.value, *STANDS)
"""Sessions that are not passed over."""
MOVABLE = (AppointmentStatus.BOOKED.value, AppointmentStatus.CONFIRMED.value)


STARTS, ENDS, LATEST = (bindparam(name, type_=UtcDateTime()) for name in ("starts", "ends", "latest"))
SECOND, DAY = bindparam("second", type_=BigInteger()), bindparam("day", type_=Date())
TYPES = numbers("types")

_SHORTEST, _LONGEST = (days * DAY_SECONDS for days in (PlanPhase.min_days, PlanPhase.max_days))


@dataclass(frozen=True, slots=True)
class Asked:
    """The slot that is asked about, as the queries need it."""

    starts_at: datetime
    ends_at: datetime
    day: date
    """Local."""
    today: date
    type_ids: Sequence[int]
    """What fits into it at its usual length …"""
    movable_type_ids: Sequence[int]
    """… and whatever is booked, as an appointment may be shorter than usual."""

    def parameters(self, type_ids: Sequence[int]) -> dict[str, Any]:
        """For `to_place` and `to_move`, of these types."""
        return {
            "starts": self.starts_at,
            "ends": self.ends_at,
            "latest": self.ends_at + LOOKS_AHEAD,
            "second": int(self.starts_at.timestamp()),
            "day": self.day,
            "types": type_ids,
        }


@lru_cache(maxsize=2)
def to_place(dialect: str) -> Any:
    """The first session to place of every active plan whose window may have opened by the slot's day."""
    planned = _first_to_place(dialect)
    previous = aliased(Appointment)
    return (
        _sessions(planned)
        .add_columns(
            epoch(previous.starts_at).label("previous"), previous.location_id.label("previous_location_id")
        )
        .select_from(TreatmentPlan)
        .join(planned, planned.plan_id == TreatmentPlan.id)
        .join(PlanPhase, PlanPhase.id == planned.phase_id)
        .join(Patient, Patient.id == TreatmentPlan.patient_id)
        .outerjoin(previous, _fills(previous, _session_before(planned)))
        .where(
            *_fitting_in_active_plans(planned),
            or_(
                and_(previous.id.is_(None), TreatmentPlan.starts_on <= DAY),
                epoch(previous.starts_at) + _SHORTEST <= SECOND + DAY_SECONDS,
            ),
        )
    )


def _first_to_place(dialect: str) -> Any:
    """The first session to place of each plan, by its ``plan_id``.

    PostgreSQL looks it up for each active plan, and past ones cost nothing. SQLite cannot; there the other columns
    beside a minimum are those of its row.
    """
    row = aliased(PlannedSession)
    found = select(row).where(row.status == SessionStatus.TO_PLACE.value)
    if dialect == "postgresql":
        found = found.where(row.plan_id == TreatmentPlan.id).order_by(row.number).limit(1)
        return aliased(PlannedSession, found.correlate(TreatmentPlan).lateral())
    smallest = func.min(row.number).label("smallest")
    return aliased(PlannedSession, found.add_columns(smallest).group_by(row.plan_id).subquery())


@lru_cache(maxsize=1)
def to_move() -> Any:
    """Booked sessions soon after the slot, following one that stands, into whose windows its day may fall."""
    pair = union_all(_after_one_that_stands(), _first_ones()).cte("pair").prefix_with("MATERIALIZED")
    return (
        _sessions(PlannedSession)
        .add_columns(
            pair.c.previous,
            pair.c.location_id.label("previous_location_id"),
            Appointment.id.label("appointment_id"),
            epoch(Appointment.starts_at).label("starts"),
            epoch(Appointment.ends_at).label("ends"),
            Appointment.location_id,
        )
        .select_from(pair)
        .join(PlannedSession, PlannedSession.id == pair.c.planned_id)
        .join(Appointment, Appointment.planned_session_id == PlannedSession.id)
        .join(PlanPhase, PlanPhase.id == PlannedSession.phase_id)
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .join(Patient, Patient.id == TreatmentPlan.patient_id)
        .where(
            Appointment.status.in_(MOVABLE),
            Appointment.starts_at >= ENDS,
            Appointment.starts_at < LATEST,
            *_fitting_in_active_plans(PlannedSession),
            or_(
                and_(pair.c.previous.is_(None), TreatmentPlan.starts_on <= DAY),
                and_(
                    pair.c.previous + _LONGEST >= SECOND - DAY_SECONDS,
                    pair.c.previous + _SHORTEST <= SECOND + DAY_SECONDS,
                ),
            ),
        )
    )


def _after_one_that_stands() -> Any:
    """The sessions that follow those held or booked so long before the slot that it may lie in their windows.

    From the earlier one to the later, as few of them are so near; no window is longer or shorter than any phase's.
    """
    earlier = aliased(PlannedSession)
    longest = select(func.max(PlanPhase.max_days)).scalar_subquery()
    shortest = select(func.min(PlanPhase.min_days)).scalar_subquery()
    return (
        select(
            _next_after(earlier, OPEN).label("planned_id"),
            epoch(Appointment.starts_at).label("previous"),
            Appointment.location_id,
        )
        .join(earlier, _fills(Appointment, earlier.id))
        .where(
            earlier.status.in_(OPEN),
            Appointment.starts_at < STARTS,
            Appointment.starts_at >= seconds_later(STARTS, (longest + 1) * -DAY_SECONDS),
            Appointment.starts_at <= seconds_later(STARTS, (shortest - 1) * -DAY_SECONDS),
        )
    )


def _first_ones() -> Any:
    """The first sessions of plans, as far as they are booked."""
    return select(PlannedSession.id, null(), null()).where(
        PlannedSession.number == 1, PlannedSession.status == SessionStatus.PLACED.value
    )


@lru_cache(maxsize=1)
def neighbours() -> Any:
    """The appointments of some planned sessions (`wanted`), and the gaps that they should keep."""
    return (
        select(
            PlannedSession.id,
            epoch(Appointment.starts_at),
            Appointment.location_id,
            PlanPhase.min_days,
            PlanPhase.max_days,
        )
        .join(PlanPhase, PlanPhase.id == PlannedSession.phase_id)
        .join(Appointment, _fills(Appointment, PlannedSession.id))
        .where(among(PlannedSession.id, numbers("wanted")))
    )


def _sessions(planned: Any) -> Any:
    """The columns that a plan's session is judged by, with the session that stands after it."""
    return select(
        planned.id,
        planned.plan_id,
        planned.number,
        planned.appointment_type_id,
        PlanPhase.min_days,
        PlanPhase.ideal_days,
        PlanPhase.max_days,
        TreatmentPlan.patient_id,
        TreatmentPlan.practitioner_id,
        # As text: hardly any two plans wish for something else, and reading JSON costs more than the query.
        cast(TreatmentPlan.preferences, Text).label("preferences"),
        TreatmentPlan.starts_on,
        _next_after(planned, STANDS).label("next_id"),
    )


def _next_after(planned: Any, states: Collection[str]) -> ScalarSelect[int]:
    """The next session of the plan in one of these states."""
    after = aliased(PlannedSession)
    return (
        select(after.id)
        .where(after.plan_id == planned.plan_id, after.number > planned.number, after.status.in_(states))
        .order_by(after.number)
        .limit(1)
        .correlate(planned)
        .scalar_subquery()
    )


def _session_before(planned: Any) -> ScalarSelect[int]:
    """The last session before a planned session that stands."""
    earlier = aliased(PlannedSession)
    return (
        select(earlier.id)
        .where(
            earlier.plan_id == planned.plan_id,
            earlier.number < planned.number,
            earlier.status.in_(STANDS),
        )
        .order_by(earlier.number.desc())
        .limit(1)
        .correlate(planned)
        .scalar_subquery()
    )


def _fills(row: type[Appointment], planned_id: Any) -> ColumnElement[bool]:
    """The condition that an appointment stands for a planned session, in the words of its index (see plans/rows.py)."""
    inactive: Any = bindparam("inactive", INACTIVE, expanding=True, literal_execute=True)
    return and_(
        row.planned_session_id == planned_id,
        row.status.not_in(inactive),
        row.status != AppointmentStatus.HELD.value,
    )


def _fitting_in_active_plans(planned: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        TreatmentPlan.status == PlanStatus.ACTIVE.value,
        Patient.archived_at.is_(None),
        among(planned.appointment_type_id, TYPES),
    )
