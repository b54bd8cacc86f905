"""Setting up what can be prescribed. Plans are copies: no change of a protocol changes one already written."""

from typing import Any

from flask import Response, url_for

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import protocols as schemas
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.plans import protocols

routes = Routes("protocols", "What can be prescribed, and its versions.")


@routes.post("/protocols")
@guard("clinic.write")
@routes.arguments(schemas.NewProtocol())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.ProtocolSettingsSchema, "protocol")
def create_protocol(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Add a protocol"""
    row = protocols.add_protocol(schemas.protocol_details(body), **_by(), idempotency=once)
    where = url_for("api_protocols.read_protocol", protocol_id=row.id)
    return answer_created(schemas.protocol_settings_json(row), once, location=where)


@routes.get("/protocols/<row:protocol_id>")
@guard("clinic.read")
@routes.response(200, schemas.ProtocolSettingsSchema)
def read_protocol(protocol_id: int) -> Response:
    """Read a version of a protocol, in use or not"""
    return answer(schemas.protocol_settings_json(protocols.get_protocol(protocol_id)))


@routes.patch("/protocols/<row:protocol_id>")
@guard("clinic.write")
@routes.arguments(schemas.ProtocolChange())
@routes.response(200, schemas.ProtocolSettingsSchema)
def change_protocol(body: dict[str, Any], protocol_id: int) -> Response:
    """Change a protocol

    What is not given stays. Where plans were written from it, it goes into the archive and the answer is its next
    version, which has a number of its own; plans stay as they are.
    """
    seen, known = body.pop("seen"), protocols.get_protocol(protocol_id)
    details = schemas.protocol_details(body, known)
    return answer(
        schemas.protocol_settings_json(protocols.change_protocol(protocol_id, details, seen=seen, **_by()))
    )


@routes.post("/protocols/<row:protocol_id>/archive")
@guard("clinic.write")
@routes.response(200, schemas.ProtocolSettingsSchema)
def archive_protocol(protocol_id: int) -> Response:
    """Prescribe a protocol no more

    Plans written from it go on.
    """
    return answer(schemas.protocol_settings_json(protocols.archive_protocol(protocol_id, **_by())))


@routes.post("/protocols/<row:protocol_id>/restore")
@guard("clinic.write")
@routes.response(200, schemas.ProtocolSettingsSchema)
def restore_protocol(protocol_id: int) -> Response:
    """Prescribe an archived version again

    409 conflict where another version of that name is in use.
    """
    return answer(schemas.protocol_settings_json(protocols.restore_protocol(protocol_id, **_by())))


@routes.delete("/protocols/<row:protocol_id>")
@guard("clinic.write")
@routes.response(204)
def delete_protocol(protocol_id: int) -> Response:
    """Delete an archived version from which no plan was written"""
    protocols.delete_protocol(protocol_id, **_by())
    return Response(status=204)


def _by() -> dict[str, Any]:
    return {"actor": current_actor(), "now": clock.now()}
