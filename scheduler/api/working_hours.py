"""When a practitioner works: blocks of weekly hours. What was stays as it was; a change holds from a day on."""

from typing import Any

from flask import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import working_hours as schemas
from scheduler.api.today import today_at_desk
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.practitioners import working_hours
from scheduler.usecases.practitioners.working_hours import Hours

routes = Routes("working_hours", "When practitioners work, in blocks of weekly hours.")


@routes.get("/practitioners/<row:practitioner_id>/hours")
@guard("clinic.read")
@routes.response(200, schemas.HoursSchema)
def read_hours(practitioner_id: int) -> Response:
    """Read a practitioner's working hours"""
    return answer(schemas.hours_json(_hours(practitioner_id)))


@routes.post("/practitioners/<row:practitioner_id>/hours")
@guard("clinic.write")
@routes.arguments(schemas.NewHours())
@routes.arguments(Once(), location="headers")
@routes.response(201, schemas.HoursChangedSchema)
def set_hours(body: dict[str, Any], once: Idempotency | None, practitioner_id: int) -> Response:
    """Add a block of hours, or replace one from a day on

    409 conflict where booked appointments would fall outside: `appointment_ids` names them, and the same request with
    `token` as `confirmed` goes on. They stay booked.
    """
    outside = working_hours.set_hours(
        practitioner_id,
        schemas.hours_block(body),
        replaces=body["replaces"],
        seen=body["version"],
        confirmed=body["confirmed"],
        actor=current_actor(),
        now=clock.now(),
        idempotency=once,
    )
    return answer_created(schemas.hours_changed_json(_hours(practitioner_id), outside), once)


@routes.post("/practitioners/<row:practitioner_id>/hours/end")
@guard("clinic.write")
@routes.arguments(schemas.HoursEnd())
@routes.response(200, schemas.HoursChangedSchema)
def end_hours(body: dict[str, Any], practitioner_id: int) -> Response:
    """Let a block of hours end after a day

    409 conflict where booked appointments would fall outside, as for a change.
    """
    outside = working_hours.end_hours(
        practitioner_id,
        body["block"],
        body["last_on"],
        seen=body["version"],
        confirmed=body["confirmed"],
        actor=current_actor(),
        now=clock.now(),
    )
    return answer(schemas.hours_changed_json(_hours(practitioner_id), outside))


def _hours(practitioner_id: int) -> Hours:
    return working_hours.read_hours(practitioner_id, today=today_at_desk(clock.now()))
