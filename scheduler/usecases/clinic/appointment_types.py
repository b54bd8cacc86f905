"""Appointment types: adding, changing, archiving and, where they were never used, deleting them.

A changed duration or buffer holds for what is booked from then on; what is booked keeps its times.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import (
    Appointment,
    AppointmentType,
    PlannedSession,
    PlanStatus,
    Protocol,
    ProtocolPhase,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.planning.timeline import TICK_MINUTES
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.edits import (
    changed_names,
    colour_code,
    find_to_change,
    one_line,
    refuse_stale,
    stamp_of,
    whole_number,
)
from scheduler.usecases.feeds.tokens import touch_events
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find
from scheduler.usecases.usage import archive_row, delete_unused, refuse_if_booked, refuse_in_use, restore_row

RUNNING = (PlanStatus.DRAFT.value, PlanStatus.ACTIVE.value, PlanStatus.PAUSED.value)
LONGEST_BUSY_MINUTES = 12 * 60


@dataclass(frozen=True, slots=True)
class TypeDetails:
    """What is entered about an appointment type; minutes are multiples of 5."""

    name: str
    duration_minutes: int
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    needs_room: bool = True
    needs_credential: str | None = None
    is_needling: bool = False
    colour: str = "#4f7cac"
    may_resize: bool = False
    """Whether one appointment may be made longer or shorter."""
    patients_may_move: bool = False
    """Whether patients see free times on their own page, as the clinic's rebooking allows."""


@reading
def list_all_types(session: Session) -> list[AppointmentType]:
    """Every type, the archived ones last."""
    query = select(AppointmentType).order_by(AppointmentType.archived_at.is_not(None), AppointmentType.id)
    return list(session.scalars(query))


@reading
def get_type(session: Session, type_id: int) -> AppointmentType:
    """One type, archived or not. Raises NotFound."""
    return find(session, AppointmentType, type_id)


@writing
def add_type(
    session: Session,
    details: TypeDetails,
    *,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> AppointmentType:
    """Add a type. Raises InvalidInput naming the field, or Conflict for the name."""
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, AppointmentType, known[0])
    kind = AppointmentType()
    _apply(session, kind, details)
    session.add(kind)
    session.flush()
    note_deed(session, actor, "type_added", "appointment_type", kind.id, now=now, name=kind.name)
    remember(session, actor, idempotency, [kind.id], now=now)
    return kind


@writing
def change_type(
    session: Session, type_id: int, details: TypeDetails, *, seen: str, actor: Actor, now: datetime
) -> AppointmentType:
    """Change a type; calendars are told of a new name. Raises NotFound, StaleVersion, InvalidInput or Conflict."""
    kind = find_to_change(session, AppointmentType, type_id)
    refuse_stale(seen, stamp_of(kind))
    if kind.is_needling and not details.is_needling:
        _refuse_last_needling(session, kind, "is_needling")
    _apply(session, kind, details)
    fields = changed_names(kind)
    if "name" in fields:
        session.flush()
        touch_events(session, Appointment.appointment_type_id == kind.id, now=now)
    stamp_diaries(session)
    note_deed(session, actor, "type_changed", "appointment_type", kind.id, now=now, fields=fields)
    return kind


@writing
def archive_type(session: Session, type_id: int, *, actor: Actor, now: datetime) -> AppointmentType:
    """Offer a type no more. Raises NotFound, or Conflict while something booked, planned or prescribed needs it."""
    kind = find_to_change(session, AppointmentType, type_id)
    if kind.archived_at is not None:
        return kind
    _refuse_last_needling(session, kind, None)
    refuse_if_booked(session, Appointment.appointment_type_id == kind.id, kind.name, now)
    waiting = session.scalar(
        select(func.count(PlannedSession.id))
        .join(TreatmentPlan)
        .where(
            PlannedSession.appointment_type_id == kind.id,
            PlannedSession.status == SessionStatus.TO_PLACE.value,
            TreatmentPlan.status.in_(RUNNING),
        )
    )
    if waiting:
        raise Conflict(
            "%(name)s cannot be archived yet: %(count)s sessions of running plans are still to be placed with it.",
            name=kind.name,
            count=waiting,
        )
    named = session.scalar(
        select(Protocol.name)
        .join(ProtocolPhase)
        .where(ProtocolPhase.appointment_type_id == kind.id, Protocol.archived_at.is_(None))
    )
    if named is not None:
        raise Conflict(
            "%(name)s cannot be archived yet: the protocol %(protocol)s prescribes it.",
            name=kind.name,
            protocol=named,
        )
    archive_row(session, kind, "type", actor, now)
    return kind


@writing
def restore_type(session: Session, type_id: int, *, actor: Actor, now: datetime) -> AppointmentType:
    """Offer an archived type again. Raises NotFound."""
    kind = find_to_change(session, AppointmentType, type_id)
    restore_row(session, kind, "type", actor, now)
    return kind


@writing
def delete_type(session: Session, type_id: int, *, actor: Actor, now: datetime) -> str:
    """Delete an archived type that nothing refers to; its name. Raises NotFound or Conflict."""
    kind = find_to_change(session, AppointmentType, type_id)
    refuse_in_use(kind)
    delete_unused(session, kind, kind.name)
    note_deed(session, actor, "type_deleted", "appointment_type", kind.id, now=now, name=kind.name)
    return kind.name


def _apply(session: Session, kind: AppointmentType, details: TypeDetails) -> None:
    name = one_line("name", details.name, needed="Please enter a name.")
    # The number is read from the row only where it has one: a new row must not be written half filled.
    taken = select(AppointmentType.id).where(
        AppointmentType.name == name, AppointmentType.id != (kind.id or 0)
    )
    with session.no_autoflush:
        if session.scalar(taken) is not None:
            raise Conflict("There is already an appointment type named %(name)s.", name=name, field="name")
    duration = whole_number("duration_minutes", details.duration_minutes, 5, 480, step=TICK_MINUTES)
    before = whole_number("buffer_before_minutes", details.buffer_before_minutes, 0, 120, step=TICK_MINUTES)
    after = whole_number("buffer_after_minutes", details.buffer_after_minutes, 0, 120, step=TICK_MINUTES)
    if before + duration + after > LONGEST_BUSY_MINUTES:
        raise InvalidInput(
            "An appointment, buffers included, lasts at most 12 hours.", field="duration_minutes"
        )
    kind.name, kind.duration_minutes = name, duration
    kind.buffer_before_minutes, kind.buffer_after_minutes = before, after
    kind.needs_room, kind.is_needling = details.needs_room, details.is_needling
    kind.may_resize, kind.patients_may_move = details.may_resize, details.patients_may_move
    kind.needs_credential = one_line("needs_credential", details.needs_credential or "", most=40) or None
    kind.colour = colour_code(details.colour)


def _refuse_last_needling(session: Session, kind: AppointmentType, field: str | None) -> None:
    """Plans take the needling type where a protocol names none: one must stay."""
    if not kind.is_needling:
        return
    others = select(AppointmentType.id).where(
        AppointmentType.is_needling, AppointmentType.archived_at.is_(None), AppointmentType.id != kind.id
    )
    if session.scalar(others.limit(1)) is None:
        raise Conflict(
            "%(name)s is the only needling type in use; plans need one.",
            name=kind.name,
            **({"field": field} if field else {}),
        )
