"""Wall-clock times of a location as browsers send and show them, without an offset."""

from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.errors import InvalidInput
from scheduler.usecases.wall_clock import EARLIEST, LATEST, instants_at, refuse_far_away


@lru_cache(maxsize=4096)
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
    refuse_far_away(day, field="starts_at")
    minute = hour.hour * 60 + hour.minute
    return instants_at(day, minute, ZoneInfo(zone), shown=at, field="starts_at")[0]


def day_or(text: str | None, default: date) -> date:
    """A date as addresses carry it, or the default where it is missing or none."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return default
    return found if EARLIEST <= found <= LATEST else default
