"""Plans: prescribing one, proposing and placing its series, and what becomes of it afterwards."""

from typing import Any

from flask import Response, url_for

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created, answer_page, page_of
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import plans as schemas
from scheduler.api.schemas.appointments import appointment_json
from scheduler.api.schemas.proposals import ProposalsSchema, proposal_json
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.patients import registry as patients
from scheduler.usecases.plans import course as plan_course
from scheduler.usecases.plans import life as plan_life
from scheduler.usecases.plans import prescribing as plans
from scheduler.usecases.plans import sessions as plan_sessions
from scheduler.usecases.series import placement, proposals

routes = Routes("plans", "A patient's own copy of a protocol, and the placing of its sessions.")


@routes.get("/plans")
@guard("patients.read")
@routes.arguments(schemas.PlansQuery(), location="query")
@routes.response(200, schemas.PlanPage)
def list_plans(query: dict[str, Any]) -> Response:
    """A patient's plans, newest first"""
    patient_id = query.pop("patient_id")
    patients.view_patient(patient_id, actor=current_actor(), now=clock.now())
    return answer_page(page_of(plans.list_plans(patient_id), **query), schemas.plan_json)


@routes.post("/plans")
@guard("plans.write")
@routes.arguments(schemas.NewPlan())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.PlanSchema, "plan")
def prescribe_plan(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Prescribe a plan

    All its sessions are to be placed; ask for proposals next.
    """
    body["phases"] = schemas.phase_wishes(body["phases"])
    plan = plans.prescribe_plan(**body, actor=current_actor(), now=clock.now(), idempotency=once)
    where = url_for("api_plans.get_plan", plan_id=plan.id)
    return answer_created(schemas.plan_json(plans.get_plan(plan.id)), once, location=where)


@routes.get("/plans/<row:plan_id>")
@guard("patients.read")
@routes.response(200, schemas.PlanSchema)
def get_plan(plan_id: int) -> Response:
    """Read a plan with its sessions, their windows and appointments

    The audit trail notes who looked at this patient.
    """
    plan = schemas.plan_json(plans.get_plan(plan_id))
    patients.view_patient(plan["patient_id"], actor=current_actor(), now=clock.now())
    return answer(plan)


@routes.post("/plans/<row:plan_id>/proposals")
@guard("plans.write")
@routes.arguments(schemas.ProposalWish(), required=False)
@routes.response(200, ProposalsSchema)
def propose_series(body: dict[str, Any], plan_id: int) -> Response:
    """Propose up to three series for the sessions to place

    Changes nothing. The sessions of a proposal can be sent to placements as they are, less what placements do not
    take.
    """
    found = proposals.propose_series(plan_id, preferences=body["preferences"], now=clock.now())
    return answer({"proposals": [proposal_json(proposal) for proposal in found]})


@routes.post("/plans/<row:plan_id>/placements")
@guard("plans.write")
@routes.arguments(schemas.Placement())
@routes.arguments(Once(), location="headers")
@routes.response(201, schemas.PlacedSchema)
def place_plan(body: dict[str, Any], once: Idempotency | None, plan_id: int) -> Response:
    """Book a series in one step, or nothing of it

    409 series_taken names in `numbers` the sessions whose slot was taken meanwhile.
    """
    booked = placement.place_plan(
        plan_id,
        sessions=schemas.chosen_slots(body["sessions"]),
        override_reason=body["override_reason"],
        hold_id=body["hold_id"],
        actor=current_actor(),
        now=clock.now(),
        idempotency=once,
    )
    return answer_created({"appointments": [appointment_json(row) for row in booked]}, once)


@routes.post("/plans/<row:plan_id>/pause")
@guard("plans.write")
@routes.arguments(schemas.PlanRelease())
@routes.response(200, schemas.PlanSchema)
def pause_plan(body: dict[str, Any], plan_id: int) -> Response:
    """Pause a plan

    409 stale_version holds the version now in `current`; so for every change of a plan.
    """
    plan_life.pause_plan(plan_id, **body, actor=current_actor(), now=clock.now())
    return _present(plan_id)


@routes.post("/plans/<row:plan_id>/resume")
@guard("plans.write")
@routes.arguments(schemas.PlanChange())
@routes.response(200, schemas.PlanSchema)
def resume_plan(body: dict[str, Any], plan_id: int) -> Response:
    """Let a paused plan go on"""
    plan_life.resume_plan(plan_id, **body, actor=current_actor(), now=clock.now())
    return _present(plan_id)


@routes.post("/plans/<row:plan_id>/complete")
@guard("plans.write")
@routes.arguments(schemas.PlanRelease())
@routes.response(200, schemas.PlanSchema)
def complete_plan(body: dict[str, Any], plan_id: int) -> Response:
    """Complete a plan before its last session

    What is to place is skipped. A plan completes by itself with its last open session.
    """
    plan_life.complete_plan(plan_id, **body, actor=current_actor(), now=clock.now())
    return _present(plan_id)


@routes.post("/plans/<row:plan_id>/discontinue")
@guard("plans.write")
@routes.arguments(schemas.PlanRelease())
@routes.response(200, schemas.PlanSchema)
def discontinue_plan(body: dict[str, Any], plan_id: int) -> Response:
    """End a plan for good

    What is to place is skipped; what is booked stays unless it is released.
    """
    plan_life.discontinue_plan(plan_id, **body, actor=current_actor(), now=clock.now())
    return _present(plan_id)


@routes.post("/plans/<row:plan_id>/extend")
@guard("plans.write")
@routes.arguments(schemas.Extension())
@routes.response(200, schemas.PlanSchema)
def extend_plan(body: dict[str, Any], plan_id: int) -> Response:
    """Add phases after the last session

    A taper is a phase with longer gaps. A completed plan goes on with them.
    """
    body["phases"] = schemas.phase_wishes(body["phases"])
    plan_course.extend_plan(plan_id, **body, actor=current_actor(), now=clock.now())
    return _present(plan_id)


@routes.post("/plans/<row:plan_id>/course")
@guard("plans.write")
@routes.arguments(schemas.Course())
@routes.response(200, schemas.PlanSchema)
def change_course(body: dict[str, Any], plan_id: int) -> Response:
    """Replace a plan's sessions from one on

    409 conflict names in `numbers` those that are booked, done or missed: they are never replaced.
    """
    body["phases"] = schemas.phase_wishes(body["phases"])
    plan_course.change_course(plan_id, **body, actor=current_actor(), now=clock.now())
    return _present(plan_id)


@routes.post("/plans/<row:plan_id>/sessions/<row:number>/skip")
@guard("plans.write")
@routes.arguments(schemas.PlanChange())
@routes.response(200, schemas.PlanSchema)
def skip_session(body: dict[str, Any], plan_id: int, number: int) -> Response:
    """Do without a session that is to place"""
    plan_sessions.skip_session(plan_id, number, **body, actor=current_actor(), now=clock.now())
    return _present(plan_id)


@routes.post("/plans/<row:plan_id>/sessions/<row:number>/give-up")
@guard("plans.write")
@routes.arguments(schemas.PlanChange())
@routes.response(200, schemas.PlanSchema)
def give_up_session(body: dict[str, Any], plan_id: int, number: int) -> Response:
    """Count a session that is to place as missed"""
    plan_sessions.give_up_session(plan_id, number, **body, actor=current_actor(), now=clock.now())
    return _present(plan_id)


@routes.post("/plans/<row:plan_id>/sessions/<row:number>/take-back")
@guard("plans.write")
@routes.arguments(schemas.PlanChange())
@routes.response(200, schemas.PlanSchema)
def take_back_session(body: dict[str, Any], plan_id: int, number: int) -> Response:
    """Let a skipped or missed session be placed after all"""
    plan_sessions.take_back_session(plan_id, number, **body, actor=current_actor(), now=clock.now())
    return _present(plan_id)


def _present(plan_id: int) -> Response:
    return answer(schemas.plan_json(plans.get_plan(plan_id)))
