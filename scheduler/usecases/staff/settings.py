"""How a person likes the screens: small choices that follow them from one computer to the next."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models.staff import Staff
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.edits import language
from scheduler.usecases.lookup import find


@reading
def settings_of(session: Session, staff_id: int) -> dict[str, Any]:
    """A person's choices; empty at first."""
    return session.scalar(select(Staff.settings).where(Staff.id == staff_id)) or {}


@writing
def change_settings(
    session: Session, staff_id: int, changes: Mapping[str, Any], *, actor: Actor, now: datetime
) -> None:
    """Set some of a person's choices, JSON values; the others stay. Raises NotFound."""
    person = find(session, Staff, staff_id)
    settings = {**person.settings, **changes}
    if settings != person.settings:
        person.settings = settings
        note_deed(session, actor, "settings_changed", "staff", staff_id, now=now, names=sorted(changes))


@writing
def change_language(
    session: Session, staff_id: int, locale: str | None, *, actor: Actor, now: datetime
) -> None:
    """Set the language of a person's screens; None is the clinic's. Raises InvalidInput for one that there is not."""
    person = find(session, Staff, staff_id)
    known = language(locale)
    if person.locale != known:
        person.locale = known
        note_deed(session, actor, "settings_changed", "staff", staff_id, now=now, names=["locale"])
