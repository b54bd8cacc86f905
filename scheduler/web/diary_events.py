"""A diary as the calendar component takes it: options and events, in wall times of the location."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext

from scheduler import clock
from scheduler.planning.hours import start_of_day
from scheduler.usecases.diary.days import Diary, ShutRoom
from scheduler.usecases.diary.entries import Held
from scheduler.web import formats
from scheduler.web.diary_booked import booked_of, column_of
from scheduler.web.diary_range import Range
from scheduler.web.wall_times import wall
from scheduler.web.words import WORDS

MARGIN_MINUTES = 30
LEAST_MINUTES = 240
"""So much of a day is always shown."""


def calendar_of(asked: Range, diary: Diary, zone: str, version: str) -> dict[str, object]:
    """Everything that the calendar draws; ``version`` says which state of the diary it is."""
    first, last = _hours_shown(diary, zone)
    noon = datetime.combine(asked.first, time(12), ZoneInfo(zone))
    return {
        "version": version,
        "view": asked.view,
        "date": asked.first.isoformat(),
        "now": wall(clock.now(), zone),
        "noon": noon.timestamp(),
        "first": f"{first // 60:02}:{first % 60:02}",
        "last": f"{last // 60:02}:{last % 60:02}",
        "left_out": _left_out(asked, diary, zone),
        "resources": _resources(asked, diary),
        "booked": booked_of(diary, asked.view, zone),
        "events": [_held_event(slot, asked.view, zone) for slot in diary.held]
        + (_buffers(diary, asked.view, zone) if asked.view != "team" else [])
        + (_shut_rooms(asked, diary, zone) if asked.view == "rooms" else _background(diary, zone)),
    }


def _resources(asked: Range, diary: Diary) -> list[dict[str, object]]:
    """The columns: rooms, or practitioners whose names lead to their week."""
    if asked.view == "rooms":
        return [{"id": room.room_id, "title": room.name or gettext("Without a room")} for room in diary.rooms]
    return [
        {
            "id": column.practitioner_id,
            "title": column.name,
            "extendedProps": {
                "colour": column.colour,
                "week": asked.address("diary.show", view="week", practitioner_id=column.practitioner_id),
            },
        }
        for column in diary.columns
    ]


def _held_event(slot: Held, view: str, zone: str) -> dict[str, object]:
    """A slot that somebody keeps: nobody drags it, and it leads to the plan it is kept for."""
    return {
        "id": f"held-{slot.id}",
        "resourceIds": [column_of(slot, view)],
        "start": wall(slot.starts_at, zone),
        "end": wall(slot.ends_at, zone),
        "title": slot.patient,
        "editable": False,
        "classNames": ["entry", "held"],
        "extendedProps": {
            "status": gettext("Kept"),
            "detail": kept_until(slot, zone),
            "time": formats.time_span(slot.starts_at, slot.ends_at, zone),
            "href": url_for("plans.proposals", plan_id=slot.plan_id) if slot.plan_id else None,
        },
    }


def kept_until(slot: Held, zone: str) -> str:
    """Until when, and by whom; nobody is named where an answer by link, or the clock, went on with an offer."""
    when = formats.clock_time(slot.expires_at, zone)
    if slot.holder in WORDS["actor"]:
        return gettext("Kept until %(when)s", when=when)
    return gettext("Kept by %(who)s until %(when)s", who=slot.holder, when=when)


def _background(diary: Diary, zone: str) -> list[dict[str, object]]:
    return [
        {
            "id": f"shut-{number}",
            "resourceIds": [gap.practitioner_id],
            "start": wall(gap.starts_at, zone),
            "end": wall(gap.ends_at, zone),
            "display": "background",
            "classNames": ["shut", gap.why],
            "extendedProps": {"why": gettext("busy (private calendar)") if gap.why == "private" else ""},
        }
        for number, gap in enumerate(diary.shut)
    ]


def _buffers(diary: Diary, view: str, zone: str) -> list[dict[str, object]]:
    """What is kept free before and after appointments, for practitioner and room."""
    return [
        {
            "id": f"buffer-{entry.id}-{number}",
            "resourceIds": [column_of(entry, view)],
            "start": wall(start, zone),
            "end": wall(end, zone),
            "display": "background",
            "classNames": ["buffer"],
            "extendedProps": {"why": "", "title": gettext("Kept free for %(name)s", name=entry.patient)},
        }
        for entry in diary.entries
        for number, (start, end) in enumerate(
            ((entry.busy_from, entry.starts_at), (entry.ends_at, entry.busy_until))
        )
        if start < end
    ]


def _shut_rooms(asked: Range, diary: Diary, zone: str) -> list[dict[str, object]]:
    """Rooms that are out of use, with the reason; cut to the days that are shown."""
    begins = start_of_day(asked.first, ZoneInfo(zone))
    ends = start_of_day(asked.last + timedelta(days=1), ZoneInfo(zone))
    return [
        {
            "id": f"shut-room-{number}",
            "resourceIds": [gap.room_id],
            "start": wall(max(gap.starts_at, begins), zone),
            "end": wall(min(gap.ends_at, ends), zone),
            "display": "background",
            "classNames": ["shut", "closed"],
            "extendedProps": {"why": out_of_use(gap, zone)},
        }
        for number, gap in enumerate(diary.shut_rooms)
    ]


def out_of_use(gap: ShutRoom, zone: str) -> str:
    """Until when, and why: "out of use until Tue 3 Mar, 14:30: flooded"."""
    ends = formats.local(gap.ends_at, zone)
    if ends.time() == time():
        last = formats.short_day(ends.date() - timedelta(days=1))
        words = gettext("out of use up to and including %(day)s", day=last)
    else:
        when = f"{formats.short_day(gap.ends_at, zone)}, {formats.clock_time(gap.ends_at, zone)}"
        words = gettext("out of use until %(when)s", when=when)
    return f"{words}: {gap.reason}" if gap.reason else words


def _hours_shown(diary: Diary, zone: str) -> tuple[int, int]:
    """First and last minute of day worth showing: whatever is open or booked, to the full hour."""
    starts, ends = [], []
    for starts_at, ends_at in {(entry.starts_at, entry.ends_at) for entry in diary.entries}:
        begins, finish = formats.local(starts_at, zone), formats.local(ends_at, zone)
        starts.append(begins.hour * 60 + begins.minute)
        ends.append(1440 if finish.date() > begins.date() else finish.hour * 60 + finish.minute)
    for gap in diary.shut:
        if gap.why == "hours":  # hours end where such a gap begins, and begin where it ends
            ends += _minute_within_day(gap.starts_at, zone)
            starts += _minute_within_day(gap.ends_at, zone)
    first = max(min(starts, default=8 * 60) - MARGIN_MINUTES, 0) // 60 * 60
    last = min(-(-(max(ends, default=18 * 60) + MARGIN_MINUTES) // 60) * 60, 1440)
    return min(first, 1440 - LEAST_MINUTES), max(last, first + LEAST_MINUTES)


def _minute_within_day(instant: datetime, zone: str) -> list[int]:
    """The minute of day, unless a day begins there."""
    there = formats.local(instant, zone)
    begins = instant == start_of_day(there.date(), ZoneInfo(zone))
    return [] if begins else [there.hour * 60 + there.minute]


def _left_out(asked: Range, diary: Diary, zone: str) -> list[int]:
    """The week's Saturday and Sunday, as JavaScript counts them, where there are no hours and no appointments."""
    left_out = []
    for day in asked.days if asked.view in {"week", "team"} else ():
        begins, ends = (start_of_day(day + timedelta(days=more), ZoneInfo(zone)) for more in (0, 1))
        people = {gap.practitioner_id for gap in diary.shut}
        shut = {
            gap.practitioner_id
            for gap in diary.shut
            if gap.why in {"hours", "away"} and gap.starts_at <= begins and gap.ends_at >= ends
        }
        booked = any(entry.starts_at < ends and entry.ends_at > begins for entry in diary.entries)
        if day.weekday() >= 5 and people and shut == people and not booked:
            left_out.append(day.isoweekday() % 7)
    return left_out
