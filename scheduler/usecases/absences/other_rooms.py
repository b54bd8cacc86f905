"""Another room at the very same time: what a room that is out of use displaces best. Nobody need be told of it.

What one room displaces never overlaps, so each can have its tightest fit whatever the others get.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.models import Appointment
from scheduler.models.base import epoch
from scheduler.planning.timeline import Horizon, busy_bits, span, tick_of
from scheduler.usecases.absences.displacement_free import TakenSlot
from scheduler.usecases.absences.rows import Absence, AbsenceKind
from scheduler.usecases.availability.free_time import PAD, Desk, fitting_rooms, load_desks
from scheduler.usecases.availability.rows import Pairs, active_within, holds_in_force, rooms_of


def other_rooms(
    session: Session, absence: Absence, rows: Sequence[Appointment], taken: Sequence[TakenSlot], now: datetime
) -> dict[int, int | None]:
    """Appointment -> the room it can have instead without moving; None where it needs none.

    Those for which there is none are left out, and those whose practitioner is away or whose location is closed then.
    ``taken`` is meant for others.
    """
    if absence.kind != AbsenceKind.ROOM or not rows:
        return {}
    horizon = Horizon.between(
        min(row.busy_from for row in rows) - PAD, max(row.busy_until for row in rows) + PAD
    )
    desks = _desks(session, rows, horizon)
    busy = _busy_rooms(session, absence, horizon, taken, now)
    found: dict[int, int | None] = {}
    for row in rows:
        desk = desks[row.practitioner_id, row.location_id]
        if (desk.closed | desk.away) & _bits(horizon, row.starts_at, row.ends_at):
            continue
        rooms = fitting_rooms(busy, _bits(horizon, row.busy_from, row.busy_until))
        if rooms:
            found[row.id] = rooms[0]
        elif not row.appointment_type.needs_room:
            found[row.id] = None
    return found


def staying(rows: Sequence[Appointment], rooms: Mapping[int, int | None]) -> list[TakenSlot]:
    """What those who stay take: their practitioner and their new room."""
    return [
        TakenSlot(row.busy_from, row.busy_until, row.practitioner_id, rooms[row.id])
        for row in rows
        if row.id in rooms
    ]


def _desks(session: Session, rows: Sequence[Appointment], horizon: Horizon) -> dict[tuple[int, int], Desk]:
    places = {(row.practitioner_id, row.location_id) for row in rows}
    people = {practitioner for practitioner, _ in places}
    desks = load_desks(session, horizon, practitioner_ids=people, places=places)
    return {(desk.practitioner_id, desk.location_id): desk for desk in desks}


def _busy_rooms(
    session: Session, absence: Absence, horizon: Horizon, taken: Sequence[TakenSlot], now: datetime
) -> dict[int, int]:
    """The other rooms of the location in use, with the ticks at which they are taken, held, out of use or meant."""
    location = absence.location_id or 0
    rooms = rooms_of(session, {location}, horizon).get(location, {})
    pairs: dict[int, Pairs] = {room: [] for room in rooms if room != absence.whose}
    booked = session.execute(
        select(Appointment.room_id, epoch(Appointment.busy_from), epoch(Appointment.busy_until)).where(
            Appointment.room_id.in_(pairs),
            *active_within(horizon),
            or_(Appointment.hold_id.is_(None), Appointment.hold_id.in_(holds_in_force(now))),
        )
    )
    for room, start, end in booked:
        if room is not None:
            pairs[room].append((start, end))
    for slot in taken:
        if slot.room_id is not None and slot.room_id in pairs:
            pairs[slot.room_id].append((int(slot.starts_at.timestamp()), int(slot.ends_at.timestamp())))
    return {room: busy_bits(listed, horizon) | rooms[room] for room, listed in pairs.items()}


def _bits(horizon: Horizon, starts_at: datetime, ends_at: datetime) -> int:
    return span(horizon.index(tick_of(starts_at)), horizon.index(tick_of(ends_at)))
