"""A plan's course as it stands, after one change, and after its repair; private to the use cases of repairs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from scheduler.models import (
    Appointment,
    AppointmentStatus,
    PlanStatus,
    SessionStatus,
)
from scheduler.planning.cadence import Window
from scheduler.planning.repair import Repair, Standing, repair_plan
from scheduler.planning.repair.course import Course
from scheduler.planning.repair.displaced import bits_since
from scheduler.planning.series import Fixed, Supply, WantedSession
from scheduler.usecases.availability.free_time import (
    bits_from,
    horizon_of,
    load_availability,
    patient_busy,
    ticks_of,
)
from scheduler.usecases.availability.slots import grid_of
from scheduler.usecases.availability.supply import Sought, planning_preferences, supplies_of
from scheduler.usecases.booking.making import own_minutes
from scheduler.usecases.booking.rules import needling_between
from scheduler.usecases.plans.prescribing import PlanView, SessionLine
from scheduler.usecases.plans.wishes import FURTHEST_DAYS, slot_of, today_of, wanted_session, window_from

REPAIRABLE = frozenset({PlanStatus.ACTIVE.value, PlanStatus.DRAFT.value})
"""Plans of which anything may be placed or moved by a repair."""
MOVABLE = frozenset({AppointmentStatus.BOOKED.value, AppointmentStatus.CONFIRMED.value})
Slots = list[Fixed | None]


@dataclass(frozen=True, slots=True)
class InHand:
    """The session that somebody moves to a slot; None: whose appointment is cancelled."""

    number: int
    slot: Fixed | None
    minutes: int | None = None
    """How long it is there; None: as its type says."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The sessions that count, where they stand, and where they would after the change in hand."""

    lines: list[SessionLine]
    sessions: list[WantedSession]
    """None is fixed; one that is overdue and to place has more days than its phase allows."""
    first: Window
    stand: Slots
    changed: Slots
    movable: frozenset[int]
    """Numbers of the sessions that a repair may move."""

    def judged(self, slots: Slots) -> list[Standing]:
        """How the sessions follow each other in these slots, by the days that their phases allow."""
        held = {one.number: slot for one, slot in zip(self.sessions, slots, strict=True) if slot}
        strict = [
            replace(one, max_days=line.session.phase.max_days)
            for one, line in zip(self.sessions, self.lines, strict=True)
        ]
        return Course(strict, held, self.lines[0].window if self.lines else self.first).standings(slots)

    def repaired(self, repair: Repair) -> Slots:
        """The slots after a repair."""
        return [line.after.slot for line in repair.lines]


def is_movable(appointment: Appointment, now: datetime) -> bool:
    """Whether a repair may give this appointment another time: booked or confirmed, and still to come."""
    return appointment.status in MOVABLE and appointment.starts_at > now


def situation_of(
    session: Session, view: PlanView, in_hand: InHand | None, rest_minutes: int, now: datetime
) -> Situation:
    """The plan's sessions from the first that counts to the last that has an appointment.

    Skipped and missed ones do not count; those at the end that were never placed are no matter of a repair.
    """
    lines = [
        line
        for line in view.lines
        if line.appointment is not None or line.session.status == SessionStatus.TO_PLACE
    ]
    while lines and lines[-1].appointment is None:
        lines.pop()
    today = today_of(session, view, now)
    stand = [slot_of(line.appointment) if line.appointment else None for line in lines]
    number = in_hand.number if in_hand else None
    changed = [
        in_hand.slot if in_hand and line.session.number == number else slot
        for line, slot in zip(lines, stand, strict=True)
    ]
    after = [_as_changed(line, in_hand) for line in lines]
    sessions = [
        _as_long(wanted_session(line, previous, None, today, rest_minutes), _sought(was, in_hand))
        for previous, line, was in zip([None, *after], after, lines, strict=False)
    ]
    movable = frozenset(
        line.session.number
        for line in after
        if line.session.number != number and line.appointment and is_movable(line.appointment, now)
    )
    first = Window(date.min, date.min, date.min)
    if after:
        first = after[0].window if after[0].appointment else window_from(after[0].window, today)
    return Situation(lines, sessions, first, stand, changed, movable)


def _sought(line: SessionLine, in_hand: InHand | None = None) -> Sought:
    """What is booked for a session: as it is moved, else as its appointment is, or as it is planned without one."""
    row = line.appointment
    if row is None:
        return Sought(line.session.appointment_type)
    if in_hand and in_hand.slot and in_hand.number == line.session.number:
        return Sought(row.appointment_type, in_hand.minutes)
    return Sought(row.appointment_type, own_minutes(row))


def _as_long(wanted: WantedSession, sought: Sought) -> WantedSession:
    """A repair gives an appointment another time, never another length."""
    duration, before, after = ticks_of(sought.kind, sought.minutes)
    return replace(
        wanted,
        appointment_type_id=sought.key,
        duration_ticks=duration,
        before_ticks=before,
        after_ticks=after,
    )


def needling_elsewhere(
    session: Session, view: PlanView, situation: Situation, rest_minutes: int, now: datetime
) -> list[int]:
    """Wall minutes of the patient's needling sessions outside this course, from the rest before ``now`` on."""
    own = {line.appointment.id for line in situation.lines if line.appointment}
    since = now - timedelta(minutes=rest_minutes, days=1)
    latest = now + timedelta(days=2 * FURTHEST_DAYS)
    return needling_between(session, view.plan.patient_id, since, latest, leave_out=own)


def find_repair(
    session: Session,
    view: PlanView,
    situation: Situation,
    elsewhere: Sequence[int],
    now: datetime,
) -> Repair:
    """The smallest change that mends the course after the change in hand, whose session stays where it was put.

    ``elsewhere`` are wall minutes of other needling sessions, from which new ones keep their rest.
    """
    standing: dict[int, Fixed] = {}
    wanted = []
    for one, slot in zip(situation.sessions, situation.changed, strict=True):
        if slot and one.number in situation.movable:
            standing[one.number] = slot
            wanted.append(one)
        else:
            wanted.append(replace(one, fixed=slot))
    supplies = [
        _rested(supply, wanted, elsewhere) for supply in _supplies(session, view, situation, wanted, now)
    ]
    wishes = planning_preferences(view.plan.preferences, view.plan.practitioner_id)
    return repair_plan(wanted, standing, supplies, wishes, situation.first)


def _supplies(
    session: Session, view: PlanView, situation: Situation, wanted: Sequence[WantedSession], now: datetime
) -> list[Supply]:
    """What everybody offers, as if what the repair moves, and the old slot of the session in hand, did not exist.

    The day that this session leaves is not offered to the plan again: somebody cannot, or would not, have it then.
    """
    today = today_of(session, view, now)
    horizon = horizon_of(today, _last_day(situation, wanted, today))
    pairs = zip(situation.lines, situation.stand, situation.changed, strict=True)
    freed = [
        line.appointment.id
        for line, before, after in pairs
        if line.appointment and (line.session.number in situation.movable or before != after)
    ]
    plan = view.plan
    found = load_availability(
        session, horizon, grid_minutes=grid_of(session), now=now, without=freed, for_plan=plan.id
    )
    taken = patient_busy(session, plan.patient_id, horizon, now=now, leave_out=freed, for_plan=plan.id)
    left = {
        before.day
        for before, after in zip(situation.stand, situation.changed, strict=True)
        if before and before != after
    }
    asked = {
        one.appointment_type_id: _sought(line)
        for line, one in zip(situation.lines, wanted, strict=True)
        if one.fixed is None
    }
    later = bits_from(horizon, now)
    return [
        replace(one, starts=_without(one.starts, gone), shut=_without(one.shut, gone))
        for one in supplies_of(found, asked.values(), taken=taken, later=later)
        for gone in [_days(one, left)]
    ]


def _without(starts: Mapping[int, int], gone: int) -> dict[int, int]:
    return {kind: bits & ~gone for kind, bits in starts.items()}


def _rested(supply: Supply, wanted: Sequence[WantedSession], elsewhere: Sequence[int]) -> Supply:
    """A supply without the starts that are within the rest of a needling session elsewhere."""
    rests = {one.appointment_type_id: one.rest_minutes for one in wanted if one.rest_minutes}
    starts = dict(supply.starts)
    for kind, rest in rests.items():
        for wall in elsewhere if starts.get(kind) else ():
            within = bits_since(supply.clock, wall - rest + 1) & ~bits_since(supply.clock, wall + rest)
            starts[kind] &= ~within
    return replace(supply, starts=starts)


def _days(supply: Supply, days: Collection[int]) -> int:
    """The ticks of some local days."""
    found = 0
    for day in days:
        found |= supply.clock.bits_of_days(day, day)
    return found


def _as_changed(line: SessionLine, in_hand: InHand | None) -> SessionLine:
    if in_hand is None or line.session.number != in_hand.number:
        return line
    if in_hand.slot is None:
        return replace(line, appointment=None, held_on=None)
    return replace(line, held_on=date.fromordinal(in_hand.slot.day))


def _last_day(situation: Situation, wanted: Sequence[WantedSession], today: date) -> date:
    """The last day on which a session can be, one after the other at the end of its window."""
    day: int | None = None
    for one, slot in zip(wanted, situation.changed, strict=True):
        if one.fixed:
            day = one.fixed.day
            continue
        reach = situation.first.latest.toordinal() if day is None else day + one.max_days
        day = max(reach, slot.day if slot else 0)
    furthest = (today + timedelta(days=FURTHEST_DAYS)).toordinal()
    return date.fromordinal(min(max(day or 0, today.toordinal()), furthest))
