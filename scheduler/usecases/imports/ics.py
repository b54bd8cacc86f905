"""An iCalendar file as occurrences within a window: recurring events expanded, exceptions and overrides followed.

Floating times and whole days are those of the location's zone. Cancelled events and those marked as free are passed
over. An occurrence is known by the event's UID and the start that its rule gave it.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar
from icalendar.error import GloballyUniqueTZIDGuessed

from scheduler.errors import InvalidInput
from scheduler.planning.hours import start_of_day
from scheduler.usecases.imports.recurrence import Budget, occurrences, read_rule
from scheduler.usecases.imports.report import Problem
from scheduler.usecases.imports.tables import MOST_BYTES

Component = Any
"""An icalendar component: what its properties hold is known only by reading them."""

# Evolution writes zones as /freeassociation.sourceforge.net/Europe/Berlin: what that means is no guess.
warnings.filterwarnings("ignore", category=GloballyUniqueTZIDGuessed)
MOST_OCCURRENCES = 20_000
MOST_EVENTS = 50_000
LONGEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time of an event, [starts_at, ends_at) in UTC."""

    number: int
    """Of the event, in the order of the file, from 1."""
    uid: str
    recurrence: str
    """The start that the rule gave it, or the date, as text; with the uid its identity."""
    starts_at: datetime
    ends_at: datetime
    title: str
    is_private: bool
    is_all_day: bool


@dataclass(slots=True)
class Diary:
    """What a file holds for the window."""

    occurrences: list[Occurrence] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    passed_over: int = 0
    """Events that are cancelled, leave their time free or take none."""


def read_diary(data: bytes, zone: ZoneInfo, begin: datetime, end: datetime) -> Diary:
    """The occurrences that overlap [begin, end); raises InvalidInput for no calendar, or too much of one."""
    if len(data) > MOST_BYTES:
        raise InvalidInput("The file has more than %(most)s MB.", most=MOST_BYTES // 1_000_000, field="file")
    events = _events(data)
    diary, budget = Diary(), Budget()
    overridden = {
        (_uid(event), _recurrence_id(event, zone)) for _, event in events if "RECURRENCE-ID" in event
    }
    for number, event in events:
        title = str(event.get("SUMMARY", ""))
        try:
            if _is_passed_over(event, zone):
                diary.passed_over += 1
                continue
            found = list(_expand(number, event, zone, begin, end, overridden, budget))
        except InvalidInput as error:
            if error.details.get("field") == "file":
                raise
            diary.problems.append(Problem.of(number, "SUMMARY", title, error))
            continue
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError):
            unreadable = InvalidInput("This entry cannot be read.")
            diary.problems.append(Problem.of(number, "SUMMARY", title, unreadable))
            continue
        diary.occurrences += found
        if len(diary.occurrences) > MOST_OCCURRENCES:
            raise InvalidInput(
                "There are more than %(most)s entries in this window; choose a shorter one.",
                most=MOST_OCCURRENCES,
                field="until",
            )
    diary.occurrences.sort(key=lambda one: (one.starts_at, one.uid))
    return diary


def _events(data: bytes) -> list[tuple[int, Component]]:
    try:
        calendars = Calendar.from_ical(data, multiple=True)
        events = [event for one in calendars for event in one.walk("VEVENT")]
    except (ValueError, IndexError, KeyError, RecursionError):
        calendars, events = [], []
    if not calendars:
        raise InvalidInput("The file is no calendar: an .ics file is needed.", field="file")
    if len(events) > MOST_EVENTS:
        raise InvalidInput("The calendar has more than %(most)s entries.", most=MOST_EVENTS, field="file")
    return list(enumerate(events, 1))


def _is_passed_over(event: Component, zone: ZoneInfo) -> bool:
    status, shown = str(event.get("STATUS", "")).upper(), str(event.get("TRANSP", "")).upper()
    outlook = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    if status == "CANCELLED" or shown == "TRANSPARENT" or outlook == "FREE":
        return True
    start = event["DTSTART"].dt
    return not _length(event, start, getattr(start, "tzinfo", None) or zone)


def _expand(
    number: int,
    event: Component,
    zone: ZoneInfo,
    begin: datetime,
    end: datetime,
    overridden: set[tuple[str, str]],
    budget: Budget,
) -> Iterator[Occurrence]:
    """The event's occurrences in the window, without those that an event of their own replaces."""
    start = event["DTSTART"].dt
    is_all_day = not isinstance(start, datetime)
    own = (start.tzinfo if not is_all_day else None) or zone
    length = _length(event, start, own)
    if length < timedelta(0):
        raise InvalidInput("This entry ends before it begins.")
    if length > LONGEST:
        raise InvalidInput("This entry is longer than a year.")
    uid, is_override = _uid(event), "RECURRENCE-ID" in event
    for wall in _starts(event, _wall(start), own, zone, begin - length, end, budget):
        key = wall.date().isoformat() if is_all_day else _instant(wall, own).isoformat()
        if is_override:
            key = _recurrence_id(event, zone)
        elif (uid, key) in overridden:
            continue
        starts_at = start_of_day(wall.date(), zone) if is_all_day else _instant(wall, own)
        ends_at = start_of_day(wall.date() + length, zone) if is_all_day else starts_at + length
        if starts_at < end and ends_at > begin:
            secret = str(event.get("CLASS", "")).upper() in {"PRIVATE", "CONFIDENTIAL"}
            title = " ".join(str(event.get("SUMMARY", "")).split())
            yield Occurrence(number, uid, key, starts_at, ends_at, title, secret, is_all_day)


def _starts(
    event: Component,
    start: datetime,
    own: tzinfo,
    zone: ZoneInfo,
    begin: datetime,
    end: datetime,
    budget: Budget,
) -> list[datetime]:
    """Every start on the event's wall clock, by rule and by date, without the exceptions."""
    if "RECURRENCE-ID" in event:
        if str(event["RECURRENCE-ID"].params.get("RANGE", "")).upper() == "THISANDFUTURE":
            raise InvalidInput("A change of all later repetitions at once is not understood.")
        return [start]
    # Wider than the window by a day: the clocks of the event and of the location differ.
    window = [instant.astimezone(own).replace(tzinfo=None) for instant in (begin, end)]
    first, last = window[0] - timedelta(days=1), window[1] + timedelta(days=1)
    found = {start}
    for rule in _listed(event.get("RRULE")):
        until = rule.get("UNTIL", [None])[0]
        found |= set(occurrences(read_rule(rule, _until(until, own)), start, first, last, budget))
    for value in _dates(event.get("RDATE")):
        value = value[0] if isinstance(value, tuple) else value
        found.add(_wall(value, own) if isinstance(value, datetime) else datetime.combine(value, start.time()))
    for value in _dates(event.get("EXDATE")):
        if isinstance(value, datetime):
            found.discard(_wall(value, own))
        else:
            found = {wall for wall in found if wall.date() != value}
    return sorted(found)


def _until(value: Any, own: tzinfo) -> datetime | None:
    if value is None:
        return None
    return _wall(value, own) if isinstance(value, datetime) else datetime.combine(value, time.max)


def _length(event: Component, start: Any, own: tzinfo) -> timedelta:
    """From start to end; of whole days, their number. One day or nothing where the event does not say."""
    is_all_day = not isinstance(start, datetime)
    if "DTEND" in event:
        until = event["DTEND"].dt
        if is_all_day:
            days: timedelta = until - start
            return max(days, timedelta(days=1))
        return _instant(_wall(until), until.tzinfo or own) - _instant(_wall(start), own)
    if "DURATION" in event:
        length: timedelta = event["DURATION"].dt
        return length
    return timedelta(days=1) if is_all_day else timedelta(0)


def _wall(value: date | datetime, own: tzinfo | None = None) -> datetime:
    """The wall clock, naive; of an instant with another zone, the clock in ``own``."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time.min)
    if own is not None and value.tzinfo is not None:
        value = value.astimezone(own)
    return value.replace(tzinfo=None, microsecond=0)


def _instant(wall: datetime, own: tzinfo) -> datetime:
    """In UTC; a wall time that is skipped counts as before the change, as RFC 5545 has it."""
    return wall.replace(tzinfo=own).astimezone(UTC)


def _uid(event: Component) -> str:
    return str(event.get("UID", "")) or f"{event.get('SUMMARY', '')}:{event['DTSTART'].to_ical().decode()}"


def _recurrence_id(event: Component, zone: ZoneInfo) -> str:
    value = event["RECURRENCE-ID"].dt
    if not isinstance(value, datetime):
        return str(value.isoformat())
    return _instant(_wall(value), value.tzinfo or zone).isoformat()


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _dates(value: Any) -> Iterable[Any]:
    return [entry.dt for group in _listed(value) for entry in group.dts]
