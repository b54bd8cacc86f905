"""Absences: who is away, what is closed, a room that cannot be used; what that displaces, and where it goes instead."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import SchedulerError
from scheduler.http_errors import problem_of, say
from scheduler.usecases.absences import displacement
from scheduler.usecases.absences import entering as absences
from scheduler.usecases.absences.displacement import Displacement
from scheduler.usecases.absences.entering import Absence, AbsenceKind
from scheduler.usecases.absences.rehousing import Outcome, batch_of, carry_out
from scheduler.usecases.clinic.catalogue import list_locations, list_practitioners
from scheduler.web import once
from scheduler.web.absence_forms import (
    MOVE,
    absence_asked,
    absence_in,
    choices_in,
    gap_of,
    grouped,
    others_in,
    row_of,
)
from scheduler.web.displaced_cards import cards_of, code_of, compromises_of, meant_in
from scheduler.web.formats import local
from scheduler.web.notices import BAD, notice
from scheduler.web.requests import wants_fragment

pages = Blueprint("absences", __name__, url_prefix="/absences")
Answer = Response | str | tuple[str, int]


@pages.get("")
@guard("diary.read")
def index() -> str:
    """Coming absences and closures: what is near or still to be repaired first, a year's public holidays folded up."""
    now = clock.now()
    found = [*absences.list_time_off(now=now).items, *absences.list_closures(now=now).items]
    rows = sorted((row_of(absence) for absence in found), key=lambda row: row.absence.starts_at)
    return render_template("absences/index.html", groups=grouped(rows, now), now=now)


@pages.get("/preview")
@pages.get("/new")  # the first rule to be registered, so the one that links name
@guard("absences.write")
def new() -> str:
    """The form for one; also where somebody comes back to a preview after signing in anew."""
    return _form(request.args)


@pages.post("/preview")
@guard("absences.write")
def preview() -> Answer:
    """What it would displace; nothing is saved."""
    try:
        asked = absence_asked()
        found = displacement.preview_absence(**asked, others=others_in(request.form), now=clock.now())
    except SchedulerError as error:
        return _form(request.form, error), problem_of(error).status
    return render_template(
        "absences/preview.html", entered=request.form, form_key=once.new_key(), **_shown(found, request.form)
    )


@pages.post("")
@guard("absences.write")
def save() -> Answer:
    """Save it, and go on to what it displaces."""
    try:
        asked = absence_asked()
        by: dict[str, Any] = {
            "actor": current_actor(),
            "now": clock.now(),
            "idempotency": once.asked_once(),
            "reason": asked["reason"],
        }
        if "practitioner_id" in asked:
            ends = (asked["starts"], asked["until"])
            made = absences.add_time_off(asked["practitioner_id"], *ends, location=asked["clock"], **by)
        else:
            where = (asked.get("location_id"), asked["starts"], asked["until"])
            made = absences.add_closure(*where, room=asked.get("room_id"), **by)
    except SchedulerError as error:
        return _form(request.form, error), problem_of(error).status
    notice(gettext("Saved: %(name)s.", name=made.name))
    where = _address(made) if made.appointments else url_for("absences.index")
    return redirect(where, 303)


@pages.get("/time-off/<int:number>")
@guard("patients.read")
def time_off(number: int) -> str:
    """What a practitioner's absence displaces."""
    return _repair_page(AbsenceKind.TIME_OFF, number)


@pages.get("/closures/<int:number>")
@guard("patients.read")
def closure(number: int) -> str:
    """What a closure of a location or of a room displaces."""
    return _repair_page(AbsenceKind.CLOSURE, number)


@pages.post("/time-off/<int:number>/remove")
@guard("absences.write")
def remove_time_off(number: int) -> Response:
    """Take an absence back."""
    return _removed(AbsenceKind.TIME_OFF, number)


@pages.post("/closures/<int:number>/remove")
@guard("absences.write")
def remove_closure(number: int) -> Response:
    """Take a closure back."""
    return _removed(AbsenceKind.CLOSURE, number)


@pages.route("/lines/<int:appointment_id>", methods=["GET", "POST"])
@guard("absences.write")
def slots(appointment_id: int) -> str:
    """Other slots for one line: a part of the repair page (what the other lines are to have comes along), or a page."""
    absence = absence_in(request.values.get("gap", ""))
    meant = [
        meant_in(name.removeprefix("slot-"), code)
        for name, code in request.form.items()
        if name.startswith("slot-") and code and name != f"slot-{appointment_id}" and _is_moving(name)
    ]
    row, found = displacement.choose_slots(
        absence,
        appointment_id,
        others=others_in(request.values),
        beyond="beyond" in request.values,
        meant=meant,
        now=clock.now(),
    )
    names = _names()
    template = "absences/slots.html" if wants_fragment() else "absences/line.html"
    return render_template(
        template,
        row=row,
        slots=[
            (
                slot,
                code_of(slot),
                compromises_of(slot),
                local(slot.starts_at, names["places"][slot.location_id].zone).date(),
            )
            for slot in found
        ],
        gap=gap_of(absence),
        back=_address(absence),
        others=others_in(request.values),
        beyond="beyond" in request.values,
        chosen=request.form.get(f"slot-{appointment_id}", ""),
        **names,
    )


@pages.post("/apply")
@guard("absences.write")
def apply() -> str:
    """Carry out what was chosen, line by line; a script sends one line at a time and gets its result alone."""
    absence = absence_in(request.form.get("gap", ""))
    choices = choices_in()
    outcomes = carry_out(choices, batch=batch_of(absence), actor=current_actor(), now=clock.now())
    told = [(outcome, _sentence(outcome)) for outcome in outcomes]
    if wants_fragment():
        return render_template("absences/outcomes.html", told=told)
    rows = displacement.appointments_named([choice.appointment_id for choice in choices])
    return render_template(
        "absences/applied.html", told=told, rows=rows, row=row_of(absence), back=_address(absence)
    )


def _repair_page(kind: AbsenceKind, number: int) -> str:
    found = displacement.list_displaced(kind, number, others=others_in(request.args), now=clock.now())
    return render_template("absences/repair.html", gap=gap_of(found.absence), **_shown(found, request.args))


def _shown(found: Displacement, asked: Mapping[str, str]) -> dict[str, Any]:
    """What the preview and the repair page show."""
    names = _names()
    zones = {number: place.zone for number, place in names["places"].items()}
    return {
        "found": found,
        "row": row_of(found.absence),
        "cards": cards_of(found, zones, clock.now()),
        "others": others_in(asked),
        **names,
    }


def _names() -> dict[str, Any]:
    places = {place.id: place for place in list_locations().items}
    return {
        "practitioners": {person.id: person.name for person in list_practitioners().items},
        "places": places,
        "rooms": {room.id: room.name for place in places.values() for room in place.rooms},
    }


def _form(entered: Mapping[str, str], error: SchedulerError | None = None) -> str:
    names = _names()
    zones = {place.zone for place in names["places"].values()}
    return render_template(
        "absences/form.html",
        entered=entered,
        sentence=say(error) if error else None,
        several_zones=len(zones) > 1,
        today=local(clock.now()).date(),
        **names,
    )


def _is_moving(name: str) -> bool:
    return request.form.get(name.replace("slot-", "do-"), MOVE) == MOVE


def _sentence(outcome: Outcome) -> str:
    if outcome.refusal is None:
        return (
            gettext("Moved.")
            if outcome.choice.target
            else gettext("Released: its session is to place again.")
        )
    if outcome.state == "taken":
        return gettext("Somebody else has this slot meanwhile. Please choose another one.")
    return say(outcome.refusal)


def _removed(kind: AbsenceKind, number: int) -> Response:
    """Take it back, or say why not."""
    verb = absences.remove_time_off if kind == AbsenceKind.TIME_OFF else absences.remove_closure
    try:
        verb(number, actor=current_actor(), now=clock.now())
    except SchedulerError as error:
        notice(say(error), BAD)
    else:
        notice(gettext("Taken back. What was moved for it stays where it is now."))
    return redirect(url_for("absences.index"), 303)


def _address(absence: Absence) -> str:
    """The page of an absence."""
    endpoint = "absences.time_off" if absence.kind == AbsenceKind.TIME_OFF else "absences.closure"
    return url_for(endpoint, number=absence.id)
