"""From when until when somebody is away or a place closed: wall-clock times or instants become [start, end) in UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.errors import InvalidInput
from scheduler.planning.hours import DAY_MINUTES, start_of_day
from scheduler.usecases.wall_clock import instants_at, refuse_far_away


@dataclass(frozen=True, slots=True)
class WallTime:
    """A local date, with a minute of day or as a whole day; InvalidInput where it is too far away."""

    on: date
    minute: int | None = None

    def __post_init__(self) -> None:
        refuse_far_away(self.on, field="on")
        if self.minute is not None and not 0 <= self.minute < DAY_MINUTES:
            raise InvalidInput("A time of day is 00:00 to 23:59.", field="minute")


Edge = WallTime | datetime
"""An end of an absence: on the wall clock, or an instant."""


def instants_between(starts: Edge, until: Edge, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[start, end) in UTC; a whole day in ``until`` is the last one.

    Of a wall time that the clock repeats, the first instant as a start and the last as an end. Raises InvalidInput
    for one that it skips, for what is too far away, and unless the end is later.
    """
    starts_at = _instants_of(starts, zone)[0]
    if isinstance(until, WallTime) and until.minute is None:
        ends_at = start_of_day(until.on + timedelta(days=1), zone)
    else:
        ends_at = _instants_of(until, zone)[-1]
    if ends_at <= starts_at:
        raise InvalidInput("The end must be later than the beginning.", field="until")
    return starts_at, ends_at


def _instants_of(edge: Edge, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants of a wall time, or the one at which its day begins."""
    if isinstance(edge, datetime):
        refuse_far_away(edge.date(), field="on")
        return (edge.astimezone(UTC).replace(microsecond=0),)
    if edge.minute is None:
        return (start_of_day(edge.on, zone),)
    shown = f"{edge.on} {edge.minute // 60:02}:{edge.minute % 60:02}"
    return instants_at(edge.on, edge.minute, zone, shown=shown, field="on")
