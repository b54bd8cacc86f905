"""What happened and who asked for it: AuditEntry (append-only), IdempotencyKey, JobRun."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.models.base import Base, Instant, Key, Name, Prose, Word


class AuditEntry(Base):
    """Who did or saw what, when, from where. The database refuses to change or delete one."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "patient_id", "at"),
        Index(None, "entity", "entity_id"),
        Index(None, "at"),
    )

    id: Mapped[Key]
    at: Mapped[Instant]
    actor_kind: Mapped[Word]
    """staff, api_key, command, clock or patient."""
    actor_id: Mapped[int | None]
    actor_name: Mapped[Name]
    source: Mapped[Word]
    """Network address, or cli, or clock."""
    action: Mapped[Word]
    """A verb: appointment_booked, patient_viewed, …"""
    entity: Mapped[Word]
    entity_id: Mapped[int | None]
    patient_id: Mapped[int | None]
    """Whom it concerns. No foreign key: the trail outlives its subject."""
    detail: Mapped[dict[str, Any]]
    """What changed, before and after; never secrets."""


class IdempotencyKey(Base):
    """A POST that was carried out, so that its repetition finds the result instead of doing it again."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("actor", "key"), Index(None, "created_at"))

    id: Mapped[Key]
    actor: Mapped[Word]
    """Kind and id of who asked: keys of different callers never meet."""
    key: Mapped[str] = mapped_column(String(200))
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the request, to refuse the same key for something else."""
    result_ids: Mapped[list[int]]
    created_at: Mapped[Instant]


class JobRun(Base):
    """When each recurring job last ran, for doctor and /readyz."""

    __tablename__ = "job_runs"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    started_at: Mapped[Instant]
    finished_at: Mapped[datetime | None]
    error: Mapped[Prose] = mapped_column(default="")
