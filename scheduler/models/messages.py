"""The outbox: one email owed to one person for one reason."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.models.appointments import Appointment
from scheduler.models.base import Base, Instant, Key, Prose, Word, one_of
from scheduler.models.patients import Patient


class MessageKind(StrEnum):
    """Why a mail is owed."""

    CONFIRMATION = "confirmation"
    SERIES_CONFIRMATION = "series_confirmation"
    REMINDER = "reminder"
    CHANGE = "change"
    CANCELLATION = "cancellation"
    SERIES_CHANGED = "series_changed"
    """Several dates of one patient that are new or moved, in one mail."""
    OFFER = "offer"
    OFFER_EXPIRED = "offer_expired"
    CHECK_IN = "check_in"
    WEEKLY_SUMMARY = "weekly_summary"
    """To whom the clinic names: who is falling behind."""
    DAY_LIST = "day_list"
    """To a practitioner: the day's appointments."""


class MessageState(StrEnum):
    """due -> claimed (lease) -> sending -> sent | unknown | failed; cancelled when pointless before it was sent."""

    DUE = "due"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Message(Base):
    """One email owed to one person for one reason; its text is made from the appointments just before sending."""

    __tablename__ = "messages"
    __table_args__ = (
        one_of("kind", MessageKind),
        one_of("state", MessageState),
        UniqueConstraint("dedupe_key"),
        UniqueConstraint("message_id"),
        Index(None, "patient_id"),
        Index(None, "offer_turn_id"),
        Index(
            "ix_messages_batch_patient_id",
            "batch",
            "patient_id",
            sqlite_where=text("batch IS NOT NULL"),
            postgresql_where=text("batch IS NOT NULL"),
        ),
        Index(
            "ix_messages_next_attempt_at_open",
            "next_attempt_at",
            sqlite_where=text("state IN ('due', 'claimed', 'sending')"),
            postgresql_where=text("state IN ('due', 'claimed', 'sending')"),
        ),
    )

    id: Mapped[Key]
    kind: Mapped[Word]
    dedupe_key: Mapped[str] = mapped_column(String(200))
    """kind, appointment, revision, offset and recipient in one text: the same mail is never owed twice."""
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"))
    """Null for mails to the clinic's own people."""
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioners.id"))
    """Day lists: whose day it is."""
    offer_turn_id: Mapped[int | None] = mapped_column(ForeignKey("offer_turns.id"))
    """Offers: what is offered to whom."""
    about_on: Mapped[date | None]
    """Summaries and day lists: the local date that they are about."""
    batch: Mapped[str | None] = mapped_column(String(80))
    """Changes: for what reason, so that several for the same reason are told in one mail."""
    recipient: Mapped[str] = mapped_column(String(320))
    offset_minutes: Mapped[int | None]
    """Reminders: how long before the start, as the policy says."""
    state: Mapped[Word] = mapped_column(default=MessageState.DUE.value)
    due_at: Mapped[Instant]
    pointless_at: Mapped[datetime | None]
    """From then on it is no use to send (a reminder: the start)."""
    next_attempt_at: Mapped[Instant]
    """due_at at first; later the next retry, or the end of the lease while claimed."""
    claimed_by: Mapped[Word | None]
    attempts: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[str] = mapped_column(String(200))
    """RFC 5322 Message-ID, fixed when the row is written so that retries are recognisable."""
    sent_at: Mapped[datetime | None]
    server_reply: Mapped[Prose] = mapped_column(default="")
    """The last answer of the mail server, or why it was cancelled."""
    created_at: Mapped[Instant]
    handled_at: Mapped[datetime | None]
    """When reception saw to a mail that failed or may have failed …"""
    handled_how: Mapped[Word | None]
    """… and how: sent_again, called or corrected."""
    patient: Mapped[Patient | None] = relationship()
    items: Mapped[list["MessageItem"]] = relationship(
        cascade="all, delete-orphan", order_by="MessageItem.appointment_id"
    )


class MessageItem(Base):
    """An appointment that a message speaks of, as of one revision."""

    __tablename__ = "message_items"
    __table_args__ = (
        PrimaryKeyConstraint("message_row_id", "appointment_id", name="pk_message_items"),
        Index(None, "appointment_id"),
    )

    message_row_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    sequence: Mapped[int]
    """Appointment.sequence as of what the mail says: when the message was written, later when it was last claimed."""
    starts_at: Mapped[Instant]
    """Appointment.starts_at as of the same: what the patient was told. A reminder of another start is not sent."""
    appointment: Mapped[Appointment] = relationship()
