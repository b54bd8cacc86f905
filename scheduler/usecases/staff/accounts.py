"""What is done about people who sign in: changing and disabling them, new passwords, the list.

Whoever signs in as an administrator can be disabled or given another role only while another one is left.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput, NotFound
from scheduler.models.practitioners import Practitioner
from scheduler.models.staff import BrowserSession, Role, Staff
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.edits import changed_names, find_to_change, language, refuse_stale, stamp_of
from scheduler.usecases.lookup import find, find_in_use
from scheduler.usecases.staff.passwords import hash_password, is_password
from scheduler.usecases.staff.people import checked_person_name, checked_sign_in_name, refuse_taken_name
from scheduler.usecases.staff.sign_in import count_failure, sign_in_subjects
from scheduler.usecases.tries import forget_tries

ENTERED = ("email", "name", "role", "practitioner_id", "locale", "archived_at")
"""What a form about a person shows: a stamp of these is carried by it."""


@dataclass(frozen=True, slots=True)
class StaffDetails:
    """What is entered about a person who signs in."""

    email: str
    name: str
    role: Role
    practitioner_id: int | None = None
    locale: str | None = None


@reading
def list_staff(session: Session) -> list[Staff]:
    """Everybody who signs in by sign-in name, the disabled ones last."""
    return list(session.scalars(select(Staff).order_by(Staff.archived_at.is_not(None), Staff.email)))


@reading
def get_staff(session: Session, staff_id: int) -> Staff:
    """One person, disabled or not. Raises NotFound."""
    return find(session, Staff, staff_id)


def staff_stamp(staff: Staff) -> str:
    """What a form about this person must carry."""
    return stamp_of(staff, only=ENTERED)


@writing
def change_staff(
    session: Session, staff_id: int, details: StaffDetails, *, seen: str, actor: Actor, now: datetime
) -> Staff:
    """Change a person's sign-in name, name, role, practitioner and language; they stay signed in.

    Raises NotFound, StaleVersion, InvalidInput naming the field, or Conflict for a name that is taken and for the
    last administrator.
    """
    admins = _lock_admins(session)
    staff = find_to_change(session, Staff, staff_id)
    refuse_stale(seen, staff_stamp(staff))
    email = checked_sign_in_name(details.email)
    refuse_taken_name(session, email, but_id=staff.id)
    if details.practitioner_id is not None and details.practitioner_id != staff.practitioner_id:
        find_in_use(session, Practitioner, details.practitioner_id)
    if details.role != Role.ADMIN:
        _keep_an_admin(admins, staff)
    before = staff.role
    staff.email, staff.name, staff.role = email, checked_person_name(details.name), details.role.value
    staff.practitioner_id, staff.locale = details.practitioner_id, language(details.locale)
    fields = changed_names(staff)
    note_deed(
        session,
        actor,
        "staff_changed",
        "staff",
        staff.id,
        now=now,
        fields=fields,
        role_before=before,
        role=staff.role,
    )
    return staff


@writing
def disable_staff(session: Session, email: str, *, actor: Actor, now: datetime) -> Staff:
    """Let a person sign in no more, and end their browser sessions.

    Raises NotFound for nobody in use, Conflict for the last administrator.
    """
    admins = _lock_admins(session)
    staff = _in_use(session, email)
    _keep_an_admin(admins, staff)
    staff.archived_at = now
    _end_sessions(session, staff)
    note_deed(session, actor, "staff_disabled", "staff", staff.id, now=now)
    return staff


@writing
def enable_staff(session: Session, staff_id: int, password: str, *, actor: Actor, now: datetime) -> Staff:
    """Let a disabled person sign in again, with a new password. Raises NotFound, Conflict or InvalidInput."""
    staff = find_to_change(session, Staff, staff_id)
    if staff.archived_at is None:
        raise Conflict("%(name)s can sign in already.", name=staff.name)
    staff.password_hash, staff.archived_at = hash_password(password), None
    note_deed(session, actor, "staff_enabled", "staff", staff.id, now=now)
    return staff


@writing
def set_password(session: Session, email: str, password: str, *, actor: Actor, now: datetime) -> Staff:
    """Give a person another password, and end their browser sessions. Raises InvalidInput, or NotFound."""
    staff = _in_use(session, email)
    staff.password_hash = hash_password(password)
    _end_sessions(session, staff)
    note_deed(session, actor, "password_set", "staff", staff.id, now=now)
    return staff


def change_own_password(
    staff_id: int,
    present: str,
    password: str,
    *,
    session_id: int,
    source: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Change the password of who is signed in; every browser session of theirs but ``session_id`` ends.

    Wrong tries count like failed sign-ins from ``source``. Raises SignInBackOff, or InvalidInput naming the field.
    """
    new_hash = hash_password(password)
    email, verified = _count_own_try(staff_id, source, now=now)
    if not is_password(verified, present):
        raise InvalidInput("That is not your present password.", field="present")
    if present == password:
        raise InvalidInput("The new password must differ from the present one.", field="password")
    _replace_password(
        staff_id,
        verified,
        new_hash,
        subjects=sign_in_subjects(email, source),
        session_id=session_id,
        actor=actor,
        now=now,
    )


@writing
def _count_own_try(session: Session, staff_id: int, source: str, *, now: datetime) -> tuple[str, str]:
    staff = find(session, Staff, staff_id)
    count_failure(session, sign_in_subjects(staff.email, source), now=now)
    return staff.email, staff.password_hash


@writing
def _replace_password(
    session: Session,
    staff_id: int,
    verified: str,
    new_hash: str,
    *,
    subjects: tuple[str, str],
    session_id: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Looks at the row again, locked: while the password was verified somebody may have set another one."""
    staff = find_to_change(session, Staff, staff_id)
    if staff.password_hash != verified or staff.archived_at is not None:
        raise InvalidInput("That is not your present password.", field="present")
    staff.password_hash = new_hash
    forget_tries(session, subjects)
    _end_sessions(session, staff, but_id=session_id)
    note_deed(session, actor, "own_password_changed", "staff", staff.id, now=now)


def _in_use(session: Session, email: str) -> Staff:
    name = email.strip().lower()
    staff = session.scalar(
        select(Staff).where(Staff.email == name, Staff.archived_at.is_(None)).with_for_update()
    )
    if staff is None:
        raise NotFound("Nobody signs in as %(name)s.", name=name)
    return staff


def _lock_admins(session: Session) -> list[int]:
    """Everybody who signs in as an administrator, locked: two who remove each other do it one after the other."""
    admins = select(Staff.id).where(Staff.role == Role.ADMIN.value, Staff.archived_at.is_(None))
    return list(session.scalars(admins.order_by(Staff.id).with_for_update()))


def _keep_an_admin(admins: list[int], staff: Staff) -> None:
    if admins == [staff.id]:
        raise Conflict(
            "%(name)s is the last administrator. Make somebody else an administrator first.",
            name=staff.name,
            field="role",
        )


def _end_sessions(session: Session, staff: Staff, *, but_id: int | None = None) -> None:
    ended = delete(BrowserSession).where(BrowserSession.staff_id == staff.id)
    session.execute(ended.where(BrowserSession.id != (but_id or 0)))
