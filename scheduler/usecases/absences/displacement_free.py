"""What is free with an absence in place, and beside what is meant for others."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from scheduler.planning.timeline import busy_bits
from scheduler.usecases.absences.rows import Absence, AbsenceKind
from scheduler.usecases.availability.free_time import Availability


class TakenSlot(NamedTuple):
    """A slot that is meant for somebody else already; [starts_at, ends_at), buffers included."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: int
    room_id: int | None


def with_absence(found: Availability, absence: Absence) -> Availability:
    """The same with the absence in place, whether or not it is saved."""
    bits = busy_bits([_seconds(absence.starts_at, absence.ends_at)], found.horizon)
    desks, rooms, if_open = found.desks, found.rooms, found.rooms_if_open
    if absence.kind == AbsenceKind.TIME_OFF:
        desks = [
            replace(desk, away=desk.away | bits) if desk.practitioner_id == absence.whose else desk
            for desk in desks
        ]
    elif absence.kind == AbsenceKind.CLOSURE:
        desks = [
            replace(desk, closed=desk.closed | bits) if desk.location_id == absence.whose else desk
            for desk in desks
        ]
    else:
        # Where no room was out of use before, they all are as they would be without the absence.
        if_open = {place: numbers for place, numbers in rooms.items() if absence.whose in numbers} | {
            **if_open
        }
        rooms = {
            place: {room: busy | bits if room == absence.whose else busy for room, busy in numbers.items()}
            for place, numbers in rooms.items()
        }
    return Availability(found.horizon, found.grid_minutes, desks, rooms, if_open)


def without_slots(found: Availability, taken: Sequence[TakenSlot]) -> Availability:
    """The same without slots that are meant for others."""
    people: dict[int, int] = defaultdict(int)
    numbers: dict[int, int] = defaultdict(int)
    for slot in taken:
        bits = busy_bits([_seconds(slot.starts_at, slot.ends_at)], found.horizon)
        people[slot.practitioner_id] |= bits
        if slot.room_id is not None:
            numbers[slot.room_id] |= bits
    desks = [replace(desk, busy=desk.busy | people.get(desk.practitioner_id, 0)) for desk in found.desks]
    rooms, if_open = (
        {
            place: {room: busy | numbers.get(room, 0) for room, busy in known.items()}
            for place, known in each.items()
        }
        for each in (found.rooms, found.rooms_if_open)
    )
    return Availability(found.horizon, found.grid_minutes, desks, rooms, if_open)


def _seconds(starts_at: datetime, ends_at: datetime) -> tuple[int, int]:
    return int(starts_at.timestamp()), int(ends_at.timestamp())
