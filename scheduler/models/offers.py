"""Filling gaps: who waits for an earlier or any slot (WaitlistEntry), and slots offered to some in turn (Offer)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.models.appointment_types import AppointmentType
from scheduler.models.appointments import Appointment
from scheduler.models.base import Base, Instant, Key, Name, Prose, Word, one_of
from scheduler.models.clinic import Location
from scheduler.models.holds import Hold
from scheduler.models.patients import Patient
from scheduler.models.practitioners import Practitioner


class Urgency(StrEnum):
    """How soon somebody on the waitlist should be seen."""

    URGENT = "urgent"
    SOON = "soon"
    ROUTINE = "routine"


class WaitlistEntry(Base):
    """A patient who wants a slot that there was not: what, with whom, when. In force until it is closed."""

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        one_of("urgency", Urgency),
        CheckConstraint("wanted_from <= wanted_until", name="order"),
        CheckConstraint("from_minute >= 0 AND until_minute <= 1440", name="minutes"),
        Index(None, "patient_id"),
        Index(None, "closed_at", "wanted_until"),
    )

    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    appointment_type_id: Mapped[int] = mapped_column(ForeignKey("appointment_types.id"))
    practitioner_ids: Mapped[list[int]]
    """Any of these; empty: anybody."""
    location_id: Mapped[int | None] = mapped_column(ForeignKey("locations.id"))
    weekdays: Mapped[list[int]]
    """0 is Monday; empty: any day."""
    from_minute: Mapped[int | None]
    until_minute: Mapped[int | None]
    """The whole appointment lies in [from, until) of the local day; null leaves that end open."""
    wanted_from: Mapped[date]
    wanted_until: Mapped[date]
    """Local dates, both included."""
    urgency: Mapped[Word] = mapped_column(default=Urgency.ROUTINE.value)
    note: Mapped[Prose] = mapped_column(default="")
    """Seen by staff only."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Instant]
    closed_at: Mapped[datetime | None]
    closed_why: Mapped[Word | None]
    """booked, withdrawn or over."""
    patient: Mapped[Patient] = relationship()
    appointment_type: Mapped[AppointmentType] = relationship()
    location: Mapped[Location | None] = relationship()


class OfferStatus(StrEnum):
    """The life of an offered slot: it ends as soon as somebody takes it, nobody is left, or reception stops it."""

    OPEN = "open"
    TAKEN = "taken"
    EXHAUSTED = "exhausted"
    STOPPED = "stopped"


class TurnStatus(StrEnum):
    """One patient's turn: waiting -> asked (the slot is held) -> accepted | declined | expired; or never asked."""

    WAITING = "waiting"
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    PASSED_OVER = "passed_over"


class TurnReason(StrEnum):
    """Why somebody could use the slot; in this order they are ranked."""

    BEHIND = "behind"
    WAITLIST = "waitlist"
    EARLIER = "earlier"


class Offer(Base):
    """A free slot, [starts_at, ends_at) of a practitioner, offered to some patients in turn."""

    __tablename__ = "offers"
    __table_args__ = (
        one_of("status", OfferStatus),
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("minutes_each BETWEEN 5 AND 4320", name="minutes_each"),
        Index(None, "status"),
        Index(None, "practitioner_id", "starts_at"),
    )

    id: Mapped[Key]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    minutes_each: Mapped[int]
    """How long each patient may think."""
    goes_on: Mapped[bool] = mapped_column(default=True)
    """Whether the slot that somebody leaves for this one is offered in the same way."""
    status: Mapped[Word] = mapped_column(default=OfferStatus.OPEN.value)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("offers.id"))
    """The offer by whose acceptance this slot became free."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Instant]
    closed_at: Mapped[datetime | None]
    created_by: Mapped[Name]
    practitioner: Mapped[Practitioner] = relationship()
    location: Mapped[Location] = relationship()
    turns: Mapped[list["OfferTurn"]] = relationship(order_by="OfferTurn.position", back_populates="offer")


class OfferTurn(Base):
    """One patient's turn with an offered slot, and the appointment that it would become."""

    __tablename__ = "offer_turns"
    __table_args__ = (
        one_of("status", TurnStatus),
        one_of("reason", TurnReason),
        UniqueConstraint("offer_id", "position"),
        UniqueConstraint("token_hash"),
        CheckConstraint("starts_at < ends_at", name="order"),
        Index(None, "patient_id"),
        Index(None, "status", "expires_at"),
        Index(None, "hold_id"),
    )

    id: Mapped[Key]
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id"))
    position: Mapped[int]
    """1 is asked first."""
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    reason: Mapped[Word]
    appointment_type_id: Mapped[int] = mapped_column(ForeignKey("appointment_types.id"))
    planned_session_id: Mapped[int | None] = mapped_column(
        ForeignKey("planned_sessions.id", ondelete="SET NULL")
    )
    """The session that would be filled."""
    waitlist_entry_id: Mapped[int | None] = mapped_column(ForeignKey("waitlist_entries.id"))
    releases_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    """The patient's later appointment, which accepting moves here."""
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    status: Mapped[Word] = mapped_column(default=TurnStatus.WAITING.value)
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("holds.id", ondelete="SET NULL"))
    token_hash: Mapped[str | None] = mapped_column(String(64))
    """SHA-256, hex, of the 256-bit secret in the mail's link."""
    asked_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    booked_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    """The appointment that it became."""
    offer: Mapped[Offer] = relationship(back_populates="turns")
    patient: Mapped[Patient] = relationship()
    appointment_type: Mapped[AppointmentType] = relationship()
    hold: Mapped[Hold | None] = relationship()
    releases: Mapped[Appointment | None] = relationship(foreign_keys=[releases_id])
