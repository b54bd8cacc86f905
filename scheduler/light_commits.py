"""Many small transactions in a row that need not be on disk at once.

A light commit is seen by everybody at once and outlives the process that made it, but it is not flushed: a crash of
the machine or of the database server may undo it. crash_epoch() tells whether there was one. So it is only for what
a flushed commit announced before, together with the epoch.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Update, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from scheduler.extensions import db
from scheduler.models.base import UtcDateTime
from scheduler.transaction import persist

INSTANT = UtcDateTime()
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
Step = tuple[Update, Mapping[str, object]]
"""A statement that changes rows, and the values of its parameters."""
Compiled = tuple[str, dict[str, Any], list[str] | None]
"""SQL, parameters as the driver takes them, and their order where they have no names."""


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


@contextmanager
def light_writer() -> Iterator["LightWriter"]:
    """A writer with a connection of its own, closed in the end."""
    with db.engine.connect() as connection:
        kind = WRITERS[connection.dialect.name]
        writer = kind(connection)
        connection.detach()  # nobody else shall inherit its settings
        yield writer


class LightWriter:
    """Runs statements as the driver takes them, compiled once: that is what most of the time would go into."""

    def __init__(self, connection: Connection) -> None:
        self._dialect = connection.dialect
        self._driver: Any = connection.connection.dbapi_connection
        self._compiled: dict[Update, Compiled] = {}
        self._prepare()

    def write(self, steps: Sequence[Step]) -> int:
        """Run the steps in one transaction; how many rows the last one changed. Raises as transaction.writing.

        No two steps may change the same row, and none sees what another changed.
        """
        compiled = [self._compile(statement, values) for statement, values in steps]
        return persist(lambda: self._attempt(compiled))

    def _attempt(self, compiled: Sequence[Compiled]) -> int:
        try:
            return self._run(compiled)
        except self._dialect.loaded_dbapi.Error as error:
            with suppress(self._dialect.loaded_dbapi.Error):
                self._driver.rollback()
            raise DBAPIError("; ".join(sql for sql, _, _ in compiled), None, error) from error

    def _compile(self, statement: Update, values: Mapping[str, object]) -> Compiled:
        known = self._compiled.get(statement)
        if known is None:
            compiled: Any = statement.compile(dialect=self._dialect)
            known = self._compiled[statement] = (compiled.string, compiled.params, compiled.positiontup)
        sql, defaults, order = known
        parameters = {
            name: INSTANT.process_bind_param(value, self._dialect) if isinstance(value, datetime) else value
            for name, value in {**defaults, **values}.items()
        }
        return sql, parameters, order

    def _prepare(self) -> None:
        raise NotImplementedError

    def _run(self, compiled: Sequence[Compiled]) -> int:
        raise NotImplementedError


class _SqliteWriter(LightWriter):
    def _prepare(self) -> None:
        self._driver.execute("PRAGMA synchronous=NORMAL")
        self._driver.execute("PRAGMA wal_autocheckpoint=0")  # which flushes: left to the next flushed commit

    def _run(self, compiled: Sequence[Compiled]) -> int:
        self._driver.execute("BEGIN IMMEDIATE")
        for sql, parameters, order in compiled:
            changed: int = self._driver.execute(sql, [parameters[name] for name in order or ()]).rowcount
        self._driver.execute("COMMIT")
        return changed


class _PostgresqlWriter(LightWriter):
    def _prepare(self) -> None:
        self._driver.autocommit = True
        self._driver.execute("SET synchronous_commit TO off")

    def _run(self, compiled: Sequence[Compiled]) -> int:
        values = {
            f"{place}_{name}": value
            for place, (_, parameters, _) in enumerate(compiled)
            for name, value in parameters.items()
        }
        changed: int = self._driver.execute(_in_one(tuple(sql for sql, _, _ in compiled)), values).rowcount
        return changed


@lru_cache(maxsize=256)
def _in_one(statements: tuple[str, ...]) -> str:
    """Several statements as one, which is one transaction and one round trip: WITH step_0 AS (…), … the last."""
    named = [sql.replace("%(", f"%({place}_") for place, sql in enumerate(statements)]
    steps = ", ".join(f"step_{place} AS ({sql})" for place, sql in enumerate(named[:-1]))
    return f"WITH {steps} {named[-1]}" if steps else named[-1]


WRITERS: dict[str, type[LightWriter]] = {"sqlite": _SqliteWriter, "postgresql": _PostgresqlWriter}
