"""Wall-clock times of a location as browsers send and show them, without an offset."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from scheduler.errors import InvalidInput
from scheduler.planning.hours import NonexistentWallTime, resolve_wall_time

EARLIEST, LATEST = date(1980, 1, 1), date(2199, 12, 31)


def wall(instant: datetime, zone: str) -> str:
    """``2026-03-02T10:00`` on the location's wall clock."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def instant_on(on: str, at: str, zone: str) -> datetime:
    """The instant of a date and a time of day as forms send them; the first one where the clock repeats it.

    Raises InvalidInput for what is no date or time, one far away, or a time that the clock skips, with the valid
    alternatives.
    """
    try:
        day, hour = date.fromisoformat(on), time.fromisoformat(at)
    except ValueError:
        raise InvalidInput("Please enter a date and a time.", field="starts_at") from None
    if not EARLIEST <= day <= LATEST:
        raise InvalidInput("That date is too far away.", field="starts_at")
    try:
        return resolve_wall_time(day, hour.hour * 60 + hour.minute, ZoneInfo(zone))[0]
    except NonexistentWallTime as gap:
        before, after = gap.alternatives
        raise InvalidInput(
            "The clocks go forward then: %(wall)s does not exist. Take %(before)s or %(after)s.",
            wall=at,
            before=f"{before:%H:%M}",
            after=f"{after:%H:%M}",
            field="starts_at",
        ) from None


def day_or(text: str | None, default: date) -> date:
    """A date as addresses carry it, or the default where it is missing or none."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return default
    return found if EARLIEST <= found <= LATEST else default
