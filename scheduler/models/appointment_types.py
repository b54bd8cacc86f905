"""What can be booked."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.models.base import Base, Key, Name, Word


class AppointmentType(Base):
    """A kind of appointment; durations and buffers are multiples of 5 minutes."""

    __tablename__ = "appointment_types"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("duration_minutes BETWEEN 5 AND 480 AND duration_minutes % 5 = 0", name="duration"),
        CheckConstraint(
            "buffer_before_minutes BETWEEN 0 AND 120 AND buffer_before_minutes % 5 = 0", name="buffer_before"
        ),
        CheckConstraint(
            "buffer_after_minutes BETWEEN 0 AND 120 AND buffer_after_minutes % 5 = 0", name="buffer_after"
        ),
    )

    id: Mapped[Key]
    name: Mapped[Name]
    duration_minutes: Mapped[int]
    buffer_before_minutes: Mapped[int] = mapped_column(default=0)
    """Kept free of other bookings for practitioner and room before the start."""
    buffer_after_minutes: Mapped[int] = mapped_column(default=0)
    needs_room: Mapped[bool] = mapped_column(default=True)
    needs_credential: Mapped[Word | None]
    """Credential.kind that the practitioner must hold on the day; null asks for none."""
    is_needling: Mapped[bool] = mapped_column(default=False)
    """Needles are placed: the minimum rest between sessions applies."""
    colour: Mapped[Word] = mapped_column(default="#4f7cac")
    may_resize: Mapped[bool] = mapped_column(default=False)
    """Whether one appointment may be made longer or shorter than duration_minutes."""
    patients_may_move: Mapped[bool] = mapped_column(default=False)
    """Whether patients see free times for another appointment of this type, as the clinic's rebooking allows."""
    archived_at: Mapped[datetime | None]
