"""Signing in and out, and the browser sessions of who did.

Guessing is slowed by name and by network address: each try is counted before the password is looked at, so that
many tries side by side do not slip past, and forgotten when one succeeds.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from scheduler.errors import NotFound, SignInBackOff, SignInRefused
from scheduler.models.staff import BrowserSession, Role, Staff
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.staff import passwords
from scheduler.usecases.staff.people import sign_in_name
from scheduler.usecases.tries import Limit, count_try, forget_tries

SESSION_LASTS = timedelta(hours=12)
"""A browser session ends so long after it was last used."""
SEEN_EVERY = timedelta(minutes=5)
FAILURES = Limit(4, timedelta(hours=24))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who sits at a browser."""

    session_id: int
    staff_id: int
    name: str
    email: str
    role: Role
    locale: str | None
    practitioner_id: int | None


def sign_in(email: str, password: str, *, source: str, now: datetime) -> str:
    """Open a browser session and return its secret, for the cookie; ``source`` is the network address.

    Raises SignInBackOff while tries are not looked at, SignInRefused for a wrong name or password alike.
    """
    name = sign_in_name(email)
    staff_id, password_hash = _count_try(name, source, now=now)
    if not passwords.is_password(password_hash, password) or staff_id is None:
        raise SignInRefused
    return _open_session(staff_id, password_hash, name, source, now=now)


@writing
def _count_try(session: Session, name: str, source: str, *, now: datetime) -> tuple[int | None, str]:
    """Count this try as a failure until it proves to be none; the staff id and the hash to verify."""
    count_failure(session, sign_in_subjects(name, source), now=now)
    known = session.execute(
        select(Staff.id, Staff.password_hash).where(Staff.email == name, Staff.archived_at.is_(None))
    ).first()
    return (known.id, known.password_hash) if known else (None, passwords.NOBODYS)


def count_failure(session: Session, subjects: Sequence[str], *, now: datetime) -> None:
    """Count one try for each of the subjects, in the open transaction. Raises SignInBackOff while one must wait."""
    wait = count_try(session, subjects, FAILURES, now=now)
    if wait:
        raise SignInBackOff(retry_after_seconds=wait)


@writing
def _open_session(
    session: Session, staff_id: int, verified_hash: str, name: str, source: str, *, now: datetime
) -> str:
    """Write the session. Looks at the row again, locked: while the password was verified it may have been changed."""
    staff = session.get_one(Staff, staff_id, with_for_update=True)
    if staff.password_hash != verified_hash or staff.archived_at is not None:
        raise SignInRefused
    forget_tries(session, sign_in_subjects(name, source))
    session.execute(delete(BrowserSession).where(BrowserSession.expires_at <= now))
    secret = secrets.token_urlsafe(32)
    session.add(
        BrowserSession(
            token_hash=_hash(secret),
            staff_id=staff_id,
            created_at=now,
            expires_at=now + SESSION_LASTS,
            last_seen_at=now,
            source=source[:40],
        )
    )
    actor = Actor(kind="staff", id=staff_id, name=staff.name, role=Role(staff.role), source=source)
    note_deed(session, actor, "signed_in", "staff", staff_id, now=now)
    return secret


def staff_for_cookie(secret: str, *, now: datetime) -> SignedIn | None:
    """Who holds this session secret, or None; using a session puts its end off (written every five minutes)."""
    found = _find_session(_hash(secret), now)
    if found is None:
        return None
    signed_in, last_seen_at = found
    if now - last_seen_at >= SEEN_EVERY:
        _put_off_end(signed_in.session_id, now=now)
    return signed_in


@reading
def _find_session(session: Session, token_hash: str, now: datetime) -> tuple[SignedIn, datetime] | None:
    row = session.execute(
        select(
            BrowserSession.id,
            BrowserSession.last_seen_at,
            BrowserSession.staff_id,
            Staff.name,
            Staff.email,
            Staff.role,
            Staff.locale,
            Staff.practitioner_id,
        )
        .join(Staff)
        .where(
            BrowserSession.token_hash == token_hash,
            BrowserSession.expires_at > now,
            Staff.archived_at.is_(None),
        )
    ).first()
    if row is None:
        return None
    session_id, last_seen_at, staff_id, name, email, role, locale, practitioner_id = row
    signed_in = SignedIn(session_id, staff_id, name, email, Role(role), locale, practitioner_id)
    return signed_in, last_seen_at


@writing
def _put_off_end(session: Session, session_id: int, *, now: datetime) -> None:
    # As a statement: the person may be signing out in another tab, and a row that is gone is no error.
    session.execute(
        update(BrowserSession)
        .where(BrowserSession.id == session_id)
        .values(last_seen_at=now, expires_at=now + SESSION_LASTS)
    )


@writing
def sign_out(session: Session, secret: str, *, actor: Actor, now: datetime) -> None:
    """End the browser session of this secret; no error if there is none."""
    ended = session.scalar(select(BrowserSession).where(BrowserSession.token_hash == _hash(secret)))
    if ended is not None:
        session.delete(ended)
        note_deed(session, actor, "signed_out", "staff", ended.staff_id, now=now)


@reading
def list_sessions(session: Session, staff_id: int, *, now: datetime) -> list[BrowserSession]:
    """A person's open browser sessions, the last used first."""
    query = select(BrowserSession).where(BrowserSession.staff_id == staff_id, BrowserSession.expires_at > now)
    return list(session.scalars(query.order_by(BrowserSession.last_seen_at.desc(), BrowserSession.id.desc())))


@writing
def revoke_session(session: Session, session_id: int, *, staff_id: int, actor: Actor, now: datetime) -> None:
    """End one of a person's browser sessions. Raises NotFound for anybody else's."""
    row = session.get(BrowserSession, session_id)
    if row is None or row.staff_id != staff_id:
        raise NotFound(what="browser session")
    session.delete(row)
    note_deed(session, actor, "session_revoked", "staff", staff_id, now=now, session_id=session_id)


def sign_in_subjects(name: str, source: str) -> tuple[str, str]:
    """Whose tries are counted: the name's, and those of the network address."""
    return f"name:{name[:320]}", f"source:{source}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
