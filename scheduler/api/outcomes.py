"""How patients are, as they or the clinic said."""

from typing import Any

from flask import Response, current_app

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created, answer_page, page_of
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import outcomes as schemas
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.links import patient_page
from scheduler.usecases.outcomes import values as outcomes
from scheduler.usecases.patient_side import check_in
from scheduler.usecases.patient_side import links as patient_links
from scheduler.usecases.patients import registry as patients

routes = Routes("outcomes", "How patients are: what was measured, and the page on which they say it.")


@routes.get("/patients/<row:patient_id>/outcomes")
@guard("patients.read")
@routes.arguments(schemas.OutcomesQuery(), location="query")
@routes.response(200, schemas.OutcomePage)
def list_outcomes(query: dict[str, Any], patient_id: int) -> Response:
    """A patient's values, the earliest first

    The audit trail notes who looked at this patient.
    """
    found = outcomes.list_outcomes(patient_id, measure=query.pop("measure"))
    patients.view_patient(patient_id, actor=current_actor(), now=clock.now())
    return answer_page(page_of(found, **query), schemas.outcome_json)


@routes.post("/patients/<row:patient_id>/outcomes")
@guard("plans.write")
@routes.arguments(schemas.NewOutcome())
@routes.arguments(Once(), location="headers")
@routes.response(201, schemas.OutcomeSchema)
def record_outcome(body: dict[str, Any], once: Idempotency | None, patient_id: int) -> Response:
    """Keep a value

    What was entered for the same appointment and measure on the same day is corrected; on a later day it is refused
    (409).
    """
    row = outcomes.record_outcome(
        patient_id, **body, actor=current_actor(), now=clock.now(), idempotency=once
    )
    return answer_created(schemas.outcome_json(row), once)


@routes.post("/plans/<row:plan_id>/questionnaire")
@guard("plans.write")
@routes.arguments(schemas.MonthlyQuestion())
@routes.response(204)
def set_questionnaire(body: dict[str, Any], plan_id: int) -> Response:
    """Have a plan's patient asked once a month for a questionnaire's total, or not any more"""
    check_in.set_questionnaire(plan_id, body["questionnaire"], actor=current_actor(), now=clock.now())
    return Response(status=204)


@routes.post("/patients/<row:patient_id>/page-link")
@guard("feeds.write")
@routes.response(200, schemas.PageLinkSchema)
def show_page_link(patient_id: int) -> Response:
    """The secret address of a patient's own page

    The same as long as it is good; mails to the patient name it, too.
    """
    settings = current_app.config["SETTINGS"]
    secret = patient_links.issue_link(
        patient_id, key=settings.secret_key, actor=current_actor(), now=clock.now()
    )
    return answer({"url": patient_page(settings.base_url, secret)})


@routes.delete("/patients/<row:patient_id>/page-link")
@guard("feeds.write")
@routes.response(204)
def revoke_page_link(patient_id: int) -> Response:
    """Revoke the address of a patient's own page; the next mail brings another one

    Calendar addresses that were made on that page are revoked with it; those that were issued otherwise stay.
    """
    patient_links.revoke_links(patient_id, actor=current_actor(), now=clock.now())
    return Response(status=204)
