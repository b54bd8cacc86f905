"""Appointments: listing, booking, moving, cancelling them, and following them through the day."""

from typing import Any

from flask import Response, url_for

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created, answer_page
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import appointments as schemas
from scheduler.usecases.appointments import changing as appointments
from scheduler.usecases.appointments import queries as appointment_queries
from scheduler.usecases.idempotency import Idempotency

routes = Routes("appointments", "Booked slots.")


@routes.get("/appointments")
@guard("diary.read")
@routes.arguments(schemas.AppointmentsQuery(), location="query")
@routes.response(200, schemas.AppointmentPage)
def list_appointments(query: dict[str, Any]) -> Response:
    """Appointments, by start"""
    found = appointment_queries.list_appointments(**schemas.as_asked(query))
    return answer_page(found, schemas.appointment_json)


@routes.post("/appointments")
@guard("appointments.write")
@routes.arguments(schemas.Booking())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.AppointmentSchema, "appointment")
def book_appointment(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Book an appointment

    409 slot_taken names in `resources` what is busy; 409 needs_override names in `rules` what speaks against it.
    """
    booked = appointments.book_appointment(**body, actor=current_actor(), now=clock.now(), idempotency=once)
    where = url_for("api_appointments.get_appointment", appointment_id=booked.id)
    return answer_created(schemas.appointment_json(booked), once, location=where)


@routes.get("/appointments/<row:appointment_id>")
@guard("diary.read")
@routes.response(200, schemas.AppointmentSchema)
def get_appointment(appointment_id: int) -> Response:
    """Read an appointment"""
    return answer(schemas.appointment_json(appointment_queries.get_appointment(appointment_id)))


@routes.patch("/appointments/<row:appointment_id>")
@guard("appointments.write")
@routes.arguments(schemas.Move())
@routes.response(200, schemas.AppointmentSchema)
def move_appointment(body: dict[str, Any], appointment_id: int) -> Response:
    """Move an appointment to another time, practitioner or room

    409 stale_version holds the state now in `current`.
    """
    moved = appointments.move_appointment(appointment_id, **body, actor=current_actor(), now=clock.now())
    return answer(schemas.appointment_json(moved))


@routes.post("/appointments/<row:appointment_id>/cancel")
@guard("appointments.write")
@routes.arguments(schemas.Cancellation())
@routes.response(200, schemas.AppointmentSchema)
def cancel_appointment(body: dict[str, Any], appointment_id: int) -> Response:
    """Cancel an appointment

    The session of a plan that it filled is to be placed again.
    """
    gone = appointments.cancel_appointment(appointment_id, **body, actor=current_actor(), now=clock.now())
    return answer(schemas.appointment_json(gone))


@routes.post("/appointments/<row:appointment_id>/status")
@guard("appointments.write")
@routes.arguments(schemas.StatusChange())
@routes.response(200, schemas.AppointmentSchema)
def change_status(body: dict[str, Any], appointment_id: int) -> Response:
    """Set an appointment's status"""
    changed = appointments.change_status(appointment_id, **body, actor=current_actor(), now=clock.now())
    return answer(schemas.appointment_json(changed))
