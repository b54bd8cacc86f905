"""A clinic of 20 practitioners with as many appointments as asked, written past the use cases, fast."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import insert

from config import read_settings
from scheduler import create_app
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AppointmentType,
    Clinic,
    Credential,
    Location,
    Patient,
    Practitioner,
    Room,
    WorkingHours,
)
from scheduler.models.base import Base
from scheduler.models.overlap_guard import create_statements, drop_statements
from scheduler.models.staff import Role
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.staff.api_keys import issue_api_key

PRACTITIONERS = 20
PATIENTS = 4000
PER_DAY = 15
"""Half-hour appointments of one practitioner on a working day of 16: a well-filled diary."""
SECRET_KEY = "only for measuring: nothing here is worth protecting"
BATCH = 20_000
AHEAD_DAYS = 182


def environment_for(database_url: str) -> dict[str, str]:
    """The settings of a server on that database."""
    return {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY, "LOG_LEVEL": "ERROR"}


def build(
    database_url: str, appointments: int, *, today: date, ahead_days: int = AHEAD_DAYS
) -> tuple[Flask, str]:
    """A migrated database with the world in it, so many days of it ahead; returns the application and an API key."""
    app = create_app(read_settings(environment_for(database_url)))
    with app.app_context():
        upgrade(directory=str(Path(__file__).parent.parent / "migrations"))
        _add_house()
        last = today + timedelta(days=ahead_days)
        without_guards(lambda: _add_appointments(appointments, last))
        analyse()
        key = issue_api_key("bench", Role.RECEPTION, actor=COMMAND, now=datetime.now(UTC)).key
        db.session.remove()
    return app, key


def _add_house() -> None:
    clinic = Clinic(
        id=1,
        name="Bench",
        email="desk@clinic.example",
        phone="",
        locale="en",
        reminder_offsets_minutes=[4320, 1440],
    )
    location = Location(name="Mitte", address="", zone="Europe/Berlin")
    location.rooms = [Room(name=f"Room {number}") for number in range(1, PRACTITIONERS + 1)]
    kind = AppointmentType(
        name="Dry needling", duration_minutes=30, needs_credential="dry_needling", is_needling=True
    )
    db.session.add_all([clinic, location, kind])
    db.session.flush()
    for number in range(PRACTITIONERS):
        person = Practitioner(given_name="Petra", family_name=f"Pin {number}")
        person.credentials = [Credential(kind="dry_needling", issued_on=date(2000, 1, 1))]
        person.working_hours = [
            WorkingHours(
                location_id=location.id,
                weekday=weekday,
                starts_minute=9 * 60,
                ends_minute=17 * 60,
                valid_from=date(2000, 1, 3),
            )
            for weekday in range(5)
        ]
        db.session.add(person)
    patients = [
        {
            "given_name": "Paul",
            "family_name": f"Pain {number}",
            "cautions": [],
            "created_at": datetime.now(UTC),
            "email": f"p{number}@patients.example",
            "wants_reminders": True,
            "notes": "",
            "version": 1,
        }
        for number in range(PATIENTS)
    ]
    db.session.flush()
    add(Patient, patients)


def _add_appointments(count: int, last: date) -> None:
    """Appointments backwards from the last day, by day, practitioner and half hour; by chance one is left free."""
    chance = random.Random(7)
    berlin_morning = timedelta(hours=8)
    day = last
    rows: list[dict[str, Any]] = []
    made = 0
    while made < count:
        if day.weekday() < 5:
            midnight = datetime.combine(day, datetime.min.time(), UTC)
            for person in range(1, PRACTITIONERS + 1):
                for half_hour in sorted(chance.sample(range(16), PER_DAY)):
                    starts_at = midnight + berlin_morning + half_hour * timedelta(minutes=30)
                    rows.append(visit(made, person, 1 + (made * 17) % PATIENTS, starts_at))
                    made += 1
        day -= timedelta(days=1)
        if len(rows) > BATCH or made >= count:
            add(Appointment, rows)
            rows = []


def add(model: type[Base], rows: list[dict[str, Any]]) -> None:
    """Write rows past the models, which would take twice as long, and commit."""
    if rows:
        db.session.execute(insert(model.__table__), rows)
    db.session.commit()


def visit(
    number: int, person: int, patient: int, starts_at: datetime, *, minutes: int = 30, **more: Any
) -> dict[str, Any]:
    """One booked appointment, as a row: in the person's own room unless ``more`` says otherwise."""
    ends_at = starts_at + timedelta(minutes=minutes)
    return {
        "uid": f"{number:032x}@needletime",
        "patient_id": patient,
        "practitioner_id": person,
        "location_id": 1,
        "room_id": person,
        "appointment_type_id": 1,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "busy_from": starts_at,
        "busy_until": ends_at,
        "status": "booked",
        "version": 1,
        "sequence": 0,
        "changed_at": starts_at - timedelta(days=30),
        "created_at": starts_at - timedelta(days=30),
        "cancel_reason": "",
        "override_rules": [],
        **more,
    }


def plan(number: int, person: int, starts_on: date, **more: Any) -> dict[str, Any]:
    """The active plan of the patient of that number, as a row."""
    return {
        "id": number,
        "patient_id": number,
        "practitioner_id": person,
        "name": "A course",
        "condition": "",
        "target_muscles": [],
        "preferences": {},
        "starts_on": starts_on,
        "status": "active",
        "version": 1,
        **more,
    }


def phase(plan_id: int, sessions: int, days: tuple[int, int, int]) -> dict[str, Any]:
    """A plan's only phase, as a row; ``days`` are the smallest, ideal and largest gap."""
    least, ideal, most = days
    gaps = {"min_days": least, "ideal_days": ideal, "max_days": most}
    return {"id": plan_id, "plan_id": plan_id, "position": 1, "sessions": sessions, **gaps}


def planned(key: int, plan_id: int, number: int, status: str) -> dict[str, Any]:
    """One session of a plan, as a row."""
    return {
        "id": key,
        "plan_id": plan_id,
        "phase_id": plan_id,
        "number": number,
        "appointment_type_id": 1,
        "status": status,
        "reason": "",
    }


def without_guards(fill: Callable[[], None]) -> None:
    """Fill while the guards are away: putting them back checks everything at once, where that is possible."""
    dialect = db.engine.dialect.name
    with db.engine.begin() as connection:
        for statement in drop_statements(dialect):
            connection.exec_driver_sql(statement)
    fill()
    with db.engine.begin() as connection:
        for statement in create_statements(dialect):
            connection.exec_driver_sql(statement)


def analyse() -> None:
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    else:
        with db.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
