"""Offering a free slot to some patients in turn, each with a time limit; whoever accepts has it.

A Hold keeps the slot for who is asked. Whatever the answer, one transaction does all of it: the booking, the mail that
tells it, the waitlist, the next turn, and the offer of the slot that was left for this one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput, NotFound, StaleVersion
from scheduler.models import Appointment, Clinic, Offer, OfferStatus, OfferTurn, Role, TurnStatus
from scheduler.models.offers import TurnReason
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.booking.held_slots import clear_expired
from scheduler.usecases.feeds.tokens import hash_secret
from scheduler.usecases.gaps.ranking import Candidate, Slot, checked_slot, ranked_for
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find
from scheduler.usecases.offers.booking import book_turn
from scheduler.usecases.offers.turns import (
    ASKED,
    ask_next,
    close_offer,
    end_turn,
    load_offer,
    lock_for_next,
    lock_offer,
    note_offer,
    open_offer,
)


def _(message: str) -> str:
    """Mark a msgid for the extractor."""
    return message


MINUTES_EACH = range(5, 4321)
MOST_CANDIDATES = 50
CHAIN_CANDIDATES = 5
"""So many are asked about a slot that somebody left for an accepted one."""
OVER: dict[str, str] = {
    "expired": _("The time for this offer is over."),
    "taken": _("This slot is taken."),
    "stopped": _("This offer was taken back."),
    "declined": _("This offer was declined."),
    "waiting": _("It is somebody else's turn just now."),
}
DEFAULT_MINUTES = 120


class Chosen(NamedTuple):
    """Somebody from a ranking, as Candidate names them: the reason and its number."""

    reason: str
    number: int


@writing
def start_offer(
    session: Session,
    slot: Slot,
    chosen: Sequence[Chosen],
    *,
    minutes_each: int | None = None,
    goes_on: bool = True,
    actor: Actor,
    now: datetime,
    link_key: str,
    idempotency: Idempotency | None = None,
) -> Offer:
    """Offer a free slot to the chosen in this order, each for ``minutes_each`` (the clinic's number by default).

    The first is asked at once: the slot is kept for them and a mail owed, with a link made by ``link_key``; without an
    address they are to be called. ``goes_on`` offers the slot that somebody leaves for this one in the same way.
    Raises Conflict when one of them cannot use the slot any more, SlotTaken, NotFound, InvalidInput.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return load_offer(session, known[0])
    minutes = _checked_minutes(session, minutes_each)
    offer = _opened(session, slot, chosen, minutes, goes_on, actor, now)
    ask_next(session, offer, actor, now=now, link_key=link_key)
    remember(session, actor, idempotency, [offer.id], now=now)
    return offer


@writing
def book_from_gap(
    session: Session,
    slot: Slot,
    chosen: Chosen,
    *,
    goes_on: bool = True,
    actor: Actor,
    now: datetime,
    link_key: str,
    idempotency: Idempotency | None = None,
) -> OfferTurn:
    """Book a free slot at once for somebody from its ranking, who is on the phone: an offer that is accepted.

    Raises as start_offer and accept_turn.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, OfferTurn, known[0])
    offer = _opened(session, slot, [chosen], _checked_minutes(session, None), goes_on, actor, now)
    turn = ask_next(session, offer, actor, now=now, link_key=link_key, tell=False)
    if turn is None:
        raise Conflict("This slot cannot be booked for this patient any more.")
    _accept(session, offer, turn, actor, now, link_key)
    remember(session, actor, idempotency, [turn.id], now=now)
    return turn


@writing
def accept_turn(session: Session, turn_id: int, *, actor: Actor, now: datetime, link_key: str) -> OfferTurn:
    """Book the slot for whose turn it is; harmless when repeated.

    Their waitlist entry is closed, their later appointment moved here, and the slot that it leaves offered on if the
    offer goes on. Raises Conflict when it is not their turn (any more) or a rule speaks against it, SlotTaken,
    NotFound.
    """
    offer, turn = _turn_for_change(session, turn_id)
    _accept(session, offer, turn, actor, now, link_key)
    return turn


@writing
def decline_turn(session: Session, turn_id: int, *, actor: Actor, now: datetime, link_key: str) -> OfferTurn:
    """Let the slot go to the next in turn; harmless when repeated. Raises Conflict when it is not their turn."""
    offer, turn = _turn_for_change(session, turn_id)
    if turn.status == TurnStatus.DECLINED:
        return turn
    _refuse_unless_asked(offer, turn, now)
    lock_for_next(session, offer, turn)
    end_turn(session, turn, TurnStatus.DECLINED, now=now, tell=False)
    note_offer(session, actor, "offer_declined", offer, turn, now)
    ask_next(session, offer, actor, now=now, link_key=link_key)
    return turn


@writing
def stop_offer(session: Session, offer_id: int, *, version: int, actor: Actor, now: datetime) -> Offer:
    """Take an offer back: the slot is free, and who was asked is told. Raises NotFound, StaleVersion, Conflict."""
    offer = load_offer(session, offer_id)
    if offer.version != version:
        raise StaleVersion(current={"id": offer.id, "version": offer.version, "status": str(offer.status)})
    if offer.status != OfferStatus.OPEN:
        raise Conflict("This offer is over already.")
    lock_offer(session, offer, [turn.patient_id for turn in offer.turns])
    for turn in offer.turns:
        if turn.status == ASKED:
            end_turn(session, turn, TurnStatus.PASSED_OVER, now=now, tell=True)
    offer.version += 1
    close_offer(session, offer, OfferStatus.STOPPED, actor, now=now)
    return offer


@reading
def turn_for_secret(session: Session, secret: str) -> int:
    """The turn that a mail's link belongs to. Raises NotFound."""
    found = session.scalar(select(OfferTurn.id).where(OfferTurn.token_hash == hash_secret(secret)))
    if found is None:
        raise NotFound("There is no offer at this address.")
    return found


def patient_actor(patient_id: int, source: str) -> Actor:
    """A patient who answers by the link in the mail."""
    return Actor("patient", patient_id, "by the link in the mail", Role.PRACTITIONER, source)


def _opened(
    session: Session,
    slot: Slot,
    chosen: Sequence[Chosen],
    minutes: int,
    goes_on: bool,
    actor: Actor,
    now: datetime,
) -> Offer:
    """The offer with its turns, everything locked and nobody asked yet."""
    checked_slot(session, slot, now)
    wanted = [(str(one.reason), one.number) for one in chosen]
    if not 0 < len(wanted) <= MOST_CANDIDATES or not {reason for reason, _ in wanted} <= set(TurnReason):
        raise InvalidInput("Choose one to 50 patients from the ranking.", field="candidates")
    candidates = _candidates(session, slot, wanted, now)
    offer = open_offer(session, slot, candidates, minutes_each=minutes, goes_on=goes_on, actor=actor, now=now)
    lock_offer(session, offer, [one.patient_id for one in candidates])
    clear_expired(session, now=now)
    return offer


def _candidates(
    session: Session, slot: Slot, wanted: Sequence[tuple[str, int]], now: datetime
) -> list[Candidate]:
    """The chosen as the ranking has them now. Raises Conflict, InvalidInput."""
    found = {(one.reason, one.number): one for one in ranked_for(session, slot, now=now, only=set(wanted))}
    if len(set(wanted)) < len(wanted):
        raise InvalidInput("A patient is chosen twice.", field="candidates")
    if not found:
        raise Conflict(
            "This slot is not free any more, or none of these patients can use it. Please look again."
        )
    if len(found) < len(wanted):
        raise Conflict("One of these patients cannot use this slot any more. Please look again.")
    return [found[key] for key in wanted]


def _turn_for_change(session: Session, turn_id: int) -> tuple[Offer, OfferTurn]:
    offer = load_offer(session, find(session, OfferTurn, turn_id).offer_id)
    return offer, next(turn for turn in offer.turns if turn.id == turn_id)


def _accept(
    session: Session, offer: Offer, turn: OfferTurn, actor: Actor, now: datetime, link_key: str
) -> None:
    if turn.status == TurnStatus.ACCEPTED:
        return
    _refuse_unless_asked(offer, turn, now)
    later = session.get(Appointment, turn.releases_id) if turn.releases_id is not None else None
    left_behind = [("practitioner", later.practitioner_id), ("location", later.location_id)] if later else []
    lock_offer(session, offer, [turn.patient_id], *left_behind)
    clear_expired(session, now=now)
    end_turn(session, turn, TurnStatus.ACCEPTED, now=now, tell=False)
    booked, left = book_turn(session, offer, turn, actor, now=now)
    turn.booked_id = booked.id
    offer.version += 1
    note_offer(session, actor, "offer_accepted", offer, turn, now, appointment_id=booked.id)
    close_offer(session, offer, OfferStatus.TAKEN, actor, now=now)
    session.flush()
    if left is not None and offer.goes_on and left.starts_at > now:
        _go_on(session, offer, left, actor, now, link_key)


def _go_on(session: Session, offer: Offer, left: Slot, actor: Actor, now: datetime, link_key: str) -> None:
    """Offer the slot that was left in the same way, to the best who can be mailed and have not moved in this chain."""
    moved = _moved_so_far(session, offer)
    ranked = ranked_for(session, left, now=now, leave_out=moved, limit=4 * CHAIN_CANDIDATES)
    candidates = [one for one in ranked if one.has_address][:CHAIN_CANDIDATES]
    if candidates:
        child = open_offer(
            session,
            left,
            candidates,
            minutes_each=offer.minutes_each,
            goes_on=True,
            parent_id=offer.id,
            actor=actor,
            now=now,
        )
        lock_offer(session, child, [one.patient_id for one in candidates])
        ask_next(session, child, actor, now=now, link_key=link_key)


def _moved_so_far(session: Session, offer: Offer) -> set[int]:
    """The patients who accepted in this offer and in those that led to it."""
    patients: set[int] = set()
    link: Offer | None = offer
    while link is not None:
        patients |= {turn.patient_id for turn in link.turns if turn.status == TurnStatus.ACCEPTED}
        link = session.get(Offer, link.parent_id) if link.parent_id is not None else None
    return patients


def _refuse_unless_asked(offer: Offer, turn: OfferTurn, now: datetime) -> None:
    """Raise Conflict with the reason why this turn cannot be answered (any more)."""
    if offer.status == OfferStatus.OPEN and turn.status == ASKED:
        if turn.expires_at is not None and now < turn.expires_at:
            return
        raise Conflict(OVER["expired"])
    if offer.status == OfferStatus.TAKEN:
        raise Conflict(OVER["taken"])
    if offer.status == OfferStatus.STOPPED:
        raise Conflict(OVER["stopped"])
    raise Conflict(OVER.get(turn.status, OVER["expired"]))


def _checked_minutes(session: Session, minutes: int | None) -> int:
    if minutes is None:
        clinic = session.get(Clinic, 1)
        return clinic.offer_minutes if clinic is not None else DEFAULT_MINUTES
    if minutes not in MINUTES_EACH:
        raise InvalidInput("Each has 5 minutes to 72 hours to answer.", field="minutes_each")
    return minutes
