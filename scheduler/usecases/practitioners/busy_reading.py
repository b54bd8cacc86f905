"""When a private calendar says that somebody is busy: intervals only, nothing else of it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.calendars.refusals import Refused
from scheduler.errors import InvalidInput
from scheduler.usecases.imports.apart import MOST_SECONDS, TooMuch, read_diary_apart
from scheduler.usecases.imports.ics import Diary, read_diary

Pair = tuple[int, int]
Read = Callable[[bytes, ZoneInfo, datetime, datetime], Diary]


class BusyTimes(NamedTuple):
    """Intervals [start, end) in epoch seconds, by start, apart from each other; and how many entries were not read."""

    intervals: list[Pair]
    unread: int


def read_busy_apart(
    data: bytes, zone: ZoneInfo, begin: datetime, end: datetime, *, most_seconds: float = MOST_SECONDS
) -> BusyTimes:
    """What read_busy gives back, by a process of its own. Raises Refused, also when it takes too long or too much."""
    return read_busy(data, zone, begin, end, read=partial(read_diary_apart, most_seconds=most_seconds))


def read_busy(
    data: bytes, zone: ZoneInfo, begin: datetime, end: datetime, *, read: Read = read_diary
) -> BusyTimes:
    """The times in [begin, end) that the calendar shows as busy; whole days and floating times are the zone's.

    Cancelled and transparent entries count as free. Raises Refused for no calendar or too much of one.
    """
    if not data.rstrip().upper().endswith(b"END:VCALENDAR"):
        raise Refused("no_calendar")
    try:
        diary = read(data, zone, begin, end)
    except TooMuch as error:
        raise Refused(error.reason) from None
    except InvalidInput as error:
        raise Refused("too_many" if "most" in error.details else "no_calendar") from None
    pairs = [
        (int(max(one.starts_at, begin).timestamp()), int(min(one.ends_at, end).timestamp()))
        for one in diary.occurrences
    ]
    return BusyTimes(_joined(pairs), len(diary.problems))


def _joined(pairs: Iterable[Pair]) -> list[Pair]:
    joined: list[Pair] = []
    for start, end in sorted(pairs):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
