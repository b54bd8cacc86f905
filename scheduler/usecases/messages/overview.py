"""Looking at the outbox: which mails are owed, sent, failed."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from scheduler.models.messages import Message, MessageItem, MessageState
from scheduler.transaction import reading
from scheduler.usecases.paging import Page, fetch_page

NEEDS_CARE = (MessageState.FAILED.value, MessageState.UNKNOWN.value)
"""States in which a person should see to a mail."""


def unattended(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What nobody has seen to, as long as it is of use: what it told is still ahead."""
    ahead = or_(Message.pointless_at.is_(None), Message.pointless_at > now)
    return Message.state.in_(NEEDS_CARE), Message.handled_at.is_(None), ahead


@reading
def list_messages(
    session: Session,
    *,
    state: str | None = None,
    appointment_id: int | None = None,
    patient_id: int | None = None,
    page: int = 1,
    page_size: int = 50,
) -> Page[Message]:
    """Messages with their patients and items, the latest due first."""
    query = select(Message).options(joinedload(Message.patient), selectinload(Message.items))
    if state is not None:
        query = query.where(Message.state == state)
    if patient_id is not None:
        query = query.where(Message.patient_id == patient_id)
    if appointment_id is not None:
        about = select(MessageItem.message_row_id).where(MessageItem.appointment_id == appointment_id)
        query = query.where(Message.id.in_(about))
    return fetch_page(session, query.order_by(Message.due_at.desc(), Message.id.desc()), page, page_size)


@reading
def count_messages(session: Session) -> dict[str, int]:
    """state -> how many messages are in it; states without any are left out."""
    rows = session.execute(select(Message.state, func.count()).group_by(Message.state))
    return dict(rows.all())


@reading
def count_unattended(session: Session, *, now: datetime) -> int:
    """How many mails failed or may not have arrived, are still of use, and nobody has seen to."""
    query = select(func.count()).select_from(Message).where(*unattended(now))
    return session.scalar(query) or 0
