"""What the mail tests share: owed messages, a run of the dispatcher, states read past the session."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from config import parse_smtp_url
from scheduler.extensions import db
from scheduler.mail.dispatcher import Mailer, Tally, dispatch_messages
from scheduler.mail.site import Site
from scheduler.mail.smtp import Patience
from scheduler.models import Appointment, Message
from scheduler.transaction import writing
from scheduler.usecases.messages import outbox
from tests.factories import NOW, World, at, make_appointment, make_patient, make_world, save
from tests.mail.smtp_server import HOST, ScriptedServer

MINUTE = timedelta(minutes=1)
BOTH_WAYS = pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "lockstep"])
"""A server that takes several commands at once, and one that does not."""
MAIL_FROM = "desk@clinic.example"
SITE = Site("https://desk.clinic.example", "a secret that only these tests know, long enough")
SHORT = Patience(connect=5, command=0.3, text=0.3, others=0.1, others_after_text=0.1)
"""For servers that stall."""
owe_confirmation = writing(outbox.owe_confirmation)


def mailer(port: int, patience: Patience | None = None, *, scheme: str = "smtp", options: str = "") -> Mailer:
    """The settings of a server on this machine."""
    server = parse_smtp_url(f"{scheme}://{options and 'desk:secret@'}{HOST}:{port}{options}")
    assert server is not None
    return Mailer(server, MAIL_FROM, SITE, patience or Patience())


def dispatch(server: ScriptedServer, now: datetime = NOW, patience: Patience | None = None) -> Tally:
    """One run."""
    return dispatch_messages(mailer(server.port, patience), clock=lambda: now)


def world_with_confirmations(*addresses: str) -> tuple[World, list[Appointment]]:
    """Patients with these addresses, each with an appointment and its confirmation, due one after the other."""
    world = make_world()
    rows = []
    for place, address in enumerate(addresses):
        patient = make_patient("Paul", f"P{place}", email=address)
        starts_at = at(9) + timedelta(days=place // 16, minutes=30 * (place % 16))
        rows.append(make_appointment(world, starts_at, patient_id=patient.id))
        owe_confirmation(rows[-1], now=NOW)
    return world, rows


def some_addresses(count: int) -> list[str]:
    """p00@mail.example, p01@mail.example, …"""
    return [f"p{number:02}@mail.example" for number in range(count)]


def messages() -> list[Message]:
    """All messages, read anew."""
    db.session.rollback()
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def states() -> list[str]:
    """Their states."""
    return [message.state for message in messages()]


def change(row: Any, **values: object) -> None:
    """Write past the use cases."""
    for name, value in values.items():
        setattr(row, name, value)
    save(row)
