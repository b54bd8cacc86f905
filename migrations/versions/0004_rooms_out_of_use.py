"""a room can be out of use while its location is open; marks in old notes become what must be seen first

Revision ID: 0004
Revises: 0003
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from scheduler.models.base import Json, UtcDateTime
from scheduler.models.schema_changes import Widening

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CLOSURES = Widening("closures", [("room_id", "INTEGER", "rooms")])
LONGEST_ATTENTION = 300
PATIENTS = sa.table(
    "patients",
    sa.column("id", sa.Integer),
    sa.column("notes", sa.Text),
    sa.column("attention", sa.Text),
    sa.column("version", sa.Integer),
)
TRAIL = sa.table(
    "audit_entries",
    sa.column("at", UtcDateTime()),
    sa.column("detail", Json),
    *(
        sa.column(name)
        for name in ("actor_kind", "actor_name", "source", "action", "entity", "entity_id", "patient_id")
    ),
)


def upgrade() -> None:
    CLOSURES.apply()
    op.create_index("ix_closures_room_id_starts_at", "closures", ["room_id", "starts_at"])
    _lift_marks()


def downgrade() -> None:
    # An earlier version would take a room that is out of use for the whole location being closed.
    op.execute("DELETE FROM closures WHERE room_id IS NOT NULL")
    op.drop_index("ix_closures_room_id_starts_at", table_name="closures")
    CLOSURES.undo()


def _lift_marks() -> None:
    """Move the first line of notes that begin with "!" to where it is seen first, unless something stands there.

    What is too long for that place is shortened there, and stays in the notes as a whole.
    """
    connection, now = op.get_bind(), datetime.now(UTC)
    marked = sa.select(PATIENTS.c.id, PATIENTS.c.notes).where(
        PATIENTS.c.notes.like("%!%"), PATIENTS.c.attention == ""
    )
    for number, notes in connection.execute(marked.order_by(PATIENTS.c.id)).all():
        line, _, rest = notes.strip().partition("\n")
        words = " ".join(line.lstrip("! ").split())
        if not line.startswith("!") or not words:
            continue
        changed = {"attention": words, "notes": rest.strip()}
        if len(words) > LONGEST_ATTENTION:
            changed = {"attention": f"{words[: LONGEST_ATTENTION - 1]}…", "notes": notes}
        connection.execute(
            PATIENTS.update().where(PATIENTS.c.id == number).values(**changed, version=PATIENTS.c.version + 1)
        )
        connection.execute(
            TRAIL.insert().values(
                at=now,
                actor_kind="command",
                actor_name="upgrade",
                source="cli",
                action="patient_changed",
                entity="patient",
                entity_id=number,
                patient_id=number,
                detail={"fields": ["attention", "notes"]},
            )
        )
