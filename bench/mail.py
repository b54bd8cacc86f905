"""Reminders per second through the dispatcher, against raw smtplib sending ready bytes to the same server.

Both use one connection to one server in a process of its own. The dispatcher claims, checks, writes and commits each
mail on a database with all fsyncs on; smtplib only sends. The server is aiosmtpd, which allows pipelining as mail
servers in earnest do. ``bare_ratio`` is the same with a server that does next to nothing: no mail server is as fast.
"""

import asyncio
import json
import smtplib
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from flask_migrate import upgrade
from sqlalchemy import func, select, update

from bench.world import SECRET_KEY, add, visit
from config import parse_smtp_url, read_settings
from scheduler import create_app
from scheduler.clock import now
from scheduler.extensions import db
from scheduler.mail.dispatcher import Mailer, dispatch_messages
from scheduler.mail.render import render_letter
from scheduler.mail.site import Site
from scheduler.models import (
    Appointment,
    AppointmentType,
    Clinic,
    Location,
    Message,
    MessageState,
    Patient,
    Practitioner,
    Room,
)
from scheduler.transaction import writing
from scheduler.usecases.messages.claims import claim_messages, give_back
from scheduler.usecases.messages.outbox import owe_reminders
from tools import children, probe
from tools.postgres import Cluster

REMINDERS = 2000
PATIENTS = 500
ROUNDS = 3
MAIL_FROM = "desk@clinic.example"
SITE = Site("https://desk.clinic.example", SECRET_KEY)


def run() -> dict[str, Any]:
    """Measure on both databases; the ratio is ours against smtplib (higher is better), in turns on one server."""
    with tempfile.TemporaryDirectory() as folder, Cluster(durable=True) as cluster:
        return {
            "sqlite": _measure(f"sqlite:///{Path(folder) / 'bench.db'}"),
            "postgresql": _measure(cluster.create_database("bench")),
        }


def _measure(database_url: str) -> dict[str, float]:
    app = create_app(read_settings({"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}))
    with app.app_context():
        upgrade()
        present = now()
        fill_clinic(present)
        with _server("aiosmtpd") as port:
            dispatched, raw = _rates(port, present)
        with _server("bare") as port:
            dispatched_bare, raw_bare = _rates(port, present)
        db.engine.dispose()
    return {
        "dispatcher_per_second": dispatched,
        "smtplib_per_second": raw,
        "reminders_ratio": dispatched / raw,
        "bare_dispatcher_per_second": dispatched_bare,
        "bare_smtplib_per_second": raw_bare,
        "bare_ratio": dispatched_bare / raw_bare,
    }


def _rates(port: int, present: datetime) -> tuple[float, float]:
    """Mails per second, medians of rounds in turns: the dispatcher's and smtplib's."""
    ready = _ready_mails(present)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(REMINDERS / _seconds_of_smtplib(port, ready))
        ours.append(REMINDERS / _seconds_of_dispatcher(port, present))
    return statistics.median(ours), statistics.median(theirs)


def fill_clinic(present: datetime, reminders: int = REMINDERS) -> None:
    """A clinic with so many appointments in three days and on, each with a reminder."""
    clinic = Clinic(
        id=1,
        name="Needle Point",
        email="desk@clinic.example",
        phone="+49 30 1234567",
        locale="en",
        reminder_offsets_minutes=[1440],
        quiet_from_minute=0,
        quiet_until_minute=0,
    )
    location = Location(name="Mitte", address="Torstraße 1\n10119 Berlin", zone="Europe/Berlin")
    kind = AppointmentType(name="Dry needling", duration_minutes=30)
    places = [
        (
            Room(name=f"Room {number}", location=location),
            Practitioner(given_name="P", family_name=f"{number}"),
        )
        for number in range(-(-reminders // PATIENTS))
    ]
    patients = [
        Patient(
            given_name="Paul",
            family_name=f"Pain {number}",
            email=f"paul.{number}@mail.example",
            cautions=[],
            created_at=present,
        )
        for number in range(PATIENTS)
    ]
    db.session.add_all([clinic, location, kind, *patients, *(row for place in places for row in place)])
    db.session.flush()
    begins_at = present.replace(minute=0, second=0) + timedelta(days=3)
    rows = []
    for number in range(reminders):
        room, practitioner = places[number // PATIENTS]
        patient, starts_at = patients[number % PATIENTS], begins_at + timedelta(minutes=30 * number)
        told = {"room_id": room.id, "changed_at": present, "created_at": present}
        rows.append(visit(number, practitioner.id, patient.id, starts_at, **told))
    add(Appointment, rows)
    writing(lambda session: owe_reminders(session, session.scalars(select(Appointment)).all(), now=present))()


def _ready_mails(present: datetime) -> list[tuple[str, bytes]]:
    """What the dispatcher would send, as bytes."""
    make_due(present)
    claim = claim_messages(limit=REMINDERS, now=present)
    mails = [
        (letter.recipient, render_letter(letter, MAIL_FROM, SITE, now=present)) for letter in claim.letters
    ]
    give_back(claim, claim.letters, next_attempt_at=present)
    assert len(mails) == REMINDERS
    return mails


def make_due(present: datetime) -> None:
    """Have every mail wait to be sent now, as if none had been."""

    @writing
    def reset(session: Any) -> None:
        session.execute(
            update(Message).values(
                state="due", next_attempt_at=present, attempts=0, claimed_by=None, sent_at=None
            )
        )

    reset()


def _seconds_of_smtplib(port: int, mails: list[tuple[str, bytes]]) -> float:
    with smtplib.SMTP(probe.HOST, port, "bench.example") as smtp:
        begun = time.perf_counter()
        for recipient, mail in mails:
            smtp.sendmail(MAIL_FROM, [recipient], mail)
        return time.perf_counter() - begun


def _seconds_of_dispatcher(port: int, present: datetime) -> float:
    make_due(present)
    server = parse_smtp_url(f"smtp://{probe.HOST}:{port}")
    assert server is not None
    begun = time.perf_counter()
    tally = dispatch_messages(Mailer(server, MAIL_FROM, SITE), clock=lambda: present)
    took = time.perf_counter() - begun
    sent = db.session.scalar(select(func.count()).where(Message.state == MessageState.SENT.value))
    assert tally.sent == sent == REMINDERS
    return took


@contextmanager
def _server(kind: str) -> Iterator[int]:
    port = probe.free_port()
    server = children.spawn_module("bench.mail", kind, str(port), cwd=Path(__file__).parent.parent)
    try:
        while not probe.listens(port):
            if server.poll() is not None:
                raise RuntimeError(f"the mail server ended with {server.returncode}")
            time.sleep(0.05)
        yield port
    finally:
        children.stop(server)


class _Taker:
    """aiosmtpd's side of things: everything is taken and nothing kept."""

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        return "250 2.0.0 taken"


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(_Taker(), enable_SMTPUTF8=True), probe.HOST, port)
    await server.serve_forever()


def _serve_barely(port: int) -> None:
    """A mail server that takes everything and keeps nothing."""
    with socket.create_server((probe.HOST, port)) as listener:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(ConnectionError), connection, connection.makefile("rb") as lines:
                connection.sendall(b"220 sink.example\r\n")
                for line in lines:
                    connection.sendall(_answer(line[:4].upper()))
                    if line[:4].upper() == b"DATA":
                        while lines.readline() != b".\r\n":
                            pass
                        connection.sendall(b"250 2.0.0 taken\r\n")


def _answer(verb: bytes) -> bytes:
    if verb == b"EHLO":
        return b"250-sink.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
    return {b"DATA": b"354 go ahead\r\n", b"QUIT": b"221 2.0.0 bye\r\n"}.get(verb, b"250 2.0.0 ok\r\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["aiosmtpd", port]:
            asyncio.run(_serve(int(port)))
        case ["bare", port]:
            _serve_barely(int(port))
        case _:
            print(json.dumps(run(), indent=2))
