"""Who treats: Practitioner, Credential, WorkingHours, TimeOff."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.models.base import Base, Instant, Key, Name, Prose, Word


class Practitioner(Base):
    """A person who treats patients."""

    __tablename__ = "practitioners"
    __table_args__ = (CheckConstraint("day_list_minute BETWEEN 0 AND 1439", name="day_list_minute"),)

    id: Mapped[Key]
    given_name: Mapped[Name]
    family_name: Mapped[Name]
    email: Mapped[str | None] = mapped_column(String(320))
    locale: Mapped[Word | None]
    colour: Mapped[Word] = mapped_column(default="#4f7cac")
    """Column accent in the diary, as #rrggbb."""
    day_list_minute: Mapped[int | None]
    """Minute of the local day at which the day's list goes out by mail; null: none is wanted."""
    archived_at: Mapped[datetime | None]
    credentials: Mapped[list["Credential"]] = relationship(order_by="Credential.expires_on")
    working_hours: Mapped[list["WorkingHours"]] = relationship(order_by="WorkingHours.weekday")

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given_name} {self.family_name}"


class Credential(Base):
    """A qualification that gates what may be booked, valid on [issued_on, expires_on]."""

    __tablename__ = "credentials"
    __table_args__ = (
        CheckConstraint("expires_on IS NULL OR issued_on <= expires_on", name="order"),
        Index(None, "practitioner_id", "kind"),
    )

    id: Mapped[Key]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    kind: Mapped[Word]
    """What it allows, for example dry_needling; matched with AppointmentType.needs_credential."""
    issuer: Mapped[Name] = mapped_column(default="")
    number: Mapped[Word] = mapped_column(default="")
    training_hours: Mapped[int | None]
    issued_on: Mapped[date]
    expires_on: Mapped[date | None]
    """Last valid day in the location's zone; null never expires."""


class WorkingHours(Base):
    """Weekly wall-clock hours at a location: every n-th ISO week, counted from the week of valid_from."""

    __tablename__ = "working_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint(
            "starts_minute >= 0 AND starts_minute < ends_minute AND ends_minute <= 1440", name="minutes"
        ),
        CheckConstraint("starts_minute % 5 = 0 AND ends_minute % 5 = 0", name="ticks"),
        CheckConstraint("every_n_weeks BETWEEN 1 AND 52", name="every_n_weeks"),
        CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="order"),
        Index(None, "practitioner_id"),
    )

    id: Mapped[Key]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    weekday: Mapped[int]
    """0 is Monday."""
    starts_minute: Mapped[int]
    """Minute of the local day at which work begins."""
    ends_minute: Mapped[int]
    """Minute of the local day at which work ends (exclusive)."""
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    """Last valid local day; null goes on."""
    every_n_weeks: Mapped[int] = mapped_column(default=1)


class TimeOff(Base):
    """An absence of a practitioner, [starts_at, ends_at)."""

    __tablename__ = "time_off"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index(None, "practitioner_id", "starts_at"),
    )

    id: Mapped[Key]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    reason: Mapped[Name] = mapped_column(default="")
    """Seen by staff only."""


class BusyCalendar(Base):
    """A practitioner's private calendar, fetched now and then; only when they are busy is kept of it."""

    __tablename__ = "busy_calendars"
    __table_args__ = (Index(None, "practitioner_id"),)

    id: Mapped[Key]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    name: Mapped[Name]
    url: Mapped[Prose]
    """The ICS address: a secret, shown to nobody once it is saved."""
    etag: Mapped[Name] = mapped_column(default="")
    last_modified: Mapped[Name] = mapped_column(default="")
    fetched_at: Mapped[datetime | None]
    """The last time that what it holds was taken over, or found unchanged."""
    tried_at: Mapped[datetime | None]
    error: Mapped[Name] = mapped_column(default="")
    """Why the last try failed, as calendars.refusals names it; "" if it did not. The last good copy stays."""
    created_at: Mapped[Instant]
    practitioner: Mapped[Practitioner] = relationship()


class BusyTime(Base):
    """[starts_at, ends_at) in which a private calendar says that the practitioner is busy."""

    __tablename__ = "busy_times"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index(None, "calendar_id"),
        Index(None, "practitioner_id", "starts_at"),
    )

    id: Mapped[Key]
    calendar_id: Mapped[int] = mapped_column(ForeignKey("busy_calendars.id", ondelete="CASCADE"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
