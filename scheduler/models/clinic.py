"""The organisation and where it treats: Clinic, Location, Room, Closure."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.models.base import Base, Instant, Key, Name, Prose, Word, one_of


class Rebooking(StrEnum):
    """What a patient may do who needs another time: call, ask for one, or take one at once."""

    OFF = "off"
    REQUEST = "request"
    BOOK = "book"


class Clinic(Base):
    """The organisation; one installation serves one clinic, so there is at most one row (id 1)."""

    __tablename__ = "clinics"
    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        CheckConstraint("slot_minutes IN (5, 10, 15, 20, 30, 60)", name="slot_minutes"),
        CheckConstraint("min_rest_hours BETWEEN 0 AND 336", name="min_rest_hours"),
        CheckConstraint("hold_minutes BETWEEN 1 AND 120", name="hold_minutes"),
        CheckConstraint("offer_minutes BETWEEN 5 AND 4320", name="offer_minutes"),
        CheckConstraint("summary_weekday BETWEEN 0 AND 6", name="summary_weekday"),
        CheckConstraint("summary_minute BETWEEN 0 AND 1439", name="summary_minute"),
        CheckConstraint("cancel_notice_hours BETWEEN 0 AND 336", name="cancel_notice_hours"),
        one_of("rebooking", Rebooking),
    )

    id: Mapped[Key]
    name: Mapped[Name]
    email: Mapped[Name]
    """Reply-To of every mail: the desk."""
    phone: Mapped[Word]
    locale: Mapped[Word]
    """BCP 47 language of screens and mails where a person has not chosen one."""
    slot_minutes: Mapped[int] = mapped_column(default=15)
    """The grid, in wall-clock minutes, on which appointments are offered."""
    hold_minutes: Mapped[int] = mapped_column(default=10)
    min_rest_hours: Mapped[int] = mapped_column(default=48)
    """Smallest distance, start to start on the wall clock, between two needling sessions of one patient."""
    reminder_offsets_minutes: Mapped[list[int]]
    """How long before the start a reminder falls due; empty sends none."""
    quiet_from_minute: Mapped[int] = mapped_column(default=21 * 60)
    """Minute of day, in the recipient's zone, from which no reminder is sent …"""
    quiet_until_minute: Mapped[int] = mapped_column(default=8 * 60)
    """… until this one."""
    no_reminder_within_minutes: Mapped[int] = mapped_column(default=120)
    """A reminder due sooner than this after the booking is not sent: the confirmation just arrived."""
    offer_minutes: Mapped[int] = mapped_column(default=120)
    """How long a patient may think about an offered slot, unless said otherwise."""
    summary_recipients: Mapped[list[str]] = mapped_column(default=list)
    """Addresses that get the weekly summary of who is falling behind."""
    summary_weekday: Mapped[int] = mapped_column(default=0)
    """0 is Monday."""
    summary_minute: Mapped[int] = mapped_column(default=7 * 60)
    """Minute of that day, on the clock of the first location, at which the summary is sent."""
    cancel_notice_hours: Mapped[int] = mapped_column(default=24)
    """Up to so long before the start a patient cancels on their own page; later they are asked to call."""
    rebooking: Mapped[Word] = mapped_column(default=Rebooking.OFF.value)
    asks_check_in: Mapped[bool] = mapped_column(default=False)
    """Whether patients are asked, before each session of a plan, for pain and headache days."""


class Location(Base):
    """A place of treatment; its IANA zone rules every wall clock in it."""

    __tablename__ = "locations"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[Key]
    name: Mapped[Name]
    address: Mapped[Prose] = mapped_column(default="")
    zone: Mapped[Word]
    """IANA time zone name, for example Europe/Berlin."""
    archived_at: Mapped[datetime | None]
    rooms: Mapped[list["Room"]] = relationship(back_populates="location", order_by="Room.id")


class Room(Base):
    """A room is exclusive: one appointment at a time."""

    __tablename__ = "rooms"
    __table_args__ = (UniqueConstraint("location_id", "name"),)

    id: Mapped[Key]
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    name: Mapped[Name]
    archived_at: Mapped[datetime | None]
    location: Mapped[Location] = relationship(back_populates="rooms")


class Closure(Base):
    """A time during which a location is closed, or one of its rooms out of use, [starts_at, ends_at)."""

    __tablename__ = "closures"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index(None, "location_id", "starts_at"),
        Index(None, "room_id", "starts_at"),
    )

    id: Mapped[Key]
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("rooms.id"))
    """The room of that location that alone is out of use; null: all of the location is closed."""
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    reason: Mapped[Name] = mapped_column(default="")
