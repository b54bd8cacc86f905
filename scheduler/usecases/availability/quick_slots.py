"""The next free slots that suit what somebody asks for, over everybody who may treat: for the phone at reception."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import Location
from scheduler.planning.asked_times import AskedTimes
from scheduler.transaction import reading
from scheduler.usecases.availability.slots import FoundSlot, find_slots

SEARCHED_DAYS = (14, 60, 180)
"""So many days are searched first, then so many if too little was found, …"""
A_DAY_EACH = 2
"""At most so many slots of one practitioner on one day: the caller wants a choice, not a list of quarters."""


@reading
def find_quick_slots(
    session: Session,
    asked: AskedTimes,
    *,
    appointment_type_id: int,
    patient_id: int | None = None,
    practitioner_ids: Collection[int] | None = None,
    location_id: int | None = None,
    limit: int = 8,
    now: datetime,
) -> list[FoundSlot]:
    """Up to ``limit`` slots by start that suit ``asked`` on the clock of their location.

    Raises NotFound, and InvalidInput for a range of dates that makes no sense.
    """
    zones = {number: ZoneInfo(zone) for number, zone in session.execute(select(Location.id, Location.zone))}
    found: list[FoundSlot] = []
    for days in SEARCHED_DAYS:
        last = _last_day(asked, days)
        everything = find_slots(
            appointment_type_id=appointment_type_id,
            from_on=asked.from_on,
            to_on=last,
            practitioner_ids=practitioner_ids,
            location_id=location_id,
            patient_id=patient_id,
            now=now,
        )
        found = _spread((slot for slot in everything if _suits(slot, asked, zones)), zones, limit)
        if len(found) >= limit or last == asked.to_on:
            break
    return found


def _last_day(asked: AskedTimes, days: int) -> date:
    last = asked.from_on + timedelta(days=days)
    return min(last, asked.to_on) if asked.to_on is not None else last


def _suits(slot: FoundSlot, asked: AskedTimes, zones: Mapping[int, ZoneInfo]) -> bool:
    wall = slot.starts_at.astimezone(zones[slot.location_id])
    minute = wall.hour * 60 + wall.minute
    return (
        (not asked.weekdays or wall.weekday() in asked.weekdays)
        and (asked.from_minute is None or minute >= asked.from_minute)
        and (asked.until_minute is None or minute < asked.until_minute)
    )


def _spread(slots: Iterable[FoundSlot], zones: Mapping[int, ZoneInfo], limit: int) -> list[FoundSlot]:
    """The first slots, a few of each practitioner and day."""
    taken: Counter[tuple[int, date]] = Counter()
    found: list[FoundSlot] = []
    for slot in slots:
        key = (slot.practitioner_id, slot.starts_at.astimezone(zones[slot.location_id]).date())
        if taken[key] < A_DAY_EACH:
            taken[key] += 1
            found.append(slot)
        if len(found) == limit:
            break
    return found
