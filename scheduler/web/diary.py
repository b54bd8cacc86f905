"""The diary: day and week by practitioner, the week of one, the day by room, the month; as a list for print, too."""

from flask import Blueprint, Response, abort, g, jsonify, redirect, render_template, request
from werkzeug import Response as AnyResponse

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.models import Practitioner
from scheduler.usecases.clinic.catalogue import list_appointment_types, list_practitioners
from scheduler.usecases.diary.days import Diary, load_diary
from scheduler.usecases.diary.load import load_days
from scheduler.usecases.diary.version import diary_version
from scheduler.usecases.staff.settings import change_settings, settings_of
from scheduler.web import formats, session
from scheduler.web.diary_events import calendar_of, kept_until, out_of_use
from scheduler.web.diary_range import REMEMBERED, Range, asked_range
from scheduler.web.links import local_path

pages = Blueprint("diary", __name__, url_prefix="/diary")
pages.add_app_template_filter(out_of_use)
pages.add_app_template_filter(kept_until)


@pages.get("")
@guard("diary.read")
def show() -> str:
    """The page; without scripts it is the list."""
    practitioners = list_practitioners().items
    asked = _asked(practitioners)
    shared = {
        "asked": asked,
        "today": formats.local(clock.now()).date(),
        "practitioners": practitioners,
        "types": list_appointment_types().items,
        "zone": _zone(),
    }
    if asked.view == "month":
        days = load_days(session.desk().here.id, asked.first, asked.last, chosen=asked.chosen)
        return render_template("diary/month.html", days=days, **shared)
    version, diary = _version(asked), _load(asked)
    calendar = calendar_of(asked, diary, _zone(), version)
    return render_template("diary/show.html", diary=diary, calendar=calendar, **shared)


@pages.get("/data")
@guard("diary.read")
def data() -> Response:
    """What the calendar shows, anew."""
    asked = _asked(list_practitioners().items)
    version = _version(asked)
    return jsonify(calendar_of(asked, _load(asked), _zone(), version))


@pages.get("/list")
@guard("diary.read")
def day_list() -> str:
    """The list alone, anew."""
    asked = _asked(list_practitioners().items)
    return render_template("diary/list.html", asked=asked, diary=_load(asked), zone=_zone())


@pages.get("/version")
@guard("diary.read")
def version() -> Response:
    """Whether anything in the days that are looked at changed: 304 with If-None-Match as long as nothing did."""
    asked = _asked([])
    response = Response(status=200)
    response.set_etag(_version(asked))
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


def _asked(practitioners: list[Practitioner]) -> Range:
    return asked_range(practitioners, settings_of(g.signed_in.staff_id))


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
