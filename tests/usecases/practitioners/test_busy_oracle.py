"""Private calendars against a reader that knows no rules: it asks of each day whether the entry is on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.usecases.practitioners.busy_reading import read_busy
from tests.factories import BERLIN

BEGIN, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 15, tzinfo=UTC)
"""The nights on which the clocks of New York and of Berlin change lie within."""
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Entry:
    """An entry, perhaps repeated; one of its times may be left out, or moved by a day, or be cancelled or free."""

    start: datetime
    length: timedelta
    zone: str
    """A zone's name, "floating" or "day"."""
    frequency: str
    """"" is once."""
    interval: int
    days: frozenset[int]
    """Weekdays of a weekly rule; what it leaves open follows the start."""
    is_nth: bool
    """Monthly on the same weekday as the start, counted in the month; else on the same date."""
    count: int | None
    fate: str
    """Of the first time."""

    def written(self, number: int) -> str:
        """As a calendar has it."""
        span = [self.stamp("DTSTART", self.start), self.stamp("DTEND", self.start + self.length)]
        shown = ["TRANSP:TRANSPARENT"] if self.fate == "free" else []
        lines = [f"UID:{number}", *span, *shown, *self.rule()]
        if self.fate == "left out":
            lines.append(self.stamp("EXDATE", self.start))
        if self.fate not in ("moved", "cancelled"):
            return event(lines)
        later = self.start + ONE_DAY
        span = [self.stamp("DTSTART", later), self.stamp("DTEND", later + self.length)]
        own = [f"UID:{number}", self.stamp("RECURRENCE-ID", self.start), *span]
        return event(lines) + event([*own, *(["STATUS:CANCELLED"] if self.fate == "cancelled" else [])])

    def rule(self) -> list[str]:
        if not self.frequency:
            return []
        parts = [f"FREQ={self.frequency}", f"INTERVAL={self.interval}"]
        if self.frequency == "WEEKLY" and self.days:
            parts.append("BYDAY=" + ",".join(DAYS[day] for day in sorted(self.days)))
        if self.frequency == "MONTHLY" and self.is_nth:
            parts.append(f"BYDAY={(self.start.day - 1) // 7 + 1}{DAYS[self.start.weekday()]}")
        return ["RRULE:" + ";".join([*parts, *([f"COUNT={self.count}"] if self.count else [])])]

    def stamp(self, name: str, wall: datetime) -> str:
        if self.zone == "day":
            return f"{name};VALUE=DATE:{wall:%Y%m%d}"
        zone = "" if self.zone == "floating" else f";TZID={self.zone}"
        return f"{name}{zone}:{wall:%Y%m%dT%H%M%S}"

    def is_on(self, day: date) -> bool:
        """By the rule's words, of a day on or after the first."""
        first = self.start.date()
        months = (day.year - first.year) * 12 + day.month - first.month
        weeks = (day - first + timedelta(days=first.weekday())).days // 7
        match self.frequency:
            case "DAILY":
                return (day - first).days % self.interval == 0
            case "WEEKLY":
                return weeks % self.interval == 0 and day.weekday() in (self.days or {first.weekday()})
            case "MONTHLY" if self.is_nth:
                is_nth = (day.weekday(), (day.day - 1) // 7) == (first.weekday(), (first.day - 1) // 7)
                return months % self.interval == 0 and is_nth
            case "MONTHLY":
                return months % self.interval == 0 and day.day == first.day
            case _:
                return day == first

    def starts(self) -> Iterator[datetime]:
        """On the entry's own clock."""
        after = (END.date() - self.start.date()).days + 3
        found = [self.start + number * ONE_DAY for number in range(after)]
        found = [wall for wall in found if self.is_on(wall.date())][: self.count]
        for wall in found:
            if wall == self.start and self.fate == "moved":
                yield wall + ONE_DAY
            elif wall != self.start or self.fate == "as it is":
                yield wall

    def minutes(self) -> Iterator[int]:
        """Each quarter of an hour in the window at which it is busy, in epoch seconds."""
        zone = BERLIN if self.zone in ("floating", "day") else ZoneInfo(self.zone)
        for wall in [] if self.fate == "free" else self.starts():
            start = wall.replace(tzinfo=zone).astimezone(UTC)
            until = start + self.length
            if self.zone == "day":
                until = (wall + self.length).replace(tzinfo=zone).astimezone(UTC)
            seconds = (max(start, BEGIN).timestamp(), min(until, END).timestamp())
            yield from range(*map(int, seconds), 900)


def event(lines: list[str]) -> str:
    return "\r\n".join(["BEGIN:VEVENT", "DTSTAMP:20250101T000000Z", *lines, "END:VEVENT", ""])


def calendar(*events: str) -> bytes:
    return f"{HEAD}{''.join(events)}END:VCALENDAR\r\n".encode()


@st.composite
def entries(draw: Any) -> Entry:
    zone = draw(st.sampled_from(("Europe/Berlin", "America/New_York", "UTC", "floating", "day")))
    day = date(2026, 1, 10) + draw(st.integers(0, 90)) * ONE_DAY
    at, length = time(draw(st.integers(5, 23)), draw(st.sampled_from((0, 30)))), st.integers(1, 40)
    start = datetime.combine(day, time() if zone == "day" else at)
    others = draw(st.sets(st.integers(0, 6), max_size=3))
    return Entry(
        start,
        draw(st.integers(1, 3)) * ONE_DAY if zone == "day" else draw(length) * timedelta(minutes=15),
        zone,
        draw(st.sampled_from(("", "DAILY", "WEEKLY", "MONTHLY"))),
        draw(st.integers(1, 3)),
        frozenset({*others, start.weekday()}) if others else frozenset(),
        draw(st.booleans()),
        draw(st.none() | st.integers(1, 20)),
        draw(st.sampled_from(("as it is", "as it is", "left out", "moved", "cancelled", "free"))),
    )


@settings(deadline=None, max_examples=80)
@given(st.lists(entries(), min_size=1, max_size=3))
def test_what_is_busy_is_what_each_day_says(drawn: list[Entry]) -> None:
    data = calendar(*(entry.written(number) for number, entry in enumerate(drawn)))
    found = read_busy(data, BERLIN, BEGIN, END)
    busy = [second for start, end in found.intervals for second in range(start, end, 900)]
    assert (busy, found.unread) == (sorted({second for entry in drawn for second in entry.minutes()}), 0)


def test_the_clocks_of_the_entry_count_not_those_of_the_location() -> None:
    span = ["DTSTART;TZID=Europe/Berlin:20260327T090000", "DTEND;TZID=Europe/Berlin:20260327T100000"]
    daily = calendar(event(["UID:1", *span, "RRULE:FREQ=DAILY;COUNT=3"]))
    starts = [start for start, _ in read_busy(daily, ZoneInfo("Asia/Tokyo"), BEGIN, END).intervals]
    wanted = [datetime(2026, 3, *day_and_hour, tzinfo=UTC) for day_and_hour in ((27, 8), (28, 8), (29, 7))]
    assert [datetime.fromtimestamp(start, UTC) for start in starts] == wanted
