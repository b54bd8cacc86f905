"""Gaps: slots that became free, who could use one, and offering it in turn."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import InvalidInput, SchedulerError
from scheduler.http_errors import problem_of, say
from scheduler.models import Offer, OfferTurn
from scheduler.planning.gaps import Note
from scheduler.usecases.clinic.catalogue import (
    get_clinic,
    list_appointment_types,
    list_locations,
    list_practitioners,
)
from scheduler.usecases.gaps.free_slots import list_gaps, rank_gap
from scheduler.usecases.gaps.ranking import Slot
from scheduler.usecases.offers import asking as offers
from scheduler.usecases.offers.asking import Chosen
from scheduler.usecases.offers.queries import get_offer, list_offers, preview_chain, why_passed_over
from scheduler.web import once, session
from scheduler.web.formats import local, moment
from scheduler.web.notices import BAD, notice
from scheduler.web.requests import wants_fragment
from scheduler.web.wall_times import instant_on
from scheduler.wording import gaps as gap_wording

pages = Blueprint("gaps", __name__, url_prefix="/gaps")
DAYS_AHEAD = 21
MINUTES_EACH = (15, 30, 60, 120, 240, 720, 1440, 2880)
LENGTHS = (15, 20, 30, 45, 60, 90, 120)
Answer = Response | str | tuple[str, int]


@pages.get("")
@guard("patients.read")
def index() -> str:
    """What became free and still is at the location that is looked at, and the offers that run."""
    now, here = clock.now(), session.desk().here
    today = local(now, here.zone).date()
    found = (
        list_gaps(location_id=here.id, from_on=today, to_on=today + timedelta(days=DAYS_AHEAD), now=now)
        if here.id
        else []
    )
    return render_template(
        "gaps/index.html", gaps=found, days=DAYS_AHEAD, lengths=LENGTHS, today=today, **_known(), **_offers()
    )


@pages.get("/offers")
@guard("patients.read")
def running() -> str:
    """The running offers: a part of the page, asked for again and again."""
    return render_template("gaps/offers.html", **_known(), **_offers())


@pages.get("/ranking")
@guard("patients.read")
def ranking() -> Answer:
    """Who could use a slot, with reasons in words."""
    try:
        return _ranking(_slot_of(request.args))
    except SchedulerError as error:
        notice(say(error), BAD)
        return redirect(url_for(".index"), 303)


@pages.post("/chain")
@guard("gaps.write")
def chain() -> Answer:
    """What would follow if the chosen took the slot: below the ranking, nothing is done yet."""
    slot = _slot_of(request.form)
    try:
        chosen = _chosen()
        chains = preview_chain(slot, chosen, now=clock.now())
    except SchedulerError as error:
        if wants_fragment():
            return render_template("gaps/chain.html", chains=[], sentence=say(error), **_known())
        return _ranking(slot, error=error), problem_of(error).status
    if wants_fragment():
        return render_template("gaps/chain.html", chains=chains, **_known())
    return _ranking(slot, chains=chains)


@pages.post("/offer")
@guard("gaps.write")
def offer() -> Answer:
    """Offer the slot to the chosen in turn."""
    slot = _slot_of(request.form)
    try:
        offers.start_offer(
            slot,
            _chosen(),
            minutes_each=request.form.get("minutes_each", type=int),
            goes_on="goes_on" in request.form,
            actor=current_actor(),
            now=clock.now(),
            link_key=link_key(),
            idempotency=once.asked_once(),
        )
    except SchedulerError as error:
        return _ranking(slot, error=error), problem_of(error).status
    notice(gettext("The slot is kept, and the first is asked."))
    return redirect(url_for(".index"), 303)


@pages.post("/book")
@guard("gaps.write")
def book() -> Answer:
    """Book the slot at once for one of the ranking, who is on the phone."""
    slot = _slot_of(request.form)
    try:
        turn = offers.book_from_gap(
            slot,
            _parsed(request.form.get("book", "")),
            goes_on="goes_on" in request.form,
            actor=current_actor(),
            now=clock.now(),
            link_key=link_key(),
            idempotency=once.asked_once(),
        )
    except SchedulerError as error:
        return _ranking(slot, error=error), problem_of(error).status
    zone = _known()["places"][slot.location_id].zone
    notice(gettext("Booked for %(when)s.", when=moment(turn.starts_at, zone)))
    return redirect(url_for("diary.show", on=local(turn.starts_at, zone).date().isoformat()), 303)


@pages.post("/turns/<int:turn_id>/accept")
@guard("gaps.write")
def accept(turn_id: int) -> Response:
    """The patient who is asked said yes on the phone."""
    return _answered(offers.accept_turn, turn_id, gettext("The slot is booked."))


@pages.post("/turns/<int:turn_id>/decline")
@guard("gaps.write")
def decline(turn_id: int) -> Response:
    """The patient who is asked said no on the phone."""
    return _answered(offers.decline_turn, turn_id, gettext("The slot goes to the next in turn."))


@pages.post("/offers/<int:offer_id>/stop")
@guard("gaps.write")
def stop(offer_id: int) -> Response:
    """Take an offer back."""
    version = request.form.get("version", 0, type=int)
    try:
        offers.stop_offer(offer_id, version=version, actor=current_actor(), now=clock.now())
        notice(gettext("The offer is taken back, the slot is free."))
    except SchedulerError as error:
        notice(say(error), BAD)
    return redirect(url_for(".index"), 303)


def link_key() -> str:
    """The secret that offers' links are made with."""
    return str(current_app.config["SETTINGS"].secret_key)


def note_text(note: Note) -> str:
    """A note of a ranking in the reader's language."""
    return gap_wording.note_words(note.code, note.params, gettext)


def reason_text(reason: str) -> str:
    """Why somebody ranks, in the reader's language."""
    return gap_wording.reason_words(reason, gettext)


def passed_over_text(code: str) -> str:
    """Why somebody was not asked, in the reader's language."""
    return gap_wording.passed_over_words(code, gettext)


@pages.record_once
def _filters(state: Any) -> None:
    app: Flask = state.app
    app.add_template_filter(note_text, "gap_note")
    app.add_template_filter(reason_text, "gap_reason")
    app.add_template_filter(passed_over_text, "passed_over")


def _answered(verb: Callable[..., OfferTurn], turn_id: int, sentence: str) -> Response:
    try:
        verb(turn_id, actor=current_actor(), now=clock.now(), link_key=link_key())
        notice(sentence)
    except SchedulerError as error:
        notice(say(error), BAD)
    return redirect(url_for(".index"), 303)


def _ranking(slot: Slot, *, error: SchedulerError | None = None, chains: Any = None) -> str:
    now = clock.now()
    known = _known()
    try:
        found = rank_gap(slot, now=now)
    except SchedulerError as refused:
        found, error = [], error or refused
    return render_template(
        "gaps/ranking.html",
        slot=slot,
        zone=known["places"][slot.location_id].zone if slot.location_id in known["places"] else None,
        found=found,
        turns={key: place for place, key in enumerate(_picked(), start=1)},
        goes_on=request.method == "GET" or "goes_on" in request.form,
        minutes=request.form.get("minutes_each", type=int) or get_clinic().offer_minutes,
        choices=sorted({*MINUTES_EACH, get_clinic().offer_minutes}),
        chains=chains,
        sentence=say(error) if error is not None else None,
        form_key=once.new_key(),
        **known,
    )


def _slot_of(values: Mapping[str, str]) -> Slot:
    """The slot in an address or a form: by epoch seconds, or by day, time and minutes as people enter them."""
    place = int(values.get("location_id", "0") or 0) if values.get("location_id", "").isdecimal() else 0
    person = int(values["practitioner_id"]) if values.get("practitioner_id", "").isdecimal() else 0
    if values.get("starts", "").isdecimal() and values.get("ends", "").isdecimal():
        bounds = [int(values[name]) for name in ("starts", "ends")]
        if max(bounds) < 2**33:
            starts_at, ends_at = (datetime.fromtimestamp(second, UTC) for second in bounds)
            return Slot(person, place, starts_at, ends_at)
    here = session.desk().here
    minutes = int(values["minutes"]) if values.get("minutes", "").isdecimal() else 0
    if not 0 < minutes <= 720:
        raise InvalidInput("Please say how long the slot is.", field="minutes")
    starts_at = instant_on(values.get("on", ""), values.get("at", ""), here.zone)
    return Slot(person, place or here.id, starts_at, starts_at + timedelta(minutes=minutes))


def _chosen() -> list[Chosen]:
    """Those who are ticked, or have a turn, in the order in which they are to be asked."""
    picked = [_parsed(text) for text in _picked()]
    if not picked:
        raise InvalidInput("Please choose at least one patient.", field="chosen")
    return picked


def _picked() -> list[str]:
    """The same as the form names them: by the turns that were given, those without one after them, as they rank."""
    prefix = "turn-"
    turns = {
        name.removeprefix(prefix): int(value[:3])
        for name, value in request.form.items()
        if name.startswith(prefix) and value.isascii() and value.isdecimal()
    }
    ticked = request.form.getlist("chosen")
    named = [*ticked, *(key for key in turns if key not in ticked)]
    return sorted(named, key=lambda key: turns.get(key, 1000))


def _parsed(text: str) -> Chosen:
    reason, _, number = text.partition(":")
    return Chosen(reason[:20], int(number) if number.isdecimal() and len(number) < 11 else 0)


def _known() -> dict[str, Any]:
    return {
        "practitioners": {person.id: person.name for person in list_practitioners().items},
        "places": {place.id: place for place in list_locations().items},
        "kinds": {kind.id: kind for kind in list_appointment_types().items},
    }


def _offers() -> dict[str, Any]:
    now = clock.now()
    found: list[Offer] = list_offers(location_id=session.desk().here.id, now=now)
    parents = {one.id: one.parent_id and get_offer(one.parent_id) for one in found}
    why = why_passed_over([one.id for one in found])
    return {"offers": found, "parents": parents, "why": why, "now": now}
