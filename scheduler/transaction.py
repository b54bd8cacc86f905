"""The one place that begins, commits, retries and maps database errors.

SQLite: writing transactions BEGIN IMMEDIATE (a deferred one that turns into a writer fails with "database is
locked" whatever the timeout), reading ones BEGIN. PostgreSQL: writers first take advisory locks on every resource
they touch, in sorted order, because two series inserted side by side would otherwise deadlock in the exclusion
constraints.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterable
from functools import wraps
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
SERIALIZATION_FAILURE, DEADLOCK, LOCK_TIMEOUT = "40001", "40P01", "55P03"
IDEMPOTENCY_RACE = "uq_idempotency_keys_actor_key"
"""Two copies of one request met; the second finds the first one's result when it runs again."""
LOCK_KINDS = {"practitioner": 1, "location": 2, "patient": 3, "plan": 4, "sign_in": 5, "request": 6}


def prepare_engine(engine: Engine) -> None:
    """Attach what each dialect needs at connect and at begin; call once per engine."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def writing(work: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Make a use case of ``work(session, …)``: one transaction that commits once or leaves nothing.

    What was loaded before is forgotten first, so that nothing stale is written. Lock conflicts are retried with
    growing pauses; other database errors become the domain error of the constraint that was hit.
    Raises DatabaseBusy when every try met a lock.
    """

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        session = db.session()

        def attempt() -> R:
            session.rollback()
            try:
                session.connection(execution_options={WRITING: True})
                result = work(session, *args, **kwargs)
                session.commit()
            except BaseException:
                session.rollback()
                raise
            return result

        return persist(attempt)

    return run


def persist(attempt: Callable[[], R]) -> R:
    """Try until nothing worth retrying is in the way; raises domain errors, and DatabaseBusy after the last try."""
    for tries in range(TRIES):
        try:
            return attempt()
        except DBAPIError as error:
            if not _is_worth_retrying(error):
                raise domain_error(error) from error
        time.sleep(random.uniform(0.01, 0.05) * 2**tries)
    raise DatabaseBusy


def reading(work: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Make a query of ``work(session, …)``: it gets the request's session and writes nothing."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return work(db.session(), *args, **kwargs)

    return run


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
