"""Archiving, restoring and deleting what a clinic is set up with.

What is booked to come forbids archiving, anything at all that refers to it forbids deleting.
"""

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.errors import Conflict
from scheduler.models import Appointment
from scheduler.models.appointments import NOT_BOOKED
from scheduler.models.base import Base
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.diary_stamp import stamp_diaries

ENTITIES = {"type": "appointment_type"}
"""How the trail calls what its verbs name shorter."""


class Archivable(Protocol):
    """A row that has a name and can be archived."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...

    archived_at: Any


def archive_row(session: Session, row: Archivable, what: str, actor: Actor, now: datetime) -> None:
    """Offer a row no more, with its row in the trail; one that is archived stays as it is."""
    if row.archived_at is None:
        row.archived_at = now
        stamp_diaries(session)
        note_deed(session, actor, f"{what}_archived", ENTITIES.get(what, what), row.id, now=now)


def restore_row(session: Session, row: Archivable, what: str, actor: Actor, now: datetime) -> None:
    """Offer an archived row again, with its row in the trail; one that is in use stays as it is."""
    if row.archived_at is not None:
        row.archived_at = None
        stamp_diaries(session)
        note_deed(session, actor, f"{what}_restored", ENTITIES.get(what, what), row.id, now=now)


def booked_to_come(session: Session, whose: ColumnElement[bool], now: datetime) -> int:
    """How many appointments of a condition are booked and not over."""
    query = select(func.count(Appointment.id)).where(
        whose, Appointment.status.not_in(NOT_BOOKED), Appointment.ends_at > now
    )
    return session.scalar(query) or 0


def refuse_if_booked(session: Session, whose: ColumnElement[bool], name: str, now: datetime) -> None:
    """Raise Conflict while something is booked that is not over."""
    count = booked_to_come(session, whose, now)
    if count:
        raise Conflict(
            "%(name)s cannot be archived yet: %(count)s appointments are still booked. Move or cancel them first.",
            name=name,
            count=count,
        )


def refuse_in_use(row: Archivable) -> None:
    """Raise Conflict for what is not in the archive: only from there something is deleted."""
    if row.archived_at is None:
        raise Conflict("Archive %(name)s first.", name=row.name)


def delete_unused(session: Session, row: Base, name: str, *needed: ColumnElement[bool]) -> None:
    """Delete a row unless some other one fulfils a condition or refers to it. Raises Conflict: history needs it."""
    kept = Conflict("%(name)s was used, so it is kept in the archive.", name=name)
    for condition in needed:
        if session.scalar(select(literal(1)).where(condition).limit(1)) is not None:
            raise kept
    session.delete(row)
    try:
        session.flush()
    except IntegrityError:
        raise kept from None
