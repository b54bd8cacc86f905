"""Private calendars against an independent reader: what is busy is what recurring-ical-events finds."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from scheduler.usecases.practitioners.busy_reading import read_busy
from tests.factories import BERLIN

BEGIN, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 15, tzinfo=UTC)
"""The nights on which the clocks of New York and of Berlin change lie within."""
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"


def by_recurring_ical_events(data: bytes) -> list[tuple[int, int]]:
    """Busy intervals, clipped and joined; whole days and floating times are Berlin's."""
    wide = BEGIN - timedelta(days=4), END + timedelta(days=4)
    found = recurring_ical_events.of(Calendar.from_ical(data)).between(*wide)
    pairs = [
        (max(instant(event["DTSTART"].dt), BEGIN), min(instant(event["DTEND"].dt), END))
        for event in found
        if event.get("STATUS") != "CANCELLED" and event.get("TRANSP") != "TRANSPARENT"
    ]
    joined: list[tuple[int, int]] = []
    for start, end in sorted(
        (int(start.timestamp()), int(end.timestamp())) for start, end in pairs if start < end
    ):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def instant(value: date | datetime) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=BERLIN)).astimezone(UTC)


def stamp(name: str, wall: datetime, zone: str) -> str:
    if zone == "day":
        return f"{name};VALUE=DATE:{wall:%Y%m%d}"
    if zone == "UTC":
        return f"{name}:{wall:%Y%m%dT%H%M%S}Z"
    return (
        f"{name}:{wall:%Y%m%dT%H%M%S}" if zone == "floating" else f"{name};TZID={zone}:{wall:%Y%m%dT%H%M%S}"
    )


@st.composite
def rules(draw: Any, start: datetime) -> str:
    """A rule that the first start keeps to."""
    frequency = draw(st.sampled_from(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 3))}"]
    if frequency == "WEEKLY" and draw(st.booleans()):
        others = draw(st.sets(st.sampled_from(DAYS), max_size=3))
        parts.append("BYDAY=" + ",".join(day for day in DAYS if day in {*others, DAYS[start.weekday()]}))
    if frequency == "MONTHLY":
        nth = f"BYDAY={(start.day - 1) // 7 + 1}{DAYS[start.weekday()]}"
        parts += draw(st.sampled_from(([], [f"BYMONTHDAY={start.day}"], [nth])))
    if draw(st.booleans()):
        parts.append(f"COUNT={draw(st.integers(1, 20))}")
    return "RRULE:" + ";".join(parts)


@st.composite
def events(draw: Any, number: int) -> str:
    """An event, perhaps repeated; one of its times may be left out, or moved, or be cancelled or free."""
    zone = draw(st.sampled_from(("Europe/Berlin", "America/New_York", "UTC", "floating", "day")))
    day = date(2026, 1, 10) + timedelta(days=draw(st.integers(0, 90)))
    start = datetime.combine(day, time(draw(st.integers(5, 19)), draw(st.sampled_from((0, 30)))))
    if zone == "day":
        start, length = datetime.combine(day, time()), timedelta(days=draw(st.integers(1, 3)))
    else:
        length = timedelta(minutes=draw(st.integers(1, 12)) * 15)
    span = [stamp("DTSTART", start, zone), stamp("DTEND", start + length, zone)]
    shown = draw(st.sampled_from(("", "", "", "TRANSP:TRANSPARENT", "STATUS:CANCELLED")))
    lines = [f"UID:{number}", *span, *filter(None, [shown])]
    if draw(st.booleans()):
        return _event(lines)
    lines.append(draw(rules(start)))
    kind = draw(st.sampled_from(("as it is", "left out", "moved", "cancelled")))
    if kind == "left out":
        lines.append(stamp("EXDATE", start, zone))
    if kind not in ("moved", "cancelled"):
        return _event(lines)
    later = start + timedelta(days=1)
    own = [stamp("DTSTART", later, zone), stamp("DTEND", later + length, zone)]
    other = [f"UID:{number}", stamp("RECURRENCE-ID", start, zone), *own]
    return _event(lines) + _event([*other, *(["STATUS:CANCELLED"] if kind == "cancelled" else [])])


def _event(lines: list[str]) -> str:
    return "\r\n".join(["BEGIN:VEVENT", "DTSTAMP:20250101T000000Z", *lines, "END:VEVENT", ""])


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_what_is_busy_is_what_an_independent_reader_finds(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 3))
    written = "".join(data.draw(events(number)) for number in range(count))
    calendar = f"{HEAD}{written}END:VCALENDAR\r\n".encode()
    found = read_busy(calendar, BERLIN, BEGIN, END)
    assert (found.intervals, found.unread) == (by_recurring_ical_events(calendar), 0)


def test_the_nights_on_which_clocks_change_are_read_alike() -> None:
    span = ["DTSTART;TZID=Europe/Berlin:20260301T090000", "DTEND;TZID=Europe/Berlin:20260301T100000"]
    daily = _event(["UID:1", *span, "RRULE:FREQ=DAILY"])
    calendar = f"{HEAD}{daily}END:VCALENDAR\r\n".encode()
    found = read_busy(calendar, ZoneInfo("Asia/Tokyo"), BEGIN, END).intervals
    assert found == by_recurring_ical_events(calendar)
    assert {datetime.fromtimestamp(start, UTC).hour for start, _ in found} == {7, 8}
