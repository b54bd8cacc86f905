"""Rows for tests: plain functions with sensible defaults; each commits what it makes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from argon2 import PasswordHasher
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AppointmentType,
    Clinic,
    Credential,
    Location,
    Message,
    MessageItem,
    Patient,
    Practitioner,
    Room,
    WorkingHours,
)
from scheduler.models.staff import Role, Staff
from scheduler.usecases.actors import Actor

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
"""A Monday, 08:00 in Berlin: the present of most tests."""
RECEPTIONIST = Actor(kind="staff", id=1, name="Rita Reception", role=Role.RECEPTION, source="127.0.0.1")


def save(*rows: Any) -> None:
    """Add and commit."""
    db.session.add_all(rows)
    db.session.commit()


@dataclass(frozen=True)
class World:
    """Identities of a small clinic in Berlin: one location, two rooms, one practitioner, one patient."""

    location_id: int
    room_ids: tuple[int, int]
    assessment_id: int
    needling_id: int
    review_id: int
    practitioner_id: int
    patient_id: int


def _clinic(**changes: Any) -> Clinic:
    values: dict[str, Any] = {
        "id": 1,
        "name": "Needle Point",
        "email": "desk@clinic.example",
        "phone": "+49 30 1234567",
        "locale": "en",
        "reminder_offsets_minutes": [4320, 1440],
    }
    return Clinic(**values | changes)


def make_clinic(**changes: Any) -> Clinic:
    """The clinic's row; reminders 72 h and 24 h before."""
    row = _clinic(**changes)
    save(row)
    return row


def _type(name: str = "Dry needling", **changes: Any) -> AppointmentType:
    values: dict[str, Any] = {
        "name": name,
        "duration_minutes": 30,
        "needs_room": True,
        "needs_credential": "dry_needling",
        "is_needling": True,
    }
    return AppointmentType(**values | changes)


def make_type(name: str = "Dry needling", **changes: Any) -> AppointmentType:
    """An appointment type; by default 30 minutes of needling that needs a room and a credential."""
    row = _type(name, **changes)
    save(row)
    return row


def _practitioner(
    location_id: int,
    *,
    given_name: str = "Petra",
    family_name: str = "Pin",
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4),
    hours: tuple[int, int] = (9 * 60, 17 * 60),
    credentialed: bool = True,
    **changes: Any,
) -> Practitioner:
    row = Practitioner(given_name=given_name, family_name=family_name, **changes)
    row.working_hours = [
        WorkingHours(
            location_id=location_id,
            weekday=weekday,
            starts_minute=hours[0],
            ends_minute=hours[1],
            valid_from=date(2025, 1, 6),
        )
        for weekday in weekdays
    ]
    if credentialed:
        row.credentials = [
            Credential(kind="dry_needling", issued_on=date(2020, 1, 1), expires_on=date(2030, 1, 1))
        ]
    return row


def make_practitioner(location_id: int, **changes: Any) -> Practitioner:
    """A practitioner who works weekly from 9 to 17 and may needle."""
    row = _practitioner(location_id, **changes)
    save(row)
    return row


def _patient(given_name: str = "Paul", family_name: str = "Pain", **changes: Any) -> Patient:
    values: dict[str, Any] = {
        "given_name": given_name,
        "family_name": family_name,
        "email": f"{given_name}.{family_name}@mail.example".lower(),
        "cautions": [],
        "created_at": NOW,
    }
    return Patient(**values | changes)


def make_patient(given_name: str = "Paul", family_name: str = "Pain", **changes: Any) -> Patient:
    """A patient with an email address."""
    row = _patient(given_name, family_name, **changes)
    save(row)
    return row


def make_world(**clinic: Any) -> World:
    """The small clinic that most tests need, in two commits: thousands of tests make it."""
    location = Location(name="Mitte", address="Torstraße 1, Berlin", zone="Europe/Berlin")
    rooms = (Room(name="Room 1", location=location), Room(name="Room 2", location=location))
    assessment = _type("First visit", duration_minutes=60, is_needling=False, needs_credential=None)
    needling, review = _type(), _type("Review", is_needling=False, needs_credential=None)
    patient = _patient()
    save(_clinic(**clinic), location, *rooms, assessment, needling, review, patient)
    practitioner = make_practitioner(location.id)
    return World(
        location_id=location.id,
        room_ids=(rooms[0].id, rooms[1].id),
        assessment_id=assessment.id,
        needling_id=needling.id,
        review_id=review.id,
        practitioner_id=practitioner.id,
        patient_id=patient.id,
    )


def at(day: int, hour: int = 10, minute: int = 0, *, month: int = 3, zone: ZoneInfo = BERLIN) -> datetime:
    """A wall time in (by default) March 2026, Berlin, as an instant; the 2nd is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=zone).astimezone(UTC)


def make_appointment(world: World, starts_at: datetime, minutes: int = 30, **changes: Any) -> Appointment:
    """A booked needling appointment, written past the use cases (no messages, no audit)."""
    ends_at = starts_at + timedelta(minutes=minutes)
    values: dict[str, Any] = {
        "uid": f"{starts_at.timestamp():.0f}-{changes.get('patient_id', world.patient_id)}@needletime",
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "location_id": world.location_id,
        "room_id": world.room_ids[0],
        "appointment_type_id": world.needling_id,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "busy_from": starts_at,
        "busy_until": ends_at,
        "changed_at": NOW,
        "created_at": NOW,
        "override_rules": [],
    }
    row = Appointment(**values | changes)
    save(row)
    return row


PASSWORD = "correct horse battery"
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Tests sign in often."""
PASSWORD_HASH = CHEAP_HASHER.hash(PASSWORD)


def make_staff(role: Role = Role.RECEPTION, **changes: Any) -> Staff:
    """A person who signs in with their role's name and PASSWORD."""
    values: dict[str, Any] = {
        "email": role.value,
        "name": f"The {role.value}",
        "role": role.value,
        "password_hash": PASSWORD_HASH,
        "created_at": NOW,
    }
    row = Staff(**values | changes)
    save(row)
    return row


def make_message(appointment: Appointment, **changes: Any) -> Message:
    """A reminder owed to an appointment's patient, written past the outbox."""
    number = db.session.scalar(select(func.count()).select_from(Message)) or 0
    values: dict[str, Any] = {
        "kind": "reminder",
        "dedupe_key": f"test {number}",
        "patient_id": appointment.patient_id,
        "recipient": "paul.pain@mail.example",
        "offset_minutes": 1440,
        "due_at": NOW,
        "next_attempt_at": NOW,
        "message_id": f"<{number}@clinic.example>",
        "created_at": NOW,
    }
    row = Message(**values | changes)
    row.items = [MessageItem(appointment_id=appointment.id, sequence=0, starts_at=appointment.starts_at)]
    save(row)
    return row
