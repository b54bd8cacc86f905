"""The diary: a day by practitioner, or a week of one; the same as a list for print, keyboards and small screens."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, Response, abort, g, jsonify, render_template, request
from flask_babel import gettext

from scheduler import clock
from scheduler.access import guard
from scheduler.usecases.clinic import list_practitioners
from scheduler.usecases.diary import Diary, Entry, load_diary
from scheduler.web import formats, session
from scheduler.web.wall_times import day_or, wall
from scheduler.web.words import WORDS

pages = Blueprint("diary", __name__, url_prefix="/diary")
MARGIN_MINUTES = 30
FIXED = frozenset({"arrived", "completed", "no_show"})
"""Statuses whose appointments are not dragged any more."""


@dataclass(frozen=True, slots=True)
class Range:
    """What is looked at: one day, or the week from Monday on."""

    view: str
    on: date
    practitioner_id: int | None

    @property
    def first(self) -> date:
        """The first day shown."""
        return self.on - timedelta(days=self.on.weekday()) if self.view == "week" else self.on

    @property
    def last(self) -> date:
        """The last day shown."""
        return self.first + timedelta(days=6 if self.view == "week" else 0)

    @property
    def step(self) -> timedelta:
        """From this range to the next."""
        return timedelta(days=7 if self.view == "week" else 1)


@pages.get("")
@guard("diary.read")
def show() -> str:
    """The page; without scripts it is the list."""
    asked, here = _asked(), session.desk().here
    diary = load_diary(here.id, asked.first, asked.last, practitioner_id=asked.practitioner_id)
    return render_template(
        "diary/show.html",
        asked=asked,
        today=formats.local(clock.now()).date(),
        practitioners=list_practitioners().items,
        diary=diary,
        calendar=_calendar(asked, diary, here.zone),
        zone=here.zone,
    )


@pages.get("/data")
@guard("diary.read")
def data() -> Response:
    """What the calendar shows, anew."""
    asked, here = _asked(), session.desk().here
    diary = load_diary(here.id, asked.first, asked.last, practitioner_id=asked.practitioner_id)
    return jsonify(_calendar(asked, diary, here.zone))


@pages.get("/list")
@guard("diary.read")
def day_list() -> str:
    """The list alone, anew."""
    asked, here = _asked(), session.desk().here
    diary = load_diary(here.id, asked.first, asked.last, practitioner_id=asked.practitioner_id)
    return render_template("diary/list.html", asked=asked, diary=diary, zone=here.zone)


def _asked() -> Range:
    view = request.args.get("view", "day")
    if view not in {"day", "week"}:
        abort(404)
    on = day_or(request.args.get("on"), formats.local(clock.now()).date())
    practitioner_id = request.args.get("practitioner_id", type=int)
    if view == "week" and practitioner_id is None:
        known = [row.id for row in list_practitioners().items]
        own = g.signed_in.practitioner_id
        practitioner_id = own if own in known else next(iter(known), None)
    return Range(view, on, practitioner_id)


def _calendar(asked: Range, diary: Diary, zone: str) -> dict[str, object]:
    """The calendar's options and events, in wall times of the location."""
    first, last = _hours_shown(diary, zone)
    return {
        "view": asked.view,
        "date": asked.first.isoformat(),
        "now": wall(clock.now(), zone),
        "first": f"{first // 60:02}:{first % 60:02}",
        "last": f"{last // 60:02}:{last % 60:02}",
        "resources": [
            {"id": column.practitioner_id, "title": column.name, "extendedProps": {"colour": column.colour}}
            for column in diary.columns
        ],
        "events": [_event(entry, zone) for entry in diary.entries] + _background(diary, zone),
    }


def _event(entry: Entry, zone: str) -> dict[str, object]:
    status = str(WORDS["appointment"][entry.status])
    details = [entry.type]
    if entry.session is not None:
        details.append(gettext("session %(number)s of %(all)s", number=entry.session, all=entry.sessions))
    if entry.room is not None:
        details.append(entry.room)
    return {
        "id": str(entry.id),
        "resourceIds": [entry.practitioner_id],
        "start": wall(entry.starts_at, zone),
        "end": wall(entry.ends_at, zone),
        "title": entry.patient,
        "editable": entry.status not in FIXED,
        "classNames": ["entry", entry.status],
        "extendedProps": {
            "version": entry.version,
            "status": entry.status,
            "statusWord": status,
            "colour": entry.colour,
            "detail": " · ".join(details),
            "time": formats.time_span(entry.starts_at, entry.ends_at, zone),
        },
    }


def _background(diary: Diary, zone: str) -> list[dict[str, object]]:
    return [
        {
            "id": f"shut-{number}",
            "resourceIds": [gap.practitioner_id],
            "start": wall(gap.starts_at, zone),
            "end": wall(gap.ends_at, zone),
            "display": "background",
            "classNames": ["shut", gap.why],
        }
        for number, gap in enumerate(diary.shut)
    ]


def _hours_shown(diary: Diary, zone: str) -> tuple[int, int]:
    """First and last minute of day worth showing: whatever is open or booked, to the full hour."""
    starts, ends = [], []
    for entry in diary.entries:
        begins, finish = formats.local(entry.starts_at, zone), formats.local(entry.ends_at, zone)
        starts.append(begins.hour * 60 + begins.minute)
        ends.append(1440 if finish.date() > begins.date() else finish.hour * 60 + finish.minute)
    for gap in diary.shut:
        if gap.why == "hours":
            begins, finish = formats.local(gap.starts_at, zone), formats.local(gap.ends_at, zone)
            if begins.hour or begins.minute:
                ends.append(begins.hour * 60 + begins.minute)
            if finish.hour or finish.minute:
                starts.append(finish.hour * 60 + finish.minute)
    first = max(min(starts, default=8 * 60) - MARGIN_MINUTES, 0) // 60 * 60
    last = min(-(-(max(ends, default=18 * 60) + MARGIN_MINUTES) // 60) * 60, 1440)
    return first, max(last, first + 240)
