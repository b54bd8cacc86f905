"""What a message says, read just before it is sent, and whether it should still be sent at all."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.models.appointments import NOT_BOOKED, Appointment
from scheduler.models.clinic import Clinic, Location, Room
from scheduler.models.messages import Message, MessageItem, MessageKind, MessageState
from scheduler.models.patients import Patient
from scheduler.models.practitioners import Practitioner
from scheduler.usecases.outbox import CANCELLED, MOVED, OF_A_SERIES, REPLACED

K = MessageKind
CONFIRMATIONS = (K.CONFIRMATION.value, K.SERIES_CONFIRMATION.value)
HANDED_OVER = (MessageState.SENT.value, MessageState.SENDING.value, MessageState.UNKNOWN.value)
BEGUN = "The appointment has begun."
NO_ADDRESS = "The patient has no email address any more."
NO_REMINDERS = "The patient wants no reminders."
NONE_LEFT = "None of its appointments is left."
NOT_CANCELLED = "The appointment is not cancelled."


class Sender(NamedTuple):
    """The clinic as its mails name it."""

    name: str
    email: str
    phone: str
    locale: str
    several_zones: bool
    """Locations in use lie in more than one zone: times need the zone's name."""


class Visit(NamedTuple):
    """An appointment as a mail tells it."""

    appointment_id: int
    sequence: int
    starts_at: datetime
    ends_at: datetime
    active: bool
    practitioner: str
    location: str
    address: str
    room: str
    zone: str
    told_sequence: int
    """What the message's item says so far, to be brought up to date …"""
    told_at: datetime
    """… and the start that it tells."""


class Letter(NamedTuple):
    """A message with all that its text needs, as plain values."""

    id: int
    kind: str
    message_id: str
    """The part of the Message-ID before the @."""
    recipient: str
    """The patient's address now, "" if there is none."""
    recipient_told: str
    """The address in the message's row."""
    given_name: str
    name: str
    locale: str
    zone: str | None
    wants_reminders: bool
    attempts: int
    pointless_at: datetime | None
    visits: tuple[Visit, ...]
    sender: Sender
    previous_at: datetime | None = None
    """Changes: the start of which the patient was told last."""
    last_told_sequence: int | None = None
    thread: str | None = None
    """The confirmation's Message-ID before the @, to be answered by this one."""


def load_letters(session: Session, ids: Sequence[int]) -> list[Letter]:
    """The letters of some messages, with five statements for any number, in the order of ``ids``."""
    if not ids:
        return []
    sender = _load_sender(session)
    letters = {letter.id: letter for letter in _read_letters(session, ids, sender)}
    history = _History(session, [letter for letter in letters.values() if letter.kind not in CONFIRMATIONS])
    return [history.add_to(letters[number]) for number in ids if number in letters]


def still_to_tell(letter: Letter, now: datetime) -> Letter | str:
    """The letter with what is to be said in it, or why it should not be sent."""
    if not letter.recipient:
        return NO_ADDRESS
    if letter.kind in OF_A_SERIES:
        left = tuple(visit for visit in letter.visits if visit.active and visit.starts_at > now)
        return letter._replace(visits=left) if left else NONE_LEFT
    if len(letter.visits) > 1:
        return _several_cancelled(letter, now)
    (visit,) = letter.visits
    if (letter.kind == K.CANCELLATION) == visit.active:
        return NOT_CANCELLED if visit.active else CANCELLED
    if visit.starts_at <= now:
        return BEGUN
    if visit.starts_at != visit.told_at:
        return MOVED
    if letter.kind == K.REMINDER and not letter.wants_reminders:
        return NO_REMINDERS
    if letter.kind == K.CHANGE and (letter.last_told_sequence or -1) >= visit.sequence:
        return REPLACED
    return letter


def _several_cancelled(letter: Letter, now: datetime) -> Letter | str:
    """Those of a cancelled series that are cancelled and still ahead."""
    gone = [visit for visit in letter.visits if not visit.active]
    left = tuple(visit for visit in gone if visit.starts_at > now)
    if left:
        return letter._replace(visits=left)
    return BEGUN if gone else NOT_CANCELLED


def _load_sender(session: Session) -> Sender:
    clinic = session.get_one(Clinic, 1)
    zones = session.scalar(select(func.count(Location.zone.distinct())).where(Location.archived_at.is_(None)))
    return Sender(
        name=clinic.name,
        email=clinic.email,
        phone=clinic.phone,
        locale=clinic.locale,
        several_zones=(zones or 0) > 1,
    )


def _read_letters(session: Session, ids: Sequence[int], sender: Sender) -> Iterator[Letter]:
    rows = session.execute(
        select(
            Message.id,
            Message.kind,
            Message.message_id,
            Message.recipient,
            Message.attempts,
            Message.pointless_at,
            Patient.email,
            Patient.given_name,
            Patient.family_name,
            Patient.locale,
            Patient.zone.label("patient_zone"),
            Patient.wants_reminders,
            Patient.archived_at,
            MessageItem.appointment_id,
            MessageItem.sequence.label("told_sequence"),
            MessageItem.starts_at.label("told_at"),
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
        )
        .join(Patient, Patient.id == Message.patient_id)
        .join(MessageItem, MessageItem.message_row_id == Message.id)
        .join(Appointment, Appointment.id == MessageItem.appointment_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .join(Location, Location.id == Appointment.location_id)
        .outerjoin(Room, Room.id == Appointment.room_id)
        .where(Message.id.in_(ids))
        .order_by(Message.id, Appointment.starts_at)
    )
    for _, found in groupby(rows, key=lambda row: row.id):
        group = list(found)
        yield _letter(group[0], tuple(map(_visit, group)), sender)


def _letter(row: Any, visits: tuple[Visit, ...], sender: Sender) -> Letter:
    return Letter(
        id=row.id,
        kind=row.kind,
        message_id=row.message_id,
        recipient=(row.email or "") if row.archived_at is None else "",
        recipient_told=row.recipient,
        given_name=row.given_name,
        name=f"{row.given_name} {row.family_name}",
        locale=row.locale or sender.locale,
        zone=row.patient_zone,
        wants_reminders=row.wants_reminders,
        attempts=row.attempts,
        pointless_at=row.pointless_at,
        visits=visits,
        sender=sender,
    )


def _visit(row: Any) -> Visit:
    return Visit(
        appointment_id=row.appointment_id,
        sequence=row.sequence,
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
            .where(MessageItem.appointment_id.in_(ids), Message.state.in_(HANDED_OVER))
            .order_by(Message.id)
        ):
            self._rows[row.appointment_id].append(row)

    def add_to(self, letter: Letter) -> Letter:
        """The letter with its thread and, for a change, what was told last."""
        rows = self._rows.get(letter.visits[0].appointment_id)
        if not rows or letter.kind in CONFIRMATIONS:
            return letter
        thread = next((row.message_id for row in rows if row.kind in CONFIRMATIONS), None)
        last = next((row for row in reversed(rows) if row.state == MessageState.SENT), None)
        if last is None or letter.kind != K.CHANGE:
            return letter._replace(thread=thread)
        return letter._replace(thread=thread, previous_at=last.starts_at, last_told_sequence=last.sequence)
