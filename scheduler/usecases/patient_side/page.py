"""What a patient sees on their own page, and what they may do there: as little as is needed of whose page it is.

A stranger with the link learns a first name, times and places: no family name, no treatment, no plan, nobody's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from scheduler.calendars.event import EventRow
from scheduler.errors import Conflict, NotFound, StaleVersion
from scheduler.models import (
    Appointment,
    AppointmentStatus,
    Clinic,
    Offer,
    OfferStatus,
    OfferTurn,
    Patient,
    PlannedSession,
    PlanStatus,
    Rebooking,
    SessionStatus,
    Task,
    TaskKind,
    TreatmentPlan,
    TurnStatus,
)
from scheduler.models.appointments import NOT_BOOKED
from scheduler.transaction import reading
from scheduler.usecases.booking.state import MOVABLE

MOST_VISITS = 60


@dataclass(frozen=True, slots=True)
class OwnVisit:
    """An appointment to come, and what the patient may do about it now."""

    appointment_id: int
    version: int
    starts_at: datetime
    ends_at: datetime
    location: str
    address: str
    zone: str
    is_confirmed: bool
    may_confirm: bool
    may_cancel: bool
    """Up to the clinic's notice before the start; later the patient is asked to call."""
    may_move: bool
    is_asked_for: bool
    """Another time was asked for, and reception has not answered yet."""


@dataclass(frozen=True, slots=True)
class OwnOffer:
    """A slot that is offered to the patient just now."""

    turn_id: int
    starts_at: datetime
    ends_at: datetime
    location: str
    zone: str
    until: datetime | None
    moves_from: datetime | None
    """The start of the later appointment that would be given up for it."""


@dataclass(frozen=True, slots=True)
class OwnPage:
    """All that the page shows."""

    patient_id: int
    given_name: str
    locale: str
    clinic: str
    phone: str
    email: str
    notice_hours: int
    rebooking: str
    wants_reminders: bool
    offsets_minutes: Sequence[int]
    """How long before they are reminded, by their own choice or the clinic's."""
    wants_invitations: bool
    muted_kinds: Sequence[str]
    has_address: bool
    visits: Sequence[OwnVisit]
    offers: Sequence[OwnOffer]
    done: int
    """Sessions held of the plans that run …"""
    sessions: int
    """… and how many they have; 0: no plan runs."""
    several_zones: bool
    """Times need the name of their zone."""


@reading
def see_own_page(session: Session, patient_id: int, *, now: datetime) -> OwnPage:
    """A patient's page as of now; a fixed number of queries. Raises NotFound."""
    patient, clinic = session.get(Patient, patient_id), session.get(Clinic, 1)
    if patient is None or clinic is None:
        raise NotFound(what="patient")
    rows = _coming(session, patient_id, now)
    asked = _asked_for(session, patient_id)
    done, sessions = _progress(session, patient_id)
    zones = {row.location.zone for row in rows}
    return OwnPage(
        patient_id=patient.id,
        given_name=patient.given_name,
        locale=patient.locale or clinic.locale,
        clinic=clinic.name,
        phone=clinic.phone,
        email=clinic.email,
        notice_hours=clinic.cancel_notice_hours,
        rebooking=clinic.rebooking,
        wants_reminders=patient.wants_reminders,
        offsets_minutes=tuple(patient.reminder_offsets_minutes or clinic.reminder_offsets_minutes),
        wants_invitations=patient.wants_invitations,
        muted_kinds=tuple(patient.muted_kinds or ()),
        has_address=bool(patient.email),
        visits=[_visit(row, clinic, row.id in asked, now) for row in rows],
        offers=_offers(session, patient_id, now),
        done=done,
        sessions=sessions,
        several_zones=len(zones) > 1 or bool(patient.zone and zones - {patient.zone}),
    )


@reading
def own_appointment(session: Session, patient_id: int, appointment_id: int) -> Appointment:
    """An appointment of the patient's that stands. Raises NotFound, also for somebody else's."""
    row = session.get(Appointment, appointment_id) if 0 < appointment_id < 2**31 else None
    if row is None or row.patient_id != patient_id or row.status in NOT_BOOKED:
        raise NotFound(what="appointment")
    return row


@reading
def refuse_late_cancel(
    session: Session, patient_id: int, appointment_id: int, *, version: int, now: datetime
) -> None:
    """Raise Conflict within the clinic's notice, StaleVersion for another version, NotFound for another's."""
    row = own_appointment(patient_id, appointment_id)
    if row.version != version:
        raise StaleVersion(current={"version": row.version})
    if row.status not in MOVABLE or not in_notice(session.get_one(Clinic, 1), row, now):
        raise Conflict("It is too late to cancel here. Please call the clinic.")


@reading
def event_of(session: Session, patient_id: int, appointment_id: int) -> tuple[EventRow, str, str]:
    """An appointment as an event that gives nothing away, the patient's language and the clinic's name.

    Raises NotFound.
    """
    row = own_appointment(patient_id, appointment_id)
    clinic, patient = session.get_one(Clinic, 1), session.get_one(Patient, patient_id)
    event = EventRow(
        uid=row.uid,
        sequence=row.sequence,
        changed_at=int(row.changed_at.timestamp()),
        starts_at=int(row.starts_at.timestamp()),
        ends_at=int(row.ends_at.timestamp()),
        is_cancelled=False,
        location_name=row.location.name,
        address=row.location.address,
        room_name=None,
        type_name=None,
        person_name=None,
        session_number=None,
        session_total=None,
    )
    return event, patient.locale or clinic.locale, clinic.name


def in_notice(clinic: Clinic, row: Appointment, now: datetime) -> bool:
    """Whether there is as much time left until the start as the clinic asks for."""
    return row.starts_at - now >= timedelta(hours=clinic.cancel_notice_hours) and row.starts_at > now


def may_move(clinic: Clinic, row: Appointment, now: datetime) -> bool:
    """Whether reception has opened another time for such appointments, and it is early enough."""
    opened = clinic.rebooking != Rebooking.OFF and row.appointment_type.patients_may_move
    return opened and row.status in MOVABLE and in_notice(clinic, row, now)


def _visit(row: Appointment, clinic: Clinic, is_asked_for: bool, now: datetime) -> OwnVisit:
    return OwnVisit(
        appointment_id=row.id,
        version=row.version,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        location=row.location.name,
        address=row.location.address,
        zone=row.location.zone,
        is_confirmed=row.status != AppointmentStatus.BOOKED,
        may_confirm=row.status == AppointmentStatus.BOOKED and row.starts_at > now,
        may_cancel=row.status in MOVABLE and in_notice(clinic, row, now),
        may_move=may_move(clinic, row, now),
        is_asked_for=is_asked_for,
    )


def _coming(session: Session, patient_id: int, now: datetime) -> Sequence[Appointment]:
    return session.scalars(
        select(Appointment)
        .where(
            Appointment.patient_id == patient_id,
            Appointment.ends_at > now,
            Appointment.status.not_in((*NOT_BOOKED, AppointmentStatus.COMPLETED.value)),
        )
        .options(joinedload(Appointment.location), joinedload(Appointment.appointment_type))
        .order_by(Appointment.starts_at)
        .limit(MOST_VISITS)
        .execution_options(populate_existing=True)
    ).all()


def _asked_for(session: Session, patient_id: int) -> set[int | None]:
    """Appointments for which another time was asked for."""
    open_requests = select(Task.appointment_id).where(
        Task.patient_id == patient_id, Task.kind == TaskKind.REQUEST.value, Task.done_at.is_(None)
    )
    return set(session.scalars(open_requests))


def _progress(session: Session, patient_id: int) -> tuple[int, int]:
    """Sessions held, and all that count, of active plans."""
    rows = session.execute(
        select(PlannedSession.status, func.count())
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .where(TreatmentPlan.patient_id == patient_id, TreatmentPlan.status == PlanStatus.ACTIVE.value)
        .group_by(PlannedSession.status)
    )
    counts = {status: count for status, count in rows if status != SessionStatus.SKIPPED}
    return counts.get(SessionStatus.COMPLETED.value, 0), sum(counts.values())


def _offers(session: Session, patient_id: int, now: datetime) -> list[OwnOffer]:
    turns = session.scalars(
        select(OfferTurn)
        .join(Offer, Offer.id == OfferTurn.offer_id)
        .where(
            OfferTurn.patient_id == patient_id,
            OfferTurn.status == TurnStatus.ASKED.value,
            OfferTurn.expires_at > now,
            Offer.status == OfferStatus.OPEN.value,
            Offer.starts_at > now,
        )
        .options(joinedload(OfferTurn.offer).joinedload(Offer.location), joinedload(OfferTurn.releases))
        .order_by(OfferTurn.starts_at, OfferTurn.id)
    ).unique()
    return [
        OwnOffer(
            turn_id=turn.id,
            starts_at=turn.starts_at,
            ends_at=turn.ends_at,
            location=turn.offer.location.name,
            zone=turn.offer.location.zone,
            until=turn.expires_at,
            moves_from=turn.releases.starts_at if turn.releases else None,
        )
        for turn in turns
    ]
