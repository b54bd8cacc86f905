"""The statements that ask which plans could use a free slot; each is made once, as that takes longer than running it.

The databases leave out by arithmetic on seconds what cannot fit (a day of slack on either side, as they know no zones).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    ScalarSelect,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    Location,
    Patient,
    PlannedSession,
    PlanPhase,
    PlanStatus,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.models.appointments import INACTIVE
from scheduler.models.base import UtcDateTime, epoch

DAY_SECONDS = 86_400
LOOKS_AHEAD = timedelta(days=28)
"""An appointment later than so much after the slot is not offered to come forward."""
STANDS = (SessionStatus.PLACED.value, SessionStatus.COMPLETED.value)
OPEN = (SessionStatus.TO_PLACE.value, *STANDS)
"""Sessions that are not passed over."""
MOVABLE = (AppointmentStatus.BOOKED.value, AppointmentStatus.CONFIRMED.value)


STARTS, ENDS, LATEST = (bindparam(name, type_=UtcDateTime()) for name in ("starts", "ends", "latest"))
SECOND, DAY = bindparam("second", type_=BigInteger()), bindparam("day", type_=Date())
TYPES: BindParameter[Any] = bindparam("types", expanding=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """The slot that is asked about, as the queries need it."""

    starts_at: datetime
    ends_at: datetime
    day: date
    """Local."""
    today: date
    type_ids: Sequence[int]
    """What fits into it."""

    @property
    def parameters(self) -> dict[str, Any]:
        """For `to_place` and `to_move`."""
        return {
            "starts": self.starts_at,
            "ends": self.ends_at,
            "latest": self.ends_at + LOOKS_AHEAD,
            "second": int(self.starts_at.timestamp()),
            "day": self.day,
            "types": self.type_ids,
        }


@lru_cache(maxsize=1)
def to_place() -> Any:
    """The first session to place of every active plan whose window may have opened by the slot's day."""
    first = (
        select(PlannedSession.plan_id, func.min(PlannedSession.number).label("number"))
        .where(PlannedSession.status == SessionStatus.TO_PLACE.value)
        .group_by(PlannedSession.plan_id)
        .subquery()
    )
    previous, place = aliased(Appointment), aliased(Location)
    return (
        _sessions(previous, place)
        .select_from(first)
        .join(
            PlannedSession,
            and_(PlannedSession.plan_id == first.c.plan_id, PlannedSession.number == first.c.number),
        )
        .join(PlanPhase, PlanPhase.id == PlannedSession.phase_id)
        .join(AppointmentType, AppointmentType.id == PlannedSession.appointment_type_id)
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .join(Patient, Patient.id == TreatmentPlan.patient_id)
        .outerjoin(previous, _fills(previous, _session_before(STANDS)))
        .outerjoin(place, place.id == previous.location_id)
        .where(*_fitting_in_active_plans(), _window_may_be_open(previous))
    )


@lru_cache(maxsize=1)
def to_move() -> Any:
    """Booked sessions soon after the slot, following one that stands, into whose windows its day may fall."""
    # Kept apart, or PostgreSQL would look for the session before twice: to join by it, and to sort by it.
    booked = (
        select(
            Appointment.id,
            PlannedSession.id.label("planned_id"),
            PlannedSession.phase_id,
            PlannedSession.number,
            _session_before(OPEN).label("previous_id"),
        )
        .select_from(Appointment)
        .join(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
        .where(
            Appointment.status.in_(MOVABLE),
            Appointment.starts_at >= ENDS,
            Appointment.starts_at < LATEST,
        )
        .cte("booked")
        .prefix_with("MATERIALIZED")
    )
    previous, place, where = aliased(Appointment), aliased(Location), aliased(Location)
    return (
        _sessions(previous, place)
        .add_columns(
            Appointment.id.label("appointment_id"),
            epoch(Appointment.starts_at).label("starts"),
            where.zone.label("zone"),
        )
        .select_from(booked)
        .join(PlanPhase, PlanPhase.id == booked.c.phase_id)
        # First of all, as SQLite keeps to this order: most are ruled out by the session before.
        .outerjoin(previous, _fills(previous, booked.c.previous_id))
        .outerjoin(place, place.id == previous.location_id)
        .join(PlannedSession, PlannedSession.id == booked.c.planned_id)
        .join(Appointment, Appointment.id == booked.c.id)
        .join(AppointmentType, AppointmentType.id == PlannedSession.appointment_type_id)
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .join(Patient, Patient.id == TreatmentPlan.patient_id)
        .join(where, where.id == Appointment.location_id)
        .where(
            *_fitting_in_active_plans(),
            or_(
                and_(previous.id.is_(None), booked.c.number == 1),
                and_(
                    previous.starts_at < STARTS,
                    epoch(previous.starts_at) + PlanPhase.max_days * DAY_SECONDS >= SECOND - DAY_SECONDS,
                ),
            ),
            _window_may_be_open(previous),
        )
    )


@lru_cache(maxsize=1)
def neighbours() -> Any:
    """The appointments of some planned sessions (`wanted`), and the gaps that they should keep."""
    wanted: BindParameter[Any] = bindparam("wanted", expanding=True)
    return (
        select(
            PlannedSession.id,
            epoch(Appointment.starts_at),
            Location.zone,
            PlanPhase.min_days,
            PlanPhase.max_days,
        )
        .join(PlanPhase, PlanPhase.id == PlannedSession.phase_id)
        .join(Appointment, _fills(Appointment, PlannedSession.id))
        .join(Location, Location.id == Appointment.location_id)
        .where(PlannedSession.id.in_(wanted))
    )


def _sessions(previous: type[Appointment], place: type[Location]) -> Any:
    """The columns that a plan's session is judged by, with the session that stands before and after it."""
    after = aliased(PlannedSession)
    following = (
        select(after.id)
        .where(
            after.plan_id == PlannedSession.plan_id,
            after.number > PlannedSession.number,
            after.status.in_(STANDS),
        )
        .order_by(after.number)
        .limit(1)
        .correlate(PlannedSession)
        .scalar_subquery()
    )
    return select(
        PlannedSession.id,
        PlannedSession.plan_id,
        PlannedSession.number,
        PlannedSession.appointment_type_id,
        AppointmentType.is_needling,
        PlanPhase.min_days,
        PlanPhase.ideal_days,
        PlanPhase.max_days,
        TreatmentPlan.patient_id,
        TreatmentPlan.practitioner_id,
        # As text: hardly any two plans wish for something else, and reading JSON costs more than the query.
        cast(TreatmentPlan.preferences, Text).label("preferences"),
        TreatmentPlan.starts_on,
        epoch(previous.starts_at).label("previous"),
        place.zone.label("previous_zone"),
        following.label("next_id"),
    )


def _session_before(statuses: Sequence[str]) -> ScalarSelect[int]:
    """The last session before a planned session that has one of these statuses."""
    earlier = aliased(PlannedSession)
    return (
        select(earlier.id)
        .where(
            earlier.plan_id == PlannedSession.plan_id,
            earlier.number < PlannedSession.number,
            earlier.status.in_(statuses),
        )
        .order_by(earlier.number.desc())
        .limit(1)
        .correlate(PlannedSession)
        .scalar_subquery()
    )


def _fills(row: type[Appointment], planned_id: Any) -> ColumnElement[bool]:
    """The condition that an appointment stands for a planned session, in the words of its index (see plans/rows.py)."""
    inactive: BindParameter[tuple[str, ...]] = bindparam(
        "inactive", INACTIVE, expanding=True, literal_execute=True
    )
    return and_(
        row.planned_session_id == planned_id,
        row.status.not_in(inactive),
        row.status != AppointmentStatus.HELD.value,
    )


def _fitting_in_active_plans() -> tuple[ColumnElement[bool], ...]:
    return (
        TreatmentPlan.status == PlanStatus.ACTIVE.value,
        Patient.archived_at.is_(None),
        PlannedSession.appointment_type_id.in_(TYPES),
    )


def _window_may_be_open(previous: type[Appointment]) -> ColumnElement[bool]:
    """Whether the window has begun by the slot's day, give or take a day."""
    opened = epoch(previous.starts_at) + PlanPhase.min_days * DAY_SECONDS <= SECOND + DAY_SECONDS
    return or_(and_(previous.id.is_(None), TreatmentPlan.starts_on <= DAY), opened)
