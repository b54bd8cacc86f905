"""Reminders sent by dispatchers that are killed all the time: is any lost, is any sent twice?

``python -m bench.mail_kills --reminders 10000 --kills 1000``: four dispatchers hand over to a mail server in a process
of its own, which keeps the Message-ID of everything it takes, answers some mails with "later" and takes a few
milliseconds for each. A random dispatcher is killed (SIGKILL) again and again, at moments that have nothing to do with
what it does, and another one started in its place. The dispatchers' clock runs faster than ours, so that the claims
of the dead run out within seconds. Exit code 1 if a promise is broken; ``--write`` puts the figures into docs/.
"""

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select

from bench.mail import MAIL_FROM, SITE, fill_clinic, make_due
from bench.world import SECRET_KEY
from config import parse_smtp_url, read_settings
from scheduler import create_app
from scheduler.clock import now
from scheduler.extensions import db
from scheduler.mail.dispatcher import Mailer, dispatch_messages
from scheduler.models import Message, MessageState
from tests.mail.smtp_server import HOST, ScriptedServer
from tools.postgres import Cluster

DISPATCHERS = 4
CLOCK_SPEED = 120
"""A claim's ten minutes are five seconds of ours."""
LATER_SHARE = 0.01
ANSWER_SECONDS = 0.004
LONGEST_WAIT = 20.0
"""Without any mail taken meanwhile, after which somebody is killed all the same."""
REPORT = Path(__file__).parent.parent / "docs" / "mail-proof.md"
AFTERWARDS = (
    "An unknown mail was being handed over when its dispatcher was killed, so it may have arrived: it is listed for",
    "reception under `Messages`, `To see to`, and never sent again by itself.",
)
OPEN = (MessageState.DUE.value, MessageState.CLAIMED.value, MessageState.SENDING.value)
_forking: Any = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of a run."""

    database: str
    reminders: int
    kills: int
    seconds: float
    sent: int
    unknown: int
    unknown_taken: int
    """Of the unknown, those that the server took."""
    other: int
    """In any other state: there must be none."""
    lost: int
    """Said to be sent, and not taken."""
    twice: int
    """Taken more than once."""

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, nothing sent twice, and no kill left more than one in doubt."""
        return not (self.lost or self.twice or self.other) and self.unknown <= self.kills


def prove(database_url: str, reminders: int, kills: int, seed: int) -> Proof:
    """Send the reminders of an empty database under fire."""
    app = create_app(read_settings({"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}))
    present = now()
    with app.app_context():
        upgrade()
        fill_clinic(present, reminders)
        make_due(present)
        db.session.remove()
        db.engine.dispose()  # nobody may inherit a connection
    begun = time.monotonic()
    with _mail_server(seed) as server:
        crew = _Crew(app, server.port, present, begun)
        try:
            _fire(crew, server, reminders, kills, random.Random(seed))
            with app.app_context():
                _wait_until_done()
        finally:
            crew.dismiss()
        taken = server.taken()
    with app.app_context():
        return _compare(taken, kills, time.monotonic() - begun)


class _Crew:
    """The dispatchers, each a process forked from ours."""

    def __init__(self, app: Flask, port: int, present: datetime, begun: float) -> None:
        self._work = (app, port, present, begun)
        self._processes = [self._start() for _ in range(DISPATCHERS)]

    def kill_one(self, place: int) -> None:
        """kill -9, and somebody else takes over."""
        victim = self._processes[place]
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        self._processes[place] = self._start()

    def dismiss(self) -> None:
        """End them all."""
        for process in self._processes:
            process.kill()
            process.join()

    def _start(self) -> Any:
        process = _forking.Process(target=_dispatch, args=self._work, daemon=True)
        process.start()
        return process


def _dispatch(app: Flask, port: int, present: datetime, begun: float) -> None:
    """Look for due mails again and again, until somebody ends us."""
    smtp = parse_smtp_url(f"smtp://{HOST}:{port}")
    mailer = Mailer(smtp, MAIL_FROM, SITE) if smtp else None

    def clock() -> datetime:
        return present + timedelta(seconds=(time.monotonic() - begun) * CLOCK_SPEED)

    with app.app_context():
        while True:
            dispatch_messages(mailer, clock=clock)
            time.sleep(0.05)


def _fire(crew: _Crew, server: "_Server", reminders: int, kills: int, chance: random.Random) -> None:
    """Kill somebody each time a few more mails were taken, so that the kills fall into all of the sending."""
    for done in range(kills):
        goal = done * reminders * 0.9 / kills
        give_up_at = time.monotonic() + LONGEST_WAIT
        while server.count.value < goal and time.monotonic() < give_up_at:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.02))
        crew.kill_one(chance.randrange(DISPATCHERS))
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done + 1} kills, {server.count.value} mails ")


def _wait_until_done() -> None:
    while db.session.scalar(select(func.count()).where(Message.state.in_(OPEN))):
        db.session.rollback()
        time.sleep(0.5)
    db.session.remove()
    db.engine.dispose()


def _compare(taken: list[str], kills: int, seconds: float) -> Proof:
    """The server's list against ours."""
    rows = db.session.execute(select(Message.message_id, Message.state)).all()
    often = Counter(taken)
    sent = {row.message_id for row in rows if row.state == MessageState.SENT}
    unknown = {row.message_id for row in rows if row.state == MessageState.UNKNOWN}
    return Proof(
        database=db.engine.dialect.name,
        reminders=len(rows),
        kills=kills,
        seconds=seconds,
        sent=len(sent),
        unknown=len(unknown),
        unknown_taken=len(unknown & often.keys()),
        other=len(rows) - len(sent) - len(unknown),
        lost=len(sent - often.keys()),
        twice=sum(1 for count in often.values() if count > 1),
    )


@dataclass(frozen=True, slots=True)
class _Server:
    port: int
    count: Any
    """How many mails were taken so far, shared with the server's process."""
    pipe: Connection

    def taken(self) -> list[str]:
        """The Message-IDs, before the @, of all mails that were taken; ends the server."""
        self.pipe.send("done")
        return list(self.pipe.recv())


@contextmanager
def _mail_server(seed: int) -> Iterator[_Server]:
    ours, theirs = _forking.Pipe()
    count = _forking.Value("i", 0)
    process = _forking.Process(target=_serve, args=(theirs, count, seed), daemon=True)
    process.start()
    try:
        yield _Server(ours.recv(), count, ours)
    finally:
        process.kill()
        process.join()


def _serve(theirs: Connection, count: Any, seed: int) -> None:
    chance = random.Random(seed)

    def end() -> str:
        time.sleep(chance.uniform(0, 2 * ANSWER_SECONDS))
        if chance.random() < LATER_SHARE:
            return "451 4.3.0 later"
        with count.get_lock():
            count.value += 1
        return "250 2.0.0 taken"

    with ScriptedServer().on("END", end) as server:
        theirs.send(server.port)
        theirs.recv()
        theirs.send([str(mail.parsed["Message-ID"]).strip("<>").partition("@")[0] for mail in server.taken])


def _write(proofs: list[Proof]) -> None:
    """The figures as a page of the docs."""
    lines = [
        "# Mails under fire",
        "",
        f"`python -m bench.mail_kills --write`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores.",
        "",
        *(__doc__ or "").partition("\n\n")[2].strip().splitlines(),
        "",
        "| | " + " | ".join(proof.database for proof in proofs) + " |",
        "| --- |" + " ---: |" * len(proofs),
    ]
    figures = {
        "reminders": [proof.reminders for proof in proofs],
        "dispatchers": [DISPATCHERS] * len(proofs),
        "kills": [proof.kills for proof in proofs],
        "seconds": [round(proof.seconds) for proof in proofs],
        "sent, and taken by the server": [proof.sent - proof.lost for proof in proofs],
        "unknown (at most one per kill)": [proof.unknown for proof in proofs],
        "of them taken by the server": [proof.unknown_taken for proof in proofs],
        "**lost**": [proof.lost + proof.other for proof in proofs],
        "**taken twice**": [proof.twice for proof in proofs],
    }
    lines += [
        f"| {name} | " + " | ".join(f"{value:,}" for value in row) + " |" for name, row in figures.items()
    ]
    lines += ["", *AFTERWARDS]
    REPORT.write_text("\n".join(lines).replace("``", "`") + "\n")


def main() -> None:
    """Prove it on the databases that were asked for."""
    parser = argparse.ArgumentParser(prog="bench.mail_kills", description=__doc__)
    parser.add_argument("--reminders", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--write", action="store_true", help=f"put the figures into docs/{REPORT.name}")
    asked = parser.parse_args()
    proofs = []
    with tempfile.TemporaryDirectory() as folder, Cluster(durable=True) as cluster:
        if asked.database != "postgresql":
            proofs.append(prove(f"sqlite:///{folder}/kills.db", asked.reminders, asked.kills, asked.seed))
            print(proofs[-1])
        if asked.database != "sqlite":
            proofs.append(prove(cluster.create_database("kills"), asked.reminders, asked.kills, asked.seed))
            print(proofs[-1])
    if asked.write:
        _write(proofs)
    sys.exit(0 if all(proof.holds for proof in proofs) else 1)


if __name__ == "__main__":
    main()
