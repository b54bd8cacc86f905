"""Doing a repair that somebody decided on: all of it in one transaction and told in one mail, or nothing of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from scheduler.models import Appointment, AppointmentStatus, TreatmentPlan
from scheduler.transaction import lock_resources, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.booking.held_slots import clear_expired, drop_holds_of_plan
from scheduler.usecases.booking.making import (
    Booking,
    check_rules,
    make_appointment,
    put_into_slot,
    visible_change,
)
from scheduler.usecases.booking.state import current_state
from scheduler.usecases.feeds.tokens import bump_feeds
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find
from scheduler.usecases.messages.outbox import (
    owe_cancellation,
    owe_reminders,
    owe_series_change,
    withdraw_messages,
)
from scheduler.usecases.plans.progress import cancel_of_plan, clean_reason, note_plan
from scheduler.usecases.repairs.targets import (
    Asked,
    HandCancel,
    HandMove,
    Target,
    choose_rooms,
    find_targets,
    read_again,
    refuse_disorder,
    resources_touched,
)
from scheduler.usecases.series.placement import ChosenSlot


@writing
def accept_repair(
    session: Session,
    plan_id: int,
    *,
    version: int,
    versions: Mapping[int, int],
    changes: Sequence[ChosenSlot] = (),
    moved: HandMove | None = None,
    cancelled: HandCancel | None = None,
    override_reason: str | None = None,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> list[Appointment]:
    """Move the session in hand and those of ``changes``, place those without a slot; all of it or nothing.

    ``version`` is the plan's as it was seen; ``versions`` holds, by number of the appointment, those of the preview:
    at least of every appointment that changes. A cancelled one for which there is a new date is moved there, so that
    calendars and the patient see one appointment with another time. Appointments may take each other's slots.
    Raises StaleVersion, SeriesTaken naming the sessions whose slot is gone, NeedsOverride, NotAllowed, Conflict,
    IllegalTransition, InvalidInput, NotFound.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return [find(session, Appointment, number) for number in known]
    plan = find(session, TreatmentPlan, plan_id)
    asked = Asked(changes, moved, cancelled)
    lock_resources(session, resources_touched(session, plan, asked))
    clear_expired(session, now=now)
    drop_holds_of_plan(session, plan.id)
    filled = read_again(session, plan, version, versions)
    targets, dropped = find_targets(session, plan, filled, versions, asked, now)
    refuse_disorder(targets, {n: row for n, row in filled.items() if row is not dropped})
    bookings = _settle(session, targets, dropped, override_reason, actor, now)
    _set_aside(session, targets)
    before = {target.number: _state(target.appointment) for target in targets if target.appointment}
    visited = {row.practitioner_id for row in [*_moving(targets), *([dropped] if dropped else [])]}
    if dropped and cancelled:
        _cancel(session, plan, dropped, cancelled.reason, actor, now)
    rows = _carry_out(session, targets, bookings, now)
    _tell(session, plan, rows, before, targets, visited, now)
    _note(session, plan, targets, rows, before, cancelled, actor, now)
    remember(session, actor, idempotency, [row.id for row in rows], now=now)
    return rows


def _settle(
    session: Session,
    targets: Sequence[Target],
    dropped: Appointment | None,
    override_reason: str | None,
    actor: Actor,
    now: datetime,
) -> list[Booking]:
    """For each target its room, and the rules that are set aside; what moves or goes is in nobody's way."""
    leave_out = [row.id for row in _moving(targets)] + ([dropped.id] if dropped else [])
    rooms = choose_rooms(session, targets, leave_out)
    wishes = [target.wish for target in targets]
    if not wishes:
        return []
    rules = check_rules(session, wishes, override_reason, actor, now=now, leave_out=leave_out)
    return [
        Booking(target.wish, room, target.planned, override_reason if codes else None, codes)
        for target, room, codes in zip(targets, rooms, rules, strict=True)
    ]


def _moving(targets: Sequence[Target]) -> list[Appointment]:
    return [target.appointment for target in targets if target.appointment]


def _set_aside(session: Session, targets: Sequence[Target]) -> None:
    """Let the appointments that move occupy nothing for a moment.

    The database's guards look at every single statement, and these may be about to take each other's slots.
    """
    rows = _moving(targets)
    session.execute(
        update(Appointment)
        .where(Appointment.id.in_([row.id for row in rows]))
        .values(status=AppointmentStatus.CANCELLED.value)
        .execution_options(synchronize_session=False)
    )


def _carry_out(
    session: Session, targets: Sequence[Target], bookings: Sequence[Booking], now: datetime
) -> list[Appointment]:
    """Place each session, or give its appointment the new slot; whom and where it is with is looked up again."""
    rows = [
        _apply(session, target.appointment, booking, now)
        for target, booking in zip(targets, bookings, strict=True)
    ]
    session.flush()
    for row in rows:
        session.expire(row, ["practitioner", "location", "room"])
    return rows


def _apply(session: Session, row: Appointment | None, booking: Booking, now: datetime) -> Appointment:
    if row is None:
        return make_appointment(session, booking, now=now)
    put_into_slot(row, booking)
    flag_modified(row, "status")  # which was set aside behind the session's back
    visible_change(row, now=now)
    return row


def _cancel(
    session: Session, plan: TreatmentPlan, row: Appointment, reason: str, actor: Actor, now: datetime
) -> None:
    """Cancel the appointment in hand, for which there is no new date."""
    cancel_of_plan(session, plan, row, reason, actor, now=now)
    session.flush()
    withdraw_messages(session, row, now=now)
    owe_cancellation(session, row, now=now)


def _tell(
    session: Session,
    plan: TreatmentPlan,
    rows: Sequence[Appointment],
    before: Mapping[int, dict[str, object]],
    targets: Sequence[Target],
    visited: set[int],
    now: datetime,
) -> None:
    """Owe one mail with every new date, and the reminders; raise the revision of the calendars concerned."""
    for target, row in zip(targets, rows, strict=True):
        if target.number in before:
            withdraw_messages(session, row, now=now)
    if rows:
        owe_series_change(session, rows, batch=f"repair:{uuid4().hex}", now=now)
        owe_reminders(session, rows, now=now)
    treat = visited | {row.practitioner_id for row in rows}
    bump_feeds(session, patient_ids=[plan.patient_id], practitioner_ids=sorted(treat), now=now)


def _note(
    session: Session,
    plan: TreatmentPlan,
    targets: Sequence[Target],
    rows: Sequence[Appointment],
    before: Mapping[int, dict[str, object]],
    cancelled: HandCancel | None,
    actor: Actor,
    now: datetime,
) -> None:
    """One row in the trail for the plan, and one for each appointment."""
    plan.version += 1
    numbers = [target.number for target in targets]
    placed = [number for number in numbers if number not in before]
    note_plan(
        session,
        actor,
        "plan_repaired",
        plan,
        now=now,
        moved=[number for number in numbers if number in before],
        placed=placed,
        by_hand=[target.number for target in targets if target.by_hand],
        reason=clean_reason(cancelled.reason) if cancelled else "",
    )
    for target, row in zip(targets, rows, strict=True):
        known, after = before.get(target.number), _state(row)
        told = {"before": known, "after": after} if known else {"starts_at": after["starts_at"]}
        note_deed(
            session,
            actor,
            "appointment_moved" if known else "appointment_booked",
            "appointment",
            row.id,
            now=now,
            patient_id=row.patient_id,
            plan_id=plan.id,
            rules=row.override_rules,
            **told,
        )


def _state(appointment: Appointment) -> dict[str, object]:
    """What the trail tells of an appointment."""
    state = current_state(appointment)
    return {name: value for name, value in state.items() if name not in {"id", "version"}}
