"""What an accepted repair is about to change, read again under lock and checked; private to acceptance.py."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, IllegalTransition, InvalidInput, SeriesTaken, SlotTaken, StaleVersion
from scheduler.models import Appointment, PlannedSession, Practitioner, SessionStatus, TreatmentPlan
from scheduler.usecases.booking.making import (
    Elsewhere,
    choose_location,
    choose_room,
    own_minutes,
    resources_of,
    wish_for,
    wish_to_move,
)
from scheduler.usecases.booking.rules import Wish, checked_start, refuse_if_busy
from scheduler.usecases.booking.state import current_state
from scheduler.usecases.lookup import find_in_use
from scheduler.usecases.plans.prescribing import appointments_of
from scheduler.usecases.repairs.course import MOVABLE, REPAIRABLE, is_movable
from scheduler.usecases.series.placement import ChosenSlot


@dataclass(frozen=True, slots=True)
class HandMove:
    """The appointment that a person moved, and where to; what is not given stays as move_appointment keeps it."""

    appointment_id: int
    starts_at: datetime
    practitioner_id: int | None = None
    location_id: int | None = None
    room_id: int | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class HandCancel:
    """The appointment that a person cancels, and why."""

    appointment_id: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One session that gets a slot: its appointment if it has one, and the wish that every check is made with."""

    number: int
    planned: PlannedSession
    appointment: Appointment | None
    wish: Wish
    room_id: int | None
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody decided on: new slots by session, and what was done by hand to one of them."""

    changes: Sequence[ChosenSlot] = ()
    moved: HandMove | None = None
    cancelled: HandCancel | None = None


Filled = Mapping[int, Appointment]
"""Appointments that stand, by the number of their session."""


def resources_touched(session: Session, plan: TreatmentPlan, asked: Asked) -> set[tuple[str, int]]:
    """What to lock: everybody and every place of the plan's appointments, now and afterwards."""
    filled = appointments_of(session, [plan.id]).get(plan.id, {})
    rows = list(filled.values())
    touched = {("patient", plan.patient_id), ("plan", plan.id)}
    for row in rows:
        touched |= {("practitioner", row.practitioner_id), ("location", row.location_id)}
    by_number = {planned.number: planned for planned in plan.sessions}
    for slot in asked.changes:
        if slot.number in by_number:
            touched |= set(
                resources_of(
                    _wish(session, plan, by_number[slot.number], slot, filled.get(by_number[slot.number].id))
                )
            )
    for row in rows:
        if asked.moved and row.id == asked.moved.appointment_id:
            touched |= set(resources_of(_hand_wish(session, row, asked.moved)))
    return touched


def read_again(
    session: Session, plan: TreatmentPlan, version: int, versions: Mapping[int, int]
) -> dict[int, Appointment]:
    """The plan's appointments by session number, now that everything is locked.

    Raises StaleVersion unless the plan and all appointments named are as they were seen.
    """
    session.expire(plan)
    fresh = (
        select(PlannedSession)
        .where(PlannedSession.plan_id == plan.id)
        .execution_options(populate_existing=True)
    )
    numbers = {planned.id: planned.number for planned in session.scalars(fresh)}
    ids = [row.id for row in appointments_of(session, [plan.id]).get(plan.id, {}).values()]
    rows = session.scalars(
        select(Appointment)
        .where(Appointment.id.in_(ids))
        .order_by(Appointment.starts_at, Appointment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    by_id = {row.id: row for row in rows}
    same = all(number in by_id and by_id[number].version == seen for number, seen in versions.items())
    if plan.version != version or not same:
        raise StaleVersion(
            current={
                "id": plan.id,
                "version": plan.version,
                "status": str(plan.status),
                "appointments": [current_state(row) for row in rows],
            }
        )
    return {numbers[row.planned_session_id]: row for row in rows if row.planned_session_id is not None}


def find_targets(
    session: Session,
    plan: TreatmentPlan,
    filled: Mapping[int, Appointment],
    versions: Mapping[int, int],
    asked: Asked,
    now: datetime,
) -> tuple[list[Target], Appointment | None]:
    """What gets a slot, by number, and the cancelled appointment if it gets none."""
    planned = {one.number: one for one in plan.sessions}
    numbers = [slot.number for slot in asked.changes]
    moved = _in_hand(filled, asked.moved)
    cancelled = _in_hand(filled, asked.cancelled)
    if len(set(numbers)) < len(numbers) or moved in numbers:
        raise InvalidInput("A session is named twice.", field="changes")
    if not numbers and moved is None and cancelled is None:
        raise InvalidInput("Nothing was chosen that could be changed.", field="changes")
    if numbers and plan.status not in REPAIRABLE:
        raise Conflict("This plan is %(status)s; nothing can be placed.", status=plan.status)
    targets = []
    for slot in asked.changes:
        if slot.number not in planned:
            raise InvalidInput("This plan has no session %(number)s.", number=slot.number, field="changes")
        row = filled.get(slot.number)
        _refuse_unless_free_to_change(planned[slot.number], row, slot.number == cancelled, now)
        wish = _wish(session, plan, planned[slot.number], slot, row)
        if row and _stands_there(row, wish):
            continue
        targets.append(Target(slot.number, planned[slot.number], row, wish, None, False))
    if moved is not None and asked.moved is not None:
        row = filled[moved]
        wish = _hand_wish(session, row, asked.moved)
        targets.append(Target(moved, planned[moved], row, wish, asked.moved.room_id, True))
    dropped = filled[cancelled] if cancelled is not None and cancelled not in numbers else None
    changed = [target.appointment for target in targets if target.appointment] + (
        [dropped] if dropped else []
    )
    if any(row.id not in versions for row in changed):
        raise InvalidInput("Send the version of every appointment that changes.", field="versions")
    return sorted(targets, key=lambda target: target.number), dropped


def refuse_disorder(targets: Sequence[Target], filled: Filled) -> None:
    """Raise InvalidInput unless each new slot lies between its neighbours by number.

    The session that was moved by hand may stand where the person put it; what others make of it is checked.
    """
    times = {number: (row.starts_at, row.ends_at) for number, row in filled.items()}
    times |= {target.number: (target.wish.starts_at, target.wish.ends_at) for target in targets}
    new = {target.number for target in targets if not target.by_hand}
    for earlier, later in pairwise(sorted(times)):
        if new & {earlier, later} and times[later][0] < times[earlier][1]:
            raise InvalidInput(
                "Session %(later)s must come after session %(earlier)s.",
                later=later,
                earlier=earlier,
                field="changes",
            )


def choose_rooms(session: Session, targets: Sequence[Target], leave_out: Collection[int]) -> list[int | None]:
    """A free room for each, the one it has if possible; raises SeriesTaken naming those whose slot is gone."""
    rooms: list[int | None] = []
    taken: dict[int, list[str]] = {}
    for target in targets:
        usual = target.appointment.room_id if target.appointment else None
        try:
            refuse_if_busy(session, target.wish, target.room_id, leave_out=leave_out)
            rooms.append(choose_room(session, target.wish, target.room_id, usual=usual, leave_out=leave_out))
        except SlotTaken as error:
            taken[target.number] = list(error.details["resources"])
    if taken:
        raise SeriesTaken(
            "Taken meanwhile: session %(numbers_text)s. Nothing was changed; look at the repair again.",
            numbers=list(taken),
            numbers_text=", ".join(map(str, taken)),
            busy={str(number): names for number, names in taken.items()},
        )
    return rooms


def _in_hand(filled: Filled, asked: HandMove | HandCancel | None) -> int | None:
    """The session whose appointment a person moves or cancels. Raises InvalidInput, IllegalTransition."""
    if asked is None:
        return None
    number = next((number for number, row in filled.items() if row.id == asked.appointment_id), None)
    if number is None:
        raise InvalidInput("That appointment fills no session of this plan.", field="appointment_id")
    status = filled[number].status
    if status not in MOVABLE:
        raise IllegalTransition("An appointment that is %(from_status)s cannot be moved.", from_status=status)
    return number


def _refuse_unless_free_to_change(
    planned: PlannedSession, row: Appointment | None, is_cancelled: bool, now: datetime
) -> None:
    """Raise Conflict unless the session is to place, or its appointment is still to come and may be moved."""
    if row is None and planned.status == SessionStatus.TO_PLACE:
        return
    if row is None or not (is_cancelled or is_movable(row, now)):
        raise Conflict(
            "Session %(number)s is %(status)s and cannot be given another date.",
            number=planned.number,
            status=str(row.status if row else planned.status),
        )


def _stands_there(row: Appointment, wish: Wish) -> bool:
    now = (row.starts_at, row.practitioner_id, row.location_id)
    return now == (wish.starts_at, wish.practitioner_id, wish.location_id)


def _wish(
    session: Session,
    plan: TreatmentPlan,
    planned: PlannedSession,
    slot: ChosenSlot,
    row: Appointment | None,
) -> Wish:
    """A new slot as a wish, as long as the appointment is that gets it.

    Without a location it is where it was, or follows from the practitioner's hours.
    """
    starts_at = checked_start(slot.starts_at)
    practitioner = find_in_use(session, Practitioner, slot.practitioner_id)
    usual = row.location_id if row else plan.preferences.get("location_id")
    location = choose_location(session, practitioner, starts_at, location_id=slot.location_id, usual=usual)
    kind = row.appointment_type if row else planned.appointment_type
    wish = wish_for(plan.patient, practitioner, kind, location, starts_at)
    return replace(wish, minutes=own_minutes(row)) if row else wish


def _hand_wish(session: Session, row: Appointment, moved: HandMove) -> Wish:
    """The move by hand as a wish."""
    goal = Elsewhere(moved.starts_at, moved.practitioner_id, moved.location_id, moved.room_id, moved.minutes)
    return wish_to_move(session, row, goal)
