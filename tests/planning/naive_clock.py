"""The naive model that planning is compared with: ask the zone about one tick after the other."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from scheduler.planning.timeline import Horizon

ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
)
TICK = timedelta(minutes=5)


@cache
def changes(key: str) -> tuple[datetime, ...]:
    """The hours of 2024 to 2027 in which the zone's UTC offset changes, as the last full UTC hours before them."""
    zone, begin = ZoneInfo(key), datetime(2024, 1, 1, tzinfo=UTC)
    days = [begin + timedelta(days=n) for n in range(4 * 366)]
    ends = [day.astimezone(zone).utcoffset() for day in days]
    # No zone of these changes its offset twice within a day.
    of_change = [days[n] for n in range(len(days) - 1) if ends[n] != ends[n + 1]]
    hours = [day + timedelta(hours=n) for day in of_change for n in range(25)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return tuple(
        hours[n]
        for n in range(len(hours) - 1)
        if offsets[n] != offsets[n + 1] and hours[n + 1] - hours[n] == timedelta(hours=1)
    )


# Where nothing changes, two ordinary moments stand in.
MOMENTS = tuple(
    (key, moment)
    for key in ZONES
    for moment in changes(key)
    or (datetime(2024, 2, 28, 21, tzinfo=UTC), datetime(2026, 12, 31, 7, tzinfo=UTC))
)


def around(moment: datetime, days_before: float, days_after: float) -> Horizon:
    """The horizon around a moment."""
    return Horizon.between(moment - timedelta(days=days_before), moment + timedelta(days=days_after))


@cache
def walls(key: str, horizon: Horizon) -> tuple[datetime, ...]:
    """What the zone's wall clock shows at each tick of the horizon, as naive date-times."""
    zone = ZoneInfo(key)
    begin = datetime.fromtimestamp(horizon.start_tick * 300, UTC)
    return tuple((begin + n * TICK).astimezone(zone).replace(tzinfo=None) for n in range(horizon.ticks))


def minute_of_day(wall: datetime) -> int:
    """The minute of the wall clock's day."""
    return wall.hour * 60 + wall.minute
