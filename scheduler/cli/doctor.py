"""``doctor``: is this installation sound?"""

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config import Settings
from scheduler import clock
from scheduler.cli.plainly import said_plainly
from scheduler.extensions import db
from scheduler.jobs import JOBS
from scheduler.mail.smtp import Connection, NoConnection, Patience
from scheduler.usecases.clinic.catalogue import find_clinic
from scheduler.usecases.doctor import (
    job_runs,
    missing_guards,
    newest_revision,
    stamps_are_renewed,
    stored_revision,
)

OK, WARNING, PROBLEM = "ok", "warning", "PROBLEM"
COLOURS = {OK: "green", WARNING: "yellow", PROBLEM: "red"}
FEWEST_LETTERS = 10
"""32 random characters have more different ones, but for one key in millions."""
NOT_ENCRYPTED = {"localhost", "127.0.0.1", "::1"}
"""Hosts for which http is good enough: nothing leaves the machine."""
MAIL_PATIENCE = Patience(connect=10, command=10)
MISSED_RUNS = 3
GRACE = timedelta(minutes=1)
"""A job that was not run for so many of its intervals, and a little more, is not run at all."""


class Finding(NamedTuple):
    """One line of the report."""

    level: str
    subject: str
    sentence: str


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Look whether this installation is sound.

    Prints a line for each part and exits with 1 if one says PROBLEM. Looks at the settings, the mail server, the
    database, its guards against double booking, and the clock. Keeps nothing, sends nothing and prints no secrets.
    """
    levels = set()
    with said_plainly():
        for level, subject, sentence in examine(current_app.config["SETTINGS"]):
            levels.add(level)
            click.echo(f"{click.style(f'{level:8}', fg=COLOURS[level])} {subject:24} {sentence}")
    if PROBLEM in levels:
        raise SystemExit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything there is to say; what needs a sound database is left out where there is none."""
    yield _secret_key(settings)
    yield _address(settings)
    yield from _mail(settings)
    try:
        yield _database()
    except DBAPIError as error:
        yield Finding(PROBLEM, "database", f"It cannot be reached: {_first_line(error)}")
        return
    yield from _sqlite_file()
    schema = _schema()
    yield schema
    if schema.level == OK:
        yield _guards()
        yield _clinic()
        yield from _clock()


def _secret_key(settings: Settings) -> Finding:
    if len(set(settings.secret_key)) < FEWEST_LETTERS:
        sentence = "SECRET_KEY is long enough but not random: whoever guesses it can forge forms."
        return Finding(WARNING, "secret key", sentence)
    return Finding(OK, "secret key", f"{len(settings.secret_key)} characters.")


def _address(settings: Settings) -> Finding:
    parts = urlsplit(settings.base_url)
    if parts.scheme == "https":
        return Finding(OK, "address", settings.base_url)
    if parts.hostname in NOT_ENCRYPTED:
        return Finding(OK, "address", f"{settings.base_url} (this machine only)")
    sentence = (
        f"BASE_URL is {settings.base_url}: passwords and patients' data would travel in the open. Use https."
    )
    return Finding(PROBLEM, "address", sentence)


def _mail(settings: Settings) -> Iterator[Finding]:
    if settings.smtp is None:
        yield Finding(WARNING, "mail", "SMTP_URL is not set: mails wait and are never sent.")
        return
    if settings.mail_from.endswith("@localhost"):
        yield Finding(WARNING, "mail", "MAIL_FROM is not set: mails from clinic@localhost will be refused.")
    try:
        Connection(settings.smtp, MAIL_PATIENCE).quit()
    except NoConnection as error:
        yield Finding(PROBLEM, "mail", f"The mail server does not let us in: {error}")
        return
    server = f"{settings.smtp.host}:{settings.smtp.port}"
    encrypted = settings.smtp.implicit_tls or settings.smtp.starttls
    if not encrypted and settings.smtp.host not in NOT_ENCRYPTED:
        sentence = (
            f"{server} takes our mail, but not encrypted: add ?starttls=1 to SMTP_URL, or use smtps://."
        )
        yield Finding(WARNING, "mail", sentence)
    else:
        yield Finding(OK, "mail", f"{server} takes our mail.")


def _database() -> Finding:
    url = db.engine.url.render_as_string(hide_password=True)
    with db.engine.connect() as connection:
        sqlite = db.engine.dialect.name == "sqlite"
        version = connection.scalar(text("SELECT sqlite_version()" if sqlite else "SHOW server_version"))
    return Finding(OK, "database", f"{'SQLite' if sqlite else 'PostgreSQL'} {version}, {url}")


def _sqlite_file() -> Iterator[Finding]:
    """An SQLite file must be read by nobody else, and keep its log beside it."""
    if db.engine.dialect.name != "sqlite":
        return
    path = Path(db.engine.url.database or "")
    others = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    if others and path.parent.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH):
        sentence = f"Other users of this machine can read {path}: chmod 600 it."
        yield Finding(WARNING, "file", sentence)
    with db.engine.connect() as connection:
        mode = connection.scalar(text("PRAGMA journal_mode"))
    if mode != "wal":
        sentence = f"{path} cannot keep a write-ahead log (journal_mode {mode}): is it on a network drive?"
        yield Finding(PROBLEM, "file", sentence)


def _schema() -> Finding:
    stored, newest = stored_revision(), newest_revision()
    if stored is None:
        return Finding(PROBLEM, "schema", "There are no tables yet: run flask --app wsgi db upgrade.")
    if stored != newest:
        sentence = f"It is at {stored}, this version needs {newest}: run flask --app wsgi db upgrade."
        return Finding(PROBLEM, "schema", sentence)
    return Finding(OK, "schema", f"Revision {stored}.")


def _guards() -> Finding:
    if unguarded := missing_guards():
        sentence = f"The database would accept double bookings of: {', '.join(unguarded)}."
        return Finding(PROBLEM, "guards", sentence)
    if not stamps_are_renewed():
        return Finding(PROBLEM, "guards", "Its diary_weeks triggers are missing: free times would go stale.")
    return Finding(OK, "guards", "The database refuses double bookings.")


def _clinic() -> Finding:
    clinic = find_clinic()
    if clinic is None:
        return Finding(WARNING, "clinic", "It is not set up yet: run flask --app wsgi clinic setup.")
    return Finding(OK, "clinic", clinic.name)


def _clock() -> Iterator[Finding]:
    """Whether somebody runs the recurring jobs, and whether they succeed."""
    runs = {run.name: run for run in job_runs()}
    for name, job in JOBS.items():
        run = runs.get(name)
        subject = f"job {name}"
        if run is None:
            sentence = "It never ran: start the service with RUN_CLOCK=1, or run flask --app wsgi jobs run."
            yield Finding(WARNING, subject, sentence)
            continue
        began = f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC"
        if run.error:
            yield Finding(PROBLEM, subject, f"Its last run, at {began}, failed: {run.error}")
        elif clock.now() - run.started_at > MISSED_RUNS * job.every + GRACE:
            yield Finding(PROBLEM, subject, f"It last ran at {began}: does anybody run the clock?")
        else:
            yield Finding(OK, subject, f"Last ran at {began}.")


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().split("\n")[0]
