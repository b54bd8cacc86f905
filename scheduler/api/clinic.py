"""What administrators set up: the clinic, its reminder policy, locations, rooms and appointment types.

An edit carries the version that was seen; what is archived is offered no more, and only from the archive something that
nothing refers to is deleted.
"""

from dataclasses import replace
from typing import Any

from flask import Response, url_for

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import clinic as schemas
from scheduler.usecases.clinic import appointment_types, locations, settings
from scheduler.usecases.clinic.appointment_types import TypeDetails
from scheduler.usecases.clinic.catalogue import add_location, get_clinic
from scheduler.usecases.clinic.locations import LocationDetails
from scheduler.usecases.clinic.settings import DETAILS, ClinicDetails
from scheduler.usecases.idempotency import Idempotency

routes = Routes("clinic", "What administrators set up.")
# Between reading what stays and changing the rest somebody else may change it: then the version is stale.


@routes.get("/clinic")
@guard("clinic.read")
@routes.response(200, schemas.ClinicSchema)
def read_clinic() -> Response:
    """The clinic's details and its reminder policy"""
    return answer(schemas.clinic_json(get_clinic()))


@routes.patch("/clinic")
@guard("clinic.write")
@routes.arguments(schemas.ClinicChange())
@routes.response(200, schemas.ClinicSchema)
def change_clinic(body: dict[str, Any]) -> Response:
    """Change the clinic's details

    What is not given stays.
    """
    seen, clinic = body.pop("version"), get_clinic()
    known = {name: getattr(clinic, name) for name in DETAILS} | body
    known["summary_recipients"] = tuple(known["summary_recipients"])
    return answer(schemas.clinic_json(settings.change_clinic(ClinicDetails(**known), seen=seen, **_by())))


@routes.patch("/clinic/reminders")
@guard("clinic.write")
@routes.arguments(schemas.RemindersChange())
@routes.response(200, schemas.ClinicSchema)
def change_reminders(body: dict[str, Any]) -> Response:
    """Change the reminder policy

    Reminders that wait already follow within minutes.
    """
    seen = body.pop("version")
    if "offsets_minutes" in body:
        body["offsets_minutes"] = tuple(body["offsets_minutes"])
    wishes = replace(settings.wishes_of(get_clinic()), **body)
    return answer(schemas.clinic_json(settings.change_reminders(wishes, seen=seen, **_by())))


@routes.post("/locations")
@guard("clinic.write")
@routes.arguments(schemas.NewLocation())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.LocationSettingsSchema, "location")
def create_location(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Add a location"""
    place = add_location(**body, **_by(), idempotency=once)
    where = url_for("api_clinic.read_location", location_id=place.id)
    return answer_created(schemas.location_settings_json(place), once, location=where)


@routes.get("/locations/<row:location_id>")
@guard("clinic.read")
@routes.response(200, schemas.LocationSettingsSchema)
def read_location(location_id: int) -> Response:
    """Read a location with its rooms"""
    return answer(schemas.location_settings_json(locations.get_location(location_id)))


@routes.patch("/locations/<row:location_id>")
@guard("clinic.write")
@routes.arguments(schemas.LocationChange())
@routes.response(200, schemas.LocationSettingsSchema)
def change_location(body: dict[str, Any], location_id: int) -> Response:
    """Change a location

    What is not given stays; calendars are told.
    """
    seen, place = body.pop("version"), locations.get_location(location_id)
    details = replace(LocationDetails(place.name, place.address, place.zone), **body)
    changed = locations.change_location(location_id, details, seen=seen, **_by())
    return answer(schemas.location_settings_json(changed))


@routes.post("/locations/<row:location_id>/archive")
@guard("clinic.write")
@routes.response(200, schemas.LocationSettingsSchema)
def archive_location(location_id: int) -> Response:
    """Offer a location no more"""
    return answer(schemas.location_settings_json(locations.archive_location(location_id, **_by())))


@routes.post("/locations/<row:location_id>/restore")
@guard("clinic.write")
@routes.response(200, schemas.LocationSettingsSchema)
def restore_location(location_id: int) -> Response:
    """Offer an archived location again"""
    return answer(schemas.location_settings_json(locations.restore_location(location_id, **_by())))


@routes.delete("/locations/<row:location_id>")
@guard("clinic.write")
@routes.response(204)
def delete_location(location_id: int) -> Response:
    """Delete an archived location that was never used"""
    locations.delete_location(location_id, **_by())
    return Response(status=204)


@routes.post("/locations/<row:location_id>/rooms")
@guard("clinic.write")
@routes.arguments(schemas.NewRoom())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.RoomSettingsSchema, "room")
def create_room(body: dict[str, Any], once: Idempotency | None, location_id: int) -> Response:
    """Add a room to a location"""
    room = locations.add_room(location_id, body["name"], **_by(), idempotency=once)
    where = url_for("api_clinic.read_room", room_id=room.id)
    return answer_created(schemas.room_settings_json(room), once, location=where)


@routes.get("/rooms/<row:room_id>")
@guard("clinic.read")
@routes.response(200, schemas.RoomSettingsSchema)
def read_room(room_id: int) -> Response:
    """Read a room"""
    return answer(schemas.room_settings_json(locations.get_room(room_id)))


@routes.patch("/rooms/<row:room_id>")
@guard("clinic.write")
@routes.arguments(schemas.RoomChange())
@routes.response(200, schemas.RoomSettingsSchema)
def rename_room(body: dict[str, Any], room_id: int) -> Response:
    """Give a room another name"""
    room = locations.rename_room(room_id, body["name"], seen=body["version"], **_by())
    return answer(schemas.room_settings_json(room))


@routes.post("/rooms/<row:room_id>/archive")
@guard("clinic.write")
@routes.response(200, schemas.RoomSettingsSchema)
def archive_room(room_id: int) -> Response:
    """Book a room no more"""
    return answer(schemas.room_settings_json(locations.archive_room(room_id, **_by())))


@routes.post("/rooms/<row:room_id>/restore")
@guard("clinic.write")
@routes.response(200, schemas.RoomSettingsSchema)
def restore_room(room_id: int) -> Response:
    """Book an archived room again"""
    return answer(schemas.room_settings_json(locations.restore_room(room_id, **_by())))


@routes.delete("/rooms/<row:room_id>")
@guard("clinic.write")
@routes.response(204)
def delete_room(room_id: int) -> Response:
    """Delete an archived room that was never booked"""
    locations.delete_room(room_id, **_by())
    return Response(status=204)


@routes.post("/appointment-types")
@guard("clinic.write")
@routes.arguments(schemas.NewAppointmentType())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.AppointmentTypeSettingsSchema, "appointment type")
def create_appointment_type(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Add an appointment type"""
    kind = appointment_types.add_type(TypeDetails(**body), **_by(), idempotency=once)
    where = url_for("api_clinic.read_appointment_type", type_id=kind.id)
    return answer_created(schemas.appointment_type_settings_json(kind), once, location=where)


@routes.get("/appointment-types/<row:type_id>")
@guard("clinic.read")
@routes.response(200, schemas.AppointmentTypeSettingsSchema)
def read_appointment_type(type_id: int) -> Response:
    """Read an appointment type"""
    return answer(schemas.appointment_type_settings_json(appointment_types.get_type(type_id)))


@routes.patch("/appointment-types/<row:type_id>")
@guard("clinic.write")
@routes.arguments(schemas.AppointmentTypeChange())
@routes.response(200, schemas.AppointmentTypeSettingsSchema)
def change_appointment_type(body: dict[str, Any], type_id: int) -> Response:
    """Change an appointment type

    What is not given stays; what is booked keeps its times.
    """
    seen, kind = body.pop("version"), appointment_types.get_type(type_id)
    known = TypeDetails(**{name: getattr(kind, name) for name in TypeDetails.__slots__})
    changed = appointment_types.change_type(type_id, replace(known, **body), seen=seen, **_by())
    return answer(schemas.appointment_type_settings_json(changed))


@routes.post("/appointment-types/<row:type_id>/archive")
@guard("clinic.write")
@routes.response(200, schemas.AppointmentTypeSettingsSchema)
def archive_appointment_type(type_id: int) -> Response:
    """Offer an appointment type no more"""
    return answer(schemas.appointment_type_settings_json(appointment_types.archive_type(type_id, **_by())))


@routes.post("/appointment-types/<row:type_id>/restore")
@guard("clinic.write")
@routes.response(200, schemas.AppointmentTypeSettingsSchema)
def restore_appointment_type(type_id: int) -> Response:
    """Offer an archived appointment type again"""
    return answer(schemas.appointment_type_settings_json(appointment_types.restore_type(type_id, **_by())))


@routes.delete("/appointment-types/<row:type_id>")
@guard("clinic.write")
@routes.response(204)
def delete_appointment_type(type_id: int) -> Response:
    """Delete an archived appointment type that was never used"""
    appointment_types.delete_type(type_id, **_by())
    return Response(status=204)


def _by() -> dict[str, Any]:
    return {"actor": current_actor(), "now": clock.now()}
