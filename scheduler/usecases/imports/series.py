"""An entry of a calendar with its repetitions and what replaces them, expanded by recurring-ical-events.

The library is given copies on one wall clock, without zones: with zones it takes 9:00 in Berlin and 9:00 in London for
the same repetition, and lets entries over a night on which the clocks change end an hour too soon or too late.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events  # type: ignore[import-untyped]
from icalendar import Calendar, Event, vRecur

from scheduler.errors import InvalidInput
from scheduler.planning.hours import start_of_day

Component = Any
"""An icalendar component: what its properties hold is known only by reading them."""
LONGEST = timedelta(days=400)
TOO_OFTEN = ("SECONDLY", "MINUTELY")
MARGIN = timedelta(days=2)
"""The clocks of the entry and of the location differ by less."""
NUMBER = "X-NUMBER"
# A rule that says both, which RFC 5545 forbids, ends with whichever comes first.
warnings.filterwarnings("ignore", message="Using both 'count' and 'until'", category=DeprecationWarning)


@dataclass(frozen=True, slots=True)
class Entry:
    """One VEVENT of a file."""

    number: int
    """In the order of the file, from 1."""
    event: Component
    uid: str
    length: timedelta | None
    """None if it leaves its time free or cannot be read: it takes at most the place of another's repetition."""

    @property
    def start(self) -> date | datetime:
        """As it is written."""
        start: date | datetime = self.event["DTSTART"].dt
        return start

    @property
    def replaces(self) -> date | datetime | None:
        """Of which repetition it takes the place."""
        return self.event["RECURRENCE-ID"].dt if "RECURRENCE-ID" in self.event else None

    @property
    def is_from_then_on(self) -> bool:
        """Whether it changes all later repetitions, too."""
        told = self.event["RECURRENCE-ID"].params if "RECURRENCE-ID" in self.event else {}
        return str(told.get("RANGE", "")).upper() == "THISANDFUTURE"


@dataclass(frozen=True, slots=True)
class Repetition:
    """One time of an entry, [starts_at, ends_at) in UTC."""

    number: int
    key: str
    """The start that the rule gave it, in UTC, or the date; as text."""
    starts_at: datetime
    ends_at: datetime


def expand(
    head: Entry | None, others: Sequence[Entry], zone: ZoneInfo, begin: datetime, end: datetime
) -> Iterator[Repetition]:
    """The repetitions that overlap [begin, end), those that ``others`` replace at their new times.

    Raises InvalidInput for a rule that is not understood, ValueError and its like for what cannot be read.
    """
    clock = _clock(head, zone)
    calendar, entries, shifts = Calendar(), {}, {}
    for entry in [*([head] if head else []), *others]:
        copy, shifts[entry.number] = _copy(entry, clock, zone)
        calendar.add_component(copy)
        entries[entry.number] = entry
    # What the library looks back for is the length of the entry itself, not that of periods added to it.
    back = max(_periods(head, clock).values(), default=timedelta(0))
    first, last = (instant.astimezone(clock).replace(tzinfo=None) for instant in (begin, end))
    try:
        found = recurring_ical_events.of(calendar).between(first - back - MARGIN, last + MARGIN)
    except recurring_ical_events.BadRuleStringFormat:
        raise InvalidInput("Its rule of repetition cannot be read.") from None
    for event in found:
        entry, wall = entries[event[NUMBER]], event["DTSTART"].dt
        if entry.length is None:
            continue
        length = event["DTEND"].dt - wall
        if isinstance(entry.start, datetime):
            starts_at = _instant(wall, clock)
            ends_at = starts_at + length
        else:
            starts_at, ends_at = (start_of_day(day, zone) for day in (wall.date(), wall.date() + length))
        if starts_at < min(end, ends_at) and ends_at > begin:
            given = wall - shifts[entry.number]
            by_day = not isinstance(entry.start if entry.replaces is None else entry.replaces, datetime)
            key = given.date().isoformat() if by_day else _instant(given, clock).isoformat()
            yield Repetition(entry.number, key, starts_at, ends_at)


def length_of(event: Component, zone: tzinfo) -> timedelta:
    """From start to end; of whole days, their number. One day or nothing where the event does not say.

    Raises InvalidInput for what ends before it begins or takes longer than a year.
    """
    start = event["DTSTART"].dt
    is_all_day = not isinstance(start, datetime)
    length: timedelta = timedelta(days=1) if is_all_day else timedelta(0)
    if "DTEND" in event:
        until = event["DTEND"].dt
        if is_all_day:
            length = max(until - start, length)
        else:
            own = start.tzinfo or zone
            length = _instant(until, own) - _instant(start, own)
    elif "DURATION" in event:
        length = event["DURATION"].dt
        if is_all_day and length > timedelta(0):
            length = timedelta(days=max(1, length.days))
    return _checked(length)


def _checked(length: timedelta) -> timedelta:
    if length < timedelta(0):
        raise InvalidInput("This entry ends before it begins.")
    if length > LONGEST:
        raise InvalidInput("This entry is longer than a year.")
    return length


def _clock(head: Entry | None, zone: ZoneInfo) -> tzinfo:
    """The head's; of whole days and floating times the location's."""
    start = head.start if head else None
    return (start.tzinfo if isinstance(start, datetime) else None) or zone


def _copy(entry: Entry, clock: tzinfo, zone: ZoneInfo) -> tuple[Event, timedelta]:
    """What the library must know, on the clock; and by how much the entry is later than what it replaces."""
    copy, event, replaces = Event(), entry.event, entry.replaces
    # Its length is exact: what lasts eight hours does so on the nights on which the clocks change, too.
    length = entry.length or timedelta(0)
    copy[NUMBER] = entry.number
    copy.add("UID", "one")
    if replaces is None:
        start = _wall(entry.start, clock)
        _copy_rules(entry, copy, start, clock)
        given = start
    else:
        given = _wall(replaces, clock)
        start = given if entry.length is None else _wall(_zoned(entry.start, zone), clock)
        range_ = {"RANGE": "THISANDFUTURE"} if entry.is_from_then_on else {}
        copy.add("RECURRENCE-ID", given, parameters=range_)
        if isinstance(event.get("SEQUENCE"), int):
            copy.add("SEQUENCE", event["SEQUENCE"])
    copy.add("DTSTART", start)
    copy.add("DTEND", start + length)
    return copy, start - given


def _copy_rules(entry: Entry, copy: Event, start: datetime, clock: tzinfo) -> None:
    for rule in _listed(entry.event.get("RRULE")):
        copy.add("RRULE", _rule(rule, clock))
    periods = _periods(entry, clock)
    dates = [_added(value, start, clock) for value in _dates(entry.event.get("RDATE"))]
    for value in dates:
        copy.add("RDATE", [(value, periods[value]) if value in periods else value])
    for value in _dates(entry.event.get("EXDATE")):
        # A date leaves out whatever is on that day.
        copy.add("EXDATE", [_wall(value, clock) if isinstance(value, datetime) else value])


def _rule(parts: vRecur, clock: tzinfo) -> vRecur:
    rule = vRecur(parts)
    if str(rule["FREQ"][0]).upper() in TOO_OFTEN:
        raise InvalidInput("It repeats more often than hourly, which is not understood.")
    if int(rule.get("INTERVAL", [1])[0]) < 1:
        rule["INTERVAL"] = [1]
    until = rule.get("UNTIL", [None])[0]
    if isinstance(until, datetime):
        rule["UNTIL"] = [_wall(until, clock)]
    elif until is not None:
        rule["UNTIL"] = [datetime.combine(until, time(23, 59, 59))]
    return rule


def _periods(entry: Entry | None, clock: tzinfo) -> dict[datetime, timedelta]:
    """start -> exact length of the times of an entry that have a length of their own."""
    found = {}
    for value in _dates(entry.event.get("RDATE") if entry else None):
        if isinstance(value, tuple):
            start, until = value
            exact = until if isinstance(until, timedelta) else _instant(until, clock) - _instant(start, clock)
            found[_wall(start, clock)] = _checked(exact)
    return found


def _added(value: Any, start: datetime, clock: tzinfo) -> datetime:
    """When a time that was added begins; one that is only a date, at the hour of the others."""
    value = value[0] if isinstance(value, tuple) else value
    return _wall(value, clock) if isinstance(value, datetime) else datetime.combine(value, start.time())


def _wall(value: date | datetime, clock: tzinfo | None = None) -> datetime:
    """The wall clock, naive; of an instant with another zone, the ``clock``."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time.min)
    if clock is not None and value.tzinfo is not None:
        value = value.astimezone(clock)
    return value.replace(tzinfo=None, microsecond=0)


def _zoned(value: date | datetime, zone: ZoneInfo) -> date | datetime:
    return value.replace(tzinfo=zone) if isinstance(value, datetime) and value.tzinfo is None else value


def _instant(wall: datetime, clock: tzinfo) -> datetime:
    """In UTC; a wall time that is skipped counts as before the change, as RFC 5545 has it."""
    return (wall if wall.tzinfo else wall.replace(tzinfo=clock)).astimezone(UTC)


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _dates(value: Any) -> Iterable[Any]:
    return [entry.dt for group in _listed(value) for entry in group.dts]
