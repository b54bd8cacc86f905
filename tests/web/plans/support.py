"""Prescribing by the form, and what became of it."""

import re
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, TreatmentPlan
from tests.factories import World
from tests.web.browser import Browser


def form(world: World, protocol_id: int | str, **changes: Any) -> dict[str, Any]:
    values = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "protocol_id": protocol_id,
        "starts_on": "2026-03-03",
        "time_of_day": "any",
    }
    return values | changes


def prescribe(desk: Browser, world: World, protocol_id: int | str, **changes: Any) -> str:
    """The path of a new plan's proposals."""
    answer = desk.post("/plans/new", form(world, protocol_id, **changes))
    assert answer.status_code == 303
    return answer.location


def plans(app: Flask) -> list[TreatmentPlan]:
    with app.app_context():
        rows = list(db.session.scalars(select(TreatmentPlan).order_by(TreatmentPlan.id)))
        for row in rows:
            assert row.sessions and row.phases
        db.session.expunge_all()
        return rows


def starts(app: Flask) -> list[datetime]:
    with app.app_context():
        return list(db.session.scalars(select(Appointment.starts_at).order_by(Appointment.starts_at)))


def choices(page: str) -> list[dict[str, Any]]:
    """What each proposal's form sends."""
    return [
        {
            "form_key": re.findall(r'name="form_key" value="([^"]+)"', card)[0],
            "slot": re.findall(r'name="slot" value="([^"]+)"', card),
        }
        for card in page.split('class="card proposal"')[1:]
    ]
