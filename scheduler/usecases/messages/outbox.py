"""Owing mails, and withdrawing them, inside the transaction of the booking that they speak of.

These helpers take the open session and never commit. Nothing is owed to patients without an address or archived,
nor about what has already begun. A message says which start it speaks of; its words are made when it is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import Session, aliased

from scheduler.models.appointments import INACTIVE, NOT_BOOKED, Appointment
from scheduler.models.clinic import Clinic, Location
from scheduler.models.messages import Message, MessageItem, MessageKind, MessageState
from scheduler.models.patients import Patient
from scheduler.planning.due import ReminderPolicy, reminders_due
from scheduler.usecases.messages.outbox_rows import UNSENT, Draft, write_drafts

K = MessageKind
OF_A_SERIES = (K.SERIES_CONFIRMATION.value, K.SERIES_CHANGED.value)
MOVED = "The appointment was moved."
CANCELLED = "The appointment was cancelled."
REPLACED = "A later message says the same and more."


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an appointment's messages go to, and the zone whose night is quiet."""

    address: str
    wants_reminders: bool
    offsets_minutes: tuple[int, ...] | None
    """How long before the start reminders are wanted; None: as the clinic does it."""
    zone: str


def owe_confirmation(session: Session, appointment: Appointment, *, now: datetime) -> None:
    """Owe the patient one mail that confirms an appointment."""
    _owe_at_once(session, K.CONFIRMATION, [appointment], now)


def owe_series_confirmation(session: Session, appointments: Sequence[Appointment], *, now: datetime) -> None:
    """Owe one mail that lists all dates of a series of one patient; a single one is confirmed as such."""
    kind = K.CONFIRMATION if len(appointments) == 1 else K.SERIES_CONFIRMATION
    _owe_at_once(session, kind, appointments, now)


def owe_invitations(session: Session, appointments: Sequence[Appointment], *, now: datetime) -> None:
    """Owe one mail with all dates of one patient who chose only now to get them as invitations."""
    _owe_at_once(session, K.SERIES_CONFIRMATION, appointments, now, batch=f"invitations:{now.isoformat()}")


def owe_change(session: Session, appointment: Appointment, *, now: datetime) -> None:
    """Owe a mail that tells the appointment's new state; unsent ones that told an earlier state are withdrawn."""
    kinds = (K.CONFIRMATION.value, K.CHANGE.value)
    _withdraw(session, appointment, REPLACED, Message.kind.in_(kinds))
    _owe_at_once(session, K.CHANGE, [appointment], now)


def owe_series_change(
    session: Session, appointments: Sequence[Appointment], *, batch: str, now: datetime
) -> None:
    """Owe one mail that lists these dates of one patient, new or moved.

    Others of the same ``batch`` and patient that are still unsent are told in the same mail; unsent mails that told an
    earlier state of these dates are withdrawn.
    """
    for row in appointments:
        single = Message.kind.in_((K.CONFIRMATION.value, K.CHANGE.value))
        _withdraw(session, row, REPLACED, single)
    earlier = _unsent_of_batch(session, appointments[0].patient_id, batch)
    if earlier is not None:
        told = {row.id for row in appointments}
        more = select(Appointment).join(MessageItem, MessageItem.appointment_id == Appointment.id)
        more = more.where(MessageItem.message_row_id == earlier.id, Appointment.status.not_in(NOT_BOOKED))
        appointments = [*appointments, *(row for row in session.scalars(more) if row.id not in told)]
        earlier.state, earlier.server_reply = MessageState.CANCELLED.value, REPLACED
        earlier.claimed_by = None
        session.flush()
    _owe_at_once(session, K.SERIES_CHANGED, appointments, now, batch=batch)


def _unsent_of_batch(session: Session, patient_id: int, batch: str) -> Message | None:
    """The patient's mail of this batch that can still be taken back, locked."""
    query = select(Message).where(
        Message.patient_id == patient_id, Message.batch == batch, Message.state.in_(UNSENT)
    )
    return session.scalars(query.order_by(Message.id.desc()).limit(1).with_for_update()).first()


def owe_cancellation(session: Session, appointment: Appointment, *, now: datetime) -> None:
    """Owe a mail that takes an appointment back."""
    owe_cancellations(session, [appointment], now=now)


def owe_cancellations(session: Session, appointments: Sequence[Appointment], *, now: datetime) -> None:
    """Owe one mail that takes all of these appointments of one patient back, listing every date."""
    _owe_at_once(session, K.CANCELLATION, appointments, now)


def owe_reminders(session: Session, appointments: Sequence[Appointment], *, now: datetime) -> None:
    """Owe the reminders that the clinic's policy, or the patient's own, asks for; the booking counts from ``now``.

    A reminder of the same start and offset that is already there stays the only one, so a change of room or
    practitioner leaves reminders as they are (they are worded when sent).
    """
    clinic = session.get(Clinic, 1)
    if clinic is None:
        return
    people = people_to_tell(session, appointments, now)
    known = known_reminders(session, [row.id for row in appointments if row.sequence])
    drafts = [
        Draft(K.REMINDER, [appointment], person.address, due.due_at, due.offset_minutes)
        for appointment in appointments
        if (person := people.get(appointment.id)) and person.wants_reminders
        for due in reminders_due(
            appointment.starts_at, now, ZoneInfo(person.zone), policy_for(clinic, person), now
        )
        if (appointment.id, due.offset_minutes) not in known
    ]
    write_drafts(session, drafts, now)


def policy_for(clinic: Clinic, person: Person) -> ReminderPolicy:
    """The clinic's policy with what the patient chose instead."""
    own = person.offsets_minutes
    return ReminderPolicy(
        offsets_minutes=tuple(clinic.reminder_offsets_minutes) if own is None else own,
        quiet_from_minute=clinic.quiet_from_minute,
        quiet_until_minute=clinic.quiet_until_minute,
        not_if_booked_within_minutes=clinic.no_reminder_within_minutes,
    )


def withdraw_messages(session: Session, appointment: Appointment, *, now: datetime) -> None:
    """Cancel what is unsent and no longer true: all of it for a cancelled appointment, else what tells another start.

    Mails about a series stay: what became of each date is looked up when they are sent. A reminder of several dates
    of a day goes on with the others.
    """
    single = Message.kind.not_in(OF_A_SERIES)
    if appointment.status in INACTIVE:
        _leave_to_others(session, appointment)
        _withdraw(session, appointment, CANCELLED, single)
    else:
        told_otherwise = MessageItem.starts_at != appointment.starts_at
        _leave_to_others(session, appointment, told_otherwise)
        _withdraw(session, appointment, MOVED, single, told_otherwise)


def _withdraw(
    session: Session, appointment: Appointment, reason: str, *conditions: ColumnElement[bool]
) -> None:
    found = (
        select(Message.id)
        .join(MessageItem, MessageItem.message_row_id == Message.id)
        .where(MessageItem.appointment_id == appointment.id, Message.state.in_(UNSENT), *conditions)
    )
    session.execute(
        update(Message)
        .where(Message.id.in_(found), Message.state.in_(UNSENT))
        .values(state=MessageState.CANCELLED.value, server_reply=reason, claimed_by=None)
        .execution_options(synchronize_session=False)
    )


def _leave_to_others(session: Session, appointment: Appointment, *conditions: ColumnElement[bool]) -> None:
    """Take the appointment out of unsent reminders that speak of others, too."""
    other = aliased(MessageItem)
    session.execute(
        delete(MessageItem)
        .where(
            MessageItem.appointment_id == appointment.id,
            exists().where(
                Message.id == MessageItem.message_row_id,
                Message.kind == K.REMINDER.value,
                Message.state.in_(UNSENT),
                *conditions,
            ),
            exists().where(
                other.message_row_id == MessageItem.message_row_id, other.appointment_id != appointment.id
            ),
        )
        .execution_options(synchronize_session=False)
    )


def _owe_at_once(
    session: Session,
    kind: MessageKind,
    appointments: Sequence[Appointment],
    now: datetime,
    batch: str | None = None,
) -> None:
    people = people_to_tell(session, appointments, now)
    told = sorted((row for row in appointments if row.id in people), key=lambda row: row.starts_at)
    if told:
        write_drafts(session, [Draft(kind, told, people[told[0].id].address, now, batch=batch)], now)


def people_to_tell(session: Session, appointments: Sequence[Appointment], now: datetime) -> dict[int, Person]:
    """appointment id -> whom to write to; without those of whom, or of which, there is nothing to write."""
    session.flush()
    ids = [row.id for row in appointments if row.starts_at > now]
    if not ids:
        return {}
    rows = session.execute(
        select(
            Appointment.id,
            Patient.email,
            Patient.wants_reminders,
            Patient.reminder_offsets_minutes,
            Patient.zone,
            Location.zone,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Location, Location.id == Appointment.location_id)
        .where(Appointment.id.in_(ids), Patient.email != "", Patient.archived_at.is_(None))
    )
    return {
        number: Person(address, wants_reminders, None if own is None else tuple(own), own_zone or zone)
        for number, address, wants_reminders, own, own_zone, zone in rows
        if address
    }


def known_reminders(session: Session, appointment_ids: Sequence[int]) -> set[tuple[int, int | None]]:
    """(appointment, offset) of the reminders of the present starts that are owed or went out."""
    if not appointment_ids:
        return set()
    rows = session.execute(
        select(MessageItem.appointment_id, Message.offset_minutes)
        .join(Message, Message.id == MessageItem.message_row_id)
        .join(Appointment, Appointment.id == MessageItem.appointment_id)
        .where(
            Message.kind == K.REMINDER.value,
            Message.state != MessageState.CANCELLED.value,
            MessageItem.appointment_id.in_(appointment_ids),
            MessageItem.starts_at == Appointment.starts_at,
        )
    )
    return {(appointment_id, offset) for appointment_id, offset in rows}
