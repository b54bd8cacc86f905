"""Offers move on by themselves: whoever did not answer in time is passed by."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import Offer, OfferStatus, OfferTurn, TurnStatus
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import CLOCK
from scheduler.usecases.offers.turns import (
    ASKED,
    ask_next,
    end_turn,
    load_offer,
    lock_for_next,
    note_offer,
)


def expire_offers(*, now: datetime, link_key: str) -> int:
    """Pass every slot on whose turn ran out, each in a transaction of its own; how many."""
    return sum(_pass_on(offer_id, now=now, link_key=link_key) for offer_id in _run_out(now=now))


@reading
def _run_out(session: Session, *, now: datetime) -> list[int]:
    query = (
        select(OfferTurn.offer_id)
        .join(Offer, Offer.id == OfferTurn.offer_id)
        .where(Offer.status == OfferStatus.OPEN.value, OfferTurn.status == ASKED, OfferTurn.expires_at <= now)
    )
    found = list(session.scalars(query.order_by(OfferTurn.expires_at)))
    session.rollback()
    return found


@writing
def _pass_on(session: Session, offer_id: int, *, now: datetime, link_key: str) -> bool:
    """Whether there was something to do: somebody may have answered, or another process been faster."""
    offer = load_offer(session, offer_id)
    turn = next((turn for turn in offer.turns if turn.status == ASKED), None)
    if offer.status != OfferStatus.OPEN or turn is None or turn.expires_at is None or turn.expires_at > now:
        return False
    lock_for_next(session, offer, turn)
    end_turn(session, turn, TurnStatus.EXPIRED, now=now, tell=True)
    note_offer(session, CLOCK, "offer_turn_expired", offer, turn, now)
    ask_next(session, offer, CLOCK, now=now, link_key=link_key)
    return True
