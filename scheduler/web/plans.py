"""Plans: prescribing one, comparing proposals for its series, placing them in one step, seeing how far it is."""

from contextlib import suppress
from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard, may
from scheduler.errors import InvalidInput, NeedsOverride, NotFound, SchedulerError
from scheduler.http_errors import problem_of, say
from scheduler.models import SessionStatus
from scheduler.usecases.clinic.catalogue import (
    list_locations,
    list_practitioners,
    list_protocols,
)
from scheduler.usecases.patients.registry import name_patient, view_patient
from scheduler.usecases.plans.amend import amend_plan, find_begun_plan
from scheduler.usecases.plans.course import HISTORY
from scheduler.usecases.plans.life import is_ahead
from scheduler.usecases.plans.lists import list_active_plans
from scheduler.usecases.plans.mails import list_plan_mails
from scheduler.usecases.plans.prescribing import get_plan, prescribe_plan
from scheduler.usecases.series.adjusted import read_adjusted_series
from scheduler.usecases.series.alternatives import session_alternatives
from scheduler.usecases.series.holds import hold_slots, list_holds, release_hold
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from scheduler.usecases.series.proposals import propose_series
from scheduler.web import once
from scheduler.web.free_times import by_day
from scheduler.web.messages import explain
from scheduler.web.notices import notice
from scheduler.web.plan_form import empty_values, entered_plan, plan_form, values_of
from scheduler.web.plan_wishes import TIMES_OF_DAY, preferences_of
from scheduler.web.plan_wishes import time_of_day as preferred_time
from scheduler.web.proposal_cards import card_of
from scheduler.web.requests import page_number, wants_fragment

pages = Blueprint("plans", __name__, url_prefix="/plans")
Answer = Response | str | tuple[str, int]
PAGE_SIZE = 50
CARRIED = ("tried", "weekdays", "time_of_day", "prefer_practitioner_id", "location_id")
"""Names in the address of the proposals that say what suits the patient."""


@pages.get("")
@guard("diary.read")
def index() -> str:
    """Running plans, those with nothing booked ahead first."""
    only, page = request.args.get("only") == "to_place", page_number()
    found = list_active_plans(only_to_place=only, page=page, page_size=PAGE_SIZE, now=clock.now())
    return render_template("plans/index.html", found=found, only=only, page=page, page_size=PAGE_SIZE)


@pages.get("/<int:plan_id>")
@guard("patients.read")
def show(plan_id: int) -> str:
    """One plan as a line of sessions; it is part of the patient's record, so looking is noted."""
    return plan_page(plan_id)


@pages.get("/new")
@guard("plans.write")
def new() -> Answer:
    """The form; where a plan of this patient is still being written, that one: going back loses and doubles nothing."""
    patient_id = request.args.get("patient_id", 0, type=int)
    if patient_id and name_patient(patient_id) is None:
        raise NotFound(what="patient")
    begun = find_begun_plan(patient_id, now=clock.now()) if "another" not in request.args else None
    if begun is not None:
        return redirect(url_for(".prescription", plan_id=begun), 303)
    return plan_form(patient_id, empty_values(patient_id))


@pages.post("/new")
@guard("plans.write")
def prescribe() -> Answer:
    """Write the plan and go on to its proposals; where that is refused, show the form with nothing lost."""
    patient_id = request.form.get("patient_id", 0, type=int)
    try:
        plan = prescribe_plan(
            patient_id=patient_id,
            **entered_plan(request.form),
            actor=current_actor(),
            now=clock.now(),
            idempotency=once.asked_once(),
        )
    except SchedulerError as error:
        return plan_form(patient_id, request.form, error), problem_of(error).status
    return redirect(url_for(".proposals", plan_id=plan.id), 303)


@pages.get("/<int:plan_id>/prescription")
@guard("plans.write")
def prescription(plan_id: int) -> str:
    """The form with a plan of which nothing is placed yet; looking is noted."""
    plan = get_plan(plan_id).plan
    view_patient(plan.patient_id, actor=current_actor(), now=clock.now())
    plan = get_plan(plan_id).plan
    return plan_form(plan.patient_id, values_of(plan), plan=plan)


@pages.post("/<int:plan_id>/prescription")
@guard("plans.write")
def amend(plan_id: int) -> Answer:
    """Write the plan anew and go on to its proposals."""
    version = request.form.get("version", 0, type=int)
    try:
        amend_plan(
            plan_id, version=version, **entered_plan(request.form), actor=current_actor(), now=clock.now()
        )
    except SchedulerError as error:
        plan = get_plan(plan_id).plan
        return plan_form(plan.patient_id, request.form, error, plan=plan), problem_of(error).status
    return redirect(url_for(".proposals", plan_id=plan_id), 303)


@pages.get("/<int:plan_id>/place")
@guard("plans.write")
def proposals(plan_id: int) -> Answer:
    """Up to three series side by side, with the plan's own preferences or those just tried; looking is noted."""
    view_patient(get_plan(plan_id).plan.patient_id, actor=current_actor(), now=clock.now())
    return _compare(plan_id)


@pages.post("/<int:plan_id>/place")
@guard("plans.write")
def place(plan_id: int) -> Answer:
    """Book the chosen series; where some of it was taken meanwhile, compare again."""
    try:
        booked = place_plan(
            plan_id,
            sessions=[_slot(text) for text in request.form.getlist("slot")],
            override_reason=request.form.get("override_reason"),
            hold_id=request.form.get("hold_id", type=int),
            actor=current_actor(),
            now=clock.now(),
            idempotency=once.asked_once(),
        )
    except SchedulerError as error:
        return _compare(plan_id, error)
    sentence = ngettext("%(num)s session is booked.", "%(num)s sessions are booked.", len(booked))
    if booked[0].patient.email:
        sentence += " " + gettext("The confirmation goes to %(email)s.", email=booked[0].patient.email)
    notice(sentence)
    return redirect(url_for(".show", plan_id=plan_id), 303)


@pages.post("/<int:plan_id>/hold")
@guard("plans.write")
def hold(plan_id: int) -> Answer:
    """Keep the slots of one proposal while the patient is asked."""
    try:
        hold_slots(
            plan_id,
            sessions=[_slot(text) for text in request.form.getlist("slot")],
            actor=current_actor(),
            now=clock.now(),
            idempotency=once.asked_once(),
        )
    except SchedulerError as error:
        return _compare(plan_id, error)
    return redirect(url_for(".proposals", plan_id=plan_id), 303)


@pages.post("/<int:plan_id>/hold/<int:hold_id>/release")
@guard("plans.write")
def release(plan_id: int, hold_id: int) -> Answer:
    """Let go what was kept; that its time was over already is what was wanted, too."""
    with suppress(NotFound):
        release_hold(hold_id, actor=current_actor(), now=clock.now())
        notice(gettext("The slots are free again."))
    return redirect(url_for(".proposals", plan_id=plan_id), 303)


@pages.get("/<int:plan_id>/other")
@guard("plans.write")
def other(plan_id: int) -> str:
    """Other times for one session while the rest of the series stands; htmx asks for the part alone."""
    number, slots = request.args.get("number", 0, type=int), request.args.getlist("slot")
    chosen = [_slot(text) for text in slots]
    here = next((slot for slot in chosen if slot.number == number), None)
    found = session_alternatives(plan_id, number, chosen=chosen, now=clock.now())
    others = [slot for slot in found.slots if here is None or slot.starts_at != here.starts_at]
    usual = here.practitioner_id if here else None
    return render_template(
        "plans/other_part.html" if wants_fragment() else "plans/other.html",
        plan_id=plan_id,
        patient=name_patient(get_plan(plan_id).plan.patient_id),
        number=number,
        found=found,
        groups=[
            by_day([slot for slot in others if slot.practitioner_id == usual]),
            by_day([slot for slot in others if slot.practitioner_id != usual]),
        ],
        others=[text for slot, text in zip(chosen, slots, strict=True) if slot.number != number],
        tried=_tried(),
        location_id=here.location_id if here else None,
        people=_names(),
        places={place.id: place for place in list_locations().items},
    )


def plan_page(plan_id: int, error: SchedulerError | None = None) -> str:
    """The page of a plan, with why something about it was refused."""
    view_patient(get_plan(plan_id).plan.patient_id, actor=current_actor(), now=clock.now())
    view = get_plan(plan_id)
    done = [line.session.number for line in view.lines if line.session.status in HISTORY]
    return render_template(
        "plans/show.html",
        view=view,
        patient=view.plan.patient,
        practitioners=_names(),
        protocols=list_protocols().items,
        first_free=min(max(done, default=0) + 1, len(view.lines)),
        ahead=sum(is_ahead(line.appointment, clock.now()) for line in view.lines if line.appointment),
        mails=list_plan_mails(plan_id) if may("messages.read") else [],
        explain=explain,
        sentence=say(error) if error else None,
    )


def _compare(plan_id: int, error: SchedulerError | None = None) -> Answer:
    view, places = get_plan(plan_id), {place.id: place for place in list_locations().items}
    tried = preferences_of(request.args) if "tried" in request.args else view.plan.preferences
    found, refused = [], error
    try:
        found = propose_series(plan_id, preferences=tried, now=clock.now())
        if "slot" in request.args:
            adjusted = [_slot(text) for text in request.args.getlist("slot")]
            found = [read_adjusted_series(plan_id, adjusted), *found]
    except SchedulerError as refusal:
        refused = refused or refusal
    page = render_template(
        "plans/proposals.html",
        view=view,
        patient=name_patient(view.plan.patient_id),
        cards=[
            card_of(proposal, {number: place.zone for number, place in places.items()}) for proposal in found
        ],
        kept=list_holds(plan_id=plan_id, now=clock.now()),
        tried=tried,
        asked=_tried(),
        amendable=all(line.session.status == SessionStatus.TO_PLACE for line in view.lines),
        time_of_day=preferred_time(tried),
        times=TIMES_OF_DAY,
        practitioners=_names(),
        locations=places,
        form_key=once.new_key(),
        sentence=say(refused) if refused else None,
        needs_reason=isinstance(error, NeedsOverride),
        kept_choice=request.form.getlist("slot") if isinstance(error, NeedsOverride) else [],
    )
    return (page, problem_of(refused).status) if refused else page


def _tried() -> dict[str, list[str]]:
    """What the address says of preferences, to be carried along."""
    return {name: request.args.getlist(name) for name in CARRIED if name in request.args}


def _slot(text: str) -> ChosenSlot:
    """``number|epoch seconds|practitioner|location`` as the form carries it."""
    try:
        number, start, practitioner_id, location_id = (int(part) for part in text.split("|"))
        starts_at = datetime.fromtimestamp(start, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidInput("The choice cannot be read. Please choose again.", field="sessions") from None
    return ChosenSlot(number, starts_at, practitioner_id, location_id)


def _names() -> dict[int, str]:
    return {person.id: person.name for person in list_practitioners().items}
