"""Passing an offered slot from one patient to the next; private to the use cases of offers.

The slot is never free in between: whoever is asked next gets the hold in the same transaction. A hold outlasts its
turn a little, so that a turn which ran out can be passed on before anybody else finds the slot free.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from scheduler.errors import NotFound
from scheduler.models import Offer, OfferStatus, OfferTurn, Patient, TurnStatus
from scheduler.transaction import lock_resources
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.booking.held_slots import drop_holds, keep_slots
from scheduler.usecases.booking.making import choose_room
from scheduler.usecases.booking.rules import refuse_if_busy
from scheduler.usecases.feeds.tokens import hash_secret
from scheduler.usecases.gaps.ranking import Candidate, Slot, ranked_for
from scheduler.usecases.links import offer_secret
from scheduler.usecases.lookup import BIGGEST_ID
from scheduler.usecases.messages.outbox_offers import owe_offer, owe_offer_expired, withdraw_offer
from scheduler.usecases.offers.booking import wish_of_turn
from scheduler.usecases.series.holds import make_hold

HANDOVER = timedelta(minutes=2)
"""How much longer than the turn its hold lasts."""
ASKED, WAITING = TurnStatus.ASKED.value, TurnStatus.WAITING.value
PEOPLE = frozenset({"staff", "api_key", "command"})
"""Actors who can pick up the phone for somebody without an address."""


def load_offer(session: Session, offer_id: int) -> Offer:
    """The offer as it is now with its turns, locked against every other answer to it. Raises NotFound."""
    if not 0 < offer_id <= BIGGEST_ID:
        raise NotFound(what="offer")
    locked = select(Offer.id).where(Offer.id == offer_id).with_for_update()
    if session.scalar(locked) is None:
        raise NotFound(what="offer")
    return session.scalars(
        select(Offer)
        .where(Offer.id == offer_id)
        .options(joinedload(Offer.location), selectinload(Offer.turns).joinedload(OfferTurn.patient))
        .execution_options(populate_existing=True)
    ).one()


def slot_of(offer: Offer) -> Slot:
    """The slot that is offered."""
    return Slot(offer.practitioner_id, offer.location_id, offer.starts_at, offer.ends_at)


def lock_offer(session: Session, offer: Offer, patient_ids: Iterable[int], *more: tuple[str, int]) -> None:
    """Lock what keeping or booking the slot for any of these patients touches."""
    place = {("practitioner", offer.practitioner_id), ("location", offer.location_id)}
    lock_resources(session, place | {("patient", number) for number in patient_ids} | set(more))


def lock_for_next(session: Session, offer: Offer, turn: OfferTurn) -> None:
    """Lock what passing the slot on from this turn touches."""
    waiting = [other.patient_id for other in offer.turns if other.status == WAITING]
    lock_offer(session, offer, [turn.patient_id, *waiting])


def open_offer(
    session: Session,
    slot: Slot,
    candidates: Sequence[Candidate],
    *,
    minutes_each: int,
    goes_on: bool,
    parent_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> Offer:
    """Add an offer with a turn for each candidate, nobody asked yet."""
    offer = Offer(
        practitioner_id=slot.practitioner_id,
        location_id=slot.location_id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        minutes_each=minutes_each,
        goes_on=goes_on,
        status=OfferStatus.OPEN.value,
        parent_id=parent_id,
        created_at=now,
        created_by=actor.name,
    )
    offer.turns = [_turn(place, one) for place, one in enumerate(candidates, start=1)]
    session.add(offer)
    session.flush()
    detail = {"patients": [one.patient_id for one in candidates], "minutes_each": minutes_each}
    note_offer(session, actor, "offer_started", offer, None, now, goes_on=goes_on, **detail)
    return offer


def _turn(position: int, one: Candidate) -> OfferTurn:
    return OfferTurn(
        position=position,
        patient_id=one.patient_id,
        reason=one.reason,
        appointment_type_id=one.appointment_type_id,
        planned_session_id=one.planned_session_id,
        waitlist_entry_id=one.waitlist_entry_id,
        releases_id=one.releases_id,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        status=WAITING,
    )


def ask_next(
    session: Session, offer: Offer, actor: Actor, *, now: datetime, link_key: str, tell: bool = True
) -> OfferTurn | None:
    """Keep the slot for the first waiting patient who can still use it and ask them; None ends the offer.

    The caller has locked the offer and its patients and let the slot go. Who cannot take it any more is passed over;
    also who has no address, unless a person acts who can call.
    """
    waiting = [turn for turn in offer.turns if turn.status == WAITING]
    able: dict[tuple[str, int], Candidate] = {}
    if waiting and offer.starts_at > now:
        asked = {key_of(turn) for turn in waiting}
        able = {
            (one.reason, one.number): one for one in ranked_for(session, slot_of(offer), now=now, only=asked)
        }
    offer.version += 1
    for turn in waiting:
        one = able.get(key_of(turn))
        if one is not None and (one.has_address or actor.kind in PEOPLE):
            _ask(session, offer, turn, one, actor, now, link_key, tell)
            return turn
        why = "no_address" if one is not None else _why_not(turn, bool(able), offer, now)
        pass_over(session, offer, turn, why, actor, now=now)
    close_offer(session, offer, OfferStatus.EXHAUSTED, actor, now=now)
    return None


def key_of(turn: OfferTurn) -> tuple[str, int]:
    """Reason and number, as Candidate has them."""
    number = {
        "behind": turn.planned_session_id,
        "waitlist": turn.waitlist_entry_id,
        "earlier": turn.releases_id,
    }[turn.reason]
    return turn.reason, number or 0


def end_turn(session: Session, turn: OfferTurn, status: TurnStatus, *, now: datetime, tell: bool) -> None:
    """End the turn of whoever is asked and let the slot go; ``tell`` owes them the mail that it is over."""
    turn.status = status.value
    turn.answered_at = now if status in {TurnStatus.ACCEPTED, TurnStatus.DECLINED} else None
    held, turn.hold_id = turn.hold_id, None
    session.flush()
    drop_holds(session, [held] if held is not None else [])
    if tell:
        owe_offer_expired(session, turn, now=now)
    else:
        withdraw_offer(session, turn)


def pass_over(
    session: Session, offer: Offer, turn: OfferTurn, why: str, actor: Actor, *, now: datetime
) -> None:
    """Note that somebody is not asked, and why."""
    turn.status = TurnStatus.PASSED_OVER.value
    note_offer(session, actor, "offer_passed_over", offer, turn, now, why=why)


def close_offer(session: Session, offer: Offer, status: OfferStatus, actor: Actor, *, now: datetime) -> None:
    """End an offer; those who still wait are passed over."""
    for turn in offer.turns:
        if turn.status == WAITING:
            turn.status = TurnStatus.PASSED_OVER.value
    offer.status, offer.closed_at = status.value, now
    note_offer(session, actor, f"offer_{status.value}", offer, None, now)


def note_offer(
    session: Session,
    actor: Actor,
    action: str,
    offer: Offer,
    turn: OfferTurn | None,
    now: datetime,
    **detail: object,
) -> None:
    """Add an offer's audit row; with a turn it concerns that patient."""
    more = {"turn": turn.position, **detail} if turn is not None else detail
    patient_id = turn.patient_id if turn is not None else None
    note_deed(session, actor, action, "offer", offer.id, now=now, patient_id=patient_id, **more)


def _ask(
    session: Session,
    offer: Offer,
    turn: OfferTurn,
    one: Candidate,
    actor: Actor,
    now: datetime,
    link_key: str,
    tell: bool,
) -> None:
    turn.starts_at, turn.ends_at, turn.releases_id = one.starts_at, one.ends_at, one.releases_id
    turn.status, turn.asked_at = ASKED, now
    turn.expires_at = min(now + timedelta(minutes=offer.minutes_each), turn.starts_at)
    turn.token_hash = hash_secret(offer_secret(link_key, turn.id, now))
    wish = wish_of_turn(session, offer, turn)
    refuse_if_busy(session, wish, None, leave_out=[one.releases_id] if one.releases_id else [])
    room = choose_room(session, wish, None)
    hold = make_hold(session, turn.patient_id, actor, until=turn.expires_at + HANDOVER, now=now)
    # Not for the planned session: it can still be placed elsewhere meanwhile, or has its later appointment.
    keep_slots(session, hold, [(wish, room, None)], now=now)
    turn.hold_id = hold.id
    session.flush()
    by_mail = tell and owe_offer(session, turn, now=now)
    note_offer(session, actor, "offer_asked", offer, turn, now, by="mail" if by_mail else "phone")


def _why_not(turn: OfferTurn, others_can: bool, offer: Offer, now: datetime) -> str:
    """Why a patient cannot use the slot any more, as far as it is worth telling."""
    if offer.starts_at <= now:
        return "begun"
    patient: Patient = turn.patient
    if patient.archived_at is not None:
        return "archived"
    return "not_any_more" if others_can else "not_free"
