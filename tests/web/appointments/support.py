"""What the booking form sends and shows, and what is stored."""

import html
import re
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment


def form(world: World, **changes: Any) -> dict[str, Any]:
    """What the booking form sends: Paul Pain, needling with Petra Pin on Tuesday at ten."""
    values = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "appointment_type_id": world.needling_id,
        "on": "2026-03-03",
        "at": "10:00",
    }
    return values | changes


def booked(app: Flask, world: World, starts_at: datetime | None = None, **changes: Any) -> int:
    with app.app_context():
        return make_appointment(world, starts_at or at(3), **changes).id


def register(app: Flask, name: str) -> int:
    given_name, family_name = name.split()
    with app.app_context():
        details = PatientDetails(given_name=given_name, family_name=family_name)
        return register_patient(details, actor=RECEPTIONIST, now=NOW).id


def stored(app: Flask, number: int) -> Appointment:
    with app.app_context():
        row = db.session.get_one(Appointment, number)
        db.session.expunge(row)
        return row


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count(Appointment.id))) or 0


def value_of(page: str, field: str) -> str:
    """What an input or a select of a page holds."""
    found = re.search(rf'<input[^>]* name="{field}"[^>]* value="([^"]*)"', page)
    if found:
        return html.unescape(found[1])
    (options,) = re.findall(rf'<select[^>]* name="{field}">(.*?)</select>', page, re.S)
    (chosen,) = re.findall(r'value="([^"]*)" selected', options)
    return str(chosen)
