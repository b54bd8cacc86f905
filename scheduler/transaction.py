"""The one place that begins, commits, retries and maps database errors.

SQLite: writing transactions BEGIN IMMEDIATE (a deferred one that turns into a writer fails with "database is
locked" whatever the timeout), reading ones BEGIN. PostgreSQL: writers first take advisory locks on every resource
they touch, in sorted order, because two series inserted side by side would otherwise deadlock in the exclusion
constraints.

A light commit is not flushed to disk. It is there for everybody at once and outlives the process that made it, but
the machine's or the database server's crash may undo it. crash_epoch() tells whether there was one.
"""

import hashlib
import random
import sqlite3
import time
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, DatabaseBusy, InvalidInput, SchedulerError, SlotTaken
from scheduler.extensions import db

P = ParamSpec("P")
R = TypeVar("R")
TRIES = 6
WRITING = "needletime_writing"
LIGHTLY = "needletime_lightly"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
SERIALIZATION_FAILURE, DEADLOCK, LOCK_TIMEOUT = "40001", "40P01", "55P03"
IDEMPOTENCY_RACE = "uq_idempotency_keys_actor_key"
"""Two copies of one request met; the second finds the first one's result when it runs again."""
LOCK_KINDS = {"practitioner": 1, "location": 2, "patient": 3, "plan": 4, "sign_in": 5}


def prepare_engine(engine: Engine) -> None:
    """Attach what each dialect needs at connect and at begin; call once per engine."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_postgresql)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(WRITING):
        connection.exec_driver_sql(f"PRAGMA synchronous={'NORMAL' if options.get(LIGHTLY) else 'FULL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITING) else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(LIGHTLY):
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")


def writing(work: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Make a use case of ``work(session, …)``: one transaction that commits once or leaves nothing.

    What was loaded before is forgotten first, so that nothing stale is written. Lock conflicts are retried with
    growing pauses; other database errors become the domain error of the constraint that was hit.
    Raises DatabaseBusy when every try met a lock.
    """
    return _in_transaction(work, {WRITING: True})


def writing_lightly(work: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Like writing, with a light commit: only for what crash_epoch() can call into question later."""
    return _in_transaction(work, {WRITING: True, LIGHTLY: True})


def _in_transaction(work: Callable[Concatenate[Session, P], R], options: dict[str, bool]) -> Callable[P, R]:
    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(TRIES):
            session = db.session()
            session.rollback()
            try:
                session.connection(execution_options=options)
                result = work(session, *args, **kwargs)
                session.commit()
            except DBAPIError as error:
                session.rollback()
                if not _is_worth_retrying(error):
                    raise domain_error(error) from error
                time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
            except BaseException:
                session.rollback()
                raise
            else:
                return result
        raise DatabaseBusy

    return run


def reading(work: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Make a query of ``work(session, …)``: it gets the request's session and writes nothing."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return work(db.session(), *args, **kwargs)

    return run


def crash_epoch(session: Session) -> str:
    """A word for the time since light commits can last have been lost; another word: some may have been.

    SQLite: since the machine started. PostgreSQL: since the server last recovered from a crash, which resets its
    statistics; a manual reset of those looks the same. "" where it cannot be known: write nothing lightly there.
    """
    if session.get_bind().dialect.name == "postgresql":
        since = str(session.scalar(text("SELECT stats_reset FROM pg_stat_bgwriter")))
    elif BOOT_ID.exists():
        since = BOOT_ID.read_text()
    else:
        return ""
    return hashlib.sha256(since.encode()).hexdigest()[:12]


def lock_resources(session: Session, resources: Iterable[tuple[str, int]]) -> None:
    """Serialise writers of the same resources until the transaction ends; ``resources`` are (kind, id).

    Only PostgreSQL needs it: SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    for kind, number in sorted({(LOCK_KINDS[kind], number) for kind, number in resources}):
        session.execute(
            text("SELECT pg_advisory_xact_lock(:kind, :number)"), {"kind": kind, "number": number}
        )


def constraint_name(error: DBAPIError) -> str:
    """The name of the constraint or guard that refused, or "" where the driver does not tell."""
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is not None:
        return diagnostics.constraint_name or diagnostics.message_primary or ""
    message = str(error.orig)
    if message.startswith("overlap:"):
        return message.replace(":", "_")
    if message.startswith("UNIQUE constraint failed: "):
        columns = message.removeprefix("UNIQUE constraint failed: ").split(", ")
        return "uq_" + columns[0].split(".")[0] + "_" + "_".join(column.split(".")[-1] for column in columns)
    return message.removeprefix("CHECK constraint failed: ")


def domain_error(error: DBAPIError) -> SchedulerError | DBAPIError:
    """The error a person understands for what the database refused; the error itself where it is our fault."""
    name = constraint_name(error)
    if name.startswith("overlap_"):
        busy = name.removeprefix("overlap_")
        return SlotTaken(busy=busy, resources=[busy])
    if name == "uq_appointments_planned_session_id_active" or name == "uq_appointments_planned_session_id":
        return Conflict("That planned session already has an appointment.")
    if name in {"length", "ck_appointments_length"}:
        return InvalidInput("An appointment, buffers included, lasts at most 12 hours.")
    if name.startswith("uq_") or getattr(error.orig, "sqlstate", "") == "23505":
        return Conflict(constraint=name)
    return error


def _is_worth_retrying(error: DBAPIError) -> bool:
    if constraint_name(error) == IDEMPOTENCY_RACE:
        return True
    state: Any = getattr(error.orig, "sqlstate", None)
    if state in {SERIALIZATION_FAILURE, DEADLOCK, LOCK_TIMEOUT}:
        return True
    code = getattr(error.orig, "sqlite_errorname", "")
    return str(code).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
