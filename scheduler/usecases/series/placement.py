"""Booking a chosen series in one transaction, or nothing of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput, SeriesTaken, SlotTaken
from scheduler.models import (
    Appointment,
    Hold,
    Location,
    Patient,
    PlannedSession,
    PlanStatus,
    Practitioner,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.transaction import lock_resources, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.booking.held_slots import clear_expired, drop_holds
from scheduler.usecases.booking.making import (
    Booking,
    check_rules,
    choose_location,
    choose_room,
    make_appointment,
    resources_of,
    wish_for,
)
from scheduler.usecases.booking.rules import Wish, checked_start, refuse_if_busy
from scheduler.usecases.feeds.tokens import bump_feeds
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import BIGGEST_ID, find, find_in_use
from scheduler.usecases.messages.outbox import owe_reminders, owe_series_confirmation
from scheduler.usecases.plans.prescribing import view_of


@dataclass(frozen=True, slots=True)
class ChosenSlot:
    """Where one session of a plan shall be booked; without a location it follows from the practitioner's hours."""

    number: int
    starts_at: datetime
    practitioner_id: int
    location_id: int | None = None


@writing
def place_plan(
    session: Session,
    plan_id: int,
    *,
    sessions: Sequence[ChosenSlot],
    override_reason: str | None = None,
    hold_id: int | None = None,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> list[Appointment]:
    """Book the chosen slots, owe one confirmation that lists them all, and reminders; or book nothing.

    ``hold_id`` is the hold that kept them; it is let go with the booking; one that is over just does not help.
    Raises SeriesTaken naming every session whose slot was taken meanwhile, NeedsOverride for the clinic's rules,
    Conflict for a session that is not to place, InvalidInput, NotFound.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return [find(session, Appointment, number) for number in known]
    plan = find(session, TreatmentPlan, plan_id)
    chosen = sorted(sessions, key=lambda slot: slot.number)
    patient = find_in_use(session, Patient, plan.patient_id)
    wishes = [wish_of(session, plan, patient, slot) for slot in chosen]
    lock_resources(session, {pair for wish in wishes for pair in resources_of(wish)} | {("plan", plan.id)})
    clear_expired(session, now=now)
    if hold_id is not None:
        drop_holds(session, _hold_of(session, plan, hold_id))
    planned = sessions_to_place(session, plan, chosen)
    refuse_disorder(session, plan, chosen, wishes)
    rooms = rooms_or_taken(session, chosen, wishes)
    rules = check_rules(session, wishes, override_reason, actor, now=now)
    appointments = [
        make_appointment(
            session, Booking(wish, room, target, override_reason if codes else None, codes), now=now
        )
        for wish, room, target, codes in zip(wishes, rooms, planned, rules, strict=True)
    ]
    session.flush()
    _tell(session, appointments, now)
    _note(session, plan, appointments, actor, now)
    remember(session, actor, idempotency, [appointment.id for appointment in appointments], now=now)
    return appointments


def wish_of(session: Session, plan: TreatmentPlan, patient: Patient, slot: ChosenSlot) -> Wish:
    """The wish that a chosen slot stands for. Raises InvalidInput, NotFound."""
    target = next((planned for planned in plan.sessions if planned.number == slot.number), None)
    if target is None:
        raise InvalidInput("This plan has no session %(number)s.", number=slot.number, field="sessions")
    practitioner = find_in_use(session, Practitioner, slot.practitioner_id)
    starts_at = checked_start(slot.starts_at)
    location: Location = choose_location(
        session,
        practitioner,
        starts_at,
        location_id=slot.location_id,
        usual=plan.preferences.get("location_id"),
    )
    return wish_for(patient, practitioner, target.appointment_type, location, starts_at)


def sessions_to_place(
    session: Session, plan: TreatmentPlan, chosen: Sequence[ChosenSlot]
) -> list[PlannedSession]:
    """The planned sessions to fill, read again now that the plan is locked."""
    session.refresh(plan, ["status", "version"])
    if not chosen:
        raise InvalidInput("Choose at least one session to place.", field="sessions")
    if plan.status not in {PlanStatus.ACTIVE, PlanStatus.DRAFT}:
        raise Conflict("This plan is %(status)s; nothing can be placed.", status=plan.status)
    numbers = [slot.number for slot in chosen]
    if len(set(numbers)) < len(numbers):
        raise InvalidInput("A session is named twice.", field="sessions")
    fresh = (
        select(PlannedSession)
        .where(PlannedSession.plan_id == plan.id)
        .execution_options(populate_existing=True)
    )
    by_number = {planned.number: planned for planned in session.scalars(fresh)}
    if not by_number.keys() >= set(numbers):
        raise Conflict("This plan was changed meanwhile; please look again.")
    for number in numbers:
        if by_number[number].status != SessionStatus.TO_PLACE:
            raise Conflict(
                "Session %(number)s is %(status)s, not waiting to be placed.",
                number=number,
                status=by_number[number].status,
            )
    return [by_number[number] for number in numbers]


def refuse_disorder(
    session: Session, plan: TreatmentPlan, chosen: Sequence[ChosenSlot], wishes: Sequence[Wish]
) -> None:
    """Raise InvalidInput unless each chosen session lies between its neighbours, placed now or before, by number."""
    times = {
        line.session.number: (line.appointment.starts_at, line.appointment.ends_at)
        for line in view_of(session, plan).lines
        if line.appointment is not None
    }
    times |= {slot.number: (wish.starts_at, wish.ends_at) for slot, wish in zip(chosen, wishes, strict=True)}
    placed_now = {slot.number for slot in chosen}
    for earlier, later in pairwise(sorted(times)):
        if placed_now & {earlier, later} and times[later][0] < times[earlier][1]:
            raise InvalidInput(
                "Session %(later)s must come after session %(earlier)s.",
                later=later,
                earlier=earlier,
                field="sessions",
            )


def rooms_or_taken(
    session: Session, chosen: Sequence[ChosenSlot], wishes: Sequence[Wish]
) -> list[int | None]:
    """A free room for each wish; raises SeriesTaken with the numbers of those whose slot is gone."""
    rooms: list[int | None] = []
    taken: dict[int, list[str]] = {}
    for slot, wish in zip(chosen, wishes, strict=True):
        try:
            refuse_if_busy(session, wish, None)
            rooms.append(choose_room(session, wish, None))
        except SlotTaken as error:
            taken[slot.number] = list(error.details["resources"])
    if taken:
        raise SeriesTaken(
            numbers=list(taken),
            numbers_text=", ".join(map(str, taken)),
            busy={str(number): names for number, names in taken.items()},
        )
    return rooms


def _hold_of(session: Session, plan: TreatmentPlan, hold_id: int) -> list[int]:
    """The hold, if it is there and keeps slots for this plan."""
    of_plan = select(Hold.id).where(Hold.id == hold_id, Hold.plan_id == plan.id)
    return list(session.scalars(of_plan)) if 0 < hold_id <= BIGGEST_ID else []


def _tell(session: Session, rows: Sequence[Appointment], now: datetime) -> None:
    """Owe one mail with every date, and the reminders; raise the revision of the calendars concerned."""
    owe_series_confirmation(session, rows, now=now)
    owe_reminders(session, rows, now=now)
    treat = sorted({row.practitioner_id for row in rows})
    bump_feeds(session, patient_ids=[rows[0].patient_id], practitioner_ids=treat, now=now)


def _note(
    session: Session, plan: TreatmentPlan, appointments: Sequence[Appointment], actor: Actor, now: datetime
) -> None:
    plan.status = PlanStatus.ACTIVE.value
    plan.version += 1
    placed = {str(row.planned_session.number): row.id for row in appointments if row.planned_session}
    note_deed(
        session, actor, "plan_placed", "plan", plan.id, now=now, patient_id=plan.patient_id, sessions=placed
    )
    for row in appointments:
        note_deed(
            session,
            actor,
            "appointment_booked",
            "appointment",
            row.id,
            now=now,
            patient_id=row.patient_id,
            plan_id=plan.id,
            starts_at=row.starts_at.isoformat().replace("+00:00", "Z"),
            rules=row.override_rules,
        )
