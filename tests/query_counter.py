"""Counting the statements that a piece of work sends to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from scheduler.extensions import db


@dataclass
class Counter:
    """How many statements were sent so far."""

    total: int = 0


@contextmanager
def count_queries() -> Iterator[Counter]:
    """Count the statements of the current application's engine; BEGIN and COMMIT are none."""
    counter = Counter()

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        counter.total += not statement.startswith("BEGIN")

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        yield counter
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
