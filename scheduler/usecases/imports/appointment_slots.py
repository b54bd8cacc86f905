"""A line as an appointment that could be booked: everything that it names is looked up."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from scheduler.errors import InvalidInput
from scheduler.models import AppointmentStatus, AppointmentType
from scheduler.models.overlap_guard import LONGEST_HOURS
from scheduler.planning.timeline import TICK_MINUTES
from scheduler.usecases.booking.rules import checked_start
from scheduler.usecases.imports.appointment_rows import Line
from scheduler.usecases.imports.house import House, read_status
from scheduler.usecases.imports.people import People
from scheduler.usecases.imports.report import LEFT_OUT, Report

Found = TypeVar("Found")
OWN_UID = re.compile(r"[0-9a-f-]{8,64}@needletime")
"""What our own appointments are known by."""
NAMESPACE = UUID("6f0d3d8e-6f0b-4a52-9d58-0c7f6c3a5f0e")


@dataclass(frozen=True, slots=True)
class AppointmentChoices:
    """How a file is to be read, and what holds for rows that do not say."""

    mapping: Mapping[int, str] = field(default_factory=dict)
    date_format: str | None = None
    practitioner_id: int | None = None
    appointment_type_id: int | None = None
    location_id: int | None = None
    confirm: bool = False
    """Whether patients get a mail that lists their future appointments; reminders are owed in any case."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A row as an appointment that could be booked; instants in UTC."""

    row: int
    uid: str
    patient_id: int
    practitioner_id: int
    location_id: int
    kind: AppointmentType
    starts_at: datetime
    ends_at: datetime
    status: str
    room_id: int | None = None
    rules: tuple[str, ...] = ()
    """What it breaks of the clinic's rules: it is brought in all the same, and they are kept with it."""

    @property
    def busy_from(self) -> datetime:
        """From when practitioner and room are taken."""
        return self.starts_at - timedelta(minutes=self.kind.buffer_before_minutes)

    @property
    def busy_until(self) -> datetime:
        """Until when practitioner and room are taken, exclusive."""
        return self.ends_at + timedelta(minutes=self.kind.buffer_after_minutes)


def make_slot(
    line: Line, house: House, people: People, choices: AppointmentChoices, report: Report, *, now: datetime
) -> Slot | None:
    """A line with everything that it names looked up; None where something is wrong, all of which the report tells."""

    def look(name: str, find: Callable[[], Found]) -> Found | None:
        try:
            return find()
        except InvalidInput as error:
            report.refuse(line.row, *line.told(name), error)
            return None

    patient_id = look("patient", lambda: _known(people, line))
    practitioner = look(
        "practitioner", lambda: house.practitioner(line.practitioner, choices.practitioner_id)
    )
    kind = look("type", lambda: house.type(line.type, choices.appointment_type_id))
    status = look("status", lambda: read_status(line.status))
    location = room = starts_at = ends_at = None
    if practitioner is not None or line.location:
        location = look("location", lambda: house.location(line.location, choices.location_id, practitioner))
    if location is not None:
        room = look("room", lambda: house.room(line.room, location))
        starts_at = look("starts", lambda: _start(line, house.zone(location)))
    if starts_at is not None and kind is not None and location is not None:
        ends_at = look("ends", lambda: _end(line, starts_at, kind, house.zone(location)))
    if report.outcomes.get(line.row) == LEFT_OUT:
        return None
    if not (patient_id and practitioner and kind and location and starts_at and ends_at):
        return None
    later = AppointmentStatus.BOOKED if starts_at > now else AppointmentStatus.COMPLETED
    return Slot(
        line.row,
        _uid(line, f"{patient_id}:{practitioner.id}:{starts_at.isoformat()}"),
        patient_id,
        practitioner.id,
        location.id,
        kind,
        starts_at,
        ends_at,
        status or later.value,
        room.id if room else None,
    )


def _known(people: People, line: Line) -> int:
    patient_id = people.find(line.person, line.reference)
    if patient_id is None:
        raise InvalidInput("There is no such patient; bring the patients in first.")
    return patient_id


def _uid(line: Line, usual: str) -> str:
    """Our own identity stays; another is made from what the line is known by, the same every time."""
    if OWN_UID.fullmatch(line.uid):
        return line.uid
    return f"{uuid5(NAMESPACE, line.key or line.uid or usual)}@needletime"


def _start(line: Line, zone: ZoneInfo) -> datetime | None:
    return checked_start(line.starts.instant(zone)) if line.starts is not None else None


def _end(line: Line, starts_at: datetime, kind: AppointmentType, zone: ZoneInfo) -> datetime:
    """The end that the row says, else the type's; raises InvalidInput."""
    if line.ends is not None:
        ends_at = line.ends.instant(zone)
    else:
        ends_at = starts_at + timedelta(minutes=line.minutes or kind.duration_minutes)
    minutes = (ends_at - starts_at) / timedelta(minutes=1)
    if minutes <= 0:
        raise InvalidInput("The end must be later than the beginning.")
    if minutes % TICK_MINUTES:
        raise InvalidInput("An appointment lasts a multiple of 5 minutes.")
    if minutes + kind.buffer_before_minutes + kind.buffer_after_minutes > LONGEST_HOURS * 60:
        raise InvalidInput("An appointment, buffers included, lasts at most 12 hours.")
    return ends_at
