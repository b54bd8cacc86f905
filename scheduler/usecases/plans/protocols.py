"""Protocols: adding, changing, archiving. Editing one never changes plans already written.

A plan is a copy, and says from which version it was made: a protocol that plans refer to is archived by an edit, and
its next version takes its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import AppointmentType, Protocol, ProtocolPhase, TreatmentPlan
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.edits import find_to_change, one_line, prose, refuse_stale, stamp_of
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find, find_in_use
from scheduler.usecases.plans.prescribing import PhaseWish, check_phases
from scheduler.usecases.usage import archive_row, delete_unused, refuse_in_use, restore_row

MOST_REVIEWS, LATEST_REVIEW_MONTHS = 6, 60


@dataclass(frozen=True, slots=True)
class ProtocolDetails:
    """What is entered about a protocol; ``review_months`` are counted from the last session."""

    name: str
    phases: Sequence[PhaseWish]
    condition: str = ""
    source: str = ""
    review_months: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class ListedProtocol:
    """A protocol and how many plans were written from it."""

    protocol: Protocol
    plans: int


@reading
def list_all_protocols(session: Session) -> list[ListedProtocol]:
    """Every version with its phases, those in use first."""
    counted = (
        select(TreatmentPlan.protocol_id, func.count().label("plans"))
        .where(TreatmentPlan.protocol_id.is_not(None))
        .group_by(TreatmentPlan.protocol_id)
        .subquery()
    )
    rows = session.execute(
        select(Protocol, func.coalesce(counted.c.plans, 0))
        .outerjoin(counted, counted.c.protocol_id == Protocol.id)
        .options(selectinload(Protocol.phases))
        .order_by(Protocol.archived_at.is_not(None), Protocol.name, Protocol.version.desc())
    )
    return [ListedProtocol(protocol, plans) for protocol, plans in rows]


@reading
def get_protocol(session: Session, protocol_id: int) -> Protocol:
    """One version with its phases. Raises NotFound."""
    protocol = find(session, Protocol, protocol_id)
    return session.scalars(
        select(Protocol).where(Protocol.id == protocol.id).options(selectinload(Protocol.phases))
    ).one()


def protocol_stamp(protocol: Protocol) -> str:
    """What a form about this protocol must carry."""
    return stamp_of(protocol, *protocol.phases)


def details_of(protocol: Protocol) -> ProtocolDetails:
    """What is stored, as it would be entered."""
    phases = [
        PhaseWish(phase.sessions, phase.min_days, phase.ideal_days, phase.max_days, phase.appointment_type_id)
        for phase in protocol.phases
    ]
    return ProtocolDetails(protocol.name, phases, protocol.condition, protocol.source, protocol.review_months)


@writing
def add_protocol(
    session: Session,
    details: ProtocolDetails,
    *,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Protocol:
    """Add a protocol. Raises InvalidInput naming the field, NotFound for a type, or Conflict for the name."""
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, Protocol, known[0])
    protocol = Protocol()
    _apply(session, protocol, details)
    _refuse_taken(session, protocol.name)
    protocol.version = _next_version(session, protocol.name)
    session.add(protocol)
    session.flush()
    note_deed(session, actor, "protocol_added", "protocol", protocol.id, now=now, name=protocol.name)
    remember(session, actor, idempotency, [protocol.id], now=now)
    return protocol


@writing
def change_protocol(
    session: Session, protocol_id: int, details: ProtocolDetails, *, seen: str, actor: Actor, now: datetime
) -> Protocol:
    """The protocol as it is from now on: a new version where plans were written from it, else the row itself.

    Where nothing is changed, all stays as it is. Raises NotFound, StaleVersion, InvalidInput naming the field, or
    Conflict for the name.
    """
    protocol = find_to_change(session, Protocol, protocol_id)
    session.refresh(protocol, ["phases"])
    refuse_stale(seen, protocol_stamp(protocol))
    if protocol.archived_at is not None:
        raise Conflict("%(name)s is archived. Bring it back to change it.", name=protocol.name)
    if _is_as_stored(details, protocol):
        return protocol
    before = protocol.version
    if _has_plans(session, protocol):
        protocol.archived_at = now
        protocol = Protocol()
    _apply(session, protocol, details)
    _refuse_taken(session, protocol.name, but_id=protocol_id)
    if protocol.id is None or _is_renamed(session, protocol):
        protocol.version = _next_version(session, protocol.name)
    session.add(protocol)
    session.flush()
    note_deed(
        session,
        actor,
        "protocol_changed",
        "protocol",
        protocol.id,
        now=now,
        before_id=protocol_id,
        version_before=before,
        version=protocol.version,
    )
    return protocol


@writing
def archive_protocol(session: Session, protocol_id: int, *, actor: Actor, now: datetime) -> Protocol:
    """Offer a protocol for new plans no more; plans written from it go on. Raises NotFound."""
    protocol = find_to_change(session, Protocol, protocol_id)
    archive_row(session, protocol, "protocol", actor, now)
    return protocol


@writing
def restore_protocol(session: Session, protocol_id: int, *, actor: Actor, now: datetime) -> Protocol:
    """Offer an archived version again. Raises NotFound, or Conflict where another version is in use."""
    protocol = find_to_change(session, Protocol, protocol_id)
    _refuse_taken(session, protocol.name, but_id=protocol.id)
    for phase in protocol.phases:
        if phase.appointment_type_id is not None:
            find_in_use(session, AppointmentType, phase.appointment_type_id)
    restore_row(session, protocol, "protocol", actor, now)
    return protocol


@writing
def delete_protocol(session: Session, protocol_id: int, *, actor: Actor, now: datetime) -> str:
    """Delete an archived version from which no plan was written; its name. Raises NotFound or Conflict."""
    protocol = find_to_change(session, Protocol, protocol_id)
    refuse_in_use(protocol)
    delete_unused(session, protocol, protocol.name, TreatmentPlan.protocol_id == protocol.id)
    note_deed(session, actor, "protocol_deleted", "protocol", protocol_id, now=now, name=protocol.name)
    return protocol.name


def _apply(session: Session, protocol: Protocol, details: ProtocolDetails) -> None:
    check_phases(details.phases)
    for wish in details.phases:
        if wish.appointment_type_id is not None:
            find_in_use(session, AppointmentType, wish.appointment_type_id)
    protocol.name = one_line("name", details.name, needed="Please enter a name.")
    protocol.condition = one_line("condition", details.condition)
    protocol.source = prose("source", details.source)
    protocol.review_months = _review_months(details.review_months)
    # Rows are filled anew and only surplus ones deleted: inserting first, the database would refuse the positions.
    for position, wish in enumerate(details.phases, start=1):
        if position > len(protocol.phases):
            protocol.phases.append(ProtocolPhase(position=position))
        phase = protocol.phases[position - 1]
        phase.sessions, phase.appointment_type_id = wish.sessions, wish.appointment_type_id
        phase.min_days, phase.ideal_days, phase.max_days = wish.min_days, wish.ideal_days, wish.max_days
    del protocol.phases[len(details.phases) :]


def _is_as_stored(details: ProtocolDetails, protocol: Protocol) -> bool:
    asked, stored = (
        replace(each, phases=list(each.phases), review_months=sorted(set(each.review_months)))
        for each in (details, details_of(protocol))
    )
    return asked == stored


def _review_months(months: Sequence[int]) -> list[int]:
    found = sorted(set(months))
    if len(found) > MOST_REVIEWS or any(not 1 <= month <= LATEST_REVIEW_MONTHS for month in found):
        raise InvalidInput("Reviews are up to six numbers of months from 1 to 60.", field="review_months")
    return found


def _has_plans(session: Session, protocol: Protocol) -> bool:
    plans = select(TreatmentPlan.id).where(TreatmentPlan.protocol_id == protocol.id)
    return session.scalar(plans.limit(1)) is not None


def _is_renamed(session: Session, protocol: Protocol) -> bool:
    with session.no_autoflush:
        return session.scalar(select(Protocol.name).where(Protocol.id == protocol.id)) != protocol.name


def _refuse_taken(session: Session, name: str, *, but_id: int = 0) -> None:
    taken = select(Protocol.id).where(
        Protocol.name == name, Protocol.archived_at.is_(None), Protocol.id != but_id
    )
    with session.no_autoflush:
        if session.scalar(taken) is not None:
            raise Conflict("There is already a protocol named %(name)s.", name=name, field="name")


def _next_version(session: Session, name: str) -> int:
    with session.no_autoflush:
        return (session.scalar(select(func.max(Protocol.version)).where(Protocol.name == name)) or 0) + 1
