"""GET of what is offered to choose from: practitioners, locations, rooms, appointment types, protocols."""

from typing import Any

from flask import Response

from scheduler.access import guard
from scheduler.api.answers import answer_page
from scheduler.api.fields import Paging
from scheduler.api.routes import Routes
from scheduler.api.schemas import catalogue as schemas
from scheduler.usecases.clinic import catalogue as clinic

routes = Routes("catalogue", "What is offered to choose from; nothing archived.")


@routes.get("/practitioners")
@guard("diary.read")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.PractitionerPage)
def list_practitioners(query: dict[str, Any]) -> Response:
    """Practitioners, by family name"""
    return answer_page(clinic.list_practitioners(**query), schemas.practitioner_json)


@routes.get("/locations")
@guard("diary.read")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.LocationPage)
def list_locations(query: dict[str, Any]) -> Response:
    """Locations, by name"""
    return answer_page(clinic.list_locations(**query), schemas.location_json)


@routes.get("/rooms")
@guard("diary.read")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.RoomPage)
def list_rooms(query: dict[str, Any]) -> Response:
    """Rooms, by location"""
    return answer_page(clinic.list_rooms(**query), schemas.room_json)


@routes.get("/appointment-types")
@guard("diary.read")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.AppointmentTypePage)
def list_appointment_types(query: dict[str, Any]) -> Response:
    """Appointment types"""
    return answer_page(clinic.list_appointment_types(**query), schemas.appointment_type_json)


@routes.get("/protocols")
@guard("diary.read")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.ProtocolPage)
def list_protocols(query: dict[str, Any]) -> Response:
    """Protocols with their phases"""
    return answer_page(clinic.list_protocols(**query), schemas.protocol_json)
