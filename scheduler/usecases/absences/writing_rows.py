"""Writing and taking back rows of time off and closures, with their lock and their row in the trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict
from scheduler.models import Closure, TimeOff
from scheduler.transaction import lock_resources
from scheduler.usecases.absences.rows import (
    STORED,
    AbsenceKind,
    kind_of,
    owner_of,
    stored_row,
    whose_of,
)
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.feeds.tokens import tell_room


def _(message: str) -> str:
    """Mark a msgid for the extractor; translation happens when a sentence is made."""
    return message


ENTITIES = {
    AbsenceKind.TIME_OFF: "practitioner",
    AbsenceKind.CLOSURE: "location",
    AbsenceKind.ROOM: "room",
}
"""Whose it is, as the audit trail names it."""
DEEDS = {
    AbsenceKind.TIME_OFF: "time_off",
    AbsenceKind.CLOSURE: "closure",
    AbsenceKind.ROOM: "room_closure",
}
"""How the trail's verbs about it begin."""
COVERED = {
    AbsenceKind.TIME_OFF: _("%(name)s is away then already."),
    AbsenceKind.CLOSURE: _("%(name)s is closed then already."),
    AbsenceKind.ROOM: _("%(name)s is out of use then already."),
}


def write_row(session: Session, row: TimeOff | Closure, name: str, actor: Actor, now: datetime) -> None:
    """Add the row unless one holds the whole time already: the same entered twice."""
    kind = kind_of(row)
    model = STORED[kind]
    _lock(session, row)
    holds = select(model.id).where(
        owner_of(kind) == whose_of(row), model.starts_at <= row.starts_at, model.ends_at >= row.ends_at
    )
    if kind == AbsenceKind.CLOSURE:
        holds = holds.where(Closure.room_id.is_(None))
    with session.no_autoflush:
        if session.scalar(holds.limit(1)) is not None:
            raise Conflict(COVERED[kind], name=name)
    session.add(row)
    session.flush()
    _announce(session, "added", row, actor, now)


def remove_row(session: Session, kind: AbsenceKind, number: int, actor: Actor, now: datetime) -> None:
    """Delete the row; one that has begun ends now. ``kind`` says in which table: CLOSURE finds a room's, too."""
    _lock(session, stored_row(session, kind, number))
    row = stored_row(session, kind, number)
    if row.ends_at <= now:
        raise Conflict("This is over already; it stays on record.")
    ends_at = now.replace(second=0, microsecond=0)
    if row.starts_at < ends_at:
        _announce(session, "ended", row, actor, now, ended_at=ends_at.isoformat())
        row.ends_at = ends_at
        return
    _announce(session, "removed", row, actor, now)
    session.delete(row)


def _lock(session: Session, row: TimeOff | Closure) -> None:
    """Wait for whoever books there: rooms are chosen under the lock of their location."""
    if isinstance(row, TimeOff):
        lock_resources(session, [("practitioner", row.practitioner_id)])
    else:
        lock_resources(session, [("location", row.location_id)])


def _announce(
    session: Session,
    deed: str,
    row: TimeOff | Closure,
    actor: Actor,
    now: datetime,
    **more: Any,
) -> None:
    """Note it, and let open diaries and the calendars of a room show it."""
    kind = kind_of(row)
    stamp_diaries(session)
    if isinstance(row, Closure) and row.room_id is not None:
        tell_room(session, row.room_id, now=now)
    note_deed(
        session,
        actor,
        f"{DEEDS[kind]}_{deed}",
        ENTITIES[kind],
        whose_of(row),
        now=now,
        starts_at=row.starts_at.isoformat(),
        ends_at=row.ends_at.isoformat(),
        **more,
    )
