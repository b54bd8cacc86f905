"""A practitioner's working hours: blocks to paint or to type, and what a change would leave outside."""

from datetime import timedelta
from typing import Any

from flask import redirect, request
from flask_babel import gettext, ngettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import guard
from scheduler.errors import NotFound, SchedulerError
from scheduler.http_errors import problem_of, say
from scheduler.usecases.clinic.catalogue import list_locations
from scheduler.usecases.clinic.locations import list_all_locations
from scheduler.usecases.practitioners.hours_blocks import Displaced, HoursBlock, WouldDisplace
from scheduler.usecases.practitioners.working_hours import Hours, end_hours, read_hours, set_hours
from scheduler.web.formats import local
from scheduler.web.notices import BAD, GOOD, notice
from scheduler.web.settings.frame import (
    Answer,
    by,
    day,
    day_or_none,
    number,
    pages,
    seen,
    show,
    show_again,
    text,
    to,
)
from scheduler.web.settings.week import entered_week, week_values


@pages.get("/practitioners/<int:practitioner_id>/hours")
@guard("clinic.read")
def hours(practitioner_id: int) -> str:
    """Every block: those that hold, those to come, those that are over."""
    return show("hours.html", "practitioners", week_of=_week, **_around(_read(practitioner_id)))


@pages.get("/practitioners/<int:practitioner_id>/hours/new")
@guard("clinic.write")
def hours_new(practitioner_id: int) -> str:
    """An empty week, from today on."""
    known = _read(practitioner_id)
    places = list_locations().items
    values = {
        "valid_from": _today().isoformat(),
        "every_n_weeks": 1,
        "location_id": places[0].id if places else None,
    }
    return show("hours_form.html", "practitioners", values=values, block=None, **_around(known))


@pages.get("/practitioners/<int:practitioner_id>/hours/<key>")
@guard("clinic.write")
def hours_edit(practitioner_id: int, key: str) -> str:
    """One block, to be changed from today on, or from its first day if that is to come."""
    known = _read(practitioner_id)
    block = _block(known, key)
    return show("hours_form.html", "practitioners", values=_known(block), block=block, **_around(known))


@pages.post("/practitioners/<int:practitioner_id>/hours/new")
@guard("clinic.write")
def hours_add(practitioner_id: int) -> Answer:
    """Write a new block."""
    return _save(practitioner_id, None)


@pages.post("/practitioners/<int:practitioner_id>/hours/<key>")
@guard("clinic.write")
def hours_change(practitioner_id: int, key: str) -> Answer:
    """Put what was entered in the place of a block."""
    return _save(practitioner_id, key)


@pages.post("/practitioners/<int:practitioner_id>/hours/<key>/end")
@guard("clinic.write")
def hours_end(practitioner_id: int, key: str) -> Answer:
    """Let a block end."""
    try:
        displaced = end_hours(
            practitioner_id, key, day("last_on"), seen=seen(), confirmed=text("confirmed"), **by()
        )
    except WouldDisplace as error:
        known = _read(practitioner_id)
        page = show(
            "hours_end.html", "practitioners", block=_block(known, key), would=error, **_around(known)
        )
        return page, 409
    except SchedulerError as error:
        known = _read(practitioner_id)
        block = _block(known, key)
        values = _known(block) | {"last_on": text("last_on")}
        errors = {"last_on": say(error)}
        page = show(
            "hours_form.html", "practitioners", values=values, errors=errors, block=block, **_around(known)
        )
        return page, problem_of(error).status
    return _kept(practitioner_id, displaced)


def _save(practitioner_id: int, key: str | None) -> Answer:
    try:
        displaced = set_hours(
            practitioner_id, _entered(), replaces=key, seen=seen(), confirmed=text("confirmed"), **by()
        )
    except SchedulerError as error:
        known = _read(practitioner_id)
        block = next((each for each in known.blocks if each.key == key), None)
        more: dict[str, Any] = {"would": error} if isinstance(error, WouldDisplace) else {}
        return show_again(
            error,
            "hours_form.html",
            "practitioners",
            block=block,
            known=_known(block) if block else None,
            **_around(known),
            **more,
        )
    return _kept(practitioner_id, displaced)


def _kept(practitioner_id: int, displaced: list[Displaced]) -> Response:
    notice(gettext("The hours are kept."), GOOD)
    if displaced:
        notice(
            ngettext(
                "%(num)d appointment lies outside them now: it stays booked until you move or cancel it.",
                "%(num)d appointments lie outside them now: they stay booked until you move or cancel them.",
                len(displaced),
            ),
            BAD,
        )
    return redirect(to("hours", practitioner_id=practitioner_id), 303)


def _entered() -> HoursBlock:
    return HoursBlock(
        location_id=number("location_id"),
        days=entered_week(),
        valid_from=day("valid_from"),
        valid_until=day_or_none("valid_until"),
        every_n_weeks=number("every_n_weeks", 1),
    )


def _read(practitioner_id: int) -> Hours:
    return read_hours(practitioner_id, today=_today())


def _today() -> Any:
    return local(clock.now()).date()


def _block(known: Hours, key: str) -> HoursBlock:
    for block in known.blocks:
        if block.key == key:
            return block
    raise NotFound("These hours are no longer there.")


def _known(block: HoursBlock) -> dict[str, object]:
    return {
        **week_values(block.days),
        "location_id": block.location_id,
        "valid_from": max(block.valid_from, _today()).isoformat(),
        "valid_until": block.valid_until.isoformat() if block.valid_until else "",
        "every_n_weeks": block.every_n_weeks,
        "last_on": (_today() - timedelta(days=1)).isoformat(),
    }


def _week(block: HoursBlock) -> dict[str, str]:
    return week_values(block.days)


def _around(known: Hours) -> dict[str, object]:
    return {
        "who": known.practitioner,
        "blocks": known.blocks,
        "seen": known.seen,
        "today": _today(),
        "places": list_locations().items,
        "place_names": {place.id: place.name for place in list_all_locations()},
        "confirming": request.form.get("last_on"),
    }
