"""Adding people who sign in: what their sign-in name, name and password may be."""

from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput
from scheduler.models.practitioners import Practitioner
from scheduler.models.staff import Role, Staff
from scheduler.transaction import writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.lookup import find_in_use
from scheduler.usecases.staff.passwords import hash_password


class NewPerson(TypedDict):
    """Who is added, by whom and when."""

    email: str
    name: str
    role: Role
    password: str
    practitioner_id: NotRequired[int | None]
    actor: Actor
    now: datetime


@writing
def add_staff(session: Session, **person: Unpack[NewPerson]) -> Staff:
    """Add a person who signs in. Raises InvalidInput, NotFound for the practitioner, or Conflict for the name."""
    return new_staff(session, **person)


def new_staff(
    session: Session,
    *,
    email: str,
    name: str,
    role: Role,
    password: str,
    practitioner_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> Staff:
    """Add a person who signs in, in the open transaction. Raises as add_staff does."""
    email, name = checked_sign_in_name(email), checked_person_name(name)
    if practitioner_id is not None:
        find_in_use(session, Practitioner, practitioner_id)
    password_hash = hash_password(password)
    refuse_taken_name(session, email)
    staff = Staff(
        email=email,
        name=name,
        role=role.value,
        password_hash=password_hash,
        practitioner_id=practitioner_id,
        created_at=now,
    )
    session.add(staff)
    session.flush()
    note_deed(session, actor, "staff_added", "staff", staff.id, now=now, email=email, role=role.value)
    return staff


def checked_sign_in_name(email: str) -> str:
    """The sign-in name in lower case. Raises InvalidInput."""
    name = sign_in_name(email)
    if not name or len(name) > 320 or any(letter.isspace() or not letter.isprintable() for letter in name):
        raise InvalidInput("A sign-in name is an email address or one word.", field="email")
    return name


def checked_person_name(name: str) -> str:
    """A person's name in one line. Raises InvalidInput."""
    clean = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    if not clean or len(clean) > 200:
        raise InvalidInput("Please enter the person's name (at most 200 letters).", field="name")
    return clean


def refuse_taken_name(session: Session, email: str, *, but_id: int | None = None) -> None:
    """Raise Conflict if somebody (else than ``but_id``) signs in with that name, or did."""
    if session.scalar(select(Staff.id).where(Staff.email == email, Staff.id != (but_id or 0))) is not None:
        raise Conflict("Somebody with that sign-in name is there already.", field="email")


def sign_in_name(email: str) -> str:
    """How a sign-in name is stored and looked up, whatever its case."""
    return email.strip().lower()
