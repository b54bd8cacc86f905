"""How Alembic runs our migrations: on the service's own engine, one transaction each, on both databases.

SQLite too changes its schema inside a transaction, as long as somebody begins one; the engine's begin hook does.
An upgrade that is killed half-way therefore leaves the old schema or the new one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import JSON, Connection

from scheduler.extensions import db
from scheduler.transaction import WRITING


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write our column types by their short names."""
    if kind == "type" and type(item).__name__ == "UtcDateTime":
        autogen_context.imports.add("from scheduler.models.base import UtcDateTime")
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, JSON):
        autogen_context.imports.add("from scheduler.models.base import Json")
        return "Json"
    return False


def refuse_dangling(ctx: object, **_step: object) -> None:
    """Before a step is committed on SQLite: foreign keys were off, so every one of them is looked at."""
    connection = ctx.connection
    if connection.dialect.name == "sqlite":
        dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if dangling:
            raise RuntimeError(f"the migration leaves {len(dangling)} rows that refer to nothing")


@contextmanager
def foreign_keys_off(connection: Connection) -> Iterator[None]:
    """On SQLite a table cannot be made anew while others refer to it; the switch works outside transactions only."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


def run_migrations() -> None:
    """Run on one connection in writing transactions."""
    with (
        db.engine.connect().execution_options(**{WRITING: True}) as connection,
        foreign_keys_off(connection),
    ):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_item=render_item,
            compare_type=True,
            transactional_ddl=True,
            transaction_per_migration=True,
            on_version_apply=refuse_dangling,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Needletime migrates a live database only; leave out --sql.")
assert current_app, "run through: flask --app wsgi db …"  # noqa: S101
run_migrations()
