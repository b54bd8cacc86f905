"""Entering what was measured at the clinic, or read from a form, from a patient's page."""

from datetime import date

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import InvalidInput, NotFound, SchedulerError
from scheduler.http_errors import problem_of
from scheduler.usecases.outcomes.values import record_outcome
from scheduler.usecases.patient_side.check_in import plans_that_ask, set_questionnaire
from scheduler.web import once
from scheduler.web.notices import notice
from scheduler.web.patient_page import patient_page
from scheduler.web.wall_times import day_or

pages = Blueprint("outcomes", __name__, url_prefix="/patients")


@pages.post("/<int:patient_id>/plans/<int:plan_id>/questionnaire")
@guard("plans.write")
def ask_monthly(patient_id: int, plan_id: int) -> Response:
    """Have the patient asked once a month for a questionnaire's total, or not any more."""
    if plan_id not in {plan.id for plan in plans_that_ask(patient_id)}:
        raise NotFound(what="plan")
    wanted = request.form.get("questionnaire") or None
    set_questionnaire(plan_id, wanted, actor=current_actor(), now=clock.now())
    notice(gettext("That is kept."))
    return redirect(url_for("patients.show", patient_id=patient_id) + "#outcomes", 303)


@pages.post("/<int:patient_id>/outcomes")
@guard("plans.write")
def add(patient_id: int) -> Response | tuple[str, int]:
    """Keep a value, or say what is wrong with it beside what was entered."""
    try:
        value = request.form.get("value", type=int)
        if value is None:
            raise InvalidInput("Please enter a whole number.", field="value")
        record_outcome(
            patient_id,
            measure=request.form.get("measure", ""),
            value=value,
            measured_on=day_or(request.form.get("measured_on"), date.min),
            actor=current_actor(),
            now=clock.now(),
            idempotency=once.asked_once(),
        )
    except NotFound:
        raise
    except SchedulerError as error:
        return patient_page(patient_id, error, entered=request.form), problem_of(error).status
    notice(gettext("The value is kept."))
    return redirect(url_for("patients.show", patient_id=patient_id) + "#outcomes", 303)
