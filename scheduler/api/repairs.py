"""Repairs: what moving or cancelling a session does to its plan, and the change that puts it right."""

from typing import Any

from flask import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import repairs as schemas
from scheduler.api.schemas.appointments import appointment_json
from scheduler.api.schemas.plans import PlacedSchema
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.patients import registry as patients
from scheduler.usecases.repairs import acceptance as repairs_acceptance
from scheduler.usecases.repairs import preview as repairs
from scheduler.usecases.repairs.lines import RepairPreview

routes = Routes("repairs", "The smallest change that puts a plan's sessions back into their windows.")


@routes.post("/appointments/<row:appointment_id>/move-preview")
@guard("appointments.write")
@routes.arguments(schemas.MoveWish())
@routes.response(200, schemas.RepairPreviewSchema)
def preview_move(body: dict[str, Any], appointment_id: int) -> Response:
    """Say what moving an appointment would do to its plan

    Changes nothing. Where windows would newly break, `repair` holds what to send to the plan's repairs together
    with `moved`. The audit trail notes who looked at this patient.
    """
    return _answer(repairs.preview_move(appointment_id, **body, now=clock.now()))


@routes.post("/appointments/<row:appointment_id>/cancel-preview")
@guard("appointments.write")
@routes.response(200, schemas.RepairPreviewSchema)
def preview_cancel(appointment_id: int) -> Response:
    """Say what cancelling an appointment would do to its plan

    Changes nothing. `repair` holds a new date for its session, to be sent to the plan's repairs together with
    `cancelled`.
    """
    return _answer(repairs.preview_cancel(appointment_id, now=clock.now()))


@routes.post("/plans/<row:plan_id>/repair-proposals")
@guard("plans.write")
@routes.response(200, schemas.RepairPreviewSchema)
def propose_repair(plan_id: int) -> Response:
    """Propose the smallest repair of a plan as it stands

    Changes nothing. Booked sessions outside their window are moved, sessions in between without a slot are placed.
    """
    return _answer(repairs.propose_repair(plan_id, now=clock.now()))


@routes.post("/plans/<row:plan_id>/repairs")
@guard("plans.write")
@routes.arguments(schemas.Acceptance())
@routes.arguments(Once(), location="headers")
@routes.response(201, PlacedSchema)
def accept_repair(body: dict[str, Any], once: Idempotency | None, plan_id: int) -> Response:
    """Carry out a repair in one step, or nothing of it

    The patient is told every new date in one mail. 409 stale_version: the plan or one of the appointments is not as
    it was seen. 409 series_taken names in `numbers` the sessions whose new slot was taken meanwhile.
    """
    done = repairs_acceptance.accept_repair(
        plan_id,
        **schemas.acceptance(body),
        actor=current_actor(),
        now=clock.now(),
        idempotency=once,
    )
    return answer_created({"appointments": [appointment_json(row) for row in done]}, once)


def _answer(found: RepairPreview) -> Response:
    if found.patient_id is not None:
        patients.view_patient(found.patient_id, actor=current_actor(), now=clock.now())
    return answer(schemas.preview_json(found))
