"""Plans: prescribing one, proposing series for it, placing the chosen one in one step."""

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
from scheduler.usecases import patients, placement, plans, proposals
from scheduler.usecases.idempotency import Idempotency

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
        actor=current_actor(),
        now=clock.now(),
        idempotency=once,
    )
    return answer_created({"appointments": [appointment_json(row) for row in booked]}, once)
