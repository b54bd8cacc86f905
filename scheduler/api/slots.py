"""Slots: where something could be booked."""

from typing import Any

from flask import Response

from scheduler import clock
from scheduler.access import guard
from scheduler.api.answers import KIND
from scheduler.api.routes import Routes
from scheduler.api.schemas import slots as schemas
from scheduler.usecases.availability import slots

routes = Routes("slots", "Starts at which a type, a practitioner and, where one is needed, a room are free.")


@routes.get("/slots")
@guard("diary.read")
@routes.arguments(schemas.SlotsQuery(), location="query")
@routes.response(200, schemas.SlotsSchema)
def find_slots(query: dict[str, Any]) -> Response:
    """Find slots, by start"""
    chosen = query.get("practitioner_id")
    found = slots.find_slots(
        appointment_type_id=query["appointment_type_id"],
        from_on=query["from_"],
        to_on=query["to"],
        practitioner_ids=None if not chosen or None in chosen else chosen,
        location_id=query.get("location_id"),
        patient_id=query.get("patient_id"),
        now=clock.now(),
    )
    return Response(schemas.slots_json(found), content_type=KIND)
