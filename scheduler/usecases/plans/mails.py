"""Which mails a plan's appointments owe, or owed, to whom."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import Appointment, Message, MessageItem, MessageState, PlannedSession
from scheduler.transaction import reading


@reading
def list_plan_mails(session: Session, plan_id: int, *, limit: int = 60) -> list[Message]:
    """The mails about a plan's appointments without those that became pointless, by when they go or went out."""
    about = (
        select(MessageItem.message_row_id)
        .join(Appointment, Appointment.id == MessageItem.appointment_id)
        .join(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
        .where(PlannedSession.plan_id == plan_id)
    )
    query = select(Message).where(Message.id.in_(about), Message.state != MessageState.CANCELLED.value)
    return list(session.scalars(query.order_by(Message.due_at, Message.id).limit(limit)))
