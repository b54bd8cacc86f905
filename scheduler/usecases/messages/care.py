"""Seeing to mails that failed or may not have arrived: send again, or note that the patient was called.

Such a mail stays what it became; sending again writes another message that names the first in its dedupe key, so
that asking twice sends once.
"""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session, joinedload, selectinload

from scheduler.errors import Conflict, NotFound
from scheduler.models.messages import Message, MessageItem, MessageKind
from scheduler.models.patients import Patient
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.messages.letter_rows import load_letters
from scheduler.usecases.messages.letters import NONE_LEFT, Letter, still_to_tell
from scheduler.usecases.messages.outbox_rows import insert_messages, message_row
from scheduler.usecases.messages.overview import NEEDS_CARE, unattended
from scheduler.usecases.paging import Page, fetch_page
from scheduler.usecases.tasks import settle_address_tasks

SENT_AGAIN, CALLED, CORRECTED = "sent_again", "called", "corrected"


@reading
def list_unattended(session: Session, *, now: datetime, page: int = 1, page_size: int = 50) -> Page[Message]:
    """Mails that failed or may not have arrived and that nobody has seen to, the latest first.

    Those about what has begun are left out: there is nothing to tell any more.
    """
    query = select(Message).options(joinedload(Message.patient), selectinload(Message.items))
    query = query.where(*unattended(now)).order_by(Message.next_attempt_at.desc(), Message.id.desc())
    return fetch_page(session, query, page, page_size)


@writing
def send_again(session: Session, message_id: int, *, actor: Actor, now: datetime) -> Message:
    """Owe the mail anew, to the address known now; asked twice, the first answer again.

    Raises NotFound, or Conflict if it needs no care or what it says is not true any more.
    """
    message = _find(session, message_id)
    key = f"again:{message.id}"
    known = session.scalars(select(Message).where(Message.dedupe_key == key)).first()
    if known is not None:
        return known
    letter = _letter_now(session, message, now)
    (number, _), *_rest = insert_messages(
        session,
        [
            {
                **message_row(key, MessageKind(message.kind), letter.recipient, due_at=now, now=now),
                "patient_id": message.patient_id,
                "practitioner_id": message.practitioner_id,
                "offer_turn_id": message.offer_turn_id,
                "about_on": message.about_on,
                "batch": message.batch,
                "offset_minutes": message.offset_minutes,
                "pointless_at": message.pointless_at,
            }
        ],
    )
    _copy_items(session, number, letter)
    corrected = letter.recipient.lower() != message.recipient.lower()
    message.handled_at, message.handled_how = now, CORRECTED if corrected else SENT_AGAIN
    if message.patient is not None:
        settle_address_tasks(session, message.patient, message.recipient, actor=actor, now=now)
    _note(session, actor, "message_sent_again", message, now, again=number)
    session.flush()
    return session.get_one(Message, number)


@writing
def note_called(session: Session, message_id: int, *, actor: Actor, now: datetime) -> Message:
    """Keep that the patient was told by phone instead; a mail that was seen to stays as it is.

    Raises NotFound, or Conflict if the mail needs no care.
    """
    message = _find(session, message_id)
    if message.handled_at is None:
        message.handled_at, message.handled_how = now, CALLED
        _note(session, actor, "message_called_instead", message, now)
    return message


def _find(session: Session, message_id: int) -> Message:
    message = session.get(
        Message,
        message_id,
        with_for_update=True,
        populate_existing=True,
    )
    if message is None:
        raise NotFound("There is no message %(id)s.", id=message_id)
    if message.state not in NEEDS_CARE:
        raise Conflict("Only a mail that failed, or may not have arrived, needs this.")
    return message


def _letter_now(session: Session, message: Message, now: datetime) -> Letter:
    """What the mail would say now. Raises Conflict with the reason why it should not be sent."""
    found = load_letters(session, [message.id], now=now)
    answer = still_to_tell(found[0], now) if found else NONE_LEFT
    if isinstance(answer, str):
        raise Conflict("This mail is not sent again: %(reason)s", reason=answer)
    return answer


def _copy_items(session: Session, number: int, letter: Letter) -> None:
    items = [
        {
            "message_row_id": number,
            "appointment_id": visit.appointment_id,
            "sequence": visit.sequence,
            "starts_at": visit.starts_at,
        }
        for visit in letter.visits
    ]
    if items:
        session.execute(insert(MessageItem.__table__), items)


def _note(
    session: Session, actor: Actor, action: str, message: Message, now: datetime, **detail: object
) -> None:
    patient_id = message.patient_id
    note_deed(session, actor, action, "message", message.id, now=now, patient_id=patient_id, **detail)


def address_now(patient: Patient | None, message: Message) -> str:
    """Where the mail would go if it were sent again; "" if nowhere."""
    if patient is None:
        return message.recipient
    return (patient.email or "") if patient.archived_at is None else ""
