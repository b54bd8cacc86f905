"""Setting up who treats: practitioners and their credentials."""

from dataclasses import replace
from typing import Any

from flask import Response, url_for

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import practitioners as schemas
from scheduler.usecases.clinic.locations import get_location
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.practitioners import records
from scheduler.usecases.practitioners.adding import HeldCredential, PractitionerDetails, add_practitioner
from scheduler.usecases.practitioners.records import PractitionerRecord

routes = Routes("practitioners", "Who treats, and what they may do.")


@routes.post("/practitioners")
@guard("clinic.write")
@routes.arguments(schemas.NewPractitioner())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.PractitionerSettingsSchema, "practitioner")
def create_practitioner(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Add a practitioner with their first working hours"""
    person = add_practitioner(
        PractitionerDetails(body["given_name"], body["family_name"], body.get("email")),
        schemas.day_hours(body["hours"]),
        location=get_location(body["location_id"]).name,
        every_n_weeks=body["every_n_weeks"],
        hours_from=body.get("hours_from"),
        idempotency=once,
        **_by(),
    )
    where = url_for("api_practitioners.read_practitioner", practitioner_id=person.id)
    return answer_created(schemas.practitioner_settings_json(person), once, location=where)


@routes.get("/practitioners/<row:practitioner_id>")
@guard("clinic.read")
@routes.response(200, schemas.PractitionerSettingsSchema)
def read_practitioner(practitioner_id: int) -> Response:
    """Read a practitioner with their credentials"""
    return answer(schemas.practitioner_settings_json(records.get_practitioner(practitioner_id)))


@routes.patch("/practitioners/<row:practitioner_id>")
@guard("clinic.write")
@routes.arguments(schemas.PractitionerChange())
@routes.response(200, schemas.PractitionerSettingsSchema)
def change_practitioner(body: dict[str, Any], practitioner_id: int) -> Response:
    """Change a practitioner

    What is not given stays; calendars are told of a new name.
    """
    seen, row = body.pop("version"), records.get_practitioner(practitioner_id)
    known = PractitionerRecord(**{name: getattr(row, name) for name in PractitionerRecord.__slots__})
    changed = records.change_practitioner(practitioner_id, replace(known, **body), seen=seen, **_by())
    return answer(schemas.practitioner_settings_json(changed))


@routes.post("/practitioners/<row:practitioner_id>/archive")
@guard("clinic.write")
@routes.response(200, schemas.PractitionerSettingsSchema)
def archive_practitioner(practitioner_id: int) -> Response:
    """Book a practitioner no more"""
    return answer(
        schemas.practitioner_settings_json(records.archive_practitioner(practitioner_id, **_by())[0])
    )


@routes.post("/practitioners/<row:practitioner_id>/restore")
@guard("clinic.write")
@routes.response(200, schemas.PractitionerSettingsSchema)
def restore_practitioner(practitioner_id: int) -> Response:
    """Book an archived practitioner again"""
    return answer(schemas.practitioner_settings_json(records.restore_practitioner(practitioner_id, **_by())))


@routes.post("/practitioners/<row:practitioner_id>/credentials")
@guard("clinic.write")
@routes.arguments(schemas.NewCredential())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.CredentialSchema, "credential")
def add_credential(body: dict[str, Any], once: Idempotency | None, practitioner_id: int) -> Response:
    """Add a credential to a practitioner"""
    hours = body.pop("training_hours", None)
    row = records.add_credential(
        practitioner_id, HeldCredential(**body), training_hours=hours, idempotency=once, **_by()
    )
    where = url_for("api_practitioners.read_credential", credential_id=row.id)
    return answer_created(schemas.credential_json(row), once, location=where)


@routes.get("/credentials/<row:credential_id>")
@guard("clinic.read")
@routes.response(200, schemas.CredentialSchema)
def read_credential(credential_id: int) -> Response:
    """Read a credential"""
    return answer(schemas.credential_json(records.get_credential(credential_id)))


@routes.patch("/credentials/<row:credential_id>")
@guard("clinic.write")
@routes.arguments(schemas.CredentialChange())
@routes.response(200, schemas.CredentialSchema)
def change_credential(body: dict[str, Any], credential_id: int) -> Response:
    """Change a credential

    What is not given stays.
    """
    seen, row = body.pop("version"), records.get_credential(credential_id)
    hours = body.pop("training_hours", row.training_hours)
    known = {name: getattr(row, name) for name in HeldCredential.__slots__} | body
    changed = records.change_credential(
        credential_id, HeldCredential(**known), training_hours=hours, seen=seen, **_by()
    )
    return answer(schemas.credential_json(changed))


@routes.delete("/credentials/<row:credential_id>")
@guard("clinic.write")
@routes.response(204)
def delete_credential(credential_id: int) -> Response:
    """Delete a credential written by mistake"""
    records.delete_credential(credential_id, **_by())
    return Response(status=204)


def _by() -> dict[str, Any]:
    return {"actor": current_actor(), "now": clock.now()}
