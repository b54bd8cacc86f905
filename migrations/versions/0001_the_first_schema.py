"""the first schema

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from scheduler.models import diary_weeks, overlap_guard
from scheduler.models.base import Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("role IN ('admin', 'reception', 'practitioner')", name="ck_api_keys_role"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
        sa.UniqueConstraint("name", name="uq_api_keys_name"),
    )
    op.create_table(
        "appointment_types",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("needs_room", sa.Boolean(), nullable=False),
        sa.Column("needs_credential", sa.String(length=40), nullable=True),
        sa.Column("is_needling", sa.Boolean(), nullable=False),
        sa.Column("colour", sa.String(length=40), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "buffer_after_minutes BETWEEN 0 AND 120 AND buffer_after_minutes % 5 = 0",
            name="ck_appointment_types_buffer_after",
        ),
        sa.CheckConstraint(
            "buffer_before_minutes BETWEEN 0 AND 120 AND buffer_before_minutes % 5 = 0",
            name="ck_appointment_types_buffer_before",
        ),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 5 AND 480 AND duration_minutes % 5 = 0",
            name="ck_appointment_types_duration",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_appointment_types"),
        sa.UniqueConstraint("name", name="uq_appointment_types_name"),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_kind", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column("entity_id", sa.Integer(), nullable=True),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"], unique=False)
    op.create_index(
        "ix_audit_entries_entity_entity_id", "audit_entries", ["entity", "entity_id"], unique=False
    )
    op.create_index("ix_audit_entries_patient_id_at", "audit_entries", ["patient_id", "at"], unique=False)
    op.create_table(
        "clinics",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("locale", sa.String(length=40), nullable=False),
        sa.Column("slot_minutes", sa.Integer(), nullable=False),
        sa.Column("hold_minutes", sa.Integer(), nullable=False),
        sa.Column("min_rest_hours", sa.Integer(), nullable=False),
        sa.Column("reminder_offsets_minutes", Json, nullable=False),
        sa.Column("quiet_from_minute", sa.Integer(), nullable=False),
        sa.Column("quiet_until_minute", sa.Integer(), nullable=False),
        sa.Column("no_reminder_within_minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint("hold_minutes BETWEEN 1 AND 120", name="ck_clinics_hold_minutes"),
        sa.CheckConstraint("id = 1", name="ck_clinics_single"),
        sa.CheckConstraint("min_rest_hours BETWEEN 0 AND 336", name="ck_clinics_min_rest_hours"),
        sa.CheckConstraint("slot_minutes IN (5, 10, 15, 20, 30, 60)", name="ck_clinics_slot_minutes"),
        sa.PrimaryKeyConstraint("id", name="pk_clinics"),
    )
    op.create_table(
        "diary_weeks",
        sa.Column("week", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("practitioner_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("week", "practitioner_id", name="pk_diary_weeks"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("result_ids", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_idempotency_keys"),
        sa.UniqueConstraint("actor", "key", name="uq_idempotency_keys_actor_key"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "job_runs",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_job_runs"),
    )
    op.create_table(
        "locations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_locations"),
        sa.UniqueConstraint("name", name="uq_locations_name"),
    )
    op.create_table(
        "patients",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("given_name", sa.String(length=200), nullable=False),
        sa.Column("family_name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("locale", sa.String(length=40), nullable=True),
        sa.Column("zone", sa.String(length=40), nullable=True),
        sa.Column("wants_reminders", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("cautions", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_patients"),
    )
    op.create_table(
        "practitioners",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("given_name", sa.String(length=200), nullable=False),
        sa.Column("family_name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("locale", sa.String(length=40), nullable=True),
        sa.Column("colour", sa.String(length=40), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_practitioners"),
    )
    op.create_table(
        "protocols",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("condition", sa.String(length=200), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("review_months", Json, nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_protocols"),
        sa.UniqueConstraint("name", "version", name="uq_protocols_name_version"),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_sign_in_failures"),
    )
    op.create_table(
        "closures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name="ck_closures_order"),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name="fk_closures_location_id"),
        sa.PrimaryKeyConstraint("id", name="pk_closures"),
    )
    op.create_index(
        "ix_closures_location_id_starts_at", "closures", ["location_id", "starts_at"], unique=False
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.CheckConstraint("withdrawn_on IS NULL OR given_on <= withdrawn_on", name="ck_consents_order"),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_consents_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_patient_id_kind", "consents", ["patient_id", "kind"], unique=False)
    op.create_table(
        "credentials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("training_hours", sa.Integer(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.CheckConstraint("expires_on IS NULL OR issued_on <= expires_on", name="ck_credentials_order"),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_credentials_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
    )
    op.create_index(
        "ix_credentials_practitioner_id_kind", "credentials", ["practitioner_id", "kind"], unique=False
    )
    op.create_table(
        "feed_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("practitioner_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.String(length=40), nullable=False),
        sa.Column("alarm_minutes", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("last_fetched_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("detail IN ('minimal', 'full')", name="ck_feed_tokens_detail"),
        sa.CheckConstraint(
            "(patient_id IS NULL) <> (practitioner_id IS NULL)", name="ck_feed_tokens_one_owner"
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_feed_tokens_patient_id"),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_feed_tokens_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feed_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_feed_tokens_token_hash"),
    )
    op.create_index("ix_feed_tokens_patient_id", "feed_tokens", ["patient_id"], unique=False)
    op.create_index("ix_feed_tokens_practitioner_id", "feed_tokens", ["practitioner_id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("dedupe_key", sa.String(length=200), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("offset_minutes", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("pointless_at", UtcDateTime(), nullable=True),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_by", sa.String(length=40), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("server_reply", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('confirmation', 'series_confirmation', 'reminder', 'change', 'cancellation')",
            name="ck_messages_kind",
        ),
        sa.CheckConstraint(
            "state IN ('due', 'claimed', 'sending', 'sent', 'unknown', 'failed', 'cancelled')",
            name="ck_messages_state",
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_messages_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("dedupe_key", name="uq_messages_dedupe_key"),
        sa.UniqueConstraint("message_id", name="uq_messages_message_id"),
    )
    op.create_index(
        "ix_messages_next_attempt_at_open",
        "messages",
        ["next_attempt_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('due', 'claimed', 'sending')"),
        postgresql_where=sa.text("state IN ('due', 'claimed', 'sending')"),
    )
    op.create_index("ix_messages_patient_id", "messages", ["patient_id"], unique=False)
    op.create_table(
        "patient_terms",
        sa.Column(
            "term",
            sa.String(length=80, collation="C").with_variant(sa.String(length=80), "sqlite"),
            nullable=False,
        ),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name="fk_patient_terms_patient_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("term", "patient_id", name="pk_patient_terms"),
    )
    op.create_index("ix_patient_terms_patient_id", "patient_terms", ["patient_id"], unique=False)
    op.create_table(
        "protocol_phases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("min_days", sa.Integer(), nullable=False),
        sa.Column("ideal_days", sa.Integer(), nullable=False),
        sa.Column("max_days", sa.Integer(), nullable=False),
        sa.Column("appointment_type_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "0 <= min_days AND min_days <= ideal_days AND ideal_days <= max_days AND max_days <= 366",
            name="ck_protocol_phases_cadence",
        ),
        sa.CheckConstraint("sessions BETWEEN 1 AND 60", name="ck_protocol_phases_sessions"),
        sa.ForeignKeyConstraint(
            ["appointment_type_id"], ["appointment_types.id"], name="fk_protocol_phases_appointment_type_id"
        ),
        sa.ForeignKeyConstraint(["protocol_id"], ["protocols.id"], name="fk_protocol_phases_protocol_id"),
        sa.PrimaryKeyConstraint("id", name="pk_protocol_phases"),
        sa.UniqueConstraint("protocol_id", "position", name="uq_protocol_phases_protocol_id_position"),
    )
    op.create_table(
        "rooms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name="fk_rooms_location_id"),
        sa.PrimaryKeyConstraint("id", name="pk_rooms"),
        sa.UniqueConstraint("location_id", "name", name="uq_rooms_location_id_name"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=True),
        sa.Column("locale", sa.String(length=40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("role IN ('admin', 'reception', 'practitioner')", name="ck_staff_role"),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioners.id"], name="fk_staff_practitioner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("email", name="uq_staff_email"),
    )
    op.create_table(
        "time_off",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name="ck_time_off_order"),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_time_off_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_time_off"),
    )
    op.create_index(
        "ix_time_off_practitioner_id_starts_at", "time_off", ["practitioner_id", "starts_at"], unique=False
    )
    op.create_table(
        "treatment_plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("condition", sa.String(length=200), nullable=False),
        sa.Column("target_muscles", Json, nullable=False),
        sa.Column("preferences", Json, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'active', 'paused', 'completed', 'discontinued')",
            name="ck_treatment_plans_status",
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_treatment_plans_patient_id"),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_treatment_plans_practitioner_id"
        ),
        sa.ForeignKeyConstraint(["protocol_id"], ["protocols.id"], name="fk_treatment_plans_protocol_id"),
        sa.PrimaryKeyConstraint("id", name="pk_treatment_plans"),
    )
    op.create_index("ix_treatment_plans_patient_id", "treatment_plans", ["patient_id"], unique=False)
    op.create_index("ix_treatment_plans_status", "treatment_plans", ["status"], unique=False)
    op.create_table(
        "working_hours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts_minute", sa.Integer(), nullable=False),
        sa.Column("ends_minute", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("every_n_weeks", sa.Integer(), nullable=False),
        sa.CheckConstraint("every_n_weeks BETWEEN 1 AND 52", name="ck_working_hours_every_n_weeks"),
        sa.CheckConstraint("starts_minute % 5 = 0 AND ends_minute % 5 = 0", name="ck_working_hours_ticks"),
        sa.CheckConstraint(
            "starts_minute >= 0 AND starts_minute < ends_minute AND ends_minute <= 1440",
            name="ck_working_hours_minutes",
        ),
        sa.CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="ck_working_hours_order"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="ck_working_hours_weekday"),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name="fk_working_hours_location_id"),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_working_hours_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_working_hours"),
    )
    op.create_index("ix_working_hours_practitioner_id", "working_hours", ["practitioner_id"], unique=False)
    op.create_table(
        "browser_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_browser_sessions_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_browser_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_browser_sessions_token_hash"),
    )
    op.create_index("ix_browser_sessions_expires_at", "browser_sessions", ["expires_at"], unique=False)
    op.create_index("ix_browser_sessions_staff_id", "browser_sessions", ["staff_id"], unique=False)
    op.create_table(
        "plan_phases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("min_days", sa.Integer(), nullable=False),
        sa.Column("ideal_days", sa.Integer(), nullable=False),
        sa.Column("max_days", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "0 <= min_days AND min_days <= ideal_days AND ideal_days <= max_days AND max_days <= 366",
            name="ck_plan_phases_cadence",
        ),
        sa.CheckConstraint("sessions BETWEEN 1 AND 60", name="ck_plan_phases_sessions"),
        sa.ForeignKeyConstraint(["plan_id"], ["treatment_plans.id"], name="fk_plan_phases_plan_id"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_phases"),
        sa.UniqueConstraint("plan_id", "position", name="uq_plan_phases_plan_id_position"),
    )
    op.create_table(
        "planned_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("phase_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("appointment_type_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "status IN ('to_place', 'placed', 'completed', 'missed', 'skipped')",
            name="ck_planned_sessions_status",
        ),
        sa.ForeignKeyConstraint(
            ["appointment_type_id"], ["appointment_types.id"], name="fk_planned_sessions_appointment_type_id"
        ),
        sa.ForeignKeyConstraint(["phase_id"], ["plan_phases.id"], name="fk_planned_sessions_phase_id"),
        sa.ForeignKeyConstraint(["plan_id"], ["treatment_plans.id"], name="fk_planned_sessions_plan_id"),
        sa.PrimaryKeyConstraint("id", name="pk_planned_sessions"),
        sa.UniqueConstraint("plan_id", "number", name="uq_planned_sessions_plan_id_number"),
    )
    op.create_index("ix_planned_sessions_status", "planned_sessions", ["status"], unique=False)
    op.create_table(
        "appointments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=80), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=True),
        sa.Column("appointment_type_id", sa.Integer(), nullable=False),
        sa.Column("planned_session_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("busy_from", UtcDateTime(), nullable=False),
        sa.Column("busy_until", UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("cancelled_at", UtcDateTime(), nullable=True),
        sa.Column("cancel_reason", sa.String(length=200), nullable=False),
        sa.Column("override_reason", sa.Text(), nullable=True),
        sa.Column("override_rules", Json, nullable=False),
        sa.CheckConstraint(
            "status IN ('booked', 'confirmed', 'arrived', 'completed', 'cancelled', 'no_show')",
            name="ck_appointments_status",
        ),
        sa.CheckConstraint(
            "busy_from <= starts_at AND ends_at <= busy_until", name="ck_appointments_buffers"
        ),
        sa.CheckConstraint("starts_at < ends_at", name="ck_appointments_order"),
        sa.ForeignKeyConstraint(
            ["appointment_type_id"], ["appointment_types.id"], name="fk_appointments_appointment_type_id"
        ),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name="fk_appointments_location_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_appointments_patient_id"),
        sa.ForeignKeyConstraint(
            ["planned_session_id"], ["planned_sessions.id"], name="fk_appointments_planned_session_id"
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_appointments_practitioner_id"
        ),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_appointments_room_id"),
        sa.PrimaryKeyConstraint("id", name="pk_appointments"),
        sa.UniqueConstraint("uid", name="uq_appointments_uid"),
    )
    op.create_index(
        "ix_appointments_patient_id_starts_at", "appointments", ["patient_id", "starts_at"], unique=False
    )
    op.create_index(
        "ix_appointments_practitioner_id_starts_at",
        "appointments",
        ["practitioner_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_appointments_room_id_starts_at", "appointments", ["room_id", "starts_at"], unique=False
    )
    op.create_index("ix_appointments_starts_at", "appointments", ["starts_at"], unique=False)
    op.create_index(
        "uq_appointments_planned_session_id_active",
        "appointments",
        ["planned_session_id"],
        unique=True,
        sqlite_where=sa.text("status NOT IN ('cancelled', 'no_show')"),
        postgresql_where=sa.text("status NOT IN ('cancelled', 'no_show')"),
    )
    op.create_table(
        "message_items",
        sa.Column("message_row_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name="fk_message_items_appointment_id"
        ),
        sa.ForeignKeyConstraint(
            ["message_row_id"], ["messages.id"], name="fk_message_items_message_row_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_row_id", "appointment_id", name="pk_message_items"),
    )
    op.create_index("ix_message_items_appointment_id", "message_items", ["appointment_id"], unique=False)
    dialect = op.get_bind().dialect.name
    for statement in [*overlap_guard.create_statements(dialect), *diary_weeks.create_statements(dialect)]:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in [*diary_weeks.drop_statements(dialect), *overlap_guard.drop_statements(dialect)]:
        op.get_bind().exec_driver_sql(statement)
    op.drop_index("ix_message_items_appointment_id", table_name="message_items")
    op.drop_table("message_items")
    op.drop_index(
        "uq_appointments_planned_session_id_active",
        table_name="appointments",
        sqlite_where=sa.text("status NOT IN ('cancelled', 'no_show')"),
        postgresql_where=sa.text("status NOT IN ('cancelled', 'no_show')"),
    )
    op.drop_index("ix_appointments_starts_at", table_name="appointments")
    op.drop_index("ix_appointments_room_id_starts_at", table_name="appointments")
    op.drop_index("ix_appointments_practitioner_id_starts_at", table_name="appointments")
    op.drop_index("ix_appointments_patient_id_starts_at", table_name="appointments")
    op.drop_table("appointments")
    op.drop_index("ix_planned_sessions_status", table_name="planned_sessions")
    op.drop_table("planned_sessions")
    op.drop_table("plan_phases")
    op.drop_index("ix_browser_sessions_staff_id", table_name="browser_sessions")
    op.drop_index("ix_browser_sessions_expires_at", table_name="browser_sessions")
    op.drop_table("browser_sessions")
    op.drop_index("ix_working_hours_practitioner_id", table_name="working_hours")
    op.drop_table("working_hours")
    op.drop_index("ix_treatment_plans_status", table_name="treatment_plans")
    op.drop_index("ix_treatment_plans_patient_id", table_name="treatment_plans")
    op.drop_table("treatment_plans")
    op.drop_index("ix_time_off_practitioner_id_starts_at", table_name="time_off")
    op.drop_table("time_off")
    op.drop_table("staff")
    op.drop_table("rooms")
    op.drop_table("protocol_phases")
    op.drop_index("ix_patient_terms_patient_id", table_name="patient_terms")
    op.drop_table("patient_terms")
    op.drop_index("ix_messages_patient_id", table_name="messages")
    op.drop_index(
        "ix_messages_next_attempt_at_open",
        table_name="messages",
        sqlite_where=sa.text("state IN ('due', 'claimed', 'sending')"),
        postgresql_where=sa.text("state IN ('due', 'claimed', 'sending')"),
    )
    op.drop_table("messages")
    op.drop_index("ix_feed_tokens_practitioner_id", table_name="feed_tokens")
    op.drop_index("ix_feed_tokens_patient_id", table_name="feed_tokens")
    op.drop_table("feed_tokens")
    op.drop_index("ix_credentials_practitioner_id_kind", table_name="credentials")
    op.drop_table("credentials")
    op.drop_index("ix_consents_patient_id_kind", table_name="consents")
    op.drop_table("consents")
    op.drop_index("ix_closures_location_id_starts_at", table_name="closures")
    op.drop_table("closures")
    op.drop_table("sign_in_failures")
    op.drop_table("protocols")
    op.drop_table("practitioners")
    op.drop_table("patients")
    op.drop_table("locations")
    op.drop_table("job_runs")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("diary_weeks")
    op.drop_table("clinics")
    op.drop_index("ix_audit_entries_patient_id_at", table_name="audit_entries")
    op.drop_index("ix_audit_entries_entity_entity_id", table_name="audit_entries")
    op.drop_index("ix_audit_entries_at", table_name="audit_entries")
    op.drop_table("audit_entries")
    op.drop_table("appointment_types")
    op.drop_table("api_keys")
