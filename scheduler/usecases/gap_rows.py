"""Which plans could use a free slot, read in bulk: a fixed number of queries, however many plans there are.

The databases leave out by arithmetic on seconds what cannot fit (a day of slack on either side, as they know no zones);
what they return is judged by planning/gaps.py. A placed or held session always has an appointment that stands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    Row,
    ScalarSelect,
    and_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

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
from scheduler.planning.cadence import Phase, Window, first_window, next_window
from scheduler.planning.gaps import Neighbour, ToMove, ToPlace, Wishes
from scheduler.planning.timeline import TICK_SECONDS

DAY_SECONDS = 86_400
LOOKS_AHEAD = timedelta(days=28)
"""An appointment later than so much after the slot is not offered to come forward."""
STANDS = (SessionStatus.PLACED.value, SessionStatus.COMPLETED.value)
OPEN = (SessionStatus.TO_PLACE.value, *STANDS)
"""Sessions that are not passed over."""
MOVABLE = (AppointmentStatus.BOOKED.value, AppointmentStatus.CONFIRMED.value)


STARTS, ENDS, LATEST = (bindparam(name, type_=UtcDateTime()) for name in ("starts", "ends", "latest"))
SECOND, DAY = bindparam("second", type_=BigInteger()), bindparam("day", type_=Date())


@dataclass(frozen=True, slots=True)
class Asked:
    """The slot that is asked about, as the queries need it."""

    starts_at: datetime
    ends_at: datetime
    day: date
    """Local."""
    today: date


def sessions_to_place(session: Session, asked: Asked) -> list[ToPlace]:
    """The first session to place of every active plan whose window may have opened by the slot's day. Two queries."""
    rows = session.execute(_to_place(), _parameters(asked)).all()
    follows = _neighbours(session, rows)
    return [
        ToPlace(
            number=row.id,
            patient_id=row.patient_id,
            type_id=row.appointment_type_id,
            is_needling=row.is_needling,
            wishes=_wishes(row),
            plan_id=row.plan_id,
            session_number=row.number,
            window=_window(row),
            next=follows.get(row.next_id),
        )
        for row in rows
    ]


@lru_cache(maxsize=1)
def _to_place() -> Any:
    """Made once: putting a statement together takes longer than running it."""
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
        .where(*_of_active_plans(), _window_may_be_open(previous))
    )


def sessions_to_move(session: Session, asked: Asked) -> list[ToMove]:
    """Booked sessions soon after the slot into whose windows its day may fall. Two queries.

    Only those that follow a session that stands: with one before them to place, that one is asked for.
    """
    rows = session.execute(_to_move(), _parameters(asked)).all()
    follows = _neighbours(session, rows)
    return [
        ToMove(
            number=row.appointment_id,
            patient_id=row.patient_id,
            type_id=row.appointment_type_id,
            is_needling=row.is_needling,
            wishes=_wishes(row),
            plan_id=row.plan_id,
            planned_session_id=row.id,
            session_number=row.number,
            day=_day(row.starts, row.zone),
            tick=row.starts // TICK_SECONDS,
            window=_window(row),
            next=follows.get(row.next_id),
        )
        for row in rows
    ]


@lru_cache(maxsize=1)
def _to_move() -> Any:
    previous, place, where = aliased(Appointment), aliased(Location), aliased(Location)
    return (
        _sessions(previous, place)
        .add_columns(
            Appointment.id.label("appointment_id"),
            epoch(Appointment.starts_at).label("starts"),
            where.zone.label("zone"),
        )
        .select_from(Appointment)
        .join(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
        .join(PlanPhase, PlanPhase.id == PlannedSession.phase_id)
        # First of all, as SQLite keeps to this order: most are ruled out by the session before.
        .outerjoin(previous, _fills(previous, _session_before(OPEN)))
        .outerjoin(place, place.id == previous.location_id)
        .join(AppointmentType, AppointmentType.id == PlannedSession.appointment_type_id)
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .join(Patient, Patient.id == TreatmentPlan.patient_id)
        .join(where, where.id == Appointment.location_id)
        .where(
            Appointment.status.in_(MOVABLE),
            Appointment.starts_at >= ENDS,
            Appointment.starts_at < LATEST,
            *_of_active_plans(),
            or_(
                and_(previous.id.is_(None), PlannedSession.number == 1),
                and_(
                    previous.starts_at < STARTS,
                    epoch(previous.starts_at) + PlanPhase.max_days * DAY_SECONDS >= SECOND - DAY_SECONDS,
                ),
            ),
            _window_may_be_open(previous),
        )
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
        TreatmentPlan.preferences,
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
    """The condition that an appointment stands for a planned session, in the words of its index (see plan_rows)."""
    inactive: BindParameter[tuple[str, ...]] = bindparam(
        "inactive", INACTIVE, expanding=True, literal_execute=True
    )
    return and_(
        row.planned_session_id == planned_id,
        row.status.not_in(inactive),
        row.status != AppointmentStatus.HELD.value,
    )


def _of_active_plans() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return TreatmentPlan.status == PlanStatus.ACTIVE.value, Patient.archived_at.is_(None)


def _window_may_be_open(previous: type[Appointment]) -> ColumnElement[bool]:
    """Whether the window has begun by the slot's day, give or take a day."""
    opened = epoch(previous.starts_at) + PlanPhase.min_days * DAY_SECONDS <= SECOND + DAY_SECONDS
    return or_(and_(previous.id.is_(None), TreatmentPlan.starts_on <= DAY), opened)


def _parameters(asked: Asked) -> dict[str, Any]:
    return {
        "starts": asked.starts_at,
        "ends": asked.ends_at,
        "latest": asked.ends_at + LOOKS_AHEAD,
        "second": int(asked.starts_at.timestamp()),
        "day": asked.day,
    }


def _neighbours(session: Session, rows: Iterable[Row[Any]]) -> dict[int, Neighbour]:
    """Planned session -> its appointment, as what comes next after each of the rows."""
    wanted = {row.next_id for row in rows if row.next_id is not None}
    found = session.execute(
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
    return {
        number: Neighbour(_day(start, zone), start // TICK_SECONDS, least, most)
        for number, start, zone, least, most in found
    }


def _window(row: Row[Any]) -> Window:
    phase = _cadence(row.min_days, row.ideal_days, row.max_days)
    if row.previous is None:
        return first_window(row.starts_on, phase)
    return next_window(_day(row.previous, row.previous_zone), phase)


def _wishes(row: Row[Any]) -> Wishes:
    wanted = row.preferences
    return Wishes(
        practitioner_ids=frozenset(wanted.get("practitioner_ids") or ()),
        location_id=wanted.get("location_id"),
        weekdays=frozenset(wanted.get("weekdays") or ()),
        from_minute=wanted.get("from_minute"),
        until_minute=wanted.get("until_minute"),
        usual_practitioner_id=row.practitioner_id,
    )


def _day(second: int, zone: str) -> date:
    return datetime.fromtimestamp(second, clock_of(zone)).date()


@lru_cache(maxsize=256)
def _cadence(min_days: int, ideal_days: int, max_days: int) -> Phase:
    return Phase(1, min_days, ideal_days, max_days)


@lru_cache(maxsize=64)
def clock_of(zone: str) -> ZoneInfo:
    """The zone of that name."""
    return ZoneInfo(zone)
