"""Absences and closures, what they displace, and moving that line by line."""

from typing import Any

from flask import Response, url_for

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created, answer_page
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import absences as schemas
from scheduler.api.schemas import appointments as appointment_schemas
from scheduler.api.schemas.displaced import DisplacedSchema, displaced_json
from scheduler.errors import InvalidInput
from scheduler.usecases.absences import displacement, rehousing
from scheduler.usecases.absences import entering as absences
from scheduler.usecases.absences.entering import AbsenceKind
from scheduler.usecases.appointments.queries import get_appointment
from scheduler.usecases.idempotency import Idempotency

routes = Routes("absences", "When nobody can be booked, and where displaced appointments can go.")


@routes.get("/time-off")
@guard("diary.read")
@routes.arguments(schemas.TimeOffQuery(), location="query")
@routes.response(200, schemas.TimeOffPage)
def list_time_off(query: dict[str, Any]) -> Response:
    """Practitioners' absences, by start"""
    past = query.pop("which") == schemas.ALL
    return answer_page(absences.list_time_off(**query, past=past, now=clock.now()), schemas.time_off_json)


@routes.post("/time-off")
@guard("absences.write")
@routes.arguments(schemas.NewTimeOff())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.TimeOffSchema, "absence")
def add_time_off(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Enter that a practitioner is away

    Booked appointments stay as they are: see displaced.
    """
    made = absences.add_time_off(
        body["practitioner_id"],
        **schemas.span_of(body),
        reason=body["reason"],
        location=body["location_id"],
        actor=current_actor(),
        now=clock.now(),
        idempotency=once,
    )
    where = url_for("api_absences.get_time_off", number=made.id)
    return answer_created(schemas.time_off_json(made), once, location=where)


@routes.get("/time-off/<row:number>")
@guard("diary.read")
@routes.response(200, schemas.TimeOffSchema)
def get_time_off(number: int) -> Response:
    """Read an absence"""
    found = absences.get_absence(AbsenceKind.TIME_OFF, number, now=clock.now())
    return answer(schemas.time_off_json(found))


@routes.delete("/time-off/<row:number>")
@guard("absences.write")
@routes.response(204)
def remove_time_off(number: int) -> Response:
    """Take an absence back

    One that has begun ends now; one that is over stays (409).
    """
    absences.remove_time_off(number, actor=current_actor(), now=clock.now())
    return Response(status=204)


@routes.get("/time-off/<row:number>/displaced")
@guard("diary.read")
@routes.arguments(schemas.DisplacedQuery(), location="query")
@routes.response(200, DisplacedSchema)
def list_displaced_by_time_off(query: dict[str, Any], number: int) -> Response:
    """What is still booked within an absence, with proposals"""
    return _displaced(AbsenceKind.TIME_OFF, number, query)


@routes.get("/closures")
@guard("diary.read")
@routes.arguments(schemas.ClosuresQuery(), location="query")
@routes.response(200, schemas.ClosurePage)
def list_closures(query: dict[str, Any]) -> Response:
    """Closures of locations and rooms, by start"""
    past = query.pop("which") == schemas.ALL
    return answer_page(absences.list_closures(**query, past=past, now=clock.now()), schemas.closure_json)


@routes.post("/closures")
@guard("absences.write")
@routes.arguments(schemas.NewClosure())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.ClosureSchema, "closure")
def add_closure(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Enter that a location is closed, or a room out of use

    Booked appointments stay as they are: see displaced.
    """
    made = absences.add_closure(
        body["location_id"],
        **schemas.span_of(body),
        room=body["room_id"],
        reason=body["reason"],
        actor=current_actor(),
        now=clock.now(),
        idempotency=once,
    )
    where = url_for("api_absences.get_closure", number=made.id)
    return answer_created(schemas.closure_json(made), once, location=where)


@routes.get("/closures/<row:number>")
@guard("diary.read")
@routes.response(200, schemas.ClosureSchema)
def get_closure(number: int) -> Response:
    """Read a closure"""
    return answer(schemas.closure_json(absences.get_absence(AbsenceKind.CLOSURE, number, now=clock.now())))


@routes.delete("/closures/<row:number>")
@guard("absences.write")
@routes.response(204)
def remove_closure(number: int) -> Response:
    """Take a closure back

    One that has begun ends now; one that is over stays (409).
    """
    absences.remove_closure(number, actor=current_actor(), now=clock.now())
    return Response(status=204)


@routes.get("/closures/<row:number>/displaced")
@guard("diary.read")
@routes.arguments(schemas.DisplacedQuery(), location="query")
@routes.response(200, DisplacedSchema)
def list_displaced_by_closure(query: dict[str, Any], number: int) -> Response:
    """What is still booked within a closure, with proposals"""
    return _displaced(AbsenceKind.CLOSURE, number, query)


@routes.post("/absence-previews")
@guard("diary.read")
@routes.arguments(schemas.Preview())
@routes.response(200, DisplacedSchema)
def preview_absence(body: dict[str, Any]) -> Response:
    """What an absence would displace, with proposals

    Nothing is saved. Exactly one of practitioner_id, location_id and room_id is given.
    """
    found = displacement.preview_absence(
        practitioner_id=body["practitioner_id"],
        location_id=body["location_id"],
        room_id=body["room_id"],
        **schemas.span_of(body),
        clock=body["clock_location_id"],
        reason=body["reason"],
        **schemas.others_of(body),
        now=clock.now(),
    )
    return answer(displaced_json(found))


@routes.post("/displaced/<row:appointment_id>")
@guard("absences.write")
@routes.arguments(schemas.Rehousing())
@routes.response(200, appointment_schemas.AppointmentSchema)
def rehouse(body: dict[str, Any], appointment_id: int) -> Response:
    """Move or release one displaced appointment

    It is checked again as it is now: 409 slot_taken if somebody was faster, 409 stale_version if the appointment
    changed. Sent twice, it is moved once.
    """
    by: dict[str, Any] = {"version": body["version"], "actor": current_actor(), "now": clock.now()}
    if body["action"] == "release":
        rehousing.release(appointment_id, **by)
    elif body["slot"] is None:
        raise InvalidInput("A move needs a slot.", field="slot")
    else:
        target = schemas.target_of(body["slot"])
        more = {"batch": body["batch"], "override_reason": body["override_reason"]}
        rehousing.rehouse(appointment_id, target=target, **more, **by)
    return answer(appointment_schemas.appointment_json(get_appointment(appointment_id)))


def _displaced(kind: AbsenceKind, number: int, query: dict[str, Any]) -> Response:
    found = displacement.list_displaced(kind, number, **schemas.others_of(query), now=clock.now())
    return answer(displaced_json(found))
