"""The database's own refusal of double bookings and of rewriting the audit trail, in both dialects.

Practitioner and room are exclusive over [busy_from, busy_until), the patient over [starts_at, ends_at), among active
rows. PostgreSQL: exclusion constraints (btree_gist). SQLite: triggers; the capped length bounds their search.
Alembic's batch mode drops SQLite triggers without a word: a migration that rebuilds ``appointments`` or
``audit_entries`` on SQLite must call ``drop_statements`` and ``create_statements`` around it.
"""

from scheduler.models.appointments import ACTIVE_SQL

RESOURCES = {
    "practitioner": ("practitioner_id", "busy_from", "busy_until"),
    "room": ("room_id", "busy_from", "busy_until"),
    "patient": ("patient_id", "starts_at", "ends_at"),
}
LONGEST_HOURS = 12
"""No appointment, buffers included, is longer."""
APPEND_ONLY = "audit_entries"


def create_statements(dialect: str) -> list[str]:
    """The SQL that creates the guards on "sqlite" or "postgresql"."""
    return _sqlite_guards() if dialect == "sqlite" else _postgresql_guards()


def drop_statements(dialect: str) -> list[str]:
    """The SQL that removes what create_statements made, if it is there."""
    if dialect == "sqlite":
        names = [f"overlap_{name}_{event}" for name in RESOURCES for event in ("insert", "update")]
        names += ["append_only_update", "append_only_delete"]
        return [f"DROP TRIGGER IF EXISTS {name}" for name in names]
    constraints = [f"overlap_{name}" for name in RESOURCES] + ["ck_appointments_length"]
    return [f"ALTER TABLE appointments DROP CONSTRAINT IF EXISTS {name}" for name in constraints] + [
        f"DROP TRIGGER IF EXISTS append_only ON {APPEND_ONLY}",
        "DROP FUNCTION IF EXISTS refuse_rewriting()",
    ]


def _postgresql_guards() -> list[str]:
    statements = ["CREATE EXTENSION IF NOT EXISTS btree_gist"]
    statements += [
        f"ALTER TABLE appointments ADD CONSTRAINT overlap_{name} EXCLUDE USING gist "
        f"({key} WITH =, tstzrange({start}, {end}, '[)') WITH &&) WHERE ({ACTIVE_SQL})"
        for name, (key, start, end) in RESOURCES.items()
    ]
    statements.append(
        "ALTER TABLE appointments ADD CONSTRAINT ck_appointments_length "
        f"CHECK (busy_until - busy_from <= interval '{LONGEST_HOURS} hours')"
    )
    statements.append(
        "CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'append_only'; END $$"
    )
    statements.append(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {APPEND_ONLY} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
    )
    return statements


def _sqlite_guards() -> list[str]:
    longest = LONGEST_HOURS * 3600
    statements = []
    for name, (key, start, end) in RESOURCES.items():
        for event in ("insert", "update"):
            itself = "" if event == "insert" else "AND other.id <> NEW.id "
            too_long = (
                "WHEN NEW.busy_until - NEW.busy_from > " + str(longest) + " THEN RAISE(ABORT, 'length') "
            )
            statements.append(
                f"CREATE TRIGGER overlap_{name}_{event} BEFORE {event.upper()} ON appointments "
                f"WHEN NEW.{ACTIVE_SQL} BEGIN SELECT CASE {too_long}"
                f"WHEN EXISTS (SELECT 1 FROM appointments AS other WHERE other.{key} = NEW.{key} "
                f"AND other.starts_at > NEW.{start} - {longest} AND other.starts_at < NEW.{end} + {longest} "
                f"AND other.{start} < NEW.{end} AND other.{end} > NEW.{start} AND other.{ACTIVE_SQL} {itself}) "
                f"THEN RAISE(ABORT, 'overlap:{name}') END; END"
            )
    for event in ("update", "delete"):
        statements.append(
            f"CREATE TRIGGER append_only_{event} BEFORE {event.upper()} ON {APPEND_ONLY} "
            "BEGIN SELECT RAISE(ABORT, 'append_only'); END"
        )
    return statements
