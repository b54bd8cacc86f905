"""Booking, moving, cancelling appointments and following them through the day."""

from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.errors import IllegalTransition, InvalidInput
from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    Patient,
    PlannedSession,
    PlanStatus,
    Practitioner,
    SessionStatus,
)
from scheduler.transaction import lock_resources, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.booking.held_slots import clear_expired
from scheduler.usecases.booking.making import (
    Booking,
    Elsewhere,
    check_room,
    check_rules,
    choose_location,
    choose_room,
    location_shut,
    make_appointment,
    mark_cancelled,
    put_into_slot,
    resources_of,
    visible_change,
    wish_for,
    wish_to_move,
)
from scheduler.usecases.booking.rules import Wish, checked_start, refuse_if_busy
from scheduler.usecases.booking.state import (
    LEGAL_MOVES,
    MOVABLE,
    S,
    as_told,
    iso,
    load_for_change,
    note_change,
    resources_held,
    state_of,
    tell_calendars,
)
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find, find_in_use, still_in_use
from scheduler.usecases.messages.outbox import (
    owe_cancellation,
    owe_change,
    owe_confirmation,
    owe_reminders,
    owe_series_change,
    withdraw_messages,
)
from scheduler.usecases.plans.progress import clean_reason, follow_appointment, settle_plan


@writing
def book_appointment(
    session: Session,
    *,
    patient_id: int,
    practitioner_id: int,
    appointment_type_id: int,
    starts_at: datetime,
    location_id: int | None = None,
    room_id: int | None = None,
    planned_session_id: int | None = None,
    minutes: int | None = None,
    override_reason: str | None = None,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Appointment:
    """Book one appointment, owe its confirmation and reminders; ``minutes`` where the type may be resized.

    The location follows from the room or the practitioner's hours where it is not given; a free room is chosen.
    Raises SlotTaken or NoRoomFree (never overridable), NeedsOverride for the clinic's rules (see booking.rules.RULES),
    NotFound, InvalidInput, NotAllowed.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, Appointment, known[0])
    patient = find_in_use(session, Patient, patient_id)
    practitioner = find_in_use(session, Practitioner, practitioner_id)
    kind = find_in_use(session, AppointmentType, appointment_type_id)
    starts_at = checked_start(starts_at)
    location = choose_location(session, practitioner, starts_at, location_id=location_id, room_id=room_id)
    wish = wish_for(patient, practitioner, kind, location, starts_at, minutes, room_id)
    lock_resources(session, resources_of(wish))
    still_in_use(session, patient)
    clear_expired(session, now=now)
    planned = _planned_session(session, planned_session_id, patient)
    refuse_if_busy(session, wish, room_id)
    rules = check_rules(session, [wish], override_reason, actor, now=now)[0]
    room = choose_room(session, wish, room_id)
    booking = Booking(wish, room, planned, override_reason if rules else None, rules)
    appointment = make_appointment(session, booking, now=now)
    session.flush()
    _announce(session, appointment, actor, now)
    remember(session, actor, idempotency, [appointment.id], now=now)
    return appointment


def _announce(session: Session, appointment: Appointment, actor: Actor, now: datetime) -> None:
    """Owe the mails of a new appointment, tell the calendars that show it, and note it."""
    owe_confirmation(session, appointment, now=now)
    owe_reminders(session, [appointment], now=now)
    tell_calendars(session, appointment, now=now)
    starts_at, rules = iso(appointment.starts_at), appointment.override_rules
    note_change(session, appointment, actor, "appointment_booked", now=now, starts_at=starts_at, rules=rules)


@writing
def move_appointment(
    session: Session,
    appointment_id: int,
    *,
    version: int,
    starts_at: datetime | None = None,
    practitioner_id: int | None = None,
    room_id: int | None = None,
    location_id: int | None = None,
    minutes: int | None = None,
    override_reason: str | None = None,
    batch: str | None = None,
    actor: Actor,
    now: datetime,
) -> Appointment:
    """Give an appointment another time, length, practitioner, room or location; what is not given stays.

    With ``batch`` the patient is told by the one mail of that name, together with others moved for the same reason. The
    room stays if it is free then, otherwise another is chosen. A confirmed appointment whose time changes is
    booked again: it was confirmed for the old time. Raises as book_appointment, and StaleVersion, IllegalTransition.
    """
    old = find(session, Appointment, appointment_id)
    goal = Elsewhere(starts_at, practitioner_id, location_id, room_id, minutes)
    wish = wish_to_move(session, old, goal)
    lock_resources(session, {*resources_of(wish), *resources_held(old)})
    appointment = _load_to_move(session, appointment_id, version)
    clear_expired(session, now=now)
    refuse_if_busy(session, wish, room_id, leave_out=[appointment.id])
    reason, rules = _settled(session, appointment, wish, override_reason, actor, now)
    room = choose_room(session, wish, room_id, usual=appointment.room_id, leave_out=[appointment.id])
    before, told = state_of(appointment), as_told(appointment)
    if (_asked(wish), room) == (told, appointment.room_id):
        return appointment
    previous_practitioner, previous_location = appointment.practitioner_id, appointment.location_id
    put_into_slot(appointment, Booking(wish, room, appointment.planned_session, reason, rules))
    changed = {"before": before, "after": state_of(appointment), "rules": rules}
    visible_change(appointment, now=now)
    if appointment.location_id != previous_location:
        stamp_diaries(session)  # two diaries changed, perhaps in nothing that the database watches
    session.flush()
    session.expire(appointment, ["practitioner", "location", "room"])
    _owe_mails(session, appointment, batch, is_told=told != as_told(appointment), now=now)
    tell_calendars(session, appointment, previous_practitioner, now=now)
    note_change(session, appointment, actor, "appointment_moved", now=now, **changed)
    return appointment


def _load_to_move(session: Session, appointment_id: int, version: int) -> Appointment:
    appointment = load_for_change(session, appointment_id, version)
    if appointment.status not in MOVABLE:
        raise IllegalTransition(
            "An appointment that is %(from_status)s cannot be moved.", from_status=appointment.status
        )
    return appointment


def _owe_mails(
    session: Session, appointment: Appointment, batch: str | None, *, is_told: bool, now: datetime
) -> None:
    """What is owed after a move, in the place of what was before: the change, if it is worth a mail, and reminders."""
    withdraw_messages(session, appointment, now=now)
    if batch is None and is_told:
        owe_change(session, appointment, now=now)
    elif batch is not None and is_told:
        owe_series_change(session, [appointment], batch=batch, now=now)
    owe_reminders(session, [appointment], now=now)


def _settled(
    session: Session,
    appointment: Appointment,
    wish: Wish,
    override_reason: str | None,
    actor: Actor,
    now: datetime,
) -> tuple[str | None, list[str]]:
    """Why rules are set aside after a move, and which.

    Another room alone sets aside nothing that stood before; what only the former room was closed for is over.
    """
    if _asked(wish) != as_told(appointment):
        itself = [appointment.id]
        rules = check_rules(session, [wish], override_reason, actor, now=now, leave_out=itself)[0]
        return (override_reason if rules else None), rules
    rules = check_room(session, wish, override_reason, actor)
    if rules:
        return override_reason, list(dict.fromkeys([*appointment.override_rules, *rules]))
    known = list(appointment.override_rules)
    if "closed" in known and not location_shut(session, wish):
        known.remove("closed")
    return (appointment.override_reason if known else None), known


def _asked(wish: Wish) -> tuple[datetime, datetime, int, int]:
    """A wish as state.as_told tells an appointment."""
    return wish.starts_at, wish.ends_at, wish.practitioner_id, wish.location_id


@writing
def cancel_appointment(
    session: Session, appointment_id: int, *, version: int, reason: str = "", actor: Actor, now: datetime
) -> Appointment:
    """Cancel; the planned session it filled is to place again. Raises NotFound, StaleVersion, IllegalTransition."""
    return _change_status(session, appointment_id, version, S.CANCELLED, reason, actor, now)


@writing
def change_status(
    session: Session, appointment_id: int, *, version: int, status: str, actor: Actor, now: datetime
) -> Appointment:
    """Set booked, confirmed, arrived, completed, cancelled or no_show, as LEGAL_MOVES allows.

    Raises InvalidInput for an unknown status, NotFound, StaleVersion, IllegalTransition; SlotTaken when a no-show
    comes back and somebody else has the slot now.
    """
    if status not in LEGAL_MOVES:
        raise InvalidInput("A status is one of %(known)s.", known=", ".join(LEGAL_MOVES), field="status")
    return _change_status(session, appointment_id, version, AppointmentStatus(status), "", actor, now)


def _change_status(
    session: Session,
    appointment_id: int,
    version: int,
    status: AppointmentStatus,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Appointment:
    lock_resources(session, resources_held(find(session, Appointment, appointment_id)))
    appointment = load_for_change(session, appointment_id, version)
    clear_expired(session, now=now)
    before = appointment.status
    if status == before:
        return appointment
    if status not in LEGAL_MOVES[before]:
        raise IllegalTransition(from_status=before, to_status=status.value)
    planned = appointment.planned_session
    if planned is not None:
        follow_appointment(
            planned, status, clean_reason(reason) or ("no_show" if status == S.NO_SHOW else "")
        )
    if status == S.CANCELLED:
        mark_cancelled(appointment, reason, now=now)
        session.flush()
        withdraw_messages(session, appointment, now=now)
        owe_cancellation(session, appointment, now=now)
        tell_calendars(session, appointment, now=now)
    else:
        appointment.status = status.value
        appointment.version += 1
        session.flush()
    if planned is not None:
        settle_plan(session, planned.plan, actor, now=now)
    action = "appointment_cancelled" if status == S.CANCELLED else "appointment_status_changed"
    note_change(
        session, appointment, actor, action, now=now, before=before, after=status.value, reason=reason
    )
    return appointment


def _planned_session(session: Session, number: int | None, patient: Patient) -> PlannedSession | None:
    if number is None:
        return None
    planned = find(session, PlannedSession, number)
    session.refresh(planned.plan, ["status"])
    session.refresh(planned, ["status"])
    if planned.plan.patient_id != patient.id:
        raise InvalidInput("That planned session belongs to another patient.", field="planned_session_id")
    if planned.status != SessionStatus.TO_PLACE:
        raise InvalidInput("That planned session is not waiting to be placed.", field="planned_session_id")
    if planned.plan.status not in {PlanStatus.ACTIVE, PlanStatus.DRAFT}:
        raise InvalidInput(
            "This plan is %(status)s; nothing can be placed.",
            status=planned.plan.status,
            field="planned_session_id",
        )
    return planned
