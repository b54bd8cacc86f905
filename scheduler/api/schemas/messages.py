"""Mails owed and sent."""

from typing import Any

from marshmallow import fields

from scheduler.api.answers import picked, utc, utc_or_none
from scheduler.api.fields import Choice, Paging, QueryNumber
from scheduler.api.schemas.common import Output, instant, many, page_of, part, text, whole
from scheduler.models import Message, MessageState
from scheduler.usecases.messages.upcoming import Upcoming


class MessagesQuery(Paging):
    """Which messages."""

    state = Choice(MessageState)
    appointment_id = QueryNumber()
    patient_id = QueryNumber()


class MessageSchema(Output):
    """A mail owed to one person for one reason."""

    id = whole()
    kind = text("confirmation, series_confirmation, reminder, change, series_changed, cancellation, offer, …")
    state = text("due, claimed, sending, sent, unknown, failed or cancelled")
    patient_id = whole("Null for mails to the clinic's own people.", none=True)
    recipient = text()
    appointment_ids = many(whole(), "What it is about.")
    offset_minutes = whole("Reminders: how long before the start.", none=True)
    due_at = instant()
    next_attempt_at = instant()
    sent_at = instant(none=True)
    attempts = whole()
    server_reply = text("The mail server's last answer, or why it was cancelled.")
    created_at = instant()
    handled_at = instant("When the desk saw to a mail that failed or may not have arrived.", none=True)
    handled_how = text("sent_again, corrected (sent to another address) or called", none=True)


class UpcomingSchema(Output):
    """A mail that is owed, as it would go out."""

    message = part(MessageSchema)
    goes_out_at = instant()
    starts_at = many(fields.DateTime(), "The starts of the appointments that it would be about.")
    recipient = text("The address it would go to.")
    why_not = text('Why it would not be sent after all; "" if it would.')


UpcomingPage = page_of(UpcomingSchema)
MessagePage = page_of(MessageSchema)


def message_json(row: Message) -> dict[str, Any]:
    """A message; its items should be loaded."""
    return {
        **picked(row, "id", "kind", "state", "patient_id", "recipient"),
        "appointment_ids": sorted(item.appointment_id for item in row.items),
        "offset_minutes": row.offset_minutes,
        "due_at": utc(row.due_at),
        "next_attempt_at": utc(row.next_attempt_at),
        "sent_at": utc_or_none(row.sent_at),
        **picked(row, "attempts", "server_reply"),
        "created_at": utc(row.created_at),
        "handled_at": utc_or_none(row.handled_at),
        "handled_how": row.handled_how,
    }


def upcoming_json(row: Upcoming) -> dict[str, Any]:
    """A mail of the dry run."""
    return {
        "message": message_json(row.message),
        "goes_out_at": utc(row.goes_out_at),
        "starts_at": [utc(starts_at) for starts_at in row.starts_at],
        **picked(row, "recipient", "why_not"),
    }
