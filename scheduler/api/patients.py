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
from scheduler.usecases.idempotency import Idempotency
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
    patient = patients.register_patient(
        PatientDetails(**body), actor=current_actor(), now=clock.now(), idempotency=once
    )
    where = url_for("api_patients.view_patient", patient_id=patient.id)
    return answer_created(schemas.patient_json(patient), once, location=where)


@routes.get("/patients/<row:patient_id>")
@guard("patients.read")
@routes.response(200, schemas.PatientSchema)
def view_patient(patient_id: int) -> Response:
    """Read a patient

    The audit trail notes who looked.
    """
    patient = patients.view_patient(patient_id, actor=current_actor(), now=clock.now())
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
    patient = patients.change_patient(
        patient_id, details, version=version, actor=current_actor(), now=clock.now()
    )
    return answer(schemas.patient_json(patient))


def _with_tuples(body: dict[str, Any]) -> None:
    """Lists as PatientDetails wants them."""
    body |= {name: tuple(value) for name, value in body.items() if isinstance(value, list)}
