"""Reusable prescriptions: Protocol, ProtocolPhase."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.models.base import Base, Key, Name, Prose

CADENCE = "0 <= min_days AND min_days <= ideal_days AND ideal_days <= max_days AND max_days <= 366"


class Protocol(Base):
    """A prescription to copy from; editing it makes a new version and never changes plans already written."""

    __tablename__ = "protocols"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[Key]
    name: Mapped[Name]
    version: Mapped[int] = mapped_column(default=1)
    condition: Mapped[Name] = mapped_column(default="")
    source: Mapped[Prose] = mapped_column(default="")
    """The trial or the reasoning behind the cadence."""
    review_months: Mapped[list[int]]
    """Review points, in months after the last session."""
    archived_at: Mapped[datetime | None]
    phases: Mapped[list["ProtocolPhase"]] = relationship(
        order_by="ProtocolPhase.position", cascade="all, delete-orphan"
    )


class ProtocolPhase(Base):
    """So many sessions at one cadence; days are counted from the session before."""

    __tablename__ = "protocol_phases"
    __table_args__ = (
        UniqueConstraint("protocol_id", "position"),
        CheckConstraint("sessions BETWEEN 1 AND 60", name="sessions"),
        CheckConstraint(CADENCE, name="cadence"),
    )

    id: Mapped[Key]
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocols.id"))
    position: Mapped[int]
    sessions: Mapped[int]
    min_days: Mapped[int]
    ideal_days: Mapped[int]
    max_days: Mapped[int]
    appointment_type_id: Mapped[int | None] = mapped_column(ForeignKey("appointment_types.id"))
    """Null: the clinic's needling type."""
