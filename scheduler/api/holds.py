"""Holds: keeping the slots of a proposal while somebody talks to the patient."""

from typing import Any

from flask import Response, url_for

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created, answer_page, page_of
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import holds as schemas
from scheduler.api.schemas.plans import chosen_slots
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.series import holds

routes = Routes("holds", "Slots kept for some minutes; they let themselves go.")


@routes.get("/holds")
@guard("plans.write")
@routes.arguments(schemas.HoldsQuery(), location="query")
@routes.response(200, schemas.HoldPage)
def list_holds(query: dict[str, Any]) -> Response:
    """Holds in force, those that end first before others"""
    plan_id = query.pop("plan_id", None)
    found = holds.list_holds(plan_id=plan_id, now=clock.now())
    return answer_page(page_of(found, **query), schemas.hold_json)


@routes.post("/holds")
@guard("plans.write")
@routes.arguments(schemas.NewHold())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.HoldSchema, "hold")
def hold_slots(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Keep the slots of a proposal, or none of them

    What was kept for this plan before is let go. Place the series with `hold_id` before `expires_at`. 409 series_taken
    names in `numbers` the sessions whose slot was taken meanwhile.
    """
    now = clock.now()
    body["sessions"] = chosen_slots(body["sessions"])
    made = holds.hold_slots(**body, actor=current_actor(), now=now, idempotency=once)
    where = url_for("api_holds.get_hold", hold_id=made.id)
    return answer_created(schemas.hold_json(holds.get_hold(made.id, now=now)), once, location=where)


@routes.get("/holds/<row:hold_id>")
@guard("plans.write")
@routes.response(200, schemas.HoldSchema)
def get_hold(hold_id: int) -> Response:
    """Read a hold; 404 once it is over"""
    return answer(schemas.hold_json(holds.get_hold(hold_id, now=clock.now())))


@routes.delete("/holds/<row:hold_id>")
@guard("plans.write")
@routes.response(204)
def release_hold(hold_id: int) -> Response:
    """Let go what a hold keeps"""
    holds.release_hold(hold_id, actor=current_actor(), now=clock.now())
    return Response(status=204)
