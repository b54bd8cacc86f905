"""Looking at the outbox: which mails are owed, sent, failed."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from scheduler.models.messages import Message, MessageItem, MessageState
from scheduler.transaction import reading
from scheduler.usecases.paging import Page, fetch_page

NEEDS_CARE = (MessageState.FAILED.value, MessageState.UNKNOWN.value)
UNATTENDED = (Message.state.in_(NEEDS_CARE), Message.handled_at.is_(None))


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
def count_unattended(session: Session) -> int:
    """How many mails failed or may not have arrived without anybody having seen to it."""
    query = select(func.count()).select_from(Message).where(*UNATTENDED)
    return session.scalar(query) or 0
