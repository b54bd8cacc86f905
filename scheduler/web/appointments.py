"""One appointment: looking, moving, cancelling, following it through the day; booking.py makes new ones.

Every screen here is a page of its own and, asked for by a script, the body of the diary's panel.
"""

from collections.abc import Callable, Mapping

from flask import Blueprint, jsonify, request, url_for
from flask_babel import gettext, ngettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import NeedsOverride, SchedulerError
from scheduler.http_errors import problem_of
from scheduler.models import Appointment
from scheduler.usecases.appointments import changing as appointments
from scheduler.usecases.appointments.queries import get_appointment
from scheduler.usecases.booking.state import MOVABLE
from scheduler.usecases.clinic.catalogue import list_practitioners
from scheduler.usecases.patients.registry import view_patient
from scheduler.usecases.practitioners.busy_conflicts import list_busy_conflicts
from scheduler.usecases.repairs.course import REPAIRABLE
from scheduler.web import repairs
from scheduler.web.appointment_answers import Answer, done, number, panel, refusal, target_in, wants_json
from scheduler.web.formats import local, moment
from scheduler.web.wall_times import wall
from scheduler.web.who_changed import say_who
from scheduler.web.words import WORDS

pages = Blueprint("appointments", __name__, url_prefix="/appointments")
NEXT_STATUSES: Mapping[str, tuple[str, ...]] = {
    "booked": ("confirmed", "arrived", "completed", "no_show"),
    "confirmed": ("arrived", "completed", "no_show"),
    "arrived": ("completed", "booked"),
    "completed": ("arrived",),
    "no_show": ("arrived", "booked"),
    "cancelled": (),
}
"""status -> what is offered as a button, in order; all of them legal, cancelling has a form of its own."""
ON_THE_DAY = frozenset({"arrived", "completed", "no_show"})


@pages.get("/<int:appointment_id>")
@guard("diary.read")
def show(appointment_id: int) -> str:
    """One appointment with what can be done about it."""
    patient_id = get_appointment(appointment_id).patient_id
    view_patient(patient_id, actor=current_actor(), now=clock.now())
    return _shown(get_appointment(appointment_id))


@pages.post("/<int:appointment_id>/move")
@guard("appointments.write")
def move(appointment_id: int) -> Answer:
    """Move by the form, or by a drag that asks for JSON.

    Where that would break windows of its plan that hold now, nothing is moved yet: it is shown and asked first.
    """
    entered = request.form
    offered = entered.get("slot")  # one that keeps the windows of its plan
    if not offered and entered.get("series") != "only" and (question := asked_first(appointment_id)):
        return question

    def act(version: int) -> Appointment:
        zone = get_appointment(appointment_id).location.zone
        starts_at, practitioner_id, location_id = target_in(entered, zone)
        return appointments.move_appointment(
            appointment_id,
            version=version,
            starts_at=starts_at,
            practitioner_id=practitioner_id,
            location_id=location_id,
            room_id=entered.get("room_id", type=int) or None,
            minutes=None if offered else entered.get("minutes", type=int),
            override_reason=entered.get("override_reason"),
            actor=current_actor(),
            now=clock.now(),
        )

    return _changed(appointment_id, act, lambda row: gettext("Moved to %(when)s.", when=_when(row)))


@pages.post("/<int:appointment_id>/cancel")
@guard("appointments.write")
def cancel(appointment_id: int) -> Answer:
    """Cancel with a reason; the planned session it filled is to place again."""

    def act(version: int) -> Appointment:
        return appointments.cancel_appointment(
            appointment_id,
            version=version,
            reason=request.form.get("reason", ""),
            actor=current_actor(),
            now=clock.now(),
        )

    return _changed(appointment_id, act, lambda _row: gettext("Cancelled."))


@pages.post("/<int:appointment_id>/status")
@guard("appointments.write")
def set_status(appointment_id: int) -> Answer:
    """Confirmed, arrived, completed, did not come."""

    def act(version: int) -> Appointment:
        return appointments.change_status(
            appointment_id,
            version=version,
            status=request.form.get("status", ""),
            actor=current_actor(),
            now=clock.now(),
        )

    return _changed(
        appointment_id, act, lambda row: f"{row.patient.name}: {WORDS['appointment'][row.status]}"
    )


def _changed(
    appointment_id: int, act: Callable[[int], Appointment], sentence: Callable[[Appointment], str]
) -> Answer:
    """Do it, or show the appointment as it is now with the reason why not."""
    try:
        changed = act(request.form.get("version", 0, type=int))
    except SchedulerError as error:
        status = problem_of(error).status
        if wants_json():
            return refusal(error, status)
        return _shown(get_appointment(appointment_id), error=error, entered=request.form), status
    return done(changed, sentence(changed))


def asked_first(appointment_id: int) -> Answer | None:
    """What to ask before a move that breaks windows; None where there is nothing to ask, or the move is refused."""
    entered = request.form
    try:
        row = get_appointment(appointment_id)
        found = repairs.preview_of_move(row, entered)
    except SchedulerError:
        return None
    if found.busy or not found.newly_broken or found.versions.get(row.id) != number(entered.get("version")):
        return None
    if not wants_json():
        return repairs.move_page(row, found, entered), 409
    names = ("on", "at", "practitioner_id", "room_id", "minutes", "override_reason")
    wanted = {name: entered.get(name) for name in names}
    response: Response = jsonify(
        code="breaks_windows",
        sentence=ngettext(
            "This would put %(num)s session of the series outside its window.",
            "This would put %(num)s sessions of the series outside their windows.",
            len(found.newly_broken),
        ),
        panel=url_for("repairs.move", appointment_id=appointment_id, **wanted),
    )
    response.status_code = 409
    return response


def _shown(
    appointment: Appointment, error: SchedulerError | None = None, entered: Mapping[str, str] | None = None
) -> str:
    zone = appointment.location.zone
    start = wall(appointment.starts_at, zone)
    asked: Mapping[str, str] = request.args if entered is None else entered
    return panel(
        "appointments/show.html",
        appointment=appointment,
        zone=zone,
        next_statuses=_next_statuses(appointment),
        movable=appointment.status in MOVABLE,
        in_series=_is_in_series(appointment),
        clashes=list_busy_conflicts(appointment_id=appointment.id, now=clock.now()),
        practitioners=list_practitioners().items,
        start_on=start[:10],
        on=asked.get("on") or start[:10],
        at=asked.get("at") or start[11:],
        practitioner_id=number(asked.get("practitioner_id")) or appointment.practitioner_id,
        entered=asked,
        **_told(error),
    )


def _next_statuses(appointment: Appointment) -> list[str]:
    """Buttons that make sense now: nobody has come, or stayed away, before the day."""
    offered = list(NEXT_STATUSES[appointment.status])
    zone = appointment.location.zone
    if local(appointment.starts_at, zone).date() > local(clock.now(), zone).date():
        offered = [status for status in offered if status not in ON_THE_DAY]
    return offered


def _is_in_series(appointment: Appointment) -> bool:
    """Whether cancelling it concerns a plan that goes on."""
    planned = appointment.planned_session
    return planned is not None and planned.plan.status in REPAIRABLE


def _when(appointment: Appointment) -> str:
    return moment(appointment.starts_at, appointment.location.zone)


def _told(error: SchedulerError | None) -> dict[str, object]:
    return {
        "sentence": say_who(error) if error else None,
        "needs_reason": isinstance(error, NeedsOverride),
    }
