"""What becomes of a plan, on its page: paused, ended, extended, another course; sessions skipped and taken back."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import InvalidInput, SchedulerError
from scheduler.http_errors import problem_of
from scheduler.models import TreatmentPlan
from scheduler.usecases.plans.course import change_course, extend_plan
from scheduler.usecases.plans.life import complete_plan, discontinue_plan, pause_plan, resume_plan
from scheduler.usecases.plans.sessions import give_up_session, skip_session, take_back_session
from scheduler.web.notices import notice
from scheduler.web.plan_form import OWN_PHASES, own_phases
from scheduler.web.plans import Answer, plan_page

pages = Blueprint("plan_life", __name__, url_prefix="/plans")
PLAN_DEEDS: Mapping[str, tuple[Callable[..., TreatmentPlan], LazyString]] = {
    "paused": (pause_plan, _l("The plan is paused.")),
    "active": (resume_plan, _l("The plan goes on.")),
    "completed": (complete_plan, _l("The plan is completed.")),
    "discontinued": (discontinue_plan, _l("The plan is discontinued.")),
}
"""The status that a form asks for -> what brings it about, and what is said then."""
SESSION_DEEDS: Mapping[str, tuple[Callable[..., TreatmentPlan], LazyString]] = {
    "skipped": (skip_session, _l("The session is skipped.")),
    "missed": (give_up_session, _l("The session counts as missed.")),
    "to_place": (take_back_session, _l("The session is to be placed again.")),
}


@pages.post("/<int:plan_id>/status")
@guard("plans.write")
def set_status(plan_id: int) -> Answer:
    """Pause, resume, complete or discontinue; what is booked is released where that is ticked."""
    deed, sentence = _asked(PLAN_DEEDS)
    release = {} if deed is resume_plan else {"release": request.form.get("release") == "yes"}
    return _changed(plan_id, lambda: deed(plan_id, reason=_reason(), **release, **_by()), str(sentence))


@pages.post("/<int:plan_id>/sessions/<int:number>")
@guard("plans.write")
def decide_session(plan_id: int, number: int) -> Answer:
    """Skip a session, give it up, take it back."""
    deed, sentence = _asked(SESSION_DEEDS)
    return _changed(plan_id, lambda: deed(plan_id, number, reason=_reason(), **_by()), str(sentence))


@pages.post("/<int:plan_id>/extend")
@guard("plans.write")
def extend(plan_id: int) -> Answer:
    """Add phases after the last session."""
    return _changed(
        plan_id, lambda: extend_plan(plan_id, phases=own_phases(), **_by()), gettext("The plan is extended.")
    )


@pages.post("/<int:plan_id>/course")
@guard("plans.write")
def course(plan_id: int) -> Answer:
    """Another protocol, or phases of one's own, from one session on."""
    entered = request.form

    def act() -> TreatmentPlan:
        return change_course(
            plan_id,
            from_number=entered.get("from_number", 0, type=int),
            protocol_id=entered.get("protocol_id", type=int),
            phases=own_phases() if entered.get("protocol_id") == OWN_PHASES else None,
            **_by(),
        )

    return _changed(plan_id, act, gettext("The plan has another course now."))


def _changed(plan_id: int, act: Callable[[], TreatmentPlan], sentence: str) -> Answer:
    """Do it and show the plan, or show it as it is now with the reason why not."""
    try:
        act()
    except SchedulerError as error:
        return plan_page(plan_id, error), problem_of(error).status
    notice(sentence)
    return redirect(url_for("plans.show", plan_id=plan_id), 303)


def _asked(
    deeds: Mapping[str, tuple[Callable[..., TreatmentPlan], LazyString]],
) -> tuple[Callable[..., TreatmentPlan], LazyString]:
    found = deeds.get(request.form.get("to", ""))
    if found is None:
        raise InvalidInput("The choice cannot be read. Please choose again.", field="to")
    return found


def _reason() -> str:
    """The words entered, else the code chosen."""
    return request.form.get("reason", "").strip() or request.form.get("reason_code", "")


def _by() -> dict[str, Any]:
    return {
        "version": request.form.get("version", 0, type=int),
        "actor": current_actor(),
        "now": clock.now(),
    }
