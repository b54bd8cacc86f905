"""When a practitioner's week last changed, stamped by the database itself: what a process remembers of it is checked
against this one indexed row.

Kept by triggers on ``appointments``, so that no way of writing can forget it. On SQLite a migration that rebuilds that
table drops them: see overlap_guard.py, the same holds here.
"""

from sqlalchemy import BigInteger, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.models.base import Base

WEEK_SECONDS = 7 * 86_400
WATCHED = ("practitioner_id", "room_id", "busy_from", "busy_until", "status")
"""Columns whose change changes what is taken."""


class DiaryWeek(Base):
    """A week of a practitioner in which there is, or was, an appointment."""

    __tablename__ = "diary_weeks"
    __table_args__ = (PrimaryKeyConstraint("week", "practitioner_id", name="pk_diary_weeks"),)

    week: Mapped[int] = mapped_column(autoincrement=False)
    """Whole weeks of UTC since 1970-01-01."""
    practitioner_id: Mapped[int] = mapped_column(autoincrement=False)
    """No foreign key: a trigger writes it."""
    stamp: Mapped[int] = mapped_column(BigInteger)
    """A new random number at each change: unlike a counter it never repeats after a restore."""


def create_statements(dialect: str) -> list[str]:
    """The SQL that creates the triggers on "sqlite" or "postgresql"."""
    return _sqlite_triggers() if dialect == "sqlite" else _postgresql_trigger()


def drop_statements(dialect: str) -> list[str]:
    """The SQL that removes what create_statements made, if it is there."""
    if dialect == "sqlite":
        return [f"DROP TRIGGER IF EXISTS diary_weeks_{event}" for event in ("insert", "update", "delete")]
    return [
        "DROP TRIGGER IF EXISTS diary_weeks ON appointments",
        "DROP FUNCTION IF EXISTS stamp_diary_weeks()",
    ]


def _sqlite_triggers() -> list[str]:
    rows = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}
    events = {"update": f"UPDATE OF {', '.join(WATCHED)}"}
    return [
        f"CREATE TRIGGER diary_weeks_{event} AFTER {events.get(event, event.upper())} ON appointments BEGIN "
        + " ".join(_stamp_sqlite(row, moment) for row in named for moment in ("busy_from", "busy_until - 1"))
        + " END"
        for event, named in rows.items()
    ]


def _stamp_sqlite(row: str, moment: str) -> str:
    return (
        "INSERT INTO diary_weeks (week, practitioner_id, stamp) "
        f"VALUES (({row}.{moment}) / {WEEK_SECONDS}, {row}.practitioner_id, random()) "
        "ON CONFLICT (week, practitioner_id) DO UPDATE SET stamp = excluded.stamp;"
    )


def _postgresql_trigger() -> list[str]:
    watched = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in WATCHED)
    return [
        "CREATE FUNCTION stamp_diary_weeks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'UPDATE' AND NOT ({watched}) THEN RETURN NULL; END IF; "
        f"IF TG_OP <> 'INSERT' THEN {_stamp_postgresql('OLD')} END IF; "
        f"IF TG_OP <> 'DELETE' THEN {_stamp_postgresql('NEW')} END IF; "
        "RETURN NULL; END $$",
        "CREATE TRIGGER diary_weeks AFTER INSERT OR UPDATE OR DELETE ON appointments "
        "FOR EACH ROW EXECUTE FUNCTION stamp_diary_weeks()",
    ]


def _stamp_postgresql(row: str) -> str:
    return " ".join(
        "INSERT INTO diary_weeks (week, practitioner_id, stamp) "
        f"VALUES (extract(epoch FROM {row}.{moment})::bigint / {WEEK_SECONDS}, {row}.practitioner_id, "
        "('x' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 15))::bit(60)::bigint) "
        "ON CONFLICT (week, practitioner_id) DO UPDATE SET stamp = excluded.stamp;"
        for moment in ("busy_from", "busy_until - interval '1 second'")
    )
