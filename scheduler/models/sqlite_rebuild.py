"""Changing a table's own constraints on SQLite, which can only be done by making the table anew.

Alembic's batch mode forgets CHECK constraints and triggers; here the table's stored SQL is edited instead, and its
indexes and triggers come back as they were. Foreign keys must be off on the connection (migrations/env.py sees to it).
"""

from collections.abc import Callable

from sqlalchemy import Connection, text


def rebuild_table(connection: Connection, table: str, edit: Callable[[str], str]) -> None:
    """Make a table anew with its CREATE TABLE statement edited; rows, indexes and triggers stay.

    Columns that are new have a default or are nullable; columns that are gone lose their values.
    """
    stored = connection.execute(
        text("SELECT type, name, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL"),
        {"table": table},
    ).all()
    sql = edit(next(row.sql for row in stored if row.type == "table"))
    _, _, definition = sql.partition("(")
    connection.exec_driver_sql(f"CREATE TABLE _new_{table} ({definition}")
    before, after = (
        [row.name for row in connection.execute(text(f"PRAGMA table_info({name})"))]
        for name in (table, f"_new_{table}")
    )
    columns = ", ".join(f'"{name}"' for name in after if name in before)
    connection.exec_driver_sql(f"INSERT INTO _new_{table} ({columns}) SELECT {columns} FROM {table}")  # noqa: S608
    connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.exec_driver_sql(f"ALTER TABLE _new_{table} RENAME TO {table}")
    for row in stored:
        if row.type != "table":
            connection.exec_driver_sql(row.sql)
