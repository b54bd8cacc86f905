"""An appointment as a VEVENT: a single instance in UTC that says no more than its reader asked for.

The event is written line by line from icalendar's own content lines and text values: the same bytes as its component
tree gives, at a tenth of the time.
"""

import re
import time
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from icalendar import vText
from icalendar.parser import Contentline, Parameters

from scheduler.i18n import Gettext, translator
from scheduler.models.feeds import FeedDetail

FRAGMENTS_KEPT = 65_536
"""Rendered events kept in a process, at about one kilobyte each: more than the largest feed has."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
_LINE_BREAKS = re.compile(r"\s*[\n\r\x0b\x0c\x85\u2028\u2029]\s*")


class Viewer(StrEnum):
    """Whose calendar an event is for."""

    PATIENT = "patient"
    PRACTITIONER = "practitioner"
    ROOM = "room"


class FeedStyle(NamedTuple):
    """How one feed shows every event."""

    viewer: Viewer
    detail: FeedDetail
    locale: str
    alarm_minutes: int | None
    """A display alarm so many minutes before the start; None: none."""
    clinic_name: str


class EventRow(NamedTuple):
    """What an event is made from; instants in epoch seconds, words "" or None where the feed does not show them."""

    uid: str
    sequence: int
    changed_at: int
    starts_at: int
    ends_at: int
    is_cancelled: bool
    location_name: str
    address: str
    room_name: str | None
    type_name: str | None
    person_name: str | None
    """Who else is there: the practitioner for a patient, the patient for a practitioner, both for a room."""
    session_number: int | None
    session_total: int | None
    is_held: bool = False
    """A slot kept while somebody talks to the patient: it may come or go."""
    shut_because: str | None = None
    """No appointment but a time at which the room is out of use, and why ("" where nobody said); None: one."""


_TITLES = {
    (Viewer.PATIENT, FeedDetail.MINIMAL): ("what",),
    (Viewer.PATIENT, FeedDetail.TYPE): ("type",),
    (Viewer.PATIENT, FeedDetail.FULL): ("type", "person", "session"),
    (Viewer.PRACTITIONER, FeedDetail.MINIMAL): ("what", "room"),
    (Viewer.PRACTITIONER, FeedDetail.TYPE): ("type", "room"),
    (Viewer.PRACTITIONER, FeedDetail.FULL): ("person", "type", "session"),
    (Viewer.ROOM, FeedDetail.MINIMAL): ("what",),
    (Viewer.ROOM, FeedDetail.TYPE): ("type",),
    (Viewer.ROOM, FeedDetail.FULL): ("person", "type"),
}
"""Parts of a title, in order; a calendar is often shared or seen on a locked screen, so minimal gives nothing away."""


@lru_cache(maxsize=FRAGMENTS_KEPT)
def render_event(row: EventRow, style: FeedStyle) -> bytes:
    """The event's folded bytes, BEGIN:VEVENT to END:VEVENT.

    They follow from the arguments alone, so what is kept can never be out of date.
    """
    title = _title(row, style, translator(style.locale))
    lines = [
        "BEGIN:VEVENT",
        text_line("UID", row.uid),
        f"DTSTAMP:{_utc(row.changed_at)}",
        f"LAST-MODIFIED:{_utc(row.changed_at)}",
        f"SEQUENCE:{row.sequence}",
        f"DTSTART:{_utc(row.starts_at)}",
        f"DTEND:{_utc(row.ends_at)}",
        text_line("SUMMARY", title),
        text_line("LOCATION", _place(row, style)),
        f"STATUS:{_status(row)}",
        f"TRANSP:{'TRANSPARENT' if row.is_cancelled else 'OPAQUE'}",
    ]
    if style.alarm_minutes is not None and not (
        row.is_cancelled or row.is_held or row.shut_because is not None
    ):
        lines += [
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            text_line("DESCRIPTION", title),
            f"TRIGGER:-PT{style.alarm_minutes}M",
            "END:VALARM",
        ]
    lines.append("END:VEVENT\r\n")
    return "\r\n".join(lines).encode()


@lru_cache(maxsize=1024)
def text_line(name: str, value: str) -> str:
    """A content line of a TEXT property, escaped and folded at 75 octets, without its line break."""
    folded: bytes = Contentline.from_parts(name, Parameters(), vText(_one_line(value))).to_ical()
    return folded.decode()


def _one_line(value: str) -> str:
    r"""Text that every parser reads back alike: no control characters, no line breaks, no backslashes.

    A literal ``\N`` or ``\n`` comes out of several parsers as a line break however it is escaped, so a backslash
    becomes a slash.
    """
    one_line = _LINE_BREAKS.sub(", ", value.strip()).replace("\t", " ").replace("\\", "/")
    return _UNPRINTABLE.sub("", one_line)


def _utc(epoch_seconds: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(epoch_seconds))


def _status(row: EventRow) -> str:
    if row.is_held:
        return "TENTATIVE"
    return "CANCELLED" if row.is_cancelled else "CONFIRMED"


def _title(row: EventRow, style: FeedStyle, gettext: Gettext) -> str:
    if row.shut_because is not None:
        return " · ".join(_present([gettext("Out of use"), row.shut_because]))
    session = None
    if row.session_number is not None:
        session = gettext("Session %(number)s of %(total)s") % {
            "number": row.session_number,
            "total": row.session_total,
        }
    parts = {
        "what": gettext("Appointment"),
        "type": row.type_name,
        "person": row.person_name,
        "room": row.room_name,
        "session": session,
    }
    title = " · ".join(_present(parts[name] for name in _TITLES[style.viewer, style.detail]))
    if row.is_held:
        return gettext("Held: %(title)s") % {"title": title}
    return gettext("Cancelled: %(title)s") % {"title": title} if row.is_cancelled else title


def _place(row: EventRow, style: FeedStyle) -> str:
    """Room, clinic, location and address, as far as shown; a location that is named like the clinic says it once."""
    parts = _present([row.room_name, style.clinic_name, row.location_name, row.address])
    return ", ".join(dict.fromkeys(parts))


def _present(parts: Iterable[str | None]) -> list[str]:
    return [stripped for part in parts if part and (stripped := part.strip())]
