"""Capacity: whether the coming weeks can carry what waits, as charts by practitioner and location, and as warnings."""

from collections.abc import Sequence
from datetime import date, timedelta

from babel.lists import format_list
from babel.units import format_unit
from flask import Blueprint, render_template, request
from flask_babel import get_locale, gettext, ngettext

from scheduler import clock
from scheduler.access import guard
from scheduler.errors import SchedulerError
from scheduler.http_errors import say
from scheduler.usecases.capacity.match import Load, Shortfall
from scheduler.usecases.capacity.weeks import (
    Capacity,
    DeskLoad,
    load_capacity,
    load_plan_capacity,
    load_wish_capacity,
)
from scheduler.usecases.clinic.catalogue import list_locations, list_practitioners
from scheduler.web.charts import Chart, Series
from scheduler.web.formats import day_month, local, short_day
from scheduler.web.plan_form import entered_plan
from scheduler.web.wall_times import day_or

pages = Blueprint("capacity", __name__, url_prefix="/capacity")
FURTHEST = timedelta(days=364)
MOST_NAMES = 3


@pages.get("")
@guard("diary.read")
def show() -> str:
    """Twelve weeks, for everybody or for whom is asked."""
    now = clock.now()
    today = local(now).date()
    from_on = min(max(day_or(request.args.get("from"), today), today), today + FURTHEST)
    people, places = list_practitioners().items, list_locations().items
    asked = {
        "practitioner_id": _known(request.args.get("practitioner_id", type=int), people),
        "location_id": _known(request.args.get("location_id", type=int), places),
    }
    found = load_capacity(from_on=from_on, today=today, now=now, **asked)
    first = found.mondays[0]
    return render_template(
        "capacity/show.html",
        found=found,
        together=_together(found) if len(found.desks) > 1 else None,
        charts=[_chart(found, desk, len(places) > 1) for desk in found.desks],
        warnings=[warning(found, shortfall) for shortfall in found.shortfalls],
        people=people,
        places=places,
        asked=asked,
        first=first,
        earlier=first - timedelta(weeks=4) if first > today else None,
        later=first + timedelta(weeks=4) if first + timedelta(weeks=4) <= today + FURTHEST else None,
    )


@pages.get("/plans/<int:plan_id>")
@guard("plans.write")
def plan(plan_id: int) -> str:
    """Whether a plan's sessions fit, and the weeks of those whom it wants: a part of the plan's page."""
    now = clock.now()
    return _hint(load_plan_capacity(plan_id, today=local(now).date(), now=now))


@pages.get("/wish")
@guard("plans.write")
def wish() -> str:
    """The same for a plan that is being written, from the form's fields; nothing while they make no sense yet."""
    now = clock.now()
    try:
        asked = entered_plan(request.args)
        found = load_wish_capacity(
            practitioner_id=asked["practitioner_id"],
            protocol_id=asked["protocol_id"],
            phases=asked["phases"],
            starts_on=asked["starts_on"],
            preferences=asked["preferences"],
            first_appointment_type_id=asked["first_appointment_type_id"],
            instead_of=request.args.get("instead_of", type=int),
            today=local(now).date(),
            now=now,
        )
    except SchedulerError as error:
        return render_template("capacity/hint.html", found=None, sentence=say(error))
    return _hint(found)


def _hint(found: Capacity) -> str:
    several = len({desk.location_id for desk in found.desks}) > 1
    return render_template(
        "capacity/hint.html",
        found=found,
        fits=fit_sentence(found),
        warnings=[warning(found, shortfall) for shortfall in found.shortfalls],
        charts=[_chart(found, desk, several) for desk in found.desks],
    )


def fit_sentence(found: Capacity) -> str:
    """Whether the plan's sessions find a place, in a sentence; "" where none lies in these weeks."""
    fit = found.fit
    if fit is None or not fit.sessions:
        return ""
    if fit.left_over:
        return ngettext(
            "%(left)s of %(num)s session of this plan finds no room in its window.",
            "%(left)s of %(num)s sessions of this plan find no room in their windows.",
            fit.sessions,
            left=fit.left_over,
        )
    return ngettext(
        "The coming weeks can carry the session of this plan.",
        "The coming weeks can carry all %(num)s sessions of this plan.",
        fit.sessions,
    )


def warning(found: Capacity, shortfall: Shortfall) -> str:
    """Where demand exceeds supply: when, who, how much is free, and how many wait."""
    names = [found.practitioners[number] for number in shortfall.practitioner_ids]
    said = {
        "when": _when(shortfall),
        "who": _listed(names) if len(names) <= MOST_NAMES else gettext("all who offer it"),
        "hours": format_unit(round(shortfall.free_minutes / 60, 1), "hour", "long", locale=get_locale()),
        "fits": ngettext("%(num)s session", "%(num)s sessions", shortfall.fits),
        "waiting": ngettext("%(num)s session", "%(num)s sessions", shortfall.sessions),
    }
    count = max(len(names), 1)
    if not shortfall.fits:
        return ngettext(
            "%(when)s, %(who)s has %(hours)s free and %(waiting)s waiting.",
            "%(when)s, %(who)s have %(hours)s free and %(waiting)s waiting.",
            count,
            **said,
        )
    return ngettext(
        "%(when)s, %(who)s has %(hours)s free, enough for %(fits)s, and %(waiting)s waiting.",
        "%(when)s, %(who)s have %(hours)s free, enough for %(fits)s, and %(waiting)s waiting.",
        count,
        **said,
    )


def _when(shortfall: Shortfall) -> str:
    first, last = shortfall.from_on, shortfall.to_on
    if len(shortfall.mondays) > MOST_NAMES:
        first, last = shortfall.mondays[0], shortfall.mondays[-1]
        return gettext("In the weeks of %(first)s to %(last)s", first=day_month(first), last=day_month(last))
    if shortfall.mondays:
        days = [day_month(monday) for monday in shortfall.mondays]
        return ngettext("In the week of %(days)s", "In the weeks of %(days)s", len(days), days=_listed(days))
    if first == last:
        return gettext("On %(day)s", day=short_day(first))
    return gettext("From %(first)s to %(last)s", first=short_day(first), last=short_day(last))


def _listed(words: Sequence[str]) -> str:
    return format_list(words, locale=get_locale())


def _chart(found: Capacity, desk: DeskLoad, several_places: bool) -> Chart:
    title = f"{desk.practitioner} · {desk.location}" if several_places else desk.practitioner
    return _drawn(
        f"load-{desk.practitioner_id}-{desk.location_id}",
        title,
        found.mondays,
        desk.weeks,
        found.usual_minutes,
    )


def _together(found: Capacity) -> Chart:
    weeks = [
        Load(
            sum(load.open_minutes for load in loads),
            sum(load.free_minutes for load in loads),
            sum(load.fits for load in loads),
            sum(load.needed for load in loads),
            sum(load.short for load in loads),
        )
        for loads in zip(*(desk.weeks for desk in found.desks), strict=True)
    ]
    return _drawn("load-all", gettext("All together"), found.mondays, weeks, found.usual_minutes)


def _drawn(name: str, title: str, mondays: Sequence[date], weeks: Sequence[Load], minutes: int) -> Chart:
    return Chart(
        name=name,
        title=title,
        description=gettext(
            "By week, how many sessions of %(minutes)s minutes can still be booked: needed by sessions that "
            "wait, free after that, and sessions that find no room.",
            minutes=minutes,
        ),
        head=gettext("Week of"),
        labels=[day_month(monday) for monday in mondays],
        beside=[
            Series(gettext("Free hours"), [week.free_minutes / 60 for week in weeks]),
            Series(gettext("Sessions that fit"), [week.fits for week in weeks]),
        ],
        series=[
            Series(gettext("Needed"), [week.needed for week in weeks], "first"),
            Series(gettext("Left"), [week.fits - week.needed for week in weeks], "left"),
            Series(gettext("No room"), [week.short for week in weeks], "short"),
        ],
    )


def _known(number: int | None, rows: Sequence[object]) -> int | None:
    """A number that one of the rows has, else None."""
    return number if any(vars(row)["id"] == number for row in rows) else None
