"""Secret calendar addresses of patients and practitioners."""

from typing import Any

from flask import Response, current_app

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created, answer_page, page_of
from scheduler.api.fields import Paging
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import feed_tokens as schemas
from scheduler.calendars.links import feed_links
from scheduler.usecases.feeds import tokens as feed_tokens
from scheduler.usecases.idempotency import Idempotency

routes = Routes(
    "feed_tokens", "Secret calendar addresses: whoever knows one can read that person's calendar."
)


@routes.post("/patients/<row:patient_id>/feed-tokens")
@guard("feeds.write")
@routes.arguments(schemas.NewFeedToken(), required=False)
@routes.arguments(Once(), location="headers")
@routes.response(201, schemas.IssuedFeedTokenSchema)
def issue_for_patient(body: dict[str, Any], once: Idempotency | None, patient_id: int) -> Response:
    """Make a calendar address for a patient

    The address is shown only now. Sent again with the same Idempotency-Key it is refused (409), with the number of
    the address that was made.
    """
    return _issue(body, once, patient_id=patient_id)


@routes.post("/practitioners/<row:practitioner_id>/feed-tokens")
@guard("feeds.write")
@routes.arguments(schemas.NewFeedToken(), required=False)
@routes.arguments(Once(), location="headers")
@routes.response(201, schemas.IssuedFeedTokenSchema)
def issue_for_practitioner(body: dict[str, Any], once: Idempotency | None, practitioner_id: int) -> Response:
    """Make a calendar address for a practitioner

    As for a patient.
    """
    return _issue(body, once, practitioner_id=practitioner_id)


@routes.post("/rooms/<row:room_id>/feed-tokens")
@guard("feeds.write")
@routes.arguments(schemas.NewFeedToken(), required=False)
@routes.arguments(Once(), location="headers")
@routes.response(201, schemas.IssuedFeedTokenSchema)
def issue_for_room(body: dict[str, Any], once: Idempotency | None, room_id: int) -> Response:
    """Make a calendar address for a room

    As for a patient.
    """
    return _issue(body, once, room_id=room_id)


@routes.get("/patients/<row:patient_id>/feed-tokens")
@guard("feeds.write")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.FeedTokenPage)
def list_for_patient(query: dict[str, Any], patient_id: int) -> Response:
    """A patient's calendar addresses in use, without their secrets"""
    return _list(query, patient_id=patient_id)


@routes.get("/practitioners/<row:practitioner_id>/feed-tokens")
@guard("feeds.write")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.FeedTokenPage)
def list_for_practitioner(query: dict[str, Any], practitioner_id: int) -> Response:
    """A practitioner's calendar addresses in use, without their secrets"""
    return _list(query, practitioner_id=practitioner_id)


@routes.get("/rooms/<row:room_id>/feed-tokens")
@guard("feeds.write")
@routes.arguments(Paging(), location="query")
@routes.response(200, schemas.FeedTokenPage)
def list_for_room(query: dict[str, Any], room_id: int) -> Response:
    """A room's calendar addresses in use, without their secrets"""
    return _list(query, room_id=room_id)


@routes.patch("/feed-tokens/<row:token_id>")
@guard("feeds.write")
@routes.arguments(schemas.FeedTokenChange())
@routes.response(200, schemas.FeedTokenSchema)
def change_feed_token(body: dict[str, Any], token_id: int) -> Response:
    """Rename a calendar address or change what it shows; its calendars keep it"""
    row = feed_tokens.change_feed_token(token_id, **body, actor=current_actor(), now=clock.now())
    return answer(schemas.feed_token_json(row))


@routes.delete("/feed-tokens/<row:token_id>")
@guard("feeds.write")
@routes.response(204)
def revoke_feed_token(token_id: int) -> Response:
    """Revoke a calendar address; from now on it answers 410"""
    feed_tokens.revoke_feed_token(token_id, actor=current_actor(), now=clock.now())
    return Response(status=204)


def _issue(body: dict[str, Any], once: Idempotency | None, **owner: Any) -> Response:
    issued = feed_tokens.issue_feed_token(
        **owner, **body, actor=current_actor(), now=clock.now(), idempotency=once
    )
    base_url = current_app.config["SETTINGS"].base_url
    links = feed_links(base_url, issued.secret, name=body["name"])
    return answer_created(schemas.issued_json(issued.id, links), once)


def _list(query: dict[str, Any], **owner: Any) -> Response:
    found = feed_tokens.list_feed_tokens(**owner)
    return answer_page(page_of(found, **query), schemas.feed_token_json)
