"""Who is busy when: the stored appointments around a file's, and the file's own, one after the other."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import Appointment, Closure
from scheduler.models.appointments import INACTIVE
from scheduler.models.base import epoch
from scheduler.usecases.availability.rows import LONGEST

Resource = tuple[str, int]
"""practitioner, room, patient, or a room that is out of use; and its number."""
SHUT = "shut"
STORED = 0
"""In place of a row: the appointment is in the database."""


@dataclass(slots=True)
class Busy:
    """Stretches [start, end) in epoch seconds by resource; those of one resource never overlap."""

    taken: dict[Resource, list[tuple[int, int, int]]] = field(default_factory=dict)

    def take(self, resource: Resource, start: int, end: int, row: int = STORED) -> None:
        """Remember a stretch, and which row it comes from."""
        insort(self.taken.setdefault(resource, []), (start, end, row))

    def clash(self, resource: Resource, start: int, end: int) -> int | None:
        """The row (or STORED) that takes some of [start, end), or None."""
        stretches = self.taken.get(resource, [])
        place = bisect_left(stretches, (start,))
        for begins, ends, row in stretches[max(0, place - 1) : place + 1]:
            if begins < end and ends > start:
                return row
        return None


def load_busy(session: Session, instants: Iterable[datetime]) -> Busy:
    """What is stored around these starts."""
    busy = Busy()
    starts = list(instants)
    if not starts:
        return busy
    columns = (
        Appointment.practitioner_id,
        Appointment.room_id,
        Appointment.patient_id,
        epoch(Appointment.busy_from),
        epoch(Appointment.busy_until),
        epoch(Appointment.starts_at),
        epoch(Appointment.ends_at),
    )
    near = Appointment.starts_at.between(min(starts) - 2 * LONGEST, max(starts) + 2 * LONGEST)
    stored = select(*columns).where(Appointment.status.not_in(INACTIVE), near).order_by(Appointment.starts_at)
    for number, bounds in _shut_rooms(session, min(starts), max(starts)).items():
        for begins, ends in bounds:
            busy.take((SHUT, number), begins, ends)
    for person, room, patient, busy_from, busy_until, begins, ends in session.execute(stored):
        busy.take(("practitioner", person), busy_from, busy_until)
        busy.take(("patient", patient), begins, ends)
        if room is not None:
            busy.take(("room", room), busy_from, busy_until)
    return busy


def _shut_rooms(session: Session, first: datetime, last: datetime) -> dict[int, list[tuple[int, int]]]:
    """When rooms are out of use around these starts, what overlaps joined."""
    rows = session.execute(
        select(Closure.room_id, epoch(Closure.starts_at), epoch(Closure.ends_at))
        .where(Closure.starts_at < last + 2 * LONGEST, Closure.ends_at > first - 2 * LONGEST)
        .order_by(Closure.starts_at)
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for room, begins, ends in rows:
        if room is None:
            continue
        known = found.setdefault(room, [])
        if known and begins <= known[-1][1]:
            begins, ends = known[-1][0], max(ends, known.pop()[1])
        known.append((begins, ends))
    return found
