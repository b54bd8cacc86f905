"""The diary: a day by practitioner, or a week of one; the same as a list for print, keyboards and small screens."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel import dates
from flask import Blueprint, Response, abort, g, jsonify, render_template, request, url_for
from flask_babel import get_locale, gettext

from scheduler import clock
from scheduler.access import guard
from scheduler.models import Practitioner
from scheduler.planning.hours import start_of_day
from scheduler.usecases.clinic import list_practitioners
from scheduler.usecases.diary import Diary, Entry, Held, load_diary
from scheduler.usecases.lookup import BIGGEST_ID
from scheduler.web import formats, session
from scheduler.web.wall_times import day_or, wall
from scheduler.web.words import WORDS

pages = Blueprint("diary", __name__, url_prefix="/diary")
MARGIN_MINUTES = 30
LEAST_MINUTES = 240
"""So much of a day is always shown."""
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
    def days(self) -> list[date]:
        """Every day shown."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def step(self) -> timedelta:
        """From this range to the next."""
        return timedelta(days=7 if self.view == "week" else 1)

    @property
    def title(self) -> str:
        """Monday, 2 March 2026, or 2–8 Mar 2026."""
        if self.view == "day":
            return formats.full_day(self.on)
        return dates.format_interval(self.first, self.last, "yMMMd", locale=get_locale())


@pages.get("")
@guard("diary.read")
def show() -> str:
    """The page; without scripts it is the list."""
    practitioners = list_practitioners().items
    asked, diary = _look_up(practitioners)
    return render_template(
        "diary/show.html",
        asked=asked,
        today=formats.local(clock.now()).date(),
        practitioners=practitioners,
        diary=diary,
        calendar=_calendar(asked, diary),
        zone=_zone(),
    )


@pages.get("/data")
@guard("diary.read")
def data() -> Response:
    """What the calendar shows, anew."""
    return jsonify(_calendar(*_look_up(list_practitioners().items)))


@pages.get("/list")
@guard("diary.read")
def day_list() -> str:
    """The list alone, anew."""
    asked, diary = _look_up(list_practitioners().items)
    return render_template("diary/list.html", asked=asked, diary=diary, zone=_zone())


def _look_up(practitioners: list[Practitioner]) -> tuple[Range, Diary]:
    """The range that is asked for and its diary; 404 for a view or a practitioner that there is not."""
    view = request.args.get("view", "day")
    practitioner_id = request.args.get("practitioner_id", type=int)
    if view not in {"day", "week"} or not 0 < (practitioner_id or 1) <= BIGGEST_ID:
        abort(404)
    on = day_or(request.args.get("on"), formats.local(clock.now()).date())
    if view == "week" and practitioner_id is None:
        known = [row.id for row in practitioners]
        own = g.signed_in.practitioner_id
        practitioner_id = own if own in known else next(iter(known), None)
    asked = Range(view, on, practitioner_id)
    diary = load_diary(
        session.desk().here.id,
        asked.first,
        asked.last,
        practitioner_id=asked.practitioner_id,
        now=clock.now(),
    )
    if practitioner_id is not None and not diary.columns:
        abort(404)
    return asked, diary


def _zone() -> str:
    return session.desk().here.zone


def _calendar(asked: Range, diary: Diary) -> dict[str, object]:
    """The calendar's options and events, in wall times of the location."""
    zone = _zone()
    first, last = _hours_shown(diary, zone)
    noon = datetime.combine(asked.first, time(12), ZoneInfo(zone))
    return {
        "view": asked.view,
        "date": asked.first.isoformat(),
        "now": wall(clock.now(), zone),
        "noon": noon.timestamp(),
        "first": f"{first // 60:02}:{first % 60:02}",
        "last": f"{last // 60:02}:{last % 60:02}",
        "left_out": _left_out(asked, diary, zone),
        "resources": [
            {
                "id": column.practitioner_id,
                "title": column.name,
                "extendedProps": {"colour": column.colour, "week": _week_of(column.practitioner_id, asked)},
            }
            for column in diary.columns
        ],
        "events": [_event(entry, asked.view, zone) for entry in diary.entries]
        + [_held_event(slot, zone) for slot in diary.held]
        + _background(diary, zone),
    }


def _week_of(practitioner_id: int, asked: Range) -> str:
    return url_for(".show", view="week", on=asked.on.isoformat(), practitioner_id=practitioner_id)


def _event(entry: Entry, view: str, zone: str) -> dict[str, object]:
    """One appointment; where the clock goes back in it, it is drawn as long as it is."""
    start, end = wall(entry.starts_at, zone), wall(entry.ends_at, zone)
    if end <= start:
        end = f"{datetime.fromisoformat(start) + (entry.ends_at - entry.starts_at):%Y-%m-%dT%H:%M}"
    what = entry.type if entry.session is None else f"{entry.type} {entry.session}/{entry.sessions}"
    return {
        "id": str(entry.id),
        "resourceIds": [entry.practitioner_id],
        "start": start,
        "end": end,
        "title": entry.patient,
        "editable": entry.status not in FIXED,
        "classNames": ["entry", entry.status],
        "extendedProps": {
            "version": entry.version,
            "status": str(WORDS["appointment"][entry.status]),
            "colour": entry.colour,
            "detail": f"{what} · {entry.room}" if entry.room and view == "day" else what,
            "time": formats.time_span(entry.starts_at, entry.ends_at, zone),
        },
    }


def _held_event(slot: Held, zone: str) -> dict[str, object]:
    """A slot that somebody keeps: nobody drags it, and it leads to the plan it is kept for."""
    until = formats.clock_time(slot.expires_at, zone)
    return {
        "id": f"held-{slot.id}",
        "resourceIds": [slot.practitioner_id],
        "start": wall(slot.starts_at, zone),
        "end": wall(slot.ends_at, zone),
        "title": slot.patient,
        "editable": False,
        "classNames": ["entry", "held"],
        "extendedProps": {
            "status": gettext("Kept"),
            "detail": gettext("Kept by %(who)s until %(when)s", who=slot.holder, when=until),
            "time": formats.time_span(slot.starts_at, slot.ends_at, zone),
            "href": url_for("plans.proposals", plan_id=slot.plan_id) if slot.plan_id else None,
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
    for day in asked.days if asked.view == "week" else ():
        begins, ends = (start_of_day(day + timedelta(days=more), ZoneInfo(zone)) for more in (0, 1))
        shut = any(
            gap.why == "hours" and gap.starts_at <= begins and gap.ends_at >= ends for gap in diary.shut
        )
        booked = any(entry.starts_at < ends and entry.ends_at > begins for entry in diary.entries)
        if day.weekday() >= 5 and shut and not booked:
            left_out.append(day.isoweekday() % 7)
    return left_out
