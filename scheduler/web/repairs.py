"""What moving or cancelling a session does to its plan, shown before it is done; and a plan's repair.

The pages of an appointment are also bodies of the diary's panel.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext

from scheduler import clock
from scheduler.access import current_actor, guard, may
from scheduler.errors import InvalidInput, NeedsOverride, SchedulerError, SlotTaken
from scheduler.http_errors import problem_of, say
from scheduler.models import Appointment
from scheduler.usecases.appointments.queries import get_appointment
from scheduler.usecases.booking.rules import RULES
from scheduler.usecases.clinic.catalogue import list_locations, list_practitioners
from scheduler.usecases.patients.registry import view_patient
from scheduler.usecases.plans.prescribing import get_plan
from scheduler.usecases.repairs import preview as repairs
from scheduler.usecases.repairs.acceptance import accept_repair
from scheduler.usecases.repairs.lines import RepairPreview
from scheduler.usecases.repairs.targets import HandCancel, HandMove
from scheduler.usecases.series.placement import ChosenSlot
from scheduler.web import once
from scheduler.web.appointment_answers import Answer, done, number, panel
from scheduler.web.formats import moment
from scheduler.web.notices import notice
from scheduler.web.repair_cards import card_of, names_used
from scheduler.web.wall_times import instant_on

pages = Blueprint("repairs", __name__)


@pages.app_template_global("broken_ahead")
def broken_ahead(plan_id: int) -> list[int]:
    """Sessions of a plan that are booked outside their window, for whoever may repair that."""
    return repairs.broken_ahead(plan_id, now=clock.now()) if may("plans.write") else []


@pages.get("/appointments/<int:appointment_id>/move")
@guard("appointments.write")
def move(appointment_id: int) -> Answer:
    """What a move would do to the plan, and the choices; looking is noted."""
    row = _looked_at(appointment_id)
    return move_page(row, preview_of_move(row, request.args), request.args)


@pages.post("/appointments/<int:appointment_id>/move-and-repair")
@guard("appointments.write")
def move_and_repair(appointment_id: int) -> Answer:
    """Move the session and repair the series in one step; where that is refused, look again."""
    row, entered = get_appointment(appointment_id), request.form
    try:
        moved = HandMove(
            appointment_id,
            _start(row, entered),
            number(entered.get("practitioner_id")),
            room_id=number(entered.get("room_id")),
            minutes=number(entered.get("minutes")),
        )
        rows = _accept(moved=moved)
    except SchedulerError as error:
        row = get_appointment(appointment_id)
        found = preview_of_move(row, entered)
        return move_page(row, found, entered, error), problem_of(error).status
    return done(get_appointment(appointment_id), _sentence(len(rows)))


@pages.get("/appointments/<int:appointment_id>/cancel")
@guard("appointments.write")
def cancel(appointment_id: int) -> Answer:
    """What follows from cancelling, and the choices; looking is noted."""
    return _cancel_page(_looked_at(appointment_id))


@pages.post("/appointments/<int:appointment_id>/cancel-and-repair")
@guard("appointments.write")
def cancel_and_repair(appointment_id: int) -> Answer:
    """Give the session its new date, with whatever else must move; where that is refused, look again."""
    reason = request.form.get("reason", "")[:200]
    try:
        _accept(cancelled=HandCancel(appointment_id, reason))
    except SchedulerError as error:
        return _cancel_page(get_appointment(appointment_id), error), problem_of(error).status
    row = get_appointment(appointment_id)
    when = moment(row.starts_at, row.location.zone)
    return done(row, gettext("The new date is %(when)s.", when=when))


@pages.get("/plans/<int:plan_id>/repair")
@guard("plans.write")
def show(plan_id: int) -> Answer:
    """The repair of a plan as it stands; looking is noted."""
    view_patient(get_plan(plan_id).plan.patient_id, actor=current_actor(), now=clock.now())
    return _plan_page(plan_id)


@pages.post("/plans/<int:plan_id>/repair")
@guard("plans.write")
def accept(plan_id: int) -> Answer:
    """Carry the repair out; where that is refused, look again."""
    try:
        rows = _accept(plan_id=plan_id)
    except SchedulerError as error:
        return _plan_page(plan_id, error)
    notice(_sentence(len(rows)))
    return redirect(url_for("plans.show", plan_id=plan_id), 303)


def preview_of_move(row: Appointment, entered: Mapping[str, str]) -> RepairPreview:
    """What the move that was entered would do. Raises as preview_move and for a time that is none."""
    return repairs.preview_move(
        row.id,
        starts_at=_start(row, entered),
        practitioner_id=number(entered.get("practitioner_id")),
        room_id=number(entered.get("room_id")),
        minutes=number(entered.get("minutes")),
        now=clock.now(),
    )


def move_page(
    row: Appointment, found: RepairPreview, entered: Mapping[str, str], error: SchedulerError | None = None
) -> str:
    """What a move does, with the choices: only this one, with the repair, or not at all."""
    if found.busy and error is None:
        error = SlotTaken(busy=" and the ".join(found.busy), resources=list(found.busy))
    return panel(
        "repairs/move.html",
        appointment=row,
        starts_at=_start(row, entered),
        zone=row.location.zone,
        entered=entered,
        rules=[gettext(RULES[code].sentence) for code in found.rules],
        needs_reason=bool(found.rules or found.repair_rules),
        reason_required=bool(found.rules and (found.repair_rules or not found.offered)),
        **_shown(found, error),
    )


def _cancel_page(row: Appointment, error: SchedulerError | None = None) -> str:
    found = repairs.preview_cancel(row.id, now=clock.now())
    return panel(
        "repairs/cancel.html",
        appointment=row,
        zone=row.location.zone,
        reason=request.form.get("reason", ""),
        needs_reason=bool(found.repair_rules),
        reason_required=True,
        override_reason=request.form.get("override_reason", ""),
        **_shown(found, error),
    )


def _plan_page(plan_id: int, error: SchedulerError | None = None) -> Answer:
    view = get_plan(plan_id)
    found, refused = RepairPreview(in_hand=None), error
    try:
        found = repairs.propose_repair(plan_id, now=clock.now())
    except SchedulerError as refusal:
        refused = refused or refusal
    page = render_template(
        "repairs/plan.html",
        view=view,
        patient=view.plan.patient,
        needs_reason=bool(found.repair_rules) or isinstance(error, NeedsOverride),
        reason_required=True,
        override_reason=request.form.get("override_reason", ""),
        **_shown(found, refused),
    )
    return (page, problem_of(refused).status) if refused else page


def _shown(found: RepairPreview, error: SchedulerError | None) -> dict[str, Any]:
    return {
        "card": card_of(found),
        "named": names_used(found),
        "people": {person.id: person.name for person in list_practitioners().items},
        "places": {place.id: place for place in list_locations().items},
        "sentence": say(error) if error else None,
        "form_key": once.new_key(),
    }


def _looked_at(appointment_id: int) -> Appointment:
    patient_id = get_appointment(appointment_id).patient_id
    view_patient(patient_id, actor=current_actor(), now=clock.now())
    return get_appointment(appointment_id)


def _start(row: Appointment, entered: Mapping[str, str]) -> datetime:
    return instant_on(entered.get("on", ""), entered.get("at", ""), row.location.zone)


def _accept(plan_id: int | None = None, **in_hand: Any) -> list[Appointment]:
    """The repair that the form carries."""
    entered = request.form
    seen = [_numbers(text, 2) for text in entered.getlist("seen")]
    return accept_repair(
        plan_id or number(entered.get("plan_id")) or 0,
        version=number(entered.get("plan_version")) or 0,
        versions={appointment: version for appointment, version in seen},  # noqa: C416
        changes=[_chosen(text) for text in entered.getlist("change")],
        override_reason=entered.get("override_reason"),
        actor=current_actor(),
        now=clock.now(),
        idempotency=once.asked_once(),
        **in_hand,
    )


def _chosen(text: str) -> ChosenSlot:
    """``number|epoch seconds|practitioner|location`` as the form carries it."""
    which, start, practitioner_id, location_id = _numbers(text, 4)
    return ChosenSlot(which, datetime.fromtimestamp(start, UTC), practitioner_id, location_id)


def _numbers(text: str, count: int) -> list[int]:
    found = [number(part) for part in text.split("|")]
    if len(found) != count or None in found:
        raise InvalidInput("The choice cannot be read. Please choose again.", field="changes")
    return [one for one in found if one is not None]


def _sentence(count: int) -> str:
    return ngettext("%(num)s session has a new date.", "%(num)s sessions have new dates.", count)
