"""Mails owed and sent."""

from typing import Any

from marshmallow import fields

from scheduler.api.answers import picked, utc, utc_or_none
from scheduler.api.fields import Choice, Paging, QueryNumber
from scheduler.api.schemas.common import Output, day, instant, many, page_of, part, text, whole
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
    """A mail as it would go out."""

    kind = text("As of messages.")
    message = part(MessageSchema, "Null for what will be owed only when its hour has come.", none=True)
    patient_id = whole("Null for mails to the clinic's own people.", none=True)
    about_on = day("Summaries and day lists: the local date that they are about.", none=True)
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
        "kind": row.kind,
        "message": message_json(row.message) if row.message else None,
        "patient_id": row.patient.id if row.patient else None,
        "about_on": row.about_on.isoformat() if row.about_on else None,
        "goes_out_at": utc(row.goes_out_at),
        "starts_at": [utc(visit.starts_at) for visit in row.visits],
        **picked(row, "recipient", "why_not"),
    }
