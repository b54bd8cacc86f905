"""Looking at offers: those that run, one with its turns, what a patient sees of it, and a chain before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from scheduler.errors import NotFound
from scheduler.models import Appointment, AuditEntry, Clinic, Offer, OfferStatus, OfferTurn, TurnStatus
from scheduler.transaction import reading
from scheduler.usecases.gaps.ranking import Candidate, Slot, checked_slot, ranked_for
from scheduler.usecases.lookup import BIGGEST_ID
from scheduler.usecases.offers.asking import Chosen

LINKS = 3
"""A chain is shown so many links deep."""
SHOWN_AFTER = timedelta(hours=24)
"""So long an offer stays on the list after it ended."""


@dataclass(frozen=True, slots=True)
class ChainLink:
    """A slot and who would take it; the last link of a chain may be a slot that nobody wants."""

    slot: Slot
    candidate: Candidate | None


@dataclass(frozen=True, slots=True)
class OfferedSlot:
    """An offer as its patient sees it; instants in UTC."""

    turn_id: int
    patient_id: int
    state: str
    """open, accepted, declined, taken or over."""
    given_name: str
    kind: str
    practitioner: str
    starts_at: datetime
    ends_at: datetime
    location: str
    address: str
    zone: str
    until: datetime | None
    moves_from: datetime | None
    """The start of the later appointment that would be given up."""
    clinic: str
    phone: str
    locale: str


@reading
def list_offers(session: Session, *, location_id: int | None = None, now: datetime) -> list[Offer]:
    """Offers that run, or ended within a day: running ones first, then by start."""
    query = select(Offer).where(
        or_(Offer.status == OfferStatus.OPEN.value, Offer.closed_at >= now - SHOWN_AFTER)
    )
    if location_id is not None:
        query = query.where(Offer.location_id == location_id)
    query = query.order_by(Offer.status != OfferStatus.OPEN.value, Offer.starts_at, Offer.id)
    return list(session.scalars(_with_people(query)))


@reading
def why_passed_over(session: Session, offer_ids: Sequence[int]) -> dict[tuple[int, int], str]:
    """(offer, position of the turn) -> why that patient was not asked, as the trail tells: a code."""
    rows = session.execute(
        select(AuditEntry.entity_id, AuditEntry.detail).where(
            AuditEntry.entity == "offer",
            AuditEntry.entity_id.in_(offer_ids),
            AuditEntry.action == "offer_passed_over",
        )
    )
    return {(number, detail["turn"]): detail["why"] for number, detail in rows if number is not None}


@reading
def get_offer(session: Session, offer_id: int) -> Offer:
    """An offer with its turns and patients. Raises NotFound."""
    known = Offer.id == (offer_id if 0 < offer_id <= BIGGEST_ID else 0)
    offer = session.scalars(_with_people(select(Offer).where(known))).first()
    if offer is None:
        raise NotFound(what="offer")
    return offer


@reading
def see_offered_slot(session: Session, turn_id: int, *, now: datetime) -> OfferedSlot:
    """What the page behind a mail's link shows. Raises NotFound."""
    turn = session.get(
        OfferTurn,
        turn_id,
        options=[
            joinedload(OfferTurn.offer).joinedload(Offer.location),
            joinedload(OfferTurn.offer).joinedload(Offer.practitioner),
            joinedload(OfferTurn.patient),
            joinedload(OfferTurn.appointment_type),
        ],
        populate_existing=True,
    )
    clinic = session.get(Clinic, 1)
    if turn is None or clinic is None:
        raise NotFound(what="offer")
    offer, place = turn.offer, turn.offer.location
    later = session.get(Appointment, turn.releases_id) if turn.releases_id is not None else None
    state = state_of_turn(offer, turn, now)
    return OfferedSlot(
        turn_id=turn.id,
        patient_id=turn.patient_id,
        state=state,
        given_name=turn.patient.given_name,
        kind=turn.appointment_type.name,
        practitioner=offer.practitioner.name,
        starts_at=turn.starts_at,
        ends_at=turn.ends_at,
        location=place.name,
        address=place.address,
        zone=place.zone,
        until=turn.expires_at,
        moves_from=later.starts_at if later is not None and state == "open" else None,
        clinic=clinic.name,
        phone=clinic.phone,
        locale=turn.patient.locale or clinic.locale,
    )


def state_of_turn(offer: Offer, turn: OfferTurn, now: datetime) -> str:
    """open while it can be answered; else accepted, declined, taken (by somebody else) or over."""
    if turn.status in {TurnStatus.ACCEPTED, TurnStatus.DECLINED}:
        return str(turn.status)
    if offer.status == OfferStatus.TAKEN:
        return "taken"
    asked = offer.status == OfferStatus.OPEN and turn.status == TurnStatus.ASKED
    return "open" if asked and turn.expires_at is not None and now < turn.expires_at else "over"


@reading
def preview_chain(
    session: Session, slot: Slot, chosen: Sequence[Chosen], *, now: datetime
) -> list[list[ChainLink]]:
    """For each of the chosen, what would follow if they took the slot: who would take the one they leave, and so on.

    Every link after the first is the best candidate as things stand; a chain ends with the first who leaves nothing,
    with a slot that nobody wants, or after LINKS links. Who does not rank any more has none. Raises NotFound,
    InvalidInput.
    """
    checked_slot(session, slot, now)
    keys = [(str(one.reason), one.number) for one in chosen]
    ranked = {(one.reason, one.number): one for one in ranked_for(session, slot, now=now, only=set(keys))}
    return [_chain(session, slot, ranked[key], now) if key in ranked else [] for key in keys]


def _chain(session: Session, slot: Slot, first: Candidate, now: datetime) -> list[ChainLink]:
    links = [ChainLink(slot, first)]
    gone, moved = [first.releases_id], {first.patient_id}
    free = first.leaves
    while free is not None and len(links) <= LINKS:
        ranked = ranked_for(
            session,
            free,
            now=now,
            without=[number for number in gone if number is not None],
            leave_out=moved,
            limit=1,
        )
        links.append(ChainLink(free, ranked[0] if ranked else None))
        if not ranked:
            break
        gone.append(ranked[0].releases_id)
        moved.add(ranked[0].patient_id)
        free = ranked[0].leaves
    return links


def _with_people(query: Select[Offer]) -> Select[Offer]:
    return query.options(
        joinedload(Offer.practitioner),
        joinedload(Offer.location),
        selectinload(Offer.turns).joinedload(OfferTurn.patient),
        selectinload(Offer.turns).joinedload(OfferTurn.appointment_type),
        selectinload(Offer.turns).joinedload(OfferTurn.releases),
    ).execution_options(populate_existing=True)
