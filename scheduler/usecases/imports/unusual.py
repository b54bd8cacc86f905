"""Which of the clinic's rules a file's appointments still to come break: told, not refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import Appointment, AppointmentType, Location
from scheduler.models.appointments import INACTIVE, NOT_BOOKED
from scheduler.planning.timeline import Horizon
from scheduler.usecases.availability.free_time import PAD, load_desks
from scheduler.usecases.availability.rows import shut_ticks
from scheduler.usecases.booking.rules import Wish, broken_rules, rest_minutes_of
from scheduler.usecases.imports.appointment_slots import Slot
from scheduler.usecases.imports.house import House


def rules_broken(
    session: Session, slots: Sequence[Slot], house: House, *, now: datetime
) -> Mapping[int, list[str]]:
    """Row -> codes of RULES; nothing of what has begun or is cancelled. Month by month: bits grow with the days."""
    coming = sorted(
        (slot for slot in slots if slot.starts_at > now and slot.status not in INACTIVE),
        key=lambda slot: slot.starts_at,
    )
    rest_minutes = rest_minutes_of(session)
    found: dict[int, list[str]] = {}
    for _, month in groupby(coming, key=lambda slot: (slot.starts_at.year, slot.starts_at.month)):
        found |= _of_month(session, list(month), slots, house, rest_minutes, now)
    return found


def _of_month(
    session: Session,
    month: Sequence[Slot],
    everything: Sequence[Slot],
    house: House,
    rest_minutes: int,
    now: datetime,
) -> dict[int, list[str]]:
    """``everything`` is the whole file: its other needling sessions count, too."""
    first, last = month[0].starts_at, max(slot.ends_at for slot in month)
    horizon = Horizon.between(first - PAD, last + PAD)
    places = {(slot.practitioner_id, slot.location_id) for slot in month}
    desks = load_desks(session, horizon, practitioner_ids={person for person, _ in places}, places=places)
    reach = timedelta(minutes=rest_minutes, days=1)
    shut = shut_ticks(session, horizon, {slot.room_id for slot in month if slot.room_id is not None})
    needling = _needling(session, first - reach, last + reach)
    for slot in everything:
        is_near = first - reach <= slot.starts_at <= last + reach
        if is_near and slot.kind.is_needling and slot.status not in NOT_BOOKED:
            needling.setdefault(slot.patient_id, []).append(_wish(slot, house).wall_minute)
    found = {}
    for slot in month:
        wish = _wish(slot, house)
        others = list(needling.get(slot.patient_id, ()))
        if wish.wall_minute in others:
            others.remove(wish.wall_minute)
        if codes := broken_rules(wish, desks, horizon, others, rest_minutes, shut_rooms=shut, now=now):
            found[slot.row] = codes
    return found


def _needling(session: Session, first: datetime, last: datetime) -> dict[int, list[int]]:
    """Patient -> wall minutes of the stored needling sessions that begin then."""
    rows = session.execute(
        select(Appointment.patient_id, Appointment.starts_at, Location.zone)
        .join(Location, Location.id == Appointment.location_id)
        .join(AppointmentType, AppointmentType.id == Appointment.appointment_type_id)
        .where(
            Appointment.status.not_in(NOT_BOOKED),
            Appointment.starts_at.between(first, last),
            AppointmentType.is_needling,
        )
    )
    found: dict[int, list[int]] = {}
    for patient, starts_at, zone in rows:
        wall = starts_at.astimezone(ZoneInfo(zone))
        found.setdefault(patient, []).append(wall.toordinal() * 1440 + wall.hour * 60 + wall.minute)
    return found


def _wish(slot: Slot, house: House) -> Wish:
    return Wish(
        slot.patient_id,
        slot.practitioner_id,
        slot.location_id,
        house.zone(house.locations[slot.location_id]),
        slot.kind,
        slot.starts_at,
        int((slot.ends_at - slot.starts_at).total_seconds() // 60),
        slot.room_id,
    )
