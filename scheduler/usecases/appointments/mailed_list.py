"""Mailing a patient the list of what is ahead."""

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import Appointment, Message, MessageItem, MessageKind, MessageState, Patient
from scheduler.models.appointments import NOT_BOOKED
from scheduler.transaction import lock_resources, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find

LIST = "appointment list"
"""How its mails are told apart from the confirmations that bookings owe: the mail's batch."""
WAITING = (MessageState.DUE.value, MessageState.CLAIMED.value)


@writing
def mail_appointment_list(
    session: Session,
    patient_id: int,
    *,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Message:
    """Owe one mail that lists every appointment ahead, as often as it is asked for.

    Raises NotFound, InvalidInput without an address, Conflict if nothing is ahead or such a mail still waits.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, Message, known[0])
    patient = find(session, Patient, patient_id)
    lock_resources(session, [("patient", patient.id)])
    rows = _to_tell(session, patient, now)
    message = _message(patient, rows, now)
    session.add(message)
    session.flush()
    note_deed(
        session,
        actor,
        "appointments_mailed",
        "message",
        message.id,
        now=now,
        patient_id=patient.id,
        appointments=len(rows),
    )
    remember(session, actor, idempotency, [message.id], now=now)
    return message


def _to_tell(session: Session, patient: Patient, now: datetime) -> list[Appointment]:
    """The appointments ahead by start; raises where there is nobody to tell, nothing, or the mail already waits."""
    if not patient.email or patient.archived_at is not None:
        raise InvalidInput("There is no email address to write to.", field="email")
    waiting = select(Message.id).where(
        Message.patient_id == patient.id, Message.batch == LIST, Message.state.in_(WAITING)
    )
    if session.scalar(waiting.limit(1)) is not None:
        raise Conflict("The list is on its way already.")
    ahead = select(Appointment).where(
        Appointment.patient_id == patient.id,
        Appointment.starts_at > now,
        Appointment.status.not_in(NOT_BOOKED),
    )
    rows = list(session.scalars(ahead.order_by(Appointment.starts_at)))
    if not rows:
        raise Conflict("There is no appointment ahead to list.")
    return rows


def _message(patient: Patient, rows: list[Appointment], now: datetime) -> Message:
    """The mail: a confirmation of a series, or of the only one that is ahead."""
    kind = MessageKind.SERIES_CONFIRMATION if len(rows) > 1 else MessageKind.CONFIRMATION
    number = uuid.uuid4().hex
    message = Message(
        kind=kind.value,
        dedupe_key=f"list:{number}:p{patient.id}",
        patient_id=patient.id,
        recipient=patient.email,
        batch=LIST,
        due_at=now,
        pointless_at=rows[-1].starts_at,
        next_attempt_at=now,
        message_id=number,
        created_at=now,
    )
    message.items = [
        MessageItem(appointment_id=row.id, sequence=row.sequence, starts_at=row.starts_at) for row in rows
    ]
    return message
