"""Looking at the outbox: which mails are owed, sent, failed."""

from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from scheduler.models.messages import Message, MessageItem, MessageState
from scheduler.transaction import reading
from scheduler.usecases.paging import Page, fetch_page

NEEDS_CARE = (MessageState.FAILED.value, MessageState.UNKNOWN.value)
"""States in which a person should see to a mail."""
WAITING = (MessageState.DUE.value, MessageState.CLAIMED.value, MessageState.SENDING.value)


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
    """Messages with patients and items: what was tried, the latest first; what waits, the next first; then the rest.

    Reminders wait for months: before all others they would hide what was sent.
    """
    query = select(Message).options(joinedload(Message.patient), selectinload(Message.items))
    if state is not None:
        query = query.where(Message.state == state)
    if patient_id is not None:
        query = query.where(Message.patient_id == patient_id)
    if appointment_id is not None:
        about = select(MessageItem.message_row_id).where(MessageItem.appointment_id == appointment_id)
        query = query.where(Message.id.in_(about))
    waits = Message.state.in_(WAITING)
    past = case((~waits, Message.due_at)).desc(), case((~waits, Message.id)).desc()
    group = case((waits, 1), (Message.state == MessageState.CANCELLED.value, 2), else_=0)
    ordered = query.order_by(group, *past, Message.due_at, Message.id)
    return fetch_page(session, ordered, page, page_size)


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
