"""Keeping the slots of a proposal for some minutes while reception is on the phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from scheduler.errors import InvalidInput, NotFound
from scheduler.models import Appointment, AppointmentStatus, Clinic, Hold, Patient, TreatmentPlan
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.booking.held_slots import clear_expired, drop_holds, drop_holds_of_plan, keep_slots
from scheduler.usecases.booking.making import resources_of
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import BIGGEST_ID, find, find_in_use
from scheduler.usecases.series.placement import (
    ChosenSlot,
    refuse_disorder,
    rooms_or_taken,
    sessions_to_place,
    wish_of,
)

LONGEST_MINUTES = 120


@dataclass(frozen=True, slots=True)
class KeptSlot:
    """A slot as a hold keeps it; instants in UTC."""

    number: int | None
    """Of the planned session that it is for."""
    starts_at: datetime
    ends_at: datetime
    practitioner_id: int
    location_id: int
    room_id: int | None


@dataclass(frozen=True, slots=True)
class KeptSlots:
    """A hold with what it keeps, by start."""

    hold: Hold
    slots: list[KeptSlot]


@writing
def hold_slots(
    session: Session,
    plan_id: int,
    *,
    sessions: Sequence[ChosenSlot],
    minutes: int | None = None,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Hold:
    """Keep the chosen slots of a plan for ``minutes`` (the clinic's own number by default), or none of them.

    What was kept for this plan before is let go. Nobody is told and no session is placed. The clinic's rules are asked
    for when the series is placed. Raises SeriesTaken, Conflict, InvalidInput and NotFound as place_plan does.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return _in_force(session, known[0], now)
    plan = find(session, TreatmentPlan, plan_id)
    chosen = sorted(sessions, key=lambda slot: slot.number)
    patient = find_in_use(session, Patient, plan.patient_id)
    length = timedelta(minutes=_checked_minutes(session, minutes))
    wishes = [wish_of(session, plan, patient, slot) for slot in chosen]
    if any(wish.starts_at <= now for wish in wishes):
        raise InvalidInput("A slot that has begun cannot be kept.", field="sessions")
    lock_resources(session, {pair for wish in wishes for pair in resources_of(wish)} | {("plan", plan.id)})
    clear_expired(session, now=now)
    drop_holds_of_plan(session, plan.id)
    planned = sessions_to_place(session, plan, chosen)
    refuse_disorder(session, plan, chosen, wishes)
    rooms = rooms_or_taken(session, chosen, wishes)
    hold = make_hold(session, patient.id, actor, plan_id=plan.id, until=now + length, now=now)
    keep_slots(session, hold, list(zip(wishes, rooms, planned, strict=True)), now=now)
    numbers = [slot.number for slot in chosen]
    _note(session, actor, "slots_held", hold, now, sessions=numbers, minutes=length.seconds // 60)
    remember(session, actor, idempotency, [hold.id], now=now)
    return hold


@writing
def release_hold(session: Session, hold_id: int, *, actor: Actor, now: datetime) -> None:
    """Let go what a hold keeps; one that is over or gone is no error, an unknown number is NotFound."""
    hold = _in_force(session, hold_id, now)
    _note(session, actor, "hold_released", hold, now)
    drop_holds(session, [hold.id])


@reading
def get_hold(session: Session, hold_id: int, *, now: datetime) -> KeptSlots:
    """A hold in force with its slots. Raises NotFound, also when its time is over."""
    return _with_slots(session, [_in_force(session, hold_id, now)])[0]


@reading
def list_holds(session: Session, *, plan_id: int | None = None, now: datetime) -> list[KeptSlots]:
    """Holds in force, those that end first before others."""
    query = select(Hold).where(Hold.expires_at > now).options(joinedload(Hold.patient))
    if plan_id is not None:
        query = query.where(Hold.plan_id == plan_id)
    return _with_slots(session, session.scalars(query.order_by(Hold.expires_at, Hold.id)).all())


def make_hold(
    session: Session,
    patient_id: int,
    actor: Actor,
    *,
    plan_id: int | None = None,
    until: datetime,
    now: datetime,
) -> Hold:
    """Add a hold without slots to the transaction."""
    hold = Hold(
        patient_id=patient_id,
        plan_id=plan_id,
        holder_kind=actor.kind,
        holder_id=actor.id,
        holder_name=actor.name,
        created_at=now,
        expires_at=until,
    )
    session.add(hold)
    session.flush()
    return hold


def _with_slots(session: Session, holds: Sequence[Hold]) -> list[KeptSlots]:
    rows = session.scalars(
        select(Appointment)
        .where(
            Appointment.hold_id.in_([hold.id for hold in holds]),
            Appointment.status == AppointmentStatus.HELD.value,
        )
        .options(joinedload(Appointment.planned_session))
        .order_by(Appointment.starts_at)
    ).all()
    return [KeptSlots(hold, [_slot(row) for row in rows if row.hold_id == hold.id]) for hold in holds]


def _slot(row: Appointment) -> KeptSlot:
    return KeptSlot(
        number=row.planned_session.number if row.planned_session is not None else None,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        practitioner_id=row.practitioner_id,
        location_id=row.location_id,
        room_id=row.room_id,
    )


def _in_force(session: Session, hold_id: int, now: datetime) -> Hold:
    hold = session.get(Hold, hold_id) if 0 < hold_id <= BIGGEST_ID else None
    if hold is None or hold.expires_at <= now:
        raise NotFound("These slots are not kept any more.")
    return hold


def _checked_minutes(session: Session, minutes: int | None) -> int:
    if minutes is None:
        clinic = session.get(Clinic, 1)
        return clinic.hold_minutes if clinic is not None else 10
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise InvalidInput("Slots are kept for 1 to 120 minutes.", field="minutes")
    return minutes


def _note(session: Session, actor: Actor, action: str, hold: Hold, now: datetime, **detail: object) -> None:
    note_deed(
        session,
        actor,
        action,
        "hold",
        hold.id,
        now=now,
        patient_id=hold.patient_id,
        plan_id=hold.plan_id,
        **detail,
    )
