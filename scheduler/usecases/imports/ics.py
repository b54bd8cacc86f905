"""An iCalendar file as occurrences within a window: recurring events expanded, exceptions and overrides followed.

Floating times and whole days are those of the location's zone. Cancelled events and those marked as free are passed
over. An occurrence is known by the event's UID and the start that its rule gave it.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar
from icalendar.error import GloballyUniqueTZIDGuessed

from scheduler.errors import InvalidInput
from scheduler.usecases.imports.report import Problem
from scheduler.usecases.imports.series import Component, Entry, Repetition, expand, length_of
from scheduler.usecases.imports.tables import MOST_BYTES

# Evolution writes zones as /freeassociation.sourceforge.net/Europe/Berlin: what that means is no guess.
warnings.filterwarnings("ignore", category=GloballyUniqueTZIDGuessed)
MOST_OCCURRENCES = 20_000
MOST_EVENTS = 50_000
UNREADABLE = (InvalidInput, ValueError, TypeError, AttributeError, LookupError, ArithmeticError)


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

    def refuse(self, number: int, event: Component, error: Exception) -> None:
        """Leave an event out and say why."""
        if not isinstance(error, InvalidInput):
            error = InvalidInput("This entry cannot be read.")
        self.problems.append(Problem.of(number, "SUMMARY", str(event.get("SUMMARY", "")), error))


def read_diary(data: bytes, zone: ZoneInfo, begin: datetime, end: datetime) -> Diary:
    """The occurrences that overlap [begin, end); raises InvalidInput for no calendar, or too much of one.

    What strangers wrote may take for ever to expand: it is read by read_diary_apart.
    """
    if len(data) > MOST_BYTES:
        raise InvalidInput("The file has more than %(most)s MB.", most=MOST_BYTES // 1_000_000, field="file")
    diary, series = Diary(), defaultdict[str, list[Entry]](list)
    for number, event in enumerate(_events(data), 1):
        entry = _entry(number, event, zone, diary)
        if entry is not None:
            series[entry.uid].append(entry)
    for entries in series.values():
        known = {entry.number: entry for entry in entries}
        diary.occurrences += [
            _occurrence(known[one.number], one) for one in _repetitions(entries, zone, begin, end, diary)
        ]
        if len(diary.occurrences) > MOST_OCCURRENCES:
            raise InvalidInput(
                "There are more than %(most)s entries in this window; choose a shorter one.",
                most=MOST_OCCURRENCES,
                field="until",
            )
    diary.occurrences.sort(key=lambda one: (one.starts_at, one.uid))
    diary.problems.sort(key=lambda one: one.row)
    return diary


def _events(data: bytes) -> list[Component]:
    try:
        calendars = Calendar.from_ical(data, multiple=True)
        events = [event for one in calendars for event in one.walk("VEVENT")]
    except (ValueError, IndexError, KeyError, RecursionError):
        calendars, events = [], []
    if not calendars:
        raise InvalidInput("The file is no calendar: an .ics file is needed.", field="file")
    if len(events) > MOST_EVENTS:
        raise InvalidInput("The calendar has more than %(most)s entries.", most=MOST_EVENTS, field="file")
    return events


def _entry(number: int, event: Component, zone: ZoneInfo, diary: Diary) -> Entry | None:
    """The event, understood so far; None for one that leaves its time free or cannot be read, and replaces nothing."""
    length = None
    try:
        told = Entry(number, event, _uid(event), None)
        replaces_nothing = told.replaces is None
    except UNREADABLE as error:
        diary.refuse(number, event, error)
        return None
    try:
        length = None if _is_free(event) else length_of(event, zone) or None
        diary.passed_over += length is None
    except UNREADABLE as error:
        diary.refuse(number, event, error)
        return None if replaces_nothing or told.is_from_then_on else told
    return Entry(number, event, told.uid, length)


def _is_free(event: Component) -> bool:
    status, shown = str(event.get("STATUS", "")).upper(), str(event.get("TRANSP", "")).upper()
    outlook = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    return status == "CANCELLED" or shown == "TRANSPARENT" or outlook == "FREE"


def _repetitions(
    entries: Sequence[Entry], zone: ZoneInfo, begin: datetime, end: datetime, diary: Diary
) -> Iterator[Repetition]:
    """Of the events with one UID, each once; some programs give the same one to events that are not related."""
    others = [entry for entry in entries if entry.replaces is not None]
    goes_on = any(entry.is_from_then_on for entry in others)
    heads: list[Entry | None] = [
        entry for entry in entries if entry.replaces is None and (entry.length is not None or goes_on)
    ]
    found: dict[tuple[int, str], Repetition] = {}
    is_read = False
    # None is for what replaces repetitions of an event that leaves its time free, cannot be read or is not there.
    for head in [*heads, None]:
        blamed = head or next(iter(others), None)
        if blamed is None or (head is None and is_read):
            continue
        try:
            for one in expand(head, others, zone, begin, end):
                found.setdefault((one.number, one.key), one)
            is_read = True
        except UNREADABLE as error:
            diary.refuse(blamed.number, blamed.event, error)
    yield from found.values()


def _occurrence(entry: Entry, found: Repetition) -> Occurrence:
    return Occurrence(
        entry.number,
        entry.uid,
        found.key,
        found.starts_at,
        found.ends_at,
        " ".join(str(entry.event.get("SUMMARY", "")).split()),
        str(entry.event.get("CLASS", "")).upper() in {"PRIVATE", "CONFIDENTIAL"},
        not isinstance(entry.start, datetime),
    )


def _uid(event: Component) -> str:
    return str(event.get("UID", "")) or f"{event.get('SUMMARY', '')}:{event['DTSTART'].to_ical().decode()}"
