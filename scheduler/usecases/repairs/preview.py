"""What moving or cancelling one session does to the rest of its plan, and the smallest repair of it.

Nothing is changed here: what a person decides on is done by acceptance.py.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from scheduler.errors import Conflict, IllegalTransition, NeedsOverride, SlotTaken
from scheduler.models import Appointment, Hold, PlannedSession, TreatmentPlan
from scheduler.planning.repair import Repair, Standing
from scheduler.planning.repair.course import wall_minute
from scheduler.planning.series import Fixed
from scheduler.planning.timeline import tick_of
from scheduler.transaction import reading
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.booking.making import (
    Elsewhere,
    check_rules,
    choose_room,
    wish_to_move,
)
from scheduler.usecases.booking.rules import (
    RULES,
    Wish,
    refuse_if_busy,
    rest_minutes_of,
)
from scheduler.usecases.lookup import find
from scheduler.usecases.plans.prescribing import PlanView, view_of
from scheduler.usecases.repairs.course import (
    MOVABLE,
    REPAIRABLE,
    InHand,
    Situation,
    find_repair,
    is_movable,
    needling_elsewhere,
    situation_of,
)
from scheduler.usecases.repairs.lines import RepairPreview, lines_of


@reading
def preview_move(
    session: Session,
    appointment_id: int,
    *,
    starts_at: datetime,
    practitioner_id: int | None = None,
    location_id: int | None = None,
    room_id: int | None = None,
    minutes: int | None = None,
    now: datetime,
) -> RepairPreview:
    """What a move would do to the sessions of its plan, with the repair where windows would newly break.

    Also what is busy then and which rules speak against it: busy ones are never overridable. An appointment that
    fills no planned session has no lines. Raises NotFound, InvalidInput, IllegalTransition.
    """
    old = _named(session, appointment_id)
    _refuse_unless_movable(old, "An appointment that is %(from_status)s cannot be moved.")
    wish = wish_to_move(session, old, Elsewhere(starts_at, practitioner_id, location_id, room_id, minutes))
    busy = _busy(session, wish, room_id, old, now)
    rules = _rules_against(session, [wish], now=now, leave_out=[old.id])
    planned = old.planned_session
    if planned is None:
        return RepairPreview(in_hand=None, busy=busy, rules=rules)
    view = view_of(session, planned.plan)
    return _previewed(
        session, view, InHand(planned.number, _slot(wish), wish.minutes), now, busy=busy, rules=rules
    )


@reading
def preview_cancel(session: Session, appointment_id: int, *, now: datetime) -> RepairPreview:
    """What cancelling would do to the sessions of its plan, and the repair that finds a new date for this one.

    An appointment that fills no planned session has no lines. Raises NotFound, IllegalTransition.
    """
    old = find(session, Appointment, appointment_id)
    _refuse_unless_movable(old, "An appointment that is %(from_status)s cannot be given a new date.")
    planned = old.planned_session
    if planned is None:
        return RepairPreview(in_hand=None)
    return _previewed(session, view_of(session, planned.plan), InHand(planned.number, None), now)


@reading
def propose_repair(session: Session, plan_id: int, *, now: datetime) -> RepairPreview:
    """The repair of a plan as it stands: of windows broken ahead, and of sessions in between that lost their slot.

    Raises NotFound, or Conflict for a plan that nothing may be placed in.
    """
    plan = find(session, TreatmentPlan, plan_id)
    if plan.status not in REPAIRABLE:
        raise Conflict("This plan is %(status)s; nothing can be placed.", status=plan.status)
    return _previewed(session, view_of(session, plan), None, now)


@reading
def broken_ahead(session: Session, plan_id: int, *, now: datetime) -> list[int]:
    """Numbers of the booked sessions of a plan that are still to come and outside their window. Raises NotFound."""
    plan = find(session, TreatmentPlan, plan_id)
    if plan.status not in REPAIRABLE:
        return []
    situation = situation_of(session, view_of(session, plan), None, rest_minutes_of(session), now)
    return [
        one.number
        for one, standing in zip(situation.sessions, situation.judged(situation.stand), strict=True)
        if standing.broken and one.number in situation.movable
    ]


def _previewed(
    session: Session,
    view: PlanView,
    in_hand: InHand | None,
    now: datetime,
    *,
    busy: Sequence[str] = (),
    rules: Sequence[str] = (),
) -> RepairPreview:
    rest_minutes = rest_minutes_of(session)
    situation = situation_of(session, view, in_hand, rest_minutes, now)
    plan = view.plan
    before, after = situation.judged(situation.stand), situation.judged(situation.changed)
    repair, repair_rules = None, tuple[str, ...]()
    if plan.status in REPAIRABLE and _asks_for_repair(situation, in_hand, before, after):
        elsewhere = needling_elsewhere(session, view, situation, rest_minutes, now)
        repair = find_repair(session, view, situation, elsewhere, now)
        repair_rules = _rules_against_repair(situation, repair, rules, elsewhere)
    offered = repair is not None and any(line.step in {"moves", "placed"} for line in repair.lines)
    repaired = situation.judged(situation.repaired(repair)) if repair and offered else None
    lines = lines_of(situation, in_hand, before, after, repair, repaired)
    return RepairPreview(
        plan_id=plan.id,
        plan_name=plan.name,
        plan_version=plan.version,
        patient_id=plan.patient_id,
        in_hand=in_hand.number if in_hand else None,
        lines=lines,
        versions={
            line.appointment.id: line.appointment.version
            for line in view.lines
            if line.appointment
            and (is_movable(line.appointment, now) or _is_in_hand(line.session.number, in_hand))
        },
        offered=offered,
        busy=tuple(busy),
        rules=tuple(rules),
        repair_rules=repair_rules if offered else (),
    )


def _asks_for_repair(
    situation: Situation, in_hand: InHand | None, before: Sequence[Standing], after: Sequence[Standing]
) -> bool:
    """Whether the change in hand breaks a window that was not broken; without one, whether any is broken ahead."""
    if in_hand is not None:
        return any(new.broken and not old.broken for old, new in zip(before, after, strict=True))
    return any(
        standing.broken and (standing.slot is None or one.number in situation.movable)
        for one, standing in zip(situation.sessions, after, strict=True)
    )


def _is_in_hand(number: int, in_hand: InHand | None) -> bool:
    return in_hand is not None and in_hand.number == number


def _refuse_unless_movable(appointment: Appointment, sentence: str) -> None:
    if appointment.status not in MOVABLE:
        raise IllegalTransition(sentence, from_status=str(appointment.status), to_status="booked")


def _slot(wish: Wish) -> Fixed:
    wall = wish.wall_minute
    return Fixed(tick_of(wish.starts_at), wall // 1440, wall % 1440, wish.practitioner_id, wish.location_id)


def _named(session: Session, appointment_id: int) -> Appointment:
    """The appointment with what the checks look at, in one query. Raises NotFound."""
    found = session.scalars(_with_what_it_is_checked_by(), {"number": appointment_id}).first()
    return found if found is not None else find(session, Appointment, appointment_id)


@lru_cache(maxsize=1)
def _with_what_it_is_checked_by() -> Any:
    """Made once: with what it loads, putting it together takes longer than running it."""
    with_it = (Appointment.patient, Appointment.practitioner, Appointment.location)
    types = joinedload(Appointment.appointment_type)
    plan = joinedload(Appointment.planned_session).joinedload(PlannedSession.plan)
    query = select(Appointment).where(Appointment.id == bindparam("number"))
    return query.options(*(joinedload(one) for one in with_it), types, plan)


def _busy(
    session: Session, wish: Wish, room_id: int | None, old: Appointment, now: datetime
) -> tuple[str, ...]:
    """What is taken then: practitioner, room, patient. Slots held until a time that is over are free."""
    over = select(Appointment.id).join(Hold, Hold.id == Appointment.hold_id).where(Hold.expires_at <= now)
    leave_out = [old.id, *session.scalars(over)]
    try:
        refuse_if_busy(session, wish, room_id, leave_out=leave_out)
        choose_room(session, wish, room_id, usual=old.room_id, leave_out=leave_out)
    except SlotTaken as error:
        return tuple(error.details["resources"])
    return ()


def _rules_against(
    session: Session, wishes: Sequence[Wish], *, now: datetime, leave_out: Collection[int]
) -> tuple[str, ...]:
    """Codes of the rules that somebody would have to set aside; who may is asked when it is done."""
    try:
        check_rules(session, wishes, None, COMMAND, now=now, leave_out=leave_out)
    except NeedsOverride as error:
        return tuple(error.details["rules"])
    return ()


def _rules_against_repair(
    situation: Situation, repair: Repair, rules: Sequence[str], elsewhere: Sequence[int]
) -> tuple[str, ...]:
    """The rules that speak against the change and its repair together: new slots of a repair break none.

    So what is left are those of the move by hand; its rest counts from where the others are then.
    """
    moved = next(
        (
            (one, slot)
            for one, slot, before in zip(situation.sessions, situation.changed, situation.stand, strict=True)
            if slot and slot != before
        ),
        None,
    )
    left = [code for code in rules if code != "rest"]
    if moved is None or not moved[0].rest_minutes:
        return tuple(left)
    session, slot = moved
    others = [
        wall_minute(line.after.slot)
        for line, other in zip(repair.lines, situation.sessions, strict=True)
        if line.after.slot and other is not session and other.rest_minutes
    ]
    too_close = any(abs(wall_minute(slot) - other) < session.rest_minutes for other in [*others, *elsewhere])
    return tuple(code for code in RULES if code in left or (code == "rest" and too_close))
