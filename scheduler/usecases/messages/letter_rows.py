"""Reading letters: each message with its person, its appointments or its offer, and what was told before."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from scheduler.models.appointments import NOT_BOOKED, Appointment
from scheduler.models.base import among, these
from scheduler.models.clinic import Clinic, Location, Room
from scheduler.models.messages import Message, MessageItem, MessageKind, MessageState
from scheduler.models.offers import Offer, OfferTurn
from scheduler.models.patients import Patient, PatientLink
from scheduler.models.plans import PlannedSession, PlanStatus, TreatmentPlan
from scheduler.models.practitioners import Practitioner
from scheduler.usecases.messages.letters import Letter, Offered, OwnLink, Sender, Visit
from scheduler.usecases.messages.summary_facts import day_list, summarise
from scheduler.usecases.messages.templates import own_words
from scheduler.usecases.patient_side.check_in import OPENS

K = MessageKind
CONFIRMATIONS = (K.CONFIRMATION.value, K.SERIES_CONFIRMATION.value)
OF_OFFERS = (K.OFFER.value, K.OFFER_EXPIRED.value)
CHANGES = (K.CHANGE.value, K.SERIES_CHANGED.value)
HANDED_OVER = (MessageState.SENT.value, MessageState.SENDING.value, MessageState.UNKNOWN.value)


def load_letters(session: Session, ids: Sequence[int], *, now: datetime) -> list[Letter]:
    """The letters of some messages in the order of ``ids``, with a fixed number of statements for any number.

    A message of which nothing is left to tell (its appointments were deleted) has no letter.
    """
    if not ids:
        return []
    sender = sender_of(session)
    letters = {letter.id: letter for letter in _read_letters(session, ids, sender, now)}
    history = _History(session, [letter for letter in letters.values() if letter.kind not in CONFIRMATIONS])
    own = own_words(session) or None
    return [history.add_to(letters[number])._replace(own_words=own) for number in ids if number in letters]


def sender_of(session: Session) -> Sender:
    """The clinic as its mails name it."""
    clinic = session.get_one(Clinic, 1)
    zones = session.scalar(select(func.count(Location.zone.distinct())).where(Location.archived_at.is_(None)))
    return Sender(
        name=clinic.name,
        email=clinic.email,
        phone=clinic.phone,
        locale=clinic.locale,
        several_zones=(zones or 0) > 1,
    )


_OF_MESSAGES = (
    Message.id,
    Message.kind,
    Message.message_id,
    Message.recipient,
    Message.attempts,
    Message.pointless_at,
    Message.patient_id,
    Message.offer_turn_id,
    Message.practitioner_id,
    Message.about_on,
    Patient.email,
    Patient.given_name,
    Patient.family_name,
    Patient.locale,
    Patient.zone.label("patient_zone"),
    Patient.wants_reminders,
    Patient.wants_invitations,
    Patient.muted_kinds,
    Patient.archived_at,
    PatientLink.id.label("link_id"),
    PatientLink.nonce,
)
_OF_VISITS = (
    MessageItem.appointment_id,
    MessageItem.sequence.label("told_sequence"),
    MessageItem.starts_at.label("told_at"),
    Appointment.uid,
    Appointment.changed_at,
    Appointment.sequence,
    Appointment.starts_at,
    Appointment.ends_at,
    Appointment.status,
    Practitioner.given_name.label("practitioner_given_name"),
    Practitioner.family_name.label("practitioner_family_name"),
    Location.name.label("location"),
    Location.address,
    Location.zone,
    Room.name.label("room"),
    TreatmentPlan.status.label("plan_status"),
)


def _good_link(now: datetime) -> ColumnElement[bool]:
    """The condition that joins a patient and the newest link of theirs that is good."""
    other = aliased(PatientLink)
    newest = select(func.max(other.id)).where(
        other.patient_id == Patient.id, other.revoked_at.is_(None), other.expires_at > now
    )
    return PatientLink.id == newest.scalar_subquery()


def _read_letters(session: Session, ids: Sequence[int], sender: Sender, now: datetime) -> Iterator[Letter]:
    rows = session.execute(
        select(*_OF_MESSAGES, *_OF_VISITS)
        .outerjoin(Patient, Patient.id == Message.patient_id)
        .outerjoin(PatientLink, _good_link(now))
        .outerjoin(MessageItem, MessageItem.message_row_id == Message.id)
        .outerjoin(Appointment, Appointment.id == MessageItem.appointment_id)
        .outerjoin(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .outerjoin(Location, Location.id == Appointment.location_id)
        .outerjoin(Room, Room.id == Appointment.room_id)
        .outerjoin(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
        .outerjoin(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .where(among(Message.id, these(ids)))
        .order_by(Message.id, Appointment.starts_at)
    ).all()
    clinic = session.get(Clinic, 1)
    asks = clinic is not None and clinic.asks_check_in
    offered = _read_offers(session, [row.offer_turn_id for row in rows if row.kind in OF_OFFERS])
    for _, found in groupby(rows, key=lambda row: row.id):
        group = list(found)
        first = group[0]
        letter = _letter(first, tuple(_visit(row) for row in group if row.appointment_id), sender)
        letter = letter._replace(asks_check_in=asks and _is_asked(first, now))
        if first.kind == K.WEEKLY_SUMMARY:
            yield letter._replace(summary=summarise(session, first.recipient, today=first.about_on, now=now))
        elif first.kind == K.DAY_LIST:
            yield _to_practitioner(session, letter, first)
        elif first.kind in OF_OFFERS:
            yield letter._replace(offered=offered.get(first.offer_turn_id))
        elif letter.visits:
            yield letter


def _to_practitioner(session: Session, letter: Letter, row: Any) -> Letter:
    practitioner = session.get_one(Practitioner, row.practitioner_id)
    return letter._replace(
        recipient=practitioner.email or "",
        given_name=practitioner.given_name,
        name=practitioner.name,
        day=day_list(session, practitioner.id, row.about_on),
    )


def _letter(row: Any, visits: tuple[Visit, ...], sender: Sender) -> Letter:
    to_patient = row.patient_id is not None
    own_address = (row.email or "") if row.archived_at is None else ""
    return Letter(
        id=row.id,
        kind=row.kind,
        message_id=row.message_id,
        recipient=own_address if to_patient else row.recipient,
        recipient_told=row.recipient,
        given_name=row.given_name or "",
        name=f"{row.given_name} {row.family_name}" if to_patient else "",
        locale=row.locale or sender.locale,
        zone=row.patient_zone,
        wants_reminders=bool(row.wants_reminders),
        attempts=row.attempts,
        pointless_at=row.pointless_at,
        visits=visits,
        sender=sender,
        muted=row.kind in (row.muted_kinds or ()),
        wants_invitations=bool(row.wants_invitations),
        page=OwnLink(row.link_id, row.nonce) if row.link_id and own_address else None,
    )


def _is_asked(row: Any, now: datetime) -> bool:
    """Whether the page asks how the patient is before this appointment, or will soon after the mail is there."""
    return (
        row.plan_status == PlanStatus.ACTIVE
        and row.starts_at <= now + OPENS
        and K.CHECK_IN.value not in (row.muted_kinds or ())
    )


def _visit(row: Any) -> Visit:
    return Visit(
        appointment_id=row.appointment_id,
        uid=row.uid,
        sequence=row.sequence,
        changed_at=row.changed_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        active=row.status not in NOT_BOOKED,
        practitioner=f"{row.practitioner_given_name} {row.practitioner_family_name}",
        location=row.location,
        address=row.address,
        room=row.room or "",
        zone=row.zone,
        told_sequence=row.told_sequence,
        told_at=row.told_at,
    )


def _read_offers(session: Session, turn_ids: Sequence[int | None]) -> dict[int, Offered]:
    """Turn -> what is offered in it."""
    if not turn_ids:
        return {}
    released = aliased(Appointment)
    told = select(Message.id).where(
        Message.offer_turn_id == OfferTurn.id,
        Message.kind == K.OFFER.value,
        Message.state.in_(HANDED_OVER),
    )
    rows = session.execute(
        select(
            OfferTurn,
            Practitioner,
            Location,
            released.starts_at,
            told.exists().label("was_told"),
        )
        .join(Offer, Offer.id == OfferTurn.offer_id)
        .join(Practitioner, Practitioner.id == Offer.practitioner_id)
        .join(Location, Location.id == Offer.location_id)
        .outerjoin(released, released.id == OfferTurn.releases_id)
        .where(OfferTurn.id.in_(turn_ids))
        .execution_options(populate_existing=True)
    )
    return {
        turn.id: Offered(
            turn_id=turn.id,
            status=turn.status,
            asked_at=turn.asked_at,
            expires_at=turn.expires_at,
            starts_at=turn.starts_at,
            ends_at=turn.ends_at,
            releases_at=releases_at,
            practitioner=practitioner.name,
            location=location.name,
            address=location.address,
            zone=location.zone,
            was_told=was_told,
        )
        for turn, practitioner, location, releases_at, was_told in rows
    }


class _History:
    """What patients were told before about the appointments of some letters."""

    def __init__(self, session: Session, letters: Sequence[Letter]) -> None:
        self._rows: dict[int, list[Any]] = defaultdict(list)
        ids = [visit.appointment_id for letter in letters for visit in letter.visits]
        if not ids:
            return
        for row in session.execute(
            select(
                MessageItem.appointment_id,
                MessageItem.sequence,
                MessageItem.starts_at,
                Message.kind,
                Message.state,
                Message.message_id,
            )
            .join(Message, Message.id == MessageItem.message_row_id)
            .where(among(MessageItem.appointment_id, these(ids)), Message.state.in_(HANDED_OVER))
            .order_by(Message.id)
        ):
            self._rows[row.appointment_id].append(row)

    def add_to(self, letter: Letter) -> Letter:
        """The letter with its thread and, for changes, what was told last of each appointment."""
        if not letter.visits or letter.kind in CONFIRMATIONS:
            return letter
        rows = self._rows.get(letter.visits[0].appointment_id, ())
        thread = next((row.message_id for row in rows if row.kind in CONFIRMATIONS), None)
        if letter.kind not in CHANGES:
            return letter._replace(thread=thread)
        return letter._replace(thread=thread, visits=tuple(map(self._told, letter.visits)))

    def _told(self, visit: Visit) -> Visit:
        rows = self._rows.get(visit.appointment_id, ())
        last = next((row for row in reversed(rows) if row.state == MessageState.SENT), None)
        if last is None:
            return visit
        return visit._replace(previous_at=last.starts_at, last_told_sequence=last.sequence)
