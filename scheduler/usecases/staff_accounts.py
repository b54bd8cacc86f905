"""What is done about people who sign in, by somebody else: disabling them, a new password, the list."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from scheduler.errors import NotFound
from scheduler.models.staff import BrowserSession, Staff
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.staff import hash_password


@reading
def list_staff(session: Session) -> list[Staff]:
    """Everybody who signs in by sign-in name, the disabled ones last."""
    return list(session.scalars(select(Staff).order_by(Staff.archived_at.is_not(None), Staff.email)))


@writing
def disable_staff(session: Session, email: str, *, actor: Actor, now: datetime) -> Staff:
    """Let a person sign in no more, and end their browser sessions. Raises NotFound for nobody in use."""
    staff = _in_use(session, email)
    staff.archived_at = now
    _end_sessions(session, staff)
    note_deed(session, actor, "staff_disabled", "staff", staff.id, now=now)
    return staff


@writing
def set_password(session: Session, email: str, password: str, *, actor: Actor, now: datetime) -> Staff:
    """Give a person another password, and end their browser sessions. Raises InvalidInput, or NotFound."""
    staff = _in_use(session, email)
    staff.password_hash = hash_password(password)
    _end_sessions(session, staff)
    note_deed(session, actor, "password_set", "staff", staff.id, now=now)
    return staff


def _in_use(session: Session, email: str) -> Staff:
    name = email.strip().lower()
    staff = session.scalar(
        select(Staff).where(Staff.email == name, Staff.archived_at.is_(None)).with_for_update()
    )
    if staff is None:
        raise NotFound("Nobody signs in as %(name)s.", name=name)
    return staff


def _end_sessions(session: Session, staff: Staff) -> None:
    session.execute(delete(BrowserSession).where(BrowserSession.staff_id == staff.id))
