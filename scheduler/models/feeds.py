"""Secret calendar addresses."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.models.base import Base, Instant, Key, Name, Word, one_of


class FeedDetail(StrEnum):
    """How much a feed shows: titles that give nothing away, the type alone, or type, session number and names."""

    MINIMAL = "minimal"
    TYPE = "type"
    FULL = "full"


ONE_OWNER = (
    "(patient_id IS NOT NULL AND practitioner_id IS NULL AND room_id IS NULL) OR "
    "(patient_id IS NULL AND practitioner_id IS NOT NULL AND room_id IS NULL) OR "
    "(patient_id IS NULL AND practitioner_id IS NULL AND room_id IS NOT NULL)"
)


class FeedToken(Base):
    """One person's secret calendar address; only the hash of the secret is kept."""

    __tablename__ = "feed_tokens"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        one_of("detail", FeedDetail),
        CheckConstraint(ONE_OWNER, name="one_owner"),
        CheckConstraint("past_days BETWEEN 0 AND 366 AND ahead_days BETWEEN 1 AND 731", name="range"),
        Index(None, "patient_id"),
        Index(None, "practitioner_id"),
        Index(None, "room_id"),
    )

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256, hex, of the 256-bit secret."""
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"))
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioners.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("rooms.id"))
    name: Mapped[Name] = mapped_column(default="")
    detail: Mapped[Word] = mapped_column(default=FeedDetail.MINIMAL.value)
    alarm_minutes: Mapped[int | None]
    """A display alarm so many minutes before each start; null: none."""
    past_days: Mapped[int] = mapped_column(default=30)
    ahead_days: Mapped[int] = mapped_column(default=365)
    """Events from so many days before today until so many after it."""
    shows_holds: Mapped[bool] = mapped_column(default=False)
    """Practitioners and rooms: slots that are held appear as tentative events."""
    revision: Mapped[int] = mapped_column(default=0)
    """Counts visible changes of the owner's appointments: with the day it makes the ETag."""
    changed_at: Mapped[Instant]
    """When the revision last rose (Last-Modified)."""
    created_at: Mapped[Instant]
    revoked_at: Mapped[datetime | None]
    last_fetched_at: Mapped[datetime | None]
    """To the hour: written at most once an hour, so that an unchanged fetch stays one read."""
    client: Mapped[Word] = mapped_column(default="")
    """Family of the calendar program that fetched last, such as google or apple; "" is unknown."""
