"""Wall-clock times that people enter, as instants, and what day it is where.

A time that does not exist is said so, with the nearest that do.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import Location
from scheduler.planning.hours import NonexistentWallTime, resolve_wall_time

EARLIEST, LATEST = date(1980, 1, 1), date(2199, 12, 31)


def instants_at(on: date, minute: int, zone: ZoneInfo, *, shown: str, field: str) -> tuple[datetime, ...]:
    """The instants of a wall time, two where the clock repeats it. Raises InvalidInput for one that it skips.

    ``shown`` is the time as it was entered, and ``field`` where.
    """
    try:
        return resolve_wall_time(on, minute, zone)
    except NonexistentWallTime as gap:
        before, after = gap.alternatives
        raise InvalidInput(
            "The clocks go forward then: %(wall)s does not exist. Take %(before)s or %(after)s.",
            wall=shown,
            before=f"{before:%H:%M}",
            after=f"{after:%H:%M}",
            field=field,
        ) from None


def today_at(session: Session, location_id: int | None, now: datetime) -> date:
    """The date on the clock of a location; of the oldest one in use where there is none with that number."""
    places = select(Location.zone).order_by(
        Location.id != (location_id or 0), Location.archived_at.is_not(None), Location.id
    )
    return now.astimezone(ZoneInfo(session.scalar(places.limit(1)) or "UTC")).date()


def latest_today(session: Session, now: datetime) -> date:
    """The date that is furthest on by the clocks of the locations in use: later than that is the future everywhere."""
    zones = session.scalars(select(Location.zone).where(Location.archived_at.is_(None)).distinct())
    return max((now.astimezone(ZoneInfo(zone)).date() for zone in zones), default=now.date())


def refuse_far_away(on: date, *, field: str) -> None:
    """Raise InvalidInput for a day before EARLIEST or after LATEST."""
    if not EARLIEST <= on <= LATEST:
        raise InvalidInput("That date is too far away.", field=field)
