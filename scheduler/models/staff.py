"""Who works at the desk and what may call in: Staff, BrowserSession, SignInFailure, ApiKey."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.models.base import Base, Instant, Key, Name, Word, one_of


class Role(StrEnum):
    """What a person or a key may do; see access.py."""

    ADMIN = "admin"
    RECEPTION = "reception"
    PRACTITIONER = "practitioner"


class Staff(Base):
    """A person who signs in."""

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("email"), one_of("role", Role))

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(320))
    """Lower case; the sign-in name."""
    name: Mapped[Name]
    role: Mapped[Word]
    password_hash: Mapped[str] = mapped_column(String(200))
    """argon2id."""
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioners.id"))
    locale: Mapped[Word | None]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """How this person likes the screens: filters of the diary, whether single keys do something."""
    created_at: Mapped[Instant]
    archived_at: Mapped[datetime | None]


class BrowserSession(Base):
    """One signed-in browser; the cookie holds the secret, this row its hash. Deleting it signs out."""

    __tablename__ = "browser_sessions"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "staff_id"), Index(None, "expires_at"))

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    """To five minutes."""
    source: Mapped[Word] = mapped_column(default="")
    """Network address at sign-in."""
    staff: Mapped[Staff] = relationship()


class SignInFailure(Base):
    """Tries in a row of one name, address or link; the next one waits longer each time."""

    __tablename__ = "sign_in_failures"

    subject: Mapped[str] = mapped_column(String(400), primary_key=True)
    """``name:<email>``, ``source:<address>`` (both of sign-ins), ``link:<address>`` or ``post:<link>``."""
    failures: Mapped[int]
    blocked_until: Mapped[Instant]


class ApiKey(Base):
    """A program that calls the REST API; only the hash of its key is kept."""

    __tablename__ = "api_keys"
    __table_args__ = (UniqueConstraint("key_hash"), UniqueConstraint("name"), one_of("role", Role))

    id: Mapped[Key]
    name: Mapped[Name]
    key_hash: Mapped[str] = mapped_column(String(64))
    role: Mapped[Word]
    created_at: Mapped[Instant]
    revoked_at: Mapped[datetime | None]
