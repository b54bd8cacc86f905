"""Adding columns and exchanging CHECK constraints in a migration, on both databases.

SQLite can change a table's constraints only by making the table anew. Alembic's batch mode forgets CHECK constraints
and triggers; here the table's stored SQL is edited instead, and its indexes and triggers come back as they were.
Foreign keys must be off on the connection (migrations/env.py sees to it).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from alembic import op
from sqlalchemy import Connection, text

Column = tuple[str, str, str | None]
"""Name, type with default ({instant} and {json} stand for the database's own), and the table that it refers to."""


@dataclass(frozen=True, slots=True)
class Widening:
    """What a table gets: columns, and checks as (condition before, condition after) by name; None: there is none."""

    table: str
    columns: Sequence[Column] = ()
    checks: Mapping[str, tuple[str | None, str]] = field(default_factory=dict)
    nullable: Sequence[str] = ()
    """INTEGER columns that may be null from now on."""

    def apply(self) -> None:
        """Add and exchange, in the migration that runs."""
        if op.get_bind().dialect.name == "sqlite":
            rebuild_table(op.get_bind(), self.table, lambda sql: _edited(sql, self._sqlite_edits()))
            return
        for name, kind, target in self.columns:
            kind = kind.format(instant="TIMESTAMP WITH TIME ZONE", json="JSONB")
            op.execute(f"ALTER TABLE {self.table} ADD COLUMN {name} {kind}")
            if target:
                op.create_foreign_key(f"fk_{self.table}_{name}", self.table, target, [name], ["id"])
        for name, (old, new) in self.checks.items():
            if old:
                op.drop_constraint(op.f(f"ck_{self.table}_{name}"), self.table)
            op.create_check_constraint(op.f(f"ck_{self.table}_{name}"), self.table, new)
        for name in self.nullable:
            op.alter_column(self.table, name, nullable=True)

    def undo(self) -> None:
        """The contrary of apply."""
        if op.get_bind().dialect.name == "sqlite":
            undone = {new: old for old, new in self._sqlite_edits().items()}
            rebuild_table(op.get_bind(), self.table, lambda sql: _edited(sql, undone))
            return
        for name in self.nullable:
            op.alter_column(self.table, name, nullable=False)
        for name, (old, _) in self.checks.items():
            op.drop_constraint(op.f(f"ck_{self.table}_{name}"), self.table)
            if old:
                op.create_check_constraint(op.f(f"ck_{self.table}_{name}"), self.table, old)
        for name, *_ in self.columns:
            op.drop_column(self.table, name)

    def _sqlite_edits(self) -> dict[str, str]:
        """What changes in the table's own SQL: new columns before its primary key, new checks after it."""
        columns = constraints = ""
        for name, kind, target in self.columns:
            columns += f"{name} {kind.format(instant='BIGINT', json='JSON')}, \n\t"
            if target:
                refers = f"FOREIGN KEY({name}) REFERENCES {target} (id)"
                constraints += f", \n\tCONSTRAINT fk_{self.table}_{name} {refers}"
        for name, (old, new) in self.checks.items():
            if old is None:
                constraints += f", \n\tCONSTRAINT ck_{self.table}_{name} CHECK ({new})"
        key = f"CONSTRAINT pk_{self.table} PRIMARY KEY (id)"
        edits = {key: f"{columns}{key}{constraints}"}
        edits |= {f"CHECK ({old})": f"CHECK ({new})" for old, new in self.checks.values() if old}
        return edits | {f"{name} INTEGER NOT NULL": f"{name} INTEGER" for name in self.nullable}


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


def _edited(sql: str, edits: Mapping[str, str]) -> str:
    """SQL with parts exchanged; ValueError if one does not stand there exactly once."""
    for old, new in edits.items():
        if sql.count(old) != 1:
            raise ValueError(f"{old!r} stands {sql.count(old)} times in {sql}")
        sql = sql.replace(old, new)
    return sql
