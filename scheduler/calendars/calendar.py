"""A whole calendar feed as bytes: text/calendar, UTF-8, CRLF, no method, no time zones."""

from collections.abc import Iterable, Iterator
from itertools import islice

from scheduler.calendars.event import EventRow, FeedStyle, render_event, text_line
from scheduler.i18n import translator

FORMAT = 2
"""Part of every ETag: raise it whenever the same rows would give other bytes."""
REFRESH = "PT1H"
"""How often clients are asked to look again; most decide for themselves."""


EVENTS_AT_ONCE = 256


def assemble_calendar(rows: Iterable[EventRow], style: FeedStyle) -> bytes:
    """The feed of these events, in their order; only events not rendered before cost time."""
    return b"".join(calendar_parts(rows, style))


def calendar_parts(rows: Iterable[EventRow], style: FeedStyle) -> Iterator[bytes]:
    """The same in pieces of some hundred kilobytes, each made when it is asked for."""
    coming = iter(rows)
    head = _head(style)
    while events := [render_event(row, style) for row in islice(coming, EVENTS_AT_ONCE)]:
        yield b"".join([head, *events])
        head = b""
    yield head + b"END:VCALENDAR\r\n"


def _head(style: FeedStyle) -> bytes:
    gettext = translator(style.locale)
    name = style.clinic_name or gettext("Appointments")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Needletime//Calendar feed//EN",
        "CALSCALE:GREGORIAN",
        text_line("NAME", name),
        text_line("X-WR-CALNAME", name),
        f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
        f"X-PUBLISHED-TTL:{REFRESH}",
    ]
    return "\r\n".join([*lines, ""]).encode()
