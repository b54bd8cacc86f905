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
from scheduler.usecases.appointments.booking import (
    Booking,
    check_room,
    check_rules,
    choose_location,
    choose_room,
    make_appointment,
    mark_cancelled,
    resources_of,
    visible_change,
    wish_for,
)
from scheduler.usecases.appointments.booking_rules import Wish, checked_start, refuse_if_busy
from scheduler.usecases.appointments.state import (
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
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find, find_in_use
from scheduler.usecases.messages.outbox import (
    owe_cancellation,
    owe_change,
    owe_confirmation,
    owe_reminders,
    owe_series_change,
    withdraw_messages,
)
from scheduler.usecases.plans.progress import clean_reason, follow_appointment, settle_plan
from scheduler.usecases.series.held_slots import clear_expired


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
    Raises SlotTaken or NoRoomFree (never overridable), NeedsOverride for the clinic's rules (see booking_rules.RULES),
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
    clear_expired(session, now=now)
    planned = _planned_session(session, planned_session_id, patient)
    refuse_if_busy(session, wish, room_id)
    rules = check_rules(session, [wish], override_reason, actor, now=now)[0]
    room = choose_room(session, wish, room_id)
    booking = Booking(wish, room, planned, override_reason if rules else None, rules)
    appointment = make_appointment(session, booking, now=now)
    session.flush()
    owe_confirmation(session, appointment, now=now)
    owe_reminders(session, [appointment], now=now)
    tell_calendars(session, appointment, now=now)
    note_change(
        session, appointment, actor, "appointment_booked", now=now, starts_at=iso(starts_at), rules=rules
    )
    remember(session, actor, idempotency, [appointment.id], now=now)
    return appointment


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
    starts_at = checked_start(starts_at) if starts_at is not None else old.starts_at
    practitioner = find_in_use(session, Practitioner, practitioner_id or old.practitioner_id)
    stays = location_id if location_id is not None or room_id is not None else old.location_id
    location = choose_location(session, practitioner, starts_at, location_id=stays, room_id=room_id)
    if minutes is None and old.appointment_type.may_resize:
        minutes = int((old.ends_at - old.starts_at).total_seconds()) // 60
    wish = wish_for(old.patient, practitioner, old.appointment_type, location, starts_at, minutes, room_id)
    lock_resources(session, {*resources_of(wish), *resources_held(old)})
    appointment = load_for_change(session, appointment_id, version)
    if appointment.status not in MOVABLE:
        raise IllegalTransition(
            "An appointment that is %(from_status)s cannot be moved.", from_status=appointment.status
        )
    clear_expired(session, now=now)
    itself = [appointment.id]
    refuse_if_busy(session, wish, room_id, leave_out=itself)
    reason, rules = _settled(session, appointment, wish, override_reason, actor, now)
    room = choose_room(session, wish, room_id, usual=appointment.room_id, leave_out=itself)
    before = state_of(appointment)
    told = as_told(appointment)
    if appointment.starts_at != starts_at:
        appointment.status = S.BOOKED
    appointment.starts_at, appointment.ends_at = wish.starts_at, wish.ends_at
    appointment.busy_from, appointment.busy_until = wish.busy_from, wish.busy_until
    previous_practitioner = appointment.practitioner_id
    appointment.practitioner_id, appointment.location_id = practitioner.id, location.id
    appointment.room_id = room
    appointment.override_reason, appointment.override_rules = reason, rules
    after = state_of(appointment)
    if before == after:
        return appointment
    visible_change(appointment, now=now)
    session.flush()
    session.expire(appointment, ["practitioner", "location", "room"])
    withdraw_messages(session, appointment, now=now)
    if told != as_told(appointment):
        if batch is None:
            owe_change(session, appointment, now=now)
        else:
            owe_series_change(session, [appointment], batch=batch, now=now)
    owe_reminders(session, [appointment], now=now)
    tell_calendars(session, appointment, previous_practitioner, now=now)
    note_change(
        session, appointment, actor, "appointment_moved", now=now, before=before, after=after, rules=rules
    )
    return appointment


def _settled(
    session: Session,
    appointment: Appointment,
    wish: Wish,
    override_reason: str | None,
    actor: Actor,
    now: datetime,
) -> tuple[str | None, list[str]]:
    """Why rules are set aside after a move, and which; another room alone sets aside nothing that stood before."""
    if (wish.starts_at, wish.ends_at, wish.practitioner_id, wish.location_id) != as_told(appointment):
        itself = [appointment.id]
        rules = check_rules(session, [wish], override_reason, actor, now=now, leave_out=itself)[0]
        return (override_reason if rules else None), rules
    known = appointment.override_rules
    rules = check_room(session, wish, override_reason, actor)
    if not rules:
        return appointment.override_reason, known
    return override_reason, list(dict.fromkeys([*known, *rules]))


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


def _planned_session(
    session: Session, planned_session_id: int | None, patient: Patient
) -> PlannedSession | None:
    if planned_session_id is None:
        return None
    planned = find(session, PlannedSession, planned_session_id)
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
