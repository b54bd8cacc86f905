"""Offering a slot to everybody who could use it, and how they answer."""

from datetime import datetime, timedelta

from scheduler.extensions import db
from scheduler.models import Message, Offer, OfferTurn
from scheduler.models.staff import Role
from scheduler.usecases.actors import Actor
from scheduler.usecases.gaps.free_slots import rank_gap
from scheduler.usecases.offers.asking import Chosen, start_offer
from scheduler.usecases.offers.queries import get_offer
from tests.factories import NOW, RECEPTIONIST, World
from tests.usecases.gap_world import KEY, SLOT_AT, slot_in

PATIENT = Actor("patient", 1, "by the link in the mail", Role.PRACTITIONER, "127.0.0.1")
HOUR = timedelta(hours=1)


def offer_to_all(world: World, starts_at: datetime = SLOT_AT, **options: object) -> Offer:
    """The slot offered to everybody who ranks, an hour each."""
    slot = slot_in(world, starts_at)
    chosen = [Chosen(one.reason, one.number) for one in rank_gap(slot, now=NOW)]
    usual: dict[str, object] = {"minutes_each": 60, "actor": RECEPTIONIST, "now": NOW, "link_key": KEY}
    return start_offer(slot, chosen, **usual | options)  # type: ignore[arg-type]


def answer(verb: object, turn: OfferTurn, *, now: datetime = NOW, actor: Actor = PATIENT) -> OfferTurn:
    return verb(turn.id, actor=actor, now=now, link_key=KEY)  # type: ignore[operator,no-any-return]


def statuses(offer: Offer) -> list[str]:
    db.session.expire_all()
    known = get_offer(offer.id)
    return [known.status, *(turn.status for turn in known.turns)]


def mails() -> list[tuple[str, str, str]]:
    """(kind, to, state) of every message, in the order in which they were owed."""
    rows = db.session.query(Message).order_by(Message.id).populate_existing()
    return [(row.kind, row.recipient.split(".")[0], row.state) for row in rows if row.kind != "reminder"]


def mark_sent() -> None:
    db.session.query(Message).update({"state": "sent"})
    db.session.commit()
