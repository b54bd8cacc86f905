"""Owing the mails about offered slots, inside the transaction that asks, or moves on; these helpers never commit.

Such a message names its turn instead of appointments. One turn is asked once, so each kind is owed once a turn.
"""

import uuid
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scheduler.models import Message, MessageKind, MessageState, OfferTurn
from scheduler.usecases.messages.outbox_rows import UNSENT

OVER = "The offer is over."


def owe_offer(session: Session, turn: OfferTurn, *, now: datetime) -> bool:
    """Owe the mail that offers the slot, until the turn's time is over; False without an address to send it to."""
    return _owe(session, MessageKind.OFFER, turn, turn.expires_at or turn.starts_at, now)


def owe_offer_expired(session: Session, turn: OfferTurn, *, now: datetime) -> None:
    """Owe the mail that the offer is over; nothing if the offer itself was still unsent, which is withdrawn then."""
    if _withdrawn(session, turn) or not _was_told(session, turn):
        return
    _owe(session, MessageKind.OFFER_EXPIRED, turn, turn.starts_at, now)


def withdraw_offer(session: Session, turn: OfferTurn) -> None:
    """Take back the unsent offer of a turn that was answered meanwhile."""
    _withdrawn(session, turn)


def _withdrawn(session: Session, turn: OfferTurn) -> bool:
    done = session.execute(
        update(Message)
        .where(
            Message.offer_turn_id == turn.id,
            Message.kind == MessageKind.OFFER.value,
            Message.state.in_(UNSENT),
        )
        .values(state=MessageState.CANCELLED.value, server_reply=OVER, claimed_by=None)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _was_told(session: Session, turn: OfferTurn) -> bool:
    """Whether the offer may have reached the patient."""
    told = (MessageState.SENDING.value, MessageState.SENT.value, MessageState.UNKNOWN.value)
    query = select(Message.id).where(
        Message.offer_turn_id == turn.id,
        Message.kind == MessageKind.OFFER.value,
        Message.state.in_(told),
    )
    return session.scalars(query.limit(1)).first() is not None


def _owe(session: Session, kind: MessageKind, turn: OfferTurn, pointless_at: datetime, now: datetime) -> bool:
    patient = turn.patient
    if not patient.email or patient.archived_at is not None:
        return False
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(Message.__table__)
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .values(
            kind=kind.value,
            dedupe_key=f"{kind.value}:turn{turn.id}:p{turn.patient_id}",
            patient_id=turn.patient_id,
            offer_turn_id=turn.id,
            recipient=patient.email,
            state=MessageState.DUE.value,
            due_at=now,
            pointless_at=pointless_at,
            next_attempt_at=now,
            attempts=0,
            message_id=uuid.uuid4().hex,
            server_reply="",
            created_at=now,
        )
    )
    return True
