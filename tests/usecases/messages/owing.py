"""Owing mails past the use cases that do, and what is owed then."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, Message
from scheduler.transaction import writing
from scheduler.usecases.messages import outbox
from tests.factories import save

owe_confirmation = writing(outbox.owe_confirmation)
owe_series_confirmation = writing(outbox.owe_series_confirmation)
owe_change = writing(outbox.owe_change)
owe_cancellation = writing(outbox.owe_cancellation)
owe_reminders = writing(outbox.owe_reminders)
withdraw_messages = writing(outbox.withdraw_messages)


def owed() -> list[tuple[str, str]]:
    """(kind, state) of all messages in the order of writing."""
    return [
        (row.kind, row.state) for row in db.session.execute(select(Message).order_by(Message.id)).scalars()
    ]


def messages(**conditions: object) -> list[Message]:
    """Those of which this holds, in the order of writing."""
    return list(db.session.scalars(select(Message).filter_by(**conditions).order_by(Message.id)))


def change(row: Any, **values: object) -> None:
    """Set some columns of a row."""
    for name, value in values.items():
        setattr(row, name, value)
    save(row)


def move(appointment: Appointment, starts_at: datetime) -> None:
    """Another half hour, as a use case would write it, and nothing owed."""
    change(
        appointment,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        busy_from=starts_at,
        busy_until=starts_at + timedelta(minutes=30),
        sequence=appointment.sequence + 1,
    )
