"""Free slots for somebody on the waitlist, to be booked from there."""

from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import AppointmentType, Location, WaitlistEntry
from scheduler.planning.timeline import indices, instant_of
from scheduler.transaction import reading
from scheduler.usecases.availability.free_time import bits_from, horizon_of, load_availability, patient_busy
from scheduler.usecases.availability.slots import grid_of
from scheduler.usecases.gaps.ranking import Slot
from scheduler.usecases.lookup import find
from scheduler.usecases.wall_clock import today_at

LOOKS_AHEAD = timedelta(days=28)
SHOWN = 6


@reading
def slots_for_entry(session: Session, entry_id: int, *, now: datetime) -> list[Slot]:
    """The first few slots that an entry waits for, within four weeks of its first day. Raises NotFound."""
    entry = find(session, WaitlistEntry, entry_id)
    first = max(entry.wanted_from, today_at(session, entry.location_id, now))
    last = min(entry.wanted_until, first + LOOKS_AHEAD)
    if last < first:
        return []
    kind = session.get_one(AppointmentType, entry.appointment_type_id)
    horizon = horizon_of(first, last)
    found = load_availability(
        session,
        horizon,
        grid_minutes=grid_of(session),
        now=now,
        practitioner_ids=entry.practitioner_ids or None,
        location_id=entry.location_id,
    )
    taken = patient_busy(session, entry.patient_id, horizon, now=now)
    length = timedelta(minutes=kind.duration_minutes)
    zones = {number: ZoneInfo(zone) for number, zone in session.execute(select(Location.id, Location.zone))}
    slots: list[Slot] = []
    for desk in found.desks:
        days = desk.clock.bits_of_days(first.toordinal(), last.toordinal())
        starts = found.starts(desk, kind, taken=taken) & days & bits_from(horizon, now + timedelta(minutes=1))
        wanted = (
            Slot(desk.practitioner_id, desk.location_id, starts_at, starts_at + length)
            for starts_at in (instant_of(horizon.start_tick + index) for index in indices(starts))
            if _suits(entry, starts_at.astimezone(zones[desk.location_id]), kind.duration_minutes)
        )
        slots += islice(wanted, SHOWN)
    return sorted(slots, key=lambda slot: (slot.starts_at, slot.practitioner_id))[:SHOWN]


def _suits(entry: WaitlistEntry, wall: datetime, minutes: int) -> bool:
    minute = wall.hour * 60 + wall.minute
    return (
        (not entry.weekdays or wall.weekday() in entry.weekdays)
        and minute >= (entry.from_minute or 0)
        and (entry.until_minute is None or minute + minutes <= entry.until_minute)
    )
