"""the patient's side: own page, outcomes, words of mails, private calendars, more choices

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from scheduler.models.base import Json, NullableJson, UtcDateTime
from scheduler.models.schema_changes import Widening

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ONE_OWNER = (
    "(patient_id IS NOT NULL AND practitioner_id IS NULL AND room_id IS NULL) OR "
    "(patient_id IS NULL AND practitioner_id IS NOT NULL AND room_id IS NULL) OR "
    "(patient_id IS NULL AND practitioner_id IS NULL AND room_id IS NOT NULL)"
)
KINDS = (
    "'confirmation', 'series_confirmation', 'reminder', 'change', 'cancellation', 'series_changed', 'offer', "
    "'offer_expired', 'check_in', 'weekly_summary', 'day_list'"
)
WIDENINGS = [
    Widening(
        "clinics",
        [
            ("cancel_notice_hours", "INTEGER DEFAULT 24 NOT NULL", None),
            ("rebooking", "VARCHAR(40) DEFAULT 'off' NOT NULL", None),
            ("asks_check_in", "BOOLEAN DEFAULT false NOT NULL", None),
        ],
        {
            "cancel_notice_hours": (None, "cancel_notice_hours BETWEEN 0 AND 336"),
            "rebooking": (None, "rebooking IN ('off', 'request', 'book')"),
        },
    ),
    Widening(
        "feed_tokens",
        [
            ("room_id", "INTEGER", "rooms"),
            ("past_days", "INTEGER DEFAULT 30 NOT NULL", None),
            ("ahead_days", "INTEGER DEFAULT 365 NOT NULL", None),
            ("shows_holds", "BOOLEAN DEFAULT false NOT NULL", None),
            ("client", "VARCHAR(40) DEFAULT '' NOT NULL", None),
        ],
        {
            "detail": ("detail IN ('minimal', 'full')", "detail IN ('minimal', 'type', 'full')"),
            "one_owner": ("(patient_id IS NULL) <> (practitioner_id IS NULL)", ONE_OWNER),
            "range": (None, "past_days BETWEEN 0 AND 366 AND ahead_days BETWEEN 1 AND 731"),
        },
    ),
    Widening(
        "practitioners",
        [("day_list_minute", "INTEGER", None)],
        {"day_list_minute": (None, "day_list_minute BETWEEN 0 AND 1439")},
    ),
    Widening(
        "treatment_plans",
        [("questionnaire", "VARCHAR(40)", None)],
        {"questionnaire": (None, "questionnaire IN ('hit6', 'ndi')")},
    ),
]
COLUMNS = {
    "appointment_types": [
        sa.Column("may_resize", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("patients_may_move", sa.Boolean(), server_default=sa.false(), nullable=False),
    ],
    "patients": [
        sa.Column("wants_invitations", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("muted_kinds", Json, server_default="[]", nullable=False),
        sa.Column("reminder_offsets_minutes", NullableJson, nullable=True),
        sa.Column("address_failed_at", UtcDateTime(), nullable=True),
        sa.Column("attention", sa.Text(), server_default="", nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=True),
    ],
    "staff": [sa.Column("settings", Json, server_default="{}", nullable=False)],
    "tasks": [sa.Column("detail", Json, server_default="{}", nullable=False)],
}
"""table -> columns that need no check."""


def upgrade() -> None:
    op.create_table(
        "mail_templates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("locale", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("closing", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            f"kind IN ({KINDS})",
            name=op.f("ck_mail_templates_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mail_templates"),
        sa.UniqueConstraint("kind", "locale", name="uq_mail_templates_kind_locale"),
    )
    op.create_table(
        "busy_calendars",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.String(length=200), nullable=False),
        sa.Column("last_modified", sa.String(length=200), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=True),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_busy_calendars_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_busy_calendars"),
    )
    op.create_index("ix_busy_calendars_practitioner_id", "busy_calendars", ["practitioner_id"], unique=False)
    op.create_table(
        "patient_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=40), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_patient_links_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_patient_links"),
        sa.UniqueConstraint("token_hash", name="uq_patient_links_token_hash"),
    )
    op.create_index("ix_patient_links_patient_id", "patient_links", ["patient_id"], unique=False)
    op.create_table(
        "busy_times",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_busy_times_order")),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["busy_calendars.id"], name="fk_busy_times_calendar_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_busy_times_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_busy_times"),
    )
    op.create_index("ix_busy_times_calendar_id", "busy_times", ["calendar_id"], unique=False)
    op.create_index(
        "ix_busy_times_practitioner_id_starts_at",
        "busy_times",
        ["practitioner_id", "starts_at"],
        unique=False,
    )
    op.create_table(
        "outcomes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("measure", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "measure IN ('nprs', 'headache_days', 'hit6', 'ndi', 'rotation')",
            name=op.f("ck_outcomes_measure"),
        ),
        sa.CheckConstraint("source IN ('patient', 'clinic', 'import')", name=op.f("ck_outcomes_source")),
        sa.CheckConstraint("value BETWEEN 0 AND 360", name=op.f("ck_outcomes_value")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name="fk_outcomes_appointment_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_outcomes_patient_id"),
        sa.ForeignKeyConstraint(["plan_id"], ["treatment_plans.id"], name="fk_outcomes_plan_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_appointment_id", "outcomes", ["appointment_id"], unique=False)
    op.create_index(
        "ix_outcomes_patient_id_measure_measured_on",
        "outcomes",
        ["patient_id", "measure", "measured_on"],
        unique=False,
    )
    for widening in WIDENINGS:
        widening.apply()
    for table, columns in COLUMNS.items():
        for column in columns:
            op.add_column(table, column._copy())
    op.create_index("ix_appointments_planned_session_id", "appointments", ["planned_session_id"])
    op.create_index("ix_feed_tokens_room_id", "feed_tokens", ["room_id"])
    op.create_index("ix_patients_reference", "patients", ["reference"], unique=True)


def downgrade() -> None:
    op.execute("DELETE FROM feed_tokens WHERE room_id IS NOT NULL")
    op.execute("UPDATE feed_tokens SET detail = 'minimal' WHERE detail = 'type'")
    op.drop_index("ix_patients_reference", table_name="patients")
    op.drop_index("ix_feed_tokens_room_id", table_name="feed_tokens")
    op.drop_index("ix_appointments_planned_session_id", table_name="appointments")
    for table, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(table, column.name)
    for widening in WIDENINGS:
        widening.undo()
    for table in ("outcomes", "busy_times", "patient_links", "busy_calendars", "mail_templates"):
        op.drop_table(table)
