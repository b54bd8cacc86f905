"""Calendars in and out: who has an address, which ones are silent, private calendars and what they collide with."""

from flask import g, redirect, render_template, request
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import InvalidInput, NotFound
from scheduler.models import FeedToken
from scheduler.usecases.clinic.catalogue import list_locations, list_practitioners
from scheduler.usecases.feeds import tokens as feed_tokens
from scheduler.usecases.feeds.overview import see_calendars
from scheduler.usecases.practitioners import busy_calendars
from scheduler.usecases.practitioners.busy_conflicts import list_busy_conflicts
from scheduler.web import calendars, once
from scheduler.web.calendars import pages
from scheduler.web.links import local_path
from scheduler.web.notices import notice

__all__ = ["pages"]


@pages.get("/calendars")
@guard("feeds.write")
def index() -> str:
    """What needs attention, then every practitioner and room."""
    now = clock.now()
    return render_template(
        "calendars/index.html",
        conflicts=list_busy_conflicts(now=now),
        private=busy_calendars.list_busy_calendars(),
        calendars=see_calendars(now=now),
        practitioners=list_practitioners().items,
        places=list_locations().items,
    )


@pages.get("/calendars/practitioners/<int:practitioner_id>")
@guard("feeds.write")
def practitioner(practitioner_id: int) -> str:
    """A practitioner's addresses and private calendars."""
    return _page_of(practitioner_id, is_own=False)


@pages.get("/account/calendars")
@guard("account")
def own() -> str:
    """One's own addresses and private calendars."""
    return _page_of(_own(), is_own=True)


@pages.get("/calendars/rooms/<int:room_id>")
@guard("feeds.write")
def room(room_id: int) -> str:
    """A room's addresses."""
    tokens = feed_tokens.list_feed_tokens(room_id=room_id)
    return render_template("calendars/room.html", name=_room_name(room_id), room_id=room_id, tokens=tokens)


@pages.post("/practitioners/<int:practitioner_id>/calendars")
@guard("feeds.write")
def issue_for_practitioner(practitioner_id: int) -> str:
    """Make a calendar address for a practitioner."""
    return calendars.issue(_name_of(practitioner_id), practitioner_id=practitioner_id)


@pages.post("/account/calendars")
@guard("account")
def issue_for_oneself() -> str:
    """Make a calendar address for the practitioner who is signed in."""
    return calendars.issue(g.signed_in.name, practitioner_id=_own())


@pages.post("/rooms/<int:room_id>/calendars")
@guard("feeds.write")
def issue_for_room(room_id: int) -> str:
    """Make a calendar address for a room."""
    return calendars.issue(_room_name(room_id), room_id=room_id)


@pages.post("/account/calendars/<int:token_id>/change")
@guard("account")
def change_own(token_id: int) -> Response:
    """Rename one of one's own addresses or change what it shows."""
    _refuse_foreign(token_id, [token.id for token in _own_tokens()])
    return calendars.carry_out_change(token_id)


@pages.post("/account/calendars/<int:token_id>/revoke")
@guard("account")
def revoke_own(token_id: int) -> Response:
    """Let one of one's own addresses answer no more."""
    _refuse_foreign(token_id, [token.id for token in _own_tokens()])
    return calendars.carry_out_revoking(token_id)


@pages.post("/practitioners/<int:practitioner_id>/private-calendars")
@guard("feeds.write")
def add_private(practitioner_id: int) -> Response:
    """Read a practitioner's private calendar from now on."""
    return _add(practitioner_id)


@pages.post("/account/private-calendars")
@guard("account")
def add_own_private() -> Response:
    """Read one's own private calendar from now on."""
    return _add(_own())


@pages.post("/private-calendars/<int:calendar_id>/remove")
@guard("feeds.write")
def remove_private(calendar_id: int) -> Response:
    """Forget a private calendar."""
    return _remove(calendar_id)


@pages.post("/account/private-calendars/<int:calendar_id>/remove")
@guard("account")
def remove_own_private(calendar_id: int) -> Response:
    """Forget one of one's own private calendars."""
    known = busy_calendars.list_busy_calendars(practitioner_id=_own())
    _refuse_foreign(calendar_id, [each.id for each in known])
    return _remove(calendar_id)


def _page_of(practitioner_id: int, is_own: bool) -> str:
    return render_template(
        "calendars/practitioner.html",
        name=_name_of(practitioner_id),
        practitioner_id=practitioner_id,
        is_own=is_own,
        tokens=feed_tokens.list_feed_tokens(practitioner_id=practitioner_id),
        private=busy_calendars.list_busy_calendars(practitioner_id=practitioner_id),
        conflicts=list_busy_conflicts(practitioner_id=practitioner_id, now=clock.now()),
        form_key=once.new_key(),
    )


def _add(practitioner_id: int) -> Response:
    busy_calendars.add_busy_calendar(
        practitioner_id,
        url=request.form.get("url", ""),
        name=request.form.get("name", ""),
        idempotency=once.asked_once(),
        actor=current_actor(),
        now=clock.now(),
    )
    notice(gettext("The calendar is kept. It is read within a minute, then every quarter of an hour."))
    return redirect(local_path(request.form.get("next")), 303)


def _remove(calendar_id: int) -> Response:
    busy_calendars.remove_busy_calendar(calendar_id, actor=current_actor(), now=clock.now())
    notice(gettext("The private calendar is forgotten, and its times are free."))
    return redirect(local_path(request.form.get("next")), 303)


def _own() -> int:
    number: int | None = g.signed_in.practitioner_id
    if number is None:
        raise InvalidInput("Only practitioners have a calendar of their own.")
    return number


def _own_tokens() -> list[FeedToken]:
    number = g.signed_in.practitioner_id
    return feed_tokens.list_feed_tokens(practitioner_id=number) if number else []


def _refuse_foreign(number: int, own_numbers: list[int]) -> None:
    if number not in own_numbers:
        raise NotFound(what="calendar address")


def _name_of(practitioner_id: int) -> str:
    return next(
        (each.name for each in list_practitioners().items if each.id == practitioner_id),
        gettext("Practitioner"),
    )


def _room_name(room_id: int) -> str:
    for place in list_locations().items:
        for each in place.rooms:
            if each.id == room_id:
                return f"{each.name}, {place.name}"
    raise NotFound(what="room")
