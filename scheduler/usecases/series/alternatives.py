"""Other slots for one session: those that keep it in its window and leave its neighbours in theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import Appointment, Location, SessionStatus, TreatmentPlan
from scheduler.planning.hours import DAY_MINUTES
from scheduler.planning.series import Fixed, WantedSession
from scheduler.planning.timeline import TICK_MINUTES, indices, instant_of, tick_of
from scheduler.transaction import reading
from scheduler.usecases.availability.free_time import (
    bits_from,
    horizon_of,
    load_availability,
    patient_busy,
    ticks_of,
)
from scheduler.usecases.availability.slots import grid_of
from scheduler.usecases.availability.supply import Sought
from scheduler.usecases.booking.making import own_minutes
from scheduler.usecases.booking.rules import rest_minutes_of
from scheduler.usecases.clinic.catalogue import zone_of
from scheduler.usecases.lookup import find
from scheduler.usecases.plans.prescribing import SessionLine, local_day, view_of
from scheduler.usecases.plans.wishes import (
    FURTHEST_DAYS,
    length_of,
    slot_of,
    today_of,
    wanted_session,
    window_from,
)
from scheduler.usecases.series.placement import ChosenSlot

LOOSE_DAYS = 14
"""How far around its day an appointment of no plan is offered other times."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A slot that could be taken instead; instants in UTC, ``on`` is the local date."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: int
    location_id: int
    on: date
    days_since_previous: int | None
    """Days from the session before; None for the first of a plan, and without a plan."""


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Other slots by start; ``first_on`` and ``last_on`` are the dates that were looked at, both included."""

    first_on: date
    last_on: date
    slots: list[Alternative]


@dataclass(frozen=True, slots=True)
class _Room:
    """What the neighbours leave to a session: days as ordinals, both included, and the neighbours themselves."""

    first_day: int
    last_day: int
    before: Fixed | None = None
    after: Fixed | None = None
    rest_before: int = 0
    rest_after: int = 0
    before_ticks: int = 0
    """How long the neighbour before lasts."""


@reading
def session_alternatives(
    session: Session, plan_id: int, number: int, *, chosen: Sequence[ChosenSlot], now: datetime
) -> Alternatives:
    """Other slots for session ``number`` while the others stand as ``chosen``, or where they are booked.

    Nothing is held or booked. Raises NotFound, InvalidInput for a session the plan does not have, Conflict for one that
    is not to place.
    """
    plan = find(session, TreatmentPlan, plan_id)
    view = view_of(session, plan)
    lines, today = _open_lines(view.lines), today_of(session, view, now)
    at = next((place for place, line in enumerate(lines) if line.session.number == number), None)
    if at is None:
        raise InvalidInput("This plan has no session %(number)s to place.", number=number, field="number")
    if lines[at].appointment is not None:
        raise Conflict("Session %(number)s has its appointment.", number=number)
    places = {slot.number: _fixed(session, slot) for slot in chosen if slot.number != number}
    places |= _booked(lines)
    sought = Sought(lines[at].session.appointment_type)
    left = _left(lines, at, places, today, rest_minutes_of(session))
    return _search(session, sought, plan.patient_id, left, today, now=now, for_plan=plan.id)


@reading
def appointment_alternatives(session: Session, appointment_id: int, *, now: datetime) -> Alternatives:
    """Other slots for a booked appointment: within its session's window, or two weeks around without a plan.

    Raises NotFound.
    """
    row = find(session, Appointment, appointment_id)
    day, today = local_day(row).toordinal(), now.astimezone(zone_of(row.location)).date()
    left = _Room(day - LOOSE_DAYS, day + LOOSE_DAYS)
    if row.planned_session is not None:
        lines = _open_lines(view_of(session, row.planned_session.plan).lines)
        at = next((place for place, line in enumerate(lines) if line.appointment is row), None)
        if at is not None:
            left = _left(lines, at, _booked(lines, but=row), today, rest_minutes_of(session))
    sought = Sought(row.appointment_type, own_minutes(row))
    return _search(session, sought, row.patient_id, left, today, now=now, instead_of=row)


def _open_lines(lines: Sequence[SessionLine]) -> list[SessionLine]:
    """Sessions that are waited for: held, booked or to place."""
    return [line for line in lines if line.appointment or line.session.status == SessionStatus.TO_PLACE]


def _booked(lines: Sequence[SessionLine], but: Appointment | None = None) -> dict[int, Fixed]:
    return {
        line.session.number: slot_of(line.appointment)
        for line in lines
        if line.appointment is not None and line.appointment is not but
    }


def _fixed(session: Session, slot: ChosenSlot) -> Fixed:
    """Where a chosen slot stands on its location's wall clock."""
    if slot.location_id is None:
        raise InvalidInput("The choice cannot be read. Please choose again.", field="sessions")
    wall = slot.starts_at.astimezone(zone_of(find(session, Location, slot.location_id)))
    minute = wall.hour * 60 + wall.minute
    try:
        return Fixed(
            tick_of(slot.starts_at), wall.toordinal(), minute, slot.practitioner_id, slot.location_id
        )
    except ValueError:
        raise InvalidInput("The choice cannot be read. Please choose again.", field="sessions") from None


def _left(
    lines: Sequence[SessionLine], at: int, places: Mapping[int, Fixed], today: date, rest_minutes: int
) -> _Room:
    """The days that its window and its neighbours leave to the session at a place in the list.

    Where a neighbour has no slot, the one beyond it counts, as far away as the gaps between may be.
    """
    wanted = [
        wanted_session(line, previous, None, today, rest_minutes)
        for previous, line in zip([None, *lines], lines, strict=False)
    ]
    low, high, before, length = _after_the_one_before(lines, at, places, wanted, today)
    after, rest_after = None, 0
    least = most = 0
    for later in range(at + 1, len(lines)):
        least, most = least + wanted[later].min_days, most + wanted[later].max_days
        after = places.get(lines[later].session.number)
        if after is not None:
            low, high = max(low, after.day - most), min(high, after.day - least)
            rest_after = wanted[later].rest_minutes
            break
    return _Room(
        max(low, today.toordinal()), high, before, after, wanted[at].rest_minutes, rest_after, length
    )


def _after_the_one_before(
    lines: Sequence[SessionLine],
    at: int,
    places: Mapping[int, Fixed],
    wanted: Sequence[WantedSession],
    today: date,
) -> tuple[int, int, Fixed | None, int]:
    """First and last day as the sessions before allow, and the nearest of them that has a place, with its ticks."""
    least = most = 0
    for place in range(at, 0, -1):
        least, most = least + wanted[place].min_days, most + wanted[place].max_days
        before = places.get(lines[place - 1].session.number)
        if before is not None:
            length = length_of(lines[place - 1]) // timedelta(minutes=TICK_MINUTES)
            return before.day + least, before.day + most, before, length
    start = window_from(lines[0].window, today)
    return start.earliest.toordinal() + least, start.latest.toordinal() + most, None, 0


def _search(
    session: Session,
    sought: Sought,
    patient_id: int,
    left: _Room,
    today: date,
    *,
    now: datetime,
    for_plan: int | None = None,
    instead_of: Appointment | None = None,
) -> Alternatives:
    """Every bookable slot for what is sought in what is left; without the one that ``instead_of`` has."""
    first = date.fromordinal(max(left.first_day, today.toordinal()))
    last = date.fromordinal(min(left.last_day, today.toordinal() + FURTHEST_DAYS))
    if last < first:
        return Alternatives(first, first, [])
    horizon = horizon_of(first, last)
    itself = [instead_of.id] if instead_of is not None else []
    found = load_availability(
        session, horizon, grid_minutes=grid_of(session), now=now, without=itself, for_plan=for_plan
    )
    taken = patient_busy(session, patient_id, horizon, now=now, leave_out=itself, for_plan=for_plan)
    later, slots = bits_from(horizon, now), []
    length = ticks_of(sought.kind, sought.minutes)[0]
    for desk in found.desks:
        days = desk.clock.bits_of_days(first.toordinal(), last.toordinal())
        starts = found.starts(desk, sought.kind, taken=taken, minutes=sought.minutes)
        for index in indices(starts & days & later):
            starts_at = instant_of(horizon.start_tick + index)
            wall = starts_at.astimezone(desk.clock.zone)
            slot = Fixed(
                horizon.start_tick + index,
                wall.toordinal(),
                wall.hour * 60 + wall.minute,
                desk.practitioner_id,
                desk.location_id,
            )
            same = instead_of is not None and _stands_at(instead_of, starts_at, slot)
            if not same and _suits(slot, length, left):
                slots.append(_alternative(slot, starts_at, length, left))
    return Alternatives(first, last, sorted(slots, key=lambda slot: (slot.starts_at, slot.practitioner_id)))


def _stands_at(row: Appointment, starts_at: datetime, slot: Fixed) -> bool:
    return (row.starts_at, row.practitioner_id, row.location_id) == (
        starts_at,
        slot.practitioner_id,
        slot.location_id,
    )


def _suits(slot: Fixed, length: int, left: _Room) -> bool:
    """Whether a slot lies after the neighbour before and before the one after, with the rest that is due."""
    if left.before is not None and (
        slot.tick < left.before.tick + left.before_ticks
        or _wall_minutes(slot) - _wall_minutes(left.before) < left.rest_before
    ):
        return False
    return left.after is None or (
        slot.tick + length <= left.after.tick
        and _wall_minutes(left.after) - _wall_minutes(slot) >= left.rest_after
    )


def _wall_minutes(slot: Fixed) -> int:
    return slot.day * DAY_MINUTES + slot.minute


def _alternative(slot: Fixed, starts_at: datetime, length: int, left: _Room) -> Alternative:
    return Alternative(
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=length * TICK_MINUTES),
        practitioner_id=slot.practitioner_id,
        location_id=slot.location_id,
        on=date.fromordinal(slot.day),
        days_since_previous=slot.day - left.before.day if left.before is not None else None,
    )
