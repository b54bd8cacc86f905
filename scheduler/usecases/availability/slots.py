"""Where an appointment could be booked."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import AppointmentType, Clinic, Location, Patient, Practitioner
from scheduler.planning.timeline import indices, instant_of
from scheduler.transaction import reading
from scheduler.usecases.availability.free_time import bits_from, horizon_of, load_availability, patient_busy
from scheduler.usecases.lookup import find

LONGEST_SEARCH_DAYS = 366


class FoundSlot(NamedTuple):
    """A start at which a type can be booked; instants in UTC."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: int
    location_id: int


@reading
def find_slots(
    session: Session,
    *,
    appointment_type_id: int,
    from_on: date,
    to_on: date,
    practitioner_ids: Collection[int] | None = None,
    location_id: int | None = None,
    patient_id: int | None = None,
    now: datetime,
) -> list[FoundSlot]:
    """Every slot on the local dates from_on to to_on, both included, that starts after now; ascending.

    None for the practitioners or the location asks for all. Given a patient, slots at which the patient is elsewhere
    in the clinic are left out. Raises NotFound, or InvalidInput for an impossible range.
    """
    check_range(from_on, to_on)
    kind = find(session, AppointmentType, appointment_type_id)
    if location_id is not None:
        find(session, Location, location_id)
    if patient_id is not None:
        find(session, Patient, patient_id)
    for number in practitioner_ids or ():
        find(session, Practitioner, number)
    horizon = horizon_of(from_on, to_on)
    found = load_availability(
        session,
        horizon,
        grid_minutes=grid_of(session),
        now=now,
        practitioner_ids=practitioner_ids,
        location_id=location_id,
    )
    taken = patient_busy(session, patient_id, horizon, now=now) if patient_id is not None else 0
    later = bits_from(horizon, now)
    length = timedelta(minutes=kind.duration_minutes)
    slots = []
    for desk in found.desks:
        days = desk.clock.bits_of_days(from_on.toordinal(), to_on.toordinal())
        for index in indices(found.starts(desk, kind, taken=taken) & days & later):
            starts_at = instant_of(horizon.start_tick + index)
            slots.append(FoundSlot(starts_at, starts_at + length, desk.practitioner_id, desk.location_id))
    slots.sort()
    return slots


def check_range(from_on: date, to_on: date) -> None:
    """Raise InvalidInput unless the dates are in order and at most a year apart."""
    if to_on < from_on:
        raise InvalidInput("The first day must not come after the last.", field="to")
    if (to_on - from_on).days >= LONGEST_SEARCH_DAYS:
        raise InvalidInput("At most a year can be searched at once.", field="to")
    if not date(1980, 1, 1) <= from_on <= to_on <= date(2200, 1, 1):
        raise InvalidInput("That date is too far away.", field="from")


def grid_of(session: Session) -> int:
    """The clinic's grid in minutes."""
    clinic = session.get(Clinic, 1)
    return clinic.slot_minutes if clinic is not None else 15
