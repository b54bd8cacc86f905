"""Patients: finding, registering, reading, changing them."""

from dataclasses import replace
from typing import Any

from flask import Response, url_for

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created, answer_page
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import patients as schemas
from scheduler.api.schemas.messages import MessageSchema, message_json
from scheduler.usecases.appointments import mailed_list
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.patients import archive, consents
from scheduler.usecases.patients import registry as patients
from scheduler.usecases.patients.registry import PatientDetails

routes = Routes("patients", "Who is treated.")


@routes.get("/patients")
@guard("patients.read")
@routes.arguments(schemas.PatientsQuery(), location="query")
@routes.response(200, schemas.PatientPage)
def find_patients(query: dict[str, Any]) -> Response:
    """Find patients, by family name

    Rows hold no more than it takes to recognise a person, and leave no trace in the audit trail.
    """
    return answer_page(patients.find_patients(**query), schemas.patient_row_json)


@routes.post("/patients")
@guard("patients.write")
@routes.arguments(schemas.NewPatient())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.PatientSchema, "patient")
def register_patient(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Register a patient"""
    _with_tuples(body)
    patient = patients.register_patient(PatientDetails(**body), **_by(), idempotency=once)
    where = url_for("api_patients.view_patient", patient_id=patient.id)
    return answer_created(schemas.patient_json(patient), once, location=where)


@routes.get("/patients/<row:patient_id>")
@guard("patients.read")
@routes.response(200, schemas.PatientSchema)
def view_patient(patient_id: int) -> Response:
    """Read a patient

    The audit trail notes who looked.
    """
    patient = patients.view_patient(patient_id, **_by())
    return answer(schemas.patient_json(patient))


@routes.patch("/patients/<row:patient_id>")
@guard("patients.write")
@routes.arguments(schemas.PatientChange())
@routes.response(200, schemas.PatientSchema)
def change_patient(body: dict[str, Any], patient_id: int) -> Response:
    """Change a patient

    What is not given stays.
    """
    version = body.pop("version")
    _with_tuples(body)
    # Whoever changes the patient between these two makes the version stale, so nothing is lost.
    details = replace(patients.read_details(patient_id), **body)
    patient = patients.change_patient(patient_id, details, version=version, **_by())
    return answer(schemas.patient_json(patient))


@routes.post("/patients/<row:patient_id>/archive")
@guard("patients.write")
@routes.arguments(schemas.PatientVersion())
@routes.response(200, schemas.PatientSchema)
def archive_patient(body: dict[str, Any], patient_id: int) -> Response:
    """Put a patient away who comes no more

    Their calendar addresses answer no more. 409 conflict while appointments lie ahead or a plan runs.
    """
    return answer(schemas.patient_json(archive.archive_patient(patient_id, **body, **_by())))


@routes.post("/patients/<row:patient_id>/restore")
@guard("patients.write")
@routes.arguments(schemas.PatientVersion())
@routes.response(200, schemas.PatientSchema)
def restore_patient(body: dict[str, Any], patient_id: int) -> Response:
    """Take a patient back who was put away"""
    return answer(schemas.patient_json(archive.restore_patient(patient_id, **body, **_by())))


@routes.post("/patients/<row:patient_id>/consents")
@guard("patients.write")
@routes.arguments(schemas.NewConsent())
@routes.arguments(Once(), location="headers")
@routes.response(201, schemas.ConsentSchema)
def record_consent(body: dict[str, Any], once: Idempotency | None, patient_id: int) -> Response:
    """Record that a patient agreed

    409 conflict while an earlier consent of that kind is in force.
    """
    consent = consents.record_consent(patient_id, **body, **_by(), idempotency=once)
    return answer_created(schemas.consent_json(consent), once)


@routes.post("/patients/<row:patient_id>/consents/<row:consent_id>/withdraw")
@guard("patients.write")
@routes.response(200, schemas.ConsentSchema)
def withdraw_consent(patient_id: int, consent_id: int) -> Response:
    """Record that a patient takes a consent back, as of today"""
    return answer(schemas.consent_json(consents.withdraw_consent(patient_id, consent_id, **_by())))


@routes.post("/patients/<row:patient_id>/appointment-list")
@guard("appointments.write")
@routes.arguments(Once(), location="headers")
@routes.response(201, MessageSchema)
def mail_appointment_list(once: Idempotency | None, patient_id: int) -> Response:
    """Mail a patient the list of what is ahead

    409 conflict when nothing is, or while such a mail still waits.
    """
    return answer_created(
        message_json(mailed_list.mail_appointment_list(patient_id, **_by(), idempotency=once)), once
    )


def _by() -> dict[str, Any]:
    return {"actor": current_actor(), "now": clock.now()}


def _with_tuples(body: dict[str, Any]) -> None:
    """Lists as PatientDetails wants them."""
    body |= {name: tuple(value) for name, value in body.items() if isinstance(value, list)}
