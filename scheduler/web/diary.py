"""The diary: day and week by practitioner, the week of one, the day by room, the month; as a list for print, too."""

from dataclasses import replace

from flask import Blueprint, Response, abort, g, redirect, render_template, request
from werkzeug import Response as AnyResponse

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.usecases.clinic.catalogue import list_appointment_types, list_practitioners
from scheduler.usecases.diary.days import Diary, load_diary
from scheduler.usecases.diary.load import load_days
from scheduler.usecases.diary.version import diary_version
from scheduler.usecases.diary.whose import who_works_at
from scheduler.usecases.staff.settings import change_settings, settings_of
from scheduler.web import formats, session
from scheduler.web.bulk_json import answered, in_page
from scheduler.web.diary_events import calendar_of, kept_until, out_of_use
from scheduler.web.diary_range import REMEMBERED, Range, asked_range, whose_week
from scheduler.web.layout import Layout
from scheduler.web.links import local_path
from scheduler.web.requests import wants_fragment

pages = Blueprint("diary", __name__, url_prefix="/diary")
pages.add_app_template_filter(out_of_use)
pages.add_app_template_filter(kept_until)
LISTED_AT_ONCE = 400
"""So many appointments come with the page as a list, too; of more, the list is asked for where it is wanted."""


@pages.get("")
@guard("diary.read")
def show() -> str:
    """The page; without scripts it is the list."""
    asked = _asked()
    practitioners = list_practitioners().items
    here = _working(asked) if asked.view == "week" else frozenset()
    shared = {
        "asked": asked,
        "today": formats.local(clock.now()).date(),
        "practitioners": practitioners,
        "elsewhere": [row for row in practitioners if row.id not in here] if here else [],
        "types": list_appointment_types().items,
        "zone": _zone(),
    }
    if asked.view == "month":
        days = load_days(session.desk().here.id, asked.first, asked.last, chosen=asked.chosen)
        return render_template("diary/month.html", days=days, **shared)
    version, diary = _version(asked), _load(asked)
    calendar = in_page(calendar_of(asked, diary, _zone(), version))
    listed = len(diary.entries) <= LISTED_AT_ONCE
    return render_template("diary/show.html", diary=diary, calendar=calendar, listed=listed, **shared)


@pages.get("/data")
@guard("diary.read")
def data() -> Response:
    """What the calendar shows, anew."""
    asked = _asked()
    version = _version(asked)
    return answered(calendar_of(asked, _load(asked), _zone(), version) | {"open_tasks": Layout().open_tasks})


@pages.get("/list")
@guard("diary.read")
def day_list() -> str:
    """The list alone: a part of the diary, or a page to read and print."""
    asked = _asked()
    template = "diary/list.html" if wants_fragment() else "diary/list_page.html"
    return render_template(template, asked=asked, diary=_load(asked), zone=_zone())


@pages.get("/version")
@guard("diary.read")
def version() -> Response:
    """Whether anything in the days that are looked at changed: 304 with If-None-Match as long as nothing did."""
    response = Response(status=200)
    response.set_etag(_version(asked_range({})))
    response.cache_control.no_cache = True
    response.cache_control.private = True
    return response.make_conditional(request)


@pages.post("/filters")
@guard("diary.read")
def choose() -> AnyResponse:
    """Remember for this person whom and what the diary shows, and go back to it."""
    chosen = {
        "practitioner_ids": _numbers("practitioner"),
        "type_ids": _numbers("type"),
    }
    change_settings(g.signed_in.staff_id, {REMEMBERED: chosen}, actor=current_actor(), now=clock.now())
    return redirect(local_path(request.form.get("next")), 303)


def _numbers(name: str) -> list[int]:
    return sorted({int(text) for text in request.form.getlist(name) if text.isascii() and text.isdecimal()})


def _asked() -> Range:
    """The range asked for; where nobody is named, the week of somebody who works here."""
    asked = asked_range(settings_of(g.signed_in.staff_id))
    if asked.view != "week" or asked.practitioner_id is not None:
        return asked
    own = g.signed_in.practitioner_id
    whose = whose_week(list_practitioners().items, _working(asked), asked.filters, own)
    return replace(asked, practitioner_id=whose)


def _working(asked: Range) -> frozenset[int]:
    return who_works_at(session.desk().here.id, asked.first, asked.last)


def _load(asked: Range) -> Diary:
    """The diary of a range; 404 for the week of somebody who is not there."""
    diary = load_diary(session.desk().here.id, asked.first, asked.last, chosen=asked.chosen, now=clock.now())
    if asked.view == "week" and asked.practitioner_id is not None and not diary.columns:
        abort(404)
    return diary


def _version(asked: Range) -> str:
    """Read before the diary itself: what is shown is never older than its version."""
    return diary_version(asked.first, asked.last, now=clock.now())


def _zone() -> str:
    return session.desk().here.zone
