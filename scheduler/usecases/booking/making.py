"""What booking one appointment, moving one and placing a series have in common; private to the use cases."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput, NoRoomFree
from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    Location,
    Patient,
    PlannedSession,
    Practitioner,
    Room,
    SessionStatus,
)
from scheduler.planning.hours import open_bits
from scheduler.planning.timeline import Horizon, tick_of
from scheduler.usecases.actors import Actor
from scheduler.usecases.availability.free_time import PAD, free_rooms, load_desks
from scheduler.usecases.availability.rows import closed_ticks, shut_ticks, weekly_hours
from scheduler.usecases.booking.rules import (
    Wish,
    broken_rules,
    checked_minutes,
    checked_start,
    other_needling,
    rest_minutes_of,
    room_shut,
    settle_rules,
    ticks_between,
)
from scheduler.usecases.clinic.catalogue import zone_of
from scheduler.usecases.lookup import find_in_use


@dataclass(frozen=True, slots=True)
class Booking:
    """A wish that passed every check."""

    wish: Wish
    room_id: int | None
    planned: PlannedSession | None
    override_reason: str | None
    override_rules: list[str]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where an appointment is to go; what is None stays as it is."""

    starts_at: datetime | None = None
    practitioner_id: int | None = None
    location_id: int | None = None
    room_id: int | None = None
    minutes: int | None = None


def wish_for(
    patient: Patient,
    practitioner: Practitioner,
    kind: AppointmentType,
    location: Location,
    starts_at: datetime,
    minutes: int | None = None,
    room_id: int | None = None,
) -> Wish:
    """The wish for this patient, practitioner, type, place and time; InvalidInput for minutes that the type forbids."""
    own = checked_minutes(kind, minutes)
    return Wish(patient.id, practitioner.id, location.id, zone_of(location), kind, starts_at, own, room_id)


def wish_to_move(session: Session, appointment: Appointment, goal: Elsewhere) -> Wish:
    """The wish for an appointment somewhere else; a length of its own stays, too, where nobody asks for another.

    Raises InvalidInput, NotFound.
    """
    starts_at = appointment.starts_at if goal.starts_at is None else checked_start(goal.starts_at)
    practitioner = find_in_use(session, Practitioner, goal.practitioner_id or appointment.practitioner_id)
    is_placed = goal.location_id is not None or goal.room_id is not None
    stays = goal.location_id if is_placed else appointment.location_id
    location = choose_location(session, practitioner, starts_at, location_id=stays, room_id=goal.room_id)
    patient, kind = appointment.patient, appointment.appointment_type
    wish = wish_for(patient, practitioner, kind, location, starts_at, goal.minutes, goal.room_id)
    return wish if goal.minutes is not None else replace(wish, minutes=own_minutes(appointment))


def own_minutes(appointment: Appointment) -> int | None:
    """How long an appointment is that was resized or brought in like that; None for one that is as its type says."""
    minutes = int((appointment.ends_at - appointment.starts_at).total_seconds()) // 60
    return minutes if minutes != appointment.appointment_type.duration_minutes else None


def resources_of(wish: Wish) -> list[tuple[str, int]]:
    """What to lock before booking a wish: also the location, under whose lock a free room is chosen."""
    return [
        ("practitioner", wish.practitioner_id),
        ("patient", wish.patient_id),
        ("location", wish.location_id),
    ]


def choose_location(
    session: Session,
    practitioner: Practitioner,
    starts_at: datetime,
    *,
    location_id: int | None = None,
    room_id: int | None = None,
    usual: int | None = None,
) -> Location:
    """Where an appointment takes place.

    As given; else the room's location; else, preferring the usual one, where the practitioner works at that time;
    else where it was, where the practitioner works at all, or the clinic's only location. Raises InvalidInput when
    that does not decide it or the room is elsewhere.
    """
    room = find_in_use(session, Room, room_id) if room_id is not None else None
    if location_id is not None:
        if room is not None and room.location_id != location_id:
            raise InvalidInput("That room belongs to another location.", field="room_id")
        return find_in_use(session, Location, location_id)
    if room is not None:
        return find_in_use(session, Location, room.location_id)
    places, at_work = _working_places(session, practitioner, starts_at)
    if at_work:
        return next((place for place in at_work if place.id == usual), at_work[0])
    if usual is not None:
        return find_in_use(session, Location, usual)
    everywhere = places or list(
        session.scalars(select(Location).where(Location.archived_at.is_(None)).limit(2))
    )
    if len(everywhere) == 1:
        return everywhere[0]
    raise InvalidInput(
        "Please say at which location: the practitioner works at several.", field="location_id"
    )


def _working_places(
    session: Session, practitioner: Practitioner, starts_at: datetime
) -> tuple[list[Location], list[Location]]:
    """Where a practitioner works at all, and where at that time; by number."""
    rules = weekly_hours(session, [practitioner.id], None)
    places = [find_in_use(session, Location, place) for _, place in sorted(rules)]
    horizon = Horizon.between(starts_at - PAD, starts_at + PAD)
    at = horizon.index(tick_of(starts_at))
    at_work = [
        place
        for place in places
        if open_bits(rules[practitioner.id, place.id], zone_of(place), horizon) >> at & 1
    ]
    return places, at_work


def choose_room(
    session: Session,
    wish: Wish,
    room_id: int | None,
    *,
    usual: int | None = None,
    leave_out: Collection[int] = (),
) -> int | None:
    """The room as given, else the usual one if it is free, else one that is. Raises NoRoomFree."""
    if room_id is not None:
        return room_id
    if not wish.kind.needs_room:
        return None
    free = free_rooms(session, wish.location_id, wish.busy_from, wish.busy_until, leave_out=leave_out)
    if not free:
        raise NoRoomFree(busy="room", resources=["room"])
    return usual if usual in free else free[0]


def check_rules(
    session: Session,
    wishes: Sequence[Wish],
    override_reason: str | None,
    actor: Actor,
    *,
    now: datetime,
    leave_out: Collection[int] = (),
) -> list[list[str]]:
    """For each wish of one patient the rules that are set aside; raises NeedsOverride or NotAllowed.

    The wishes are also held against each other: a series keeps its own rest.
    """
    rest_minutes = rest_minutes_of(session)
    horizon = Horizon.between(
        min(wish.starts_at for wish in wishes) - PAD, max(wish.ends_at for wish in wishes) + PAD
    )
    places = {(wish.practitioner_id, wish.location_id) for wish in wishes}
    desks = load_desks(session, horizon, practitioner_ids={person for person, _ in places}, places=places)
    stored = other_needling(session, wishes, rest_minutes, leave_out=leave_out)
    shut = _shut_rooms(session, wishes, horizon)
    broken = []
    for wish in wishes:
        others = [other.wall_minute for other in wishes if other is not wish and other.kind.is_needling]
        needling = stored + others
        broken.append(broken_rules(wish, desks, horizon, needling, rest_minutes, shut_rooms=shut, now=now))
    settle_rules(list(dict.fromkeys(code for codes in broken for code in codes)), override_reason, actor)
    return broken


def check_room(session: Session, wish: Wish, override_reason: str | None, actor: Actor) -> list[str]:
    """The same where an appointment gets another room and nothing else: what it set aside before is settled."""
    horizon = Horizon.between(wish.starts_at - PAD, wish.ends_at + PAD)
    broken = ["closed"] if room_shut(wish, horizon, _shut_rooms(session, [wish], horizon)) else []
    return settle_rules(broken, override_reason, actor)


def location_shut(session: Session, wish: Wish) -> bool:
    """Whether the whole location is closed at some time that the appointment would last."""
    horizon = Horizon.between(wish.starts_at - PAD, wish.ends_at + PAD)
    closed = closed_ticks(session, horizon, [wish.location_id]).get(wish.location_id, 0)
    return bool(closed & ticks_between(horizon, wish.starts_at, wish.ends_at))


def _shut_rooms(session: Session, wishes: Sequence[Wish], horizon: Horizon) -> dict[int, int]:
    rooms = {wish.room_id for wish in wishes if wish.room_id is not None}
    return shut_ticks(session, horizon, rooms) if rooms else {}


def make_appointment(session: Session, booking: Booking, *, now: datetime) -> Appointment:
    """Add the appointment to the transaction and mark its planned session as placed."""
    wish = booking.wish
    appointment = Appointment(
        uid=f"{uuid4()}@needletime",
        patient_id=wish.patient_id,
        practitioner_id=wish.practitioner_id,
        location_id=wish.location_id,
        room_id=booking.room_id,
        appointment_type_id=wish.kind.id,
        planned_session=booking.planned,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        busy_from=wish.busy_from,
        busy_until=wish.busy_until,
        status=AppointmentStatus.BOOKED.value,
        created_at=now,
        changed_at=now,
        override_reason=booking.override_reason,
        override_rules=booking.override_rules,
    )
    session.add(appointment)
    if booking.planned is not None:
        booking.planned.status = SessionStatus.PLACED.value
        booking.planned.reason = ""
    return appointment


def put_into_slot(appointment: Appointment, booking: Booking) -> None:
    """Give an appointment the slot of a booking; one whose time changes is booked again, however it stood before."""
    wish = booking.wish
    if appointment.starts_at != wish.starts_at:
        appointment.status = AppointmentStatus.BOOKED.value
    appointment.starts_at, appointment.ends_at = wish.starts_at, wish.ends_at
    appointment.busy_from, appointment.busy_until = wish.busy_from, wish.busy_until
    appointment.practitioner_id, appointment.location_id = wish.practitioner_id, wish.location_id
    appointment.room_id = booking.room_id
    appointment.override_reason = booking.override_reason
    appointment.override_rules = booking.override_rules


def visible_change(appointment: Appointment, *, now: datetime) -> None:
    """Count a change that calendars show: version, SEQUENCE, and DTSTAMP, which never goes back."""
    appointment.version += 1
    appointment.sequence += 1
    appointment.changed_at = max(now, appointment.changed_at)


def mark_cancelled(appointment: Appointment, reason: str, *, now: datetime) -> None:
    """Make an appointment a cancelled one; what else follows (messages, feeds, trail) is for the caller to do."""
    appointment.status = AppointmentStatus.CANCELLED.value
    appointment.cancelled_at = now
    appointment.cancel_reason = reason.replace("\0", "").strip()[:200]
    visible_change(appointment, now=now)
