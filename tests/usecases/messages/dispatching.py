"""Claiming what is due, beginning to send it, and telling what became of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from scheduler.extensions import db
from scheduler.light_commits import light_writer
from scheduler.models import Appointment, Message
from scheduler.transaction import writing
from scheduler.usecases.messages import dispatch, outbox
from scheduler.usecases.messages.claims import Claim, claim_messages
from scheduler.usecases.messages.dispatch import Outcome, Verdict
from scheduler.usecases.messages.letters import Letter
from tests.factories import NOW, World, at, make_appointment, make_world, save

MINUTE = timedelta(minutes=1)
KINDS = {
    "confirmation": writing(outbox.owe_confirmation),
    "change": writing(outbox.owe_change),
    "cancellation": writing(outbox.owe_cancellation),
}

owe_reminders = writing(outbox.owe_reminders)
owe_series = writing(outbox.owe_series_confirmation)


def owe(kind: str, appointment: Appointment, now: datetime = NOW) -> None:
    """Owe one message of a kind; a reminder is the one 24 hours before."""
    if kind == "reminder":
        owe_reminders([appointment], now=appointment.starts_at - timedelta(hours=26))
    else:
        KINDS[kind](appointment, now=now)


def claim(now: datetime = NOW, limit: int = 100) -> Claim:
    return claim_messages(limit=limit, now=now)


def begin_sending(held: Claim, letter: Letter, outcomes: Sequence[Outcome], *, now: datetime) -> bool:
    with light_writer() as writer:
        return dispatch.begin_sending(writer, held, letter, outcomes, now=now)


def states() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Message.state).order_by(Message.id)))


def message(number: int = 0) -> Message:
    db.session.rollback()
    return db.session.scalars(select(Message).order_by(Message.id)).all()[number]


def change(row: Any, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    save(row)


def world_with(*kinds: str, day: int = 9) -> tuple[World, list[Appointment]]:
    """A world with one message of each kind, each about its own appointment on the following days."""
    world = make_world()
    rows = [make_appointment(world, at(day + place)) for place in range(len(kinds))]
    for kind, row in zip(kinds, rows, strict=True):
        owe(kind, row)
    return world, rows


def fate(claim: Claim, verdict: Verdict, reply: str = "said the server") -> Sequence[Outcome]:
    return [Outcome(letter, verdict, reply) for letter in claim.letters]
