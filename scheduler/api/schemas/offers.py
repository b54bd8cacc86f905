"""Offers in and out."""

from typing import Any

from scheduler.api.answers import picked, utc, utc_or_none
from scheduler.api.fields import Choice, Flag, Input, Many, Number, Paging, Part, QueryNumber
from scheduler.api.schemas.common import Output, flag, instant, page_of, part, parts, text, whole
from scheduler.api.schemas.gaps import CandidateSchema, FreeSlot, FreeSlotSchema, candidate_json, slot_json
from scheduler.models import Offer, OfferTurn, TurnReason
from scheduler.usecases.offers.asking import MINUTES_EACH, MOST_CANDIDATES, Chosen
from scheduler.usecases.offers.queries import ChainLink

CANDIDATES = "In the order in which they are asked, as the ranking names them."


class OffersQuery(Paging):
    """Which offers."""

    location_id = QueryNumber()


class ChosenInput(Input):
    """Somebody from the ranking of the slot."""

    reason = Choice(TurnReason, required=True)
    number = Number(required=True)


class ChainQuestion(FreeSlot):
    """A slot, and who might take it."""

    candidates = Many(Part(ChosenInput), 10, least=1, required=True, metadata={"description": CANDIDATES})


class NewOffer(FreeSlot):
    """A free slot to be offered in turn."""

    candidates = Many(
        Part(ChosenInput), MOST_CANDIDATES, least=1, required=True, metadata={"description": CANDIDATES}
    )
    minutes_each = Number(
        MINUTES_EACH[0],
        MINUTES_EACH[-1],
        allow_none=True,
        load_default=None,
        metadata={"description": "How long each may think; without it the clinic's own number."},
    )
    goes_on = Flag(
        load_default=True,
        metadata={"description": "Whether the slot that somebody leaves for this one is offered likewise."},
    )


class GapBooking(FreeSlot):
    """A free slot to be booked at once."""

    candidate = Part(ChosenInput, required=True, metadata={"description": "As the ranking names them."})
    goes_on = Flag(
        load_default=True,
        metadata={"description": "Whether the slot that they leave for this one is offered to others."},
    )


class Answer(Input):
    """Whose answer it is: the turn that is asked."""

    turn_id = Number(required=True)


class Stop(Input):
    """Taking an offer back."""

    version = Number(required=True)


class TurnSchema(Output):
    """One patient's turn."""

    id = whole()
    position = whole()
    patient_id = whole()
    reason = text("behind, waitlist or earlier")
    appointment_type_id = whole()
    planned_session_id = whole(none=True)
    waitlist_entry_id = whole(none=True)
    releases_id = whole(none=True)
    starts_at = instant()
    ends_at = instant()
    status = text("waiting, asked, accepted, declined, expired or passed_over")
    asked_at = instant(none=True)
    expires_at = instant("Until when it can be answered.", none=True)
    answered_at = instant(none=True)
    booked_id = whole("The appointment that it became.", none=True)


class OfferSchema(Output):
    """A slot offered in turn."""

    id = whole()
    practitioner_id = whole()
    location_id = whole()
    starts_at = instant()
    ends_at = instant()
    minutes_each = whole()
    goes_on = flag()
    status = text("open, taken, exhausted or stopped")
    parent_id = whole("The offer by which this slot became free.", none=True)
    version = whole()
    created_at = instant()
    created_by = text()
    closed_at = instant(none=True)
    turns = parts(TurnSchema)


OfferPage = page_of(OfferSchema)


class LinkSchema(Output):
    """A slot and who would take it."""

    slot = part(FreeSlotSchema)
    candidate = part(CandidateSchema, none=True)


class ChainSchema(Output):
    """What would follow if one of the candidates took the slot."""

    links = parts(LinkSchema)


class ChainsSchema(Output):
    """A chain for each candidate, in their order."""

    chains = parts(ChainSchema)


def chosen_of(body: dict[str, Any]) -> list[Chosen]:
    """The candidates that were sent."""
    return [chosen_one(one) for one in body["candidates"]]


def chosen_one(sent: dict[str, Any]) -> Chosen:
    """One candidate."""
    return Chosen(sent["reason"], sent["number"])


def chain_json(chain: list[ChainLink]) -> dict[str, Any]:
    """A chain."""
    return {
        "links": [
            {
                "slot": slot_json(link.slot),
                "candidate": candidate_json(link.candidate) if link.candidate is not None else None,
            }
            for link in chain
        ]
    }


def offer_json(offer: Offer) -> dict[str, Any]:
    """An offer with its turns; no secrets."""
    return {
        **picked(offer, "id", "practitioner_id", "location_id"),
        "starts_at": utc(offer.starts_at),
        "ends_at": utc(offer.ends_at),
        **picked(offer, "minutes_each", "goes_on", "status", "parent_id", "version"),
        "created_at": utc(offer.created_at),
        "created_by": offer.created_by,
        "closed_at": utc_or_none(offer.closed_at),
        "turns": [_turn_json(turn) for turn in offer.turns],
    }


def _turn_json(turn: OfferTurn) -> dict[str, Any]:
    return {
        **picked(turn, "id", "position", "patient_id", "reason", "appointment_type_id"),
        **picked(turn, "planned_session_id", "waitlist_entry_id", "releases_id"),
        "starts_at": utc(turn.starts_at),
        "ends_at": utc(turn.ends_at),
        "status": turn.status,
        "asked_at": utc_or_none(turn.asked_at),
        "expires_at": utc_or_none(turn.expires_at),
        "answered_at": utc_or_none(turn.answered_at),
        "booked_id": turn.booked_id,
    }
