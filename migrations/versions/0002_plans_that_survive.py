"""plans that survive: holds, waitlist, offers, tasks, more kinds of messages

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from scheduler.models.base import Json, UtcDateTime
from scheduler.models.schema_changes import Widening, rebuild_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATUSES = "'booked', 'confirmed', 'arrived', 'completed', 'cancelled', 'no_show'"
KINDS = "'confirmation', 'series_confirmation', 'reminder', 'change', 'cancellation'"
NEW_KINDS = "'series_changed', 'offer', 'offer_expired', 'check_in', 'weekly_summary', 'day_list'"
WIDENINGS = [
    Widening(
        "appointments",
        [("hold_id", "INTEGER", "holds")],
        {
            "status": (f"status IN ({STATUSES})", f"status IN ('held', {STATUSES})"),
            "held": (None, "(status = 'held') = (hold_id IS NOT NULL)"),
        },
    ),
    Widening(
        "messages",
        [
            ("practitioner_id", "INTEGER", "practitioners"),
            ("offer_turn_id", "INTEGER", "offer_turns"),
            ("about_on", "DATE", None),
            ("batch", "VARCHAR(80)", None),
            ("handled_at", "{instant}", None),
            ("handled_how", "VARCHAR(40)", None),
        ],
        {"kind": (f"kind IN ({KINDS})", f"kind IN ({KINDS}, {NEW_KINDS})")},
        nullable=["patient_id"],
    ),
    Widening(
        "clinics",
        [
            ("offer_minutes", "INTEGER DEFAULT 120 NOT NULL", None),
            ("summary_recipients", "{json} DEFAULT '[]' NOT NULL", None),
            ("summary_weekday", "INTEGER DEFAULT 0 NOT NULL", None),
            ("summary_minute", "INTEGER DEFAULT 420 NOT NULL", None),
        ],
        {
            "offer_minutes": (None, "offer_minutes BETWEEN 5 AND 4320"),
            "summary_weekday": (None, "summary_weekday BETWEEN 0 AND 6"),
            "summary_minute": (None, "summary_minute BETWEEN 0 AND 1439"),
        },
    ),
]


def upgrade() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("minutes_each", sa.Integer(), nullable=False),
        sa.Column("goes_on", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'taken', 'exhausted', 'stopped')", name=op.f("ck_offers_status")
        ),
        sa.CheckConstraint("minutes_each BETWEEN 5 AND 4320", name=op.f("ck_offers_minutes_each")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_offers_order")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name="fk_offers_location_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["offers.id"], name="fk_offers_parent_id"),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioners.id"], name="fk_offers_practitioner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_offers"),
    )
    op.create_index(
        "ix_offers_practitioner_id_starts_at", "offers", ["practitioner_id", "starts_at"], unique=False
    )
    op.create_index("ix_offers_status", "offers", ["status"], unique=False)
    op.create_table(
        "waitlist_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("appointment_type_id", sa.Integer(), nullable=False),
        sa.Column("practitioner_ids", Json, nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("weekdays", Json, nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=True),
        sa.Column("until_minute", sa.Integer(), nullable=True),
        sa.Column("wanted_from", sa.Date(), nullable=False),
        sa.Column("wanted_until", sa.Date(), nullable=False),
        sa.Column("urgency", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_why", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "urgency IN ('urgent', 'soon', 'routine')", name=op.f("ck_waitlist_entries_urgency")
        ),
        sa.CheckConstraint(
            "from_minute >= 0 AND until_minute <= 1440", name=op.f("ck_waitlist_entries_minutes")
        ),
        sa.CheckConstraint("wanted_from <= wanted_until", name=op.f("ck_waitlist_entries_order")),
        sa.ForeignKeyConstraint(
            ["appointment_type_id"], ["appointment_types.id"], name="fk_waitlist_entries_appointment_type_id"
        ),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name="fk_waitlist_entries_location_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_waitlist_entries_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_waitlist_entries"),
    )
    op.create_index(
        "ix_waitlist_entries_closed_at_wanted_until",
        "waitlist_entries",
        ["closed_at", "wanted_until"],
        unique=False,
    )
    op.create_index("ix_waitlist_entries_patient_id", "waitlist_entries", ["patient_id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("holder_kind", sa.String(length=40), nullable=False),
        sa.Column("holder_id", sa.Integer(), nullable=True),
        sa.Column("holder_name", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_holds_patient_id"),
        sa.ForeignKeyConstraint(["plan_id"], ["treatment_plans.id"], name="fk_holds_plan_id"),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    op.create_index("ix_holds_expires_at", "holds", ["expires_at"], unique=False)
    op.create_index("ix_holds_patient_id", "holds", ["patient_id"], unique=False)
    op.create_index("ix_holds_plan_id", "holds", ["plan_id"], unique=False)
    op.create_table(
        "offer_turns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("appointment_type_id", sa.Integer(), nullable=False),
        sa.Column("planned_session_id", sa.Integer(), nullable=True),
        sa.Column("waitlist_entry_id", sa.Integer(), nullable=True),
        sa.Column("releases_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("hold_id", sa.Integer(), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("booked_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("reason IN ('behind', 'waitlist', 'earlier')", name=op.f("ck_offer_turns_reason")),
        sa.CheckConstraint(
            "status IN ('waiting', 'asked', 'accepted', 'declined', 'expired', 'passed_over')",
            name=op.f("ck_offer_turns_status"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_offer_turns_order")),
        sa.ForeignKeyConstraint(
            ["appointment_type_id"], ["appointment_types.id"], name="fk_offer_turns_appointment_type_id"
        ),
        sa.ForeignKeyConstraint(["booked_id"], ["appointments.id"], name="fk_offer_turns_booked_id"),
        sa.ForeignKeyConstraint(
            ["hold_id"], ["holds.id"], name="fk_offer_turns_hold_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_offer_turns_offer_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_offer_turns_patient_id"),
        sa.ForeignKeyConstraint(
            ["planned_session_id"],
            ["planned_sessions.id"],
            name="fk_offer_turns_planned_session_id",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["releases_id"], ["appointments.id"], name="fk_offer_turns_releases_id"),
        sa.ForeignKeyConstraint(
            ["waitlist_entry_id"], ["waitlist_entries.id"], name="fk_offer_turns_waitlist_entry_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_offer_turns"),
        sa.UniqueConstraint("offer_id", "position", name="uq_offer_turns_offer_id_position"),
        sa.UniqueConstraint("token_hash", name="uq_offer_turns_token_hash"),
    )
    op.create_index("ix_offer_turns_hold_id", "offer_turns", ["hold_id"], unique=False)
    op.create_index("ix_offer_turns_patient_id", "offer_turns", ["patient_id"], unique=False)
    op.create_index("ix_offer_turns_status_expires_at", "offer_turns", ["status", "expires_at"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.String(length=200), nullable=True),
        sa.CheckConstraint("kind IN ('call', 'address', 'mail', 'request')", name=op.f("ck_tasks_kind")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name="fk_tasks_appointment_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_tasks_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
    )
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index("ix_tasks_patient_id", "tasks", ["patient_id"], unique=False)
    _name_checks_once()
    for widening in WIDENINGS:
        widening.apply()
    op.create_index(
        "ix_appointments_hold_id",
        "appointments",
        ["hold_id"],
        sqlite_where=sa.text("hold_id IS NOT NULL"),
        postgresql_where=sa.text("hold_id IS NOT NULL"),
    )
    op.create_index("ix_messages_offer_turn_id", "messages", ["offer_turn_id"])
    op.create_index(
        "ix_messages_batch_patient_id",
        "messages",
        ["batch", "patient_id"],
        sqlite_where=sa.text("batch IS NOT NULL"),
        postgresql_where=sa.text("batch IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM appointments WHERE status = 'held'")
    new = f"SELECT id FROM messages WHERE kind IN ({NEW_KINDS}) OR patient_id IS NULL"  # noqa: S608
    op.execute(f"DELETE FROM message_items WHERE message_row_id IN ({new})")  # noqa: S608
    op.execute(f"DELETE FROM messages WHERE id IN ({new})")  # noqa: S608
    op.drop_index("ix_messages_batch_patient_id", table_name="messages")
    op.drop_index("ix_messages_offer_turn_id", table_name="messages")
    op.drop_index("ix_appointments_hold_id", table_name="appointments")
    for widening in WIDENINGS:
        widening.undo()
    for table in ("tasks", "offer_turns", "holds", "waitlist_entries", "offers"):
        op.drop_table(table)


def _name_checks_once() -> None:
    """The first schema's checks were named ck_table_ck_table_name; let them be called as the models say."""
    connection = op.get_bind()
    for table in sa.inspect(connection).get_table_names():
        twice, once = f"ck_{table}_ck_{table}_", f"ck_{table}_"
        names = [str(check["name"]) for check in sa.inspect(connection).get_check_constraints(table)]
        wrong = [name for name in names if name.startswith(twice)]
        if wrong and connection.dialect.name == "sqlite":
            rebuild_table(connection, table, lambda sql, twice=twice, once=once: sql.replace(twice, once))
        elif wrong:
            for name in wrong:
                op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {name} TO {name.replace(twice, once)}")
