"""Who is busy when: the stored appointments around a file's, and the file's own, one after the other."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import Appointment
from scheduler.models.appointments import INACTIVE
from scheduler.models.base import epoch
from scheduler.usecases.availability.rows import LONGEST

Resource = tuple[str, int]
"""practitioner, room or patient, and its number."""
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
    for person, room, patient, busy_from, busy_until, begins, ends in session.execute(stored):
        busy.take(("practitioner", person), busy_from, busy_until)
        busy.take(("patient", patient), begins, ends)
        if room is not None:
            busy.take(("room", room), busy_from, busy_until)
    return busy
