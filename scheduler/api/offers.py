"""Offers: a free slot offered to some patients in turn."""

from typing import Any

from flask import Response, current_app, url_for

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created, answer_page, page_of
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import offers as schemas
from scheduler.api.schemas.gaps import slot_of
from scheduler.errors import NotFound
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.offers import asking as offers
from scheduler.usecases.offers import queries as offer_queries

routes = Routes("offers", "A free slot, held and offered to some patients in turn.")


@routes.get("/offers")
@guard("patients.read")
@routes.arguments(schemas.OffersQuery(), location="query")
@routes.response(200, schemas.OfferPage)
def list_offers(query: dict[str, Any]) -> Response:
    """Offers that run, or ended within a day; running ones first"""
    found = offer_queries.list_offers(location_id=query.get("location_id"), now=clock.now())
    return answer_page(page_of(found, query["page"], query["page_size"]), schemas.offer_json)


@routes.post("/offers")
@guard("gaps.write")
@routes.arguments(schemas.NewOffer())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.OfferSchema, "offer")
def start_offer(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Offer a free slot to patients from its ranking, in turn

    The first is asked at once; the slot is held. 409 conflict when one of them cannot use it any more.
    """
    made = offers.start_offer(
        slot_of(body),
        schemas.chosen_of(body),
        minutes_each=body["minutes_each"],
        goes_on=body["goes_on"],
        actor=current_actor(),
        now=clock.now(),
        link_key=_link_key(),
        idempotency=once,
    )
    where = url_for("api_offers.get_offer", offer_id=made.id)
    return answer_created(schemas.offer_json(made), once, location=where)


@routes.post("/gaps/bookings")
@guard("gaps.write")
@routes.arguments(schemas.GapBooking())
@routes.arguments(Once(), location="headers")
@routes.created(schemas.OfferSchema, "offer")
def book_gap(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Book a free slot at once for a patient from its ranking

    As an offer that is accepted: their later appointment moves there, their session is placed, their entry on the
    waitlist is closed. `booked_id` of its turn is the appointment.
    """
    turn = offers.book_from_gap(
        slot_of(body),
        schemas.chosen_one(body["candidate"]),
        goes_on=body["goes_on"],
        actor=current_actor(),
        now=clock.now(),
        link_key=_link_key(),
        idempotency=once,
    )
    where = url_for("api_offers.get_offer", offer_id=turn.offer_id)
    return answer_created(schemas.offer_json(offer_queries.get_offer(turn.offer_id)), once, location=where)


@routes.post("/offers/chain")
@guard("patients.read")
@routes.arguments(schemas.ChainQuestion())
@routes.response(200, schemas.ChainsSchema)
def preview_chain(body: dict[str, Any]) -> Response:
    """What would follow if each of the candidates took the slot

    Nothing is kept or offered by asking.
    """
    found = offer_queries.preview_chain(slot_of(body), schemas.chosen_of(body), now=clock.now())
    return answer({"chains": [schemas.chain_json(chain) for chain in found]})


@routes.get("/offers/<row:offer_id>")
@guard("patients.read")
@routes.response(200, schemas.OfferSchema)
def get_offer(offer_id: int) -> Response:
    """Read an offer with its turns"""
    return answer(schemas.offer_json(offer_queries.get_offer(offer_id)))


@routes.post("/offers/<row:offer_id>/accept")
@guard("gaps.write")
@routes.arguments(schemas.Answer())
@routes.response(200, schemas.OfferSchema)
def accept_turn(body: dict[str, Any], offer_id: int) -> Response:
    """Book the slot for the patient whose turn it is

    Harmless when repeated. 409 conflict when it is not their turn any more.
    """
    turn_id = _turn_of(offer_id, body)
    offers.accept_turn(turn_id, actor=current_actor(), now=clock.now(), link_key=_link_key())
    return get_offer(offer_id)


@routes.post("/offers/<row:offer_id>/decline")
@guard("gaps.write")
@routes.arguments(schemas.Answer())
@routes.response(200, schemas.OfferSchema)
def decline_turn(body: dict[str, Any], offer_id: int) -> Response:
    """Let the slot go to the next in turn"""
    turn_id = _turn_of(offer_id, body)
    offers.decline_turn(turn_id, actor=current_actor(), now=clock.now(), link_key=_link_key())
    return get_offer(offer_id)


@routes.post("/offers/<row:offer_id>/stop")
@guard("gaps.write")
@routes.arguments(schemas.Stop())
@routes.response(200, schemas.OfferSchema)
def stop_offer(body: dict[str, Any], offer_id: int) -> Response:
    """Take an offer back; the slot is free again"""
    offers.stop_offer(offer_id, **body, actor=current_actor(), now=clock.now())
    return get_offer(offer_id)


def _turn_of(offer_id: int, body: dict[str, Any]) -> int:
    """The turn that is answered. Raises NotFound where the offer has none of that number."""
    turns = {turn.id for turn in offer_queries.get_offer(offer_id).turns}
    number: int = body["turn_id"]
    if number not in turns:
        raise NotFound(what="offer")
    return number


def _link_key() -> str:
    return str(current_app.config["SETTINGS"].secret_key)
