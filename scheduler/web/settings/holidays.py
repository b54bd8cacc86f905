"""Public holidays, to be accepted one by one as closures, and what is closed already."""

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import redirect, request
from flask_babel import get_locale, gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import guard
from scheduler.errors import InvalidInput, NotFound, SchedulerError
from scheduler.http_errors import problem_of, say
from scheduler.usecases.absences import public_holidays
from scheduler.usecases.absences.entering import WallTime, add_closure, list_closures, remove_closure
from scheduler.usecases.clinic.catalogue import list_locations
from scheduler.web import session
from scheduler.web.formats import DEFAULT, day, full_day, local, moment
from scheduler.web.notices import BAD, notice
from scheduler.web.settings.frame import by, carry_out, pages, show, to


@pages.get("/holidays")
@guard("clinic.read")
def holidays() -> str | tuple[str, int]:
    """A year's public holidays at a location; the country is guessed from its clock."""
    asked = _asked(request.args)
    places = list_locations().items
    if not places:
        raise NotFound("There is no location yet.")
    status, sentence, found = 200, None, []
    try:
        if asked["country"]:
            found = public_holidays.list_holidays(
                asked["location_id"],
                asked["country"],
                asked["region"],
                asked["year"],
                (get_locale() or DEFAULT).language,
                now=clock.now(),
            )
    except InvalidInput as error:
        status, sentence = problem_of(error).status, say(error)
    this_year = local(clock.now()).year
    page = show(
        "holidays.html",
        "holidays",
        asked=asked,
        places=places,
        place=next((each for each in places if each.id == asked["location_id"]), places[0]),
        countries=public_holidays.countries(get_locale() or DEFAULT),
        regions=public_holidays.regions(asked["country"]),
        years=range(this_year, this_year + public_holidays.YEARS_AHEAD + 1),
        found=found,
        closures=list_closures(location_id=asked["location_id"], now=clock.now()).items,
        when=_when,
        sentence=sentence,
    )
    return (page, status) if status != 200 else page


@pages.post("/holidays")
@guard("clinic.write")
def holiday_accept() -> Response:
    """Close a location on one holiday."""
    asked = _asked(request.form)
    back = to("holidays", **asked) + "#list"
    places = {place.id: place for place in list_locations().items}
    try:
        on = WallTime(date.fromisoformat(request.form.get("on", "")))
        place = places[asked["location_id"]]
        closed = add_closure(place.name, on, on, reason=request.form.get("name", "")[:200], **by())
    except (ValueError, KeyError):
        notice(gettext("The choice cannot be read. Please choose again."), BAD)
    except SchedulerError as error:
        notice(say(error), BAD)
    else:
        notice(gettext("%(name)s is closed on that day.", name=place.name))
        if closed.appointments:
            notice(
                gettext(
                    "%(count)s appointments are booked then. They stay until you move or cancel them.",
                    count=closed.appointments,
                ),
                BAD,
            )
    return redirect(back, 303)


@pages.post("/closures/<int:closure_id>/remove")
@guard("clinic.write")
def closure_remove(closure_id: int) -> Response:
    """Open on a day that was closed."""
    return carry_out(
        lambda: remove_closure(closure_id, **by()),
        lambda _none: gettext("The closure is taken back."),
        to("holidays", **_asked(request.form)),
    )


def _when(starts_at: datetime, ends_at: datetime, zone: str) -> str:
    """A closure's days where it lasts from midnight to midnight, else its moments; the end is exclusive."""
    first, end = local(starts_at, zone), local(ends_at, zone)
    if first.time() != time.min or end.time() != time.min:
        return f"{moment(starts_at, zone)} – {moment(ends_at, zone)}"
    last = end.date() - timedelta(days=1)
    return full_day(last) if first.date() == last else f"{day(first.date())} – {day(last)}"


def _asked(given: Any) -> dict[str, Any]:
    """Location, country, region and year as they were chosen, or the likeliest."""
    places = list_locations().items
    chosen = given.get("location_id", type=int) or session.desk().here.id
    place = next((each for each in places if each.id == chosen), places[0] if places else None)
    guess = public_holidays.country_of(place.zone) if place else ""
    country = given.get("country", guess)[:10]
    return {
        "location_id": place.id if place else 0,
        "country": country,
        # The region of another country is forgotten with it.
        "region": given.get("region", "")[:20] if given.get("of", country) == country else "",
        "year": given.get("year", local(clock.now()).year, type=int),
    }
