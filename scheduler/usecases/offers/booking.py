"""How an offered slot is kept for somebody and becomes their appointment; private to the use cases of offers."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.errors import Conflict, NeedsOverride
from scheduler.models import (
    Appointment,
    AppointmentType,
    Offer,
    OfferTurn,
    Patient,
    PlannedSession,
    PlanStatus,
    Practitioner,
    SessionStatus,
    WaitlistEntry,
)
from scheduler.models.offers import TurnReason
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.booking.held_slots import drop_holds_of_plan
from scheduler.usecases.booking.making import (
    Booking,
    check_rules,
    choose_room,
    make_appointment,
    put_into_slot,
    visible_change,
    wish_for,
)
from scheduler.usecases.booking.rules import Wish, refuse_if_busy
from scheduler.usecases.booking.state import MOVABLE, state_of
from scheduler.usecases.feeds.tokens import bump_feeds
from scheduler.usecases.gaps.ranking import Slot
from scheduler.usecases.gaps.waitlist import settle_entry
from scheduler.usecases.lookup import find_in_use, still_in_use
from scheduler.usecases.messages.outbox import owe_change, owe_confirmation, owe_reminders, withdraw_messages

GONE = "The appointment that would be moved was changed meanwhile. Please look again."


def wish_of_turn(session: Session, offer: Offer, turn: OfferTurn) -> Wish:
    """The appointment that a turn stands for, as long as was offered. Raises NotFound, or InvalidInput if archived."""
    kind = find_in_use(session, AppointmentType, turn.appointment_type_id)
    patient = find_in_use(session, Patient, turn.patient_id)
    practitioner = find_in_use(session, Practitioner, offer.practitioner_id)
    minutes = int((turn.ends_at - turn.starts_at).total_seconds()) // 60
    wish = wish_for(patient, practitioner, kind, offer.location, turn.starts_at)
    return replace(wish, minutes=minutes if minutes != kind.duration_minutes else None)


def book_turn(
    session: Session, offer: Offer, turn: OfferTurn, actor: Actor, *, now: datetime
) -> tuple[Appointment, Slot | None]:
    """Book the turn's slot, or move the patient's later appointment there; with the slot that this frees.

    The slot must be let go and everything locked. One mail tells it. Raises SlotTaken, Conflict, InvalidInput.
    """
    still_in_use(session, turn.patient)
    wish = wish_of_turn(session, offer, turn)
    later = _later(session, turn)
    leave_out = [later.id] if later is not None else []
    refuse_if_busy(session, wish, None, leave_out=leave_out)
    _refuse_rules(session, wish, actor, leave_out, now)
    if later is None:
        planned = _to_place(session, turn)
        room = choose_room(session, wish, None)
        booked = make_appointment(session, Booking(wish, room, planned, None, []), now=now)
        session.flush()
        owe_confirmation(session, booked, now=now)
        treats, left, before = {wish.practitioner_id}, None, None
    else:
        room = choose_room(session, wish, None, usual=later.room_id, leave_out=leave_out)
        treats = {wish.practitioner_id, later.practitioner_id}
        left = Slot(later.practitioner_id, later.location_id, later.starts_at, later.ends_at)
        before = state_of(later)
        booked = _moved(session, later, wish, room, now)
    owe_reminders(session, [booked], now=now)
    bump_feeds(session, patient_ids=[booked.patient_id], practitioner_ids=sorted(treats), now=now)
    _note(session, booked, before, offer, actor, now)
    if turn.waitlist_entry_id is not None:
        settle_entry(
            session, session.get_one(WaitlistEntry, turn.waitlist_entry_id), "booked", actor, now=now
        )
    return booked, left


def _later(session: Session, turn: OfferTurn) -> Appointment | None:
    """The appointment to be moved, as it is now. Raises Conflict when it cannot be moved any more."""
    if turn.releases_id is None:
        return None
    later = session.get_one(Appointment, turn.releases_id, populate_existing=True)
    if later.status not in MOVABLE or later.patient_id != turn.patient_id or later.starts_at < turn.ends_at:
        raise Conflict(GONE)
    return later


def _to_place(session: Session, turn: OfferTurn) -> PlannedSession | None:
    """The planned session to be filled, as it is now. Raises Conflict when it is not to place any more."""
    if turn.reason != TurnReason.BEHIND:
        return None
    planned = (
        session.get(PlannedSession, turn.planned_session_id, populate_existing=True)
        if turn.planned_session_id is not None
        else None
    )
    if planned is None or planned.status != SessionStatus.TO_PLACE:
        raise Conflict("The session that this was for is not waiting to be placed any more.")
    session.refresh(planned.plan, ["status"])
    if planned.plan.status != PlanStatus.ACTIVE:
        raise Conflict("The plan that this was for is %(status)s.", status=str(planned.plan.status))
    drop_holds_of_plan(session, planned.plan_id)
    return planned


def _refuse_rules(
    session: Session, wish: Wish, actor: Actor, leave_out: Collection[int], now: datetime
) -> None:
    """Nobody sets a rule aside for an offer: somebody else can have the slot."""
    try:
        check_rules(session, [wish], None, actor, now=now, leave_out=leave_out)
    except NeedsOverride as error:
        raise Conflict(
            "This slot cannot be booked any more. %(reasons)s", reasons=str(error.details["reasons"])
        ) from None


def _moved(
    session: Session, later: Appointment, wish: Wish, room_id: int | None, now: datetime
) -> Appointment:
    """Move the later appointment here: its calendars follow, and one mail tells it. It was confirmed for then."""
    put_into_slot(later, Booking(wish, room_id, None, None, []))
    visible_change(later, now=now)
    session.flush()
    session.expire(later, ["practitioner", "location", "room"])
    withdraw_messages(session, later, now=now)
    owe_change(session, later, now=now)
    return later


def _note(
    session: Session,
    booked: Appointment,
    before: dict[str, object] | None,
    offer: Offer,
    actor: Actor,
    now: datetime,
) -> None:
    state = state_of(booked)
    detail = {"starts_at": state["starts_at"]} if before is None else {"before": before, "after": state}
    note_deed(
        session,
        actor,
        "appointment_booked" if before is None else "appointment_moved",
        "appointment",
        booked.id,
        now=now,
        patient_id=booked.patient_id,
        offer_id=offer.id,
        rules=[],
        **detail,
    )
