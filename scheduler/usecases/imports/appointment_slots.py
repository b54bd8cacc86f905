"""A line as an appointment that could be booked: everything that it names is looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from scheduler.errors import InvalidInput
from scheduler.models import AppointmentStatus, AppointmentType
from scheduler.models.overlap_guard import LONGEST_HOURS
from scheduler.planning.timeline import TICK_MINUTES
from scheduler.usecases.appointments.booking_rules import checked_start
from scheduler.usecases.imports.appointment_rows import Line
from scheduler.usecases.imports.house import House, read_status
from scheduler.usecases.imports.people import People

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

    @property
    def busy_from(self) -> datetime:
        """From when practitioner and room are taken."""
        return self.starts_at - timedelta(minutes=self.kind.buffer_before_minutes)

    @property
    def busy_until(self) -> datetime:
        """Until when practitioner and room are taken, exclusive."""
        return self.ends_at + timedelta(minutes=self.kind.buffer_after_minutes)


def make_slot(line: Line, house: House, people: People, choices: AppointmentChoices, now: datetime) -> Slot:
    """A line with everything that it names looked up; raises InvalidInput with the field."""
    with _blamed("patient"):
        patient_id = people.find(line.person, line.identity)
        if patient_id is None:
            raise InvalidInput("There is no such patient; bring the patients in first.")
    with _blamed("practitioner"):
        practitioner = house.practitioner(line.practitioner, choices.practitioner_id)
    with _blamed("type"):
        kind = house.type(line.type, choices.appointment_type_id)
    with _blamed("location"):
        location = house.location(line.location, choices.location_id, practitioner)
    with _blamed("room"):
        room = house.room(line.room, location)
    with _blamed("starts"):
        starts_at = checked_start(line.starts.instant(house.zone(location)))
    with _blamed("ends"):
        ends_at = _end(line, starts_at, kind, house, location.id)
    with _blamed("status"):
        status = read_status(line.status)
    later = AppointmentStatus.BOOKED if starts_at > now else AppointmentStatus.COMPLETED
    key = line.key or f"{patient_id}:{practitioner.id}:{starts_at.isoformat()}"
    return Slot(
        line.row,
        f"{uuid5(NAMESPACE, key)}@needletime",
        patient_id,
        practitioner.id,
        location.id,
        kind,
        starts_at,
        ends_at,
        status or later.value,
        room.id if room else None,
    )


class _blamed:
    """Names the field that an InvalidInput inside is about."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InvalidInput):
            error.details = {**error.details, "field": self.name}


def _end(line: Line, starts_at: datetime, kind: AppointmentType, house: House, location_id: int) -> datetime:
    """The end that the row says, else the type's; raises InvalidInput."""
    if line.ends is not None:
        ends_at = line.ends.instant(house.zone(house.locations[location_id]))
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
