"""A booked slot. That nothing overlaps is kept by the database: see overlap_guard.py."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.models.appointment_types import AppointmentType
from scheduler.models.base import Base, Instant, Key, Name, Prose, Word, one_of
from scheduler.models.clinic import Location, Room
from scheduler.models.holds import Hold
from scheduler.models.patients import Patient
from scheduler.models.plans import PlannedSession
from scheduler.models.practitioners import Practitioner


class AppointmentStatus(StrEnum):
    """The life of an appointment; held is none yet, but a slot kept by a Hold."""

    HELD = "held"
    BOOKED = "booked"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


INACTIVE = (AppointmentStatus.CANCELLED.value, AppointmentStatus.NO_SHOW.value)
"""Statuses that occupy nothing: the slot is free for others, the planned session is to place again."""

NOT_BOOKED = (*INACTIVE, AppointmentStatus.HELD.value)
"""Statuses of what is no appointment that stands: plans, feeds, mails and lists pass over these."""

ACTIVE_SQL = "status NOT IN ('cancelled', 'no_show')"


class Appointment(Base):
    """A patient with a practitioner, [starts_at, ends_at), on 5-minute ticks."""

    __tablename__ = "appointments"
    __table_args__ = (
        one_of("status", AppointmentStatus),
        UniqueConstraint("uid"),
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("busy_from <= starts_at AND ends_at <= busy_until", name="buffers"),
        CheckConstraint("(status = 'held') = (hold_id IS NOT NULL)", name="held"),
        Index(None, "practitioner_id", "starts_at"),
        Index(None, "room_id", "starts_at"),
        Index(None, "patient_id", "starts_at"),
        Index(None, "starts_at"),
        Index(None, "planned_session_id"),
        Index(
            "ix_appointments_hold_id",
            "hold_id",
            sqlite_where=text("hold_id IS NOT NULL"),
            postgresql_where=text("hold_id IS NOT NULL"),
        ),
        Index(
            "uq_appointments_planned_session_id_active",
            "planned_session_id",
            unique=True,
            sqlite_where=text(ACTIVE_SQL),
            postgresql_where=text(ACTIVE_SQL),
        ),
    )

    id: Mapped[Key]
    uid: Mapped[str] = mapped_column(String(80))
    """Calendar identity (RFC 5545 UID), stable for life, nothing of the patient in it."""
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("rooms.id"))
    appointment_type_id: Mapped[int] = mapped_column(ForeignKey("appointment_types.id"))
    planned_session_id: Mapped[int | None] = mapped_column(ForeignKey("planned_sessions.id"))
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    busy_from: Mapped[Instant]
    """starts_at less the buffer: practitioner and room are taken on [busy_from, busy_until)."""
    busy_until: Mapped[Instant]
    status: Mapped[Word] = mapped_column(default=AppointmentStatus.BOOKED.value)
    version: Mapped[int] = mapped_column(default=1)
    """Counts every change; an edit carries the one it saw."""
    sequence: Mapped[int] = mapped_column(default=0)
    """Counts changes a calendar shows (RFC 5545 SEQUENCE); also the revision of Messages."""
    changed_at: Mapped[Instant]
    """Last change a calendar shows (DTSTAMP and LAST-MODIFIED)."""
    created_at: Mapped[Instant]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[Name] = mapped_column(default="")
    override_reason: Mapped[Prose | None]
    """Why a rule of the clinic was set aside, in the words of who did it."""
    override_rules: Mapped[list[str]]
    """Codes of the rules set aside."""
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("holds.id"))
    """The hold that keeps this slot while it is held."""
    patient: Mapped[Patient] = relationship()
    practitioner: Mapped[Practitioner] = relationship()
    location: Mapped[Location] = relationship()
    room: Mapped[Room | None] = relationship()
    appointment_type: Mapped[AppointmentType] = relationship()
    planned_session: Mapped[PlannedSession | None] = relationship()
    hold: Mapped[Hold | None] = relationship()
