"""Appointments as the diary's script takes them: short rows, and once what many of them share.

A week of a team has 1,500 of them; written out, each as the calendar component wants it, they are half a megabyte.
"""

from datetime import datetime

from flask_babel import gettext

from scheduler.usecases.diary.days import Diary
from scheduler.usecases.diary.entries import Entry, Held
from scheduler.web import formats
from scheduler.web.wall_times import wall
from scheduler.web.words import word

FIXED = frozenset({"arrived", "completed", "no_show"})
"""Statuses whose appointments are not dragged any more."""


def booked_of(diary: Diary, view: str, zone: str) -> dict[str, object]:
    """Rows of number, column, span, kind, version, patient and detail; spans and kinds by their place in their list."""
    kinds: dict[tuple[str, str, bool, bool], int] = {}
    spans: dict[tuple[datetime, datetime], int] = {}
    rows = []
    for entry in diary.entries:
        kind = (entry.status, entry.colour, entry.may_resize, entry.id in diary.clashes)
        span = (entry.starts_at, entry.ends_at)
        rows.append(
            (
                entry.id,
                column_of(entry, view),
                spans.setdefault(span, len(spans)),
                kinds.setdefault(kind, len(kinds)),
                entry.version,
                entry.patient,
                _detail(entry, view),
            )
        )
    times = formats.Times(zone)
    return {
        "rows": rows,
        "spans": [_span(*span, zone, times) for span in spans],
        "kinds": [_kind(*kind) for kind in kinds],
    }


def column_of(row: Entry | Held, view: str) -> int:
    """Number of the room or of the practitioner in whose column it stands."""
    return (row.room_id or 0) if view == "rooms" else row.practitioner_id


def _detail(entry: Entry, view: str) -> str:
    """What it is, and what the column does not say."""
    what = entry.type if entry.session is None else f"{entry.type} {entry.session}/{entry.sessions}"
    beside = entry.room if view == "day" else entry.practitioner if view == "rooms" else None
    return f"{what} · {beside}" if beside else what


def _span(starts_at: datetime, ends_at: datetime, zone: str, times: formats.Times) -> tuple[str, str, str]:
    """Begin and end on the wall clock, and as people write it; where the clock goes back within it, it is drawn as
    long as it is."""
    start, end = wall(starts_at, zone), wall(ends_at, zone)
    if end <= start:
        end = f"{datetime.fromisoformat(start) + (ends_at - starts_at):%Y-%m-%dT%H:%M}"
    return start, end, times.span(starts_at, ends_at)


def _kind(status: str, colour: str, may_resize: bool, clashes: bool) -> dict[str, object]:
    """What collides with a private calendar says so in every view: by room, too, where nobody's times are drawn."""
    movable = status not in FIXED
    words = word(status, "appointment")
    return {
        "editable": movable,
        "durationEditable": movable and may_resize,
        "classNames": ["entry", status, *(["clash"] if clashes else [])],
        "code": status,
        "status": f"{gettext('busy (private calendar)')} · {words}" if clashes else words,
        "colour": colour,
    }
