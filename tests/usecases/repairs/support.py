"""A plan whose sessions are booked on days counted from the first of March."""

from datetime import datetime
from typing import Any

from scheduler.extensions import db
from scheduler.models import Appointment, TreatmentPlan
from tests.factories import World, at, make_appointment
from tests.usecases.plans.support import WEEKLY, prescribe


def series(world: World, *days: int, **changes: Any) -> tuple[TreatmentPlan, list[Appointment]]:
    """A plan of four weekly sessions (5 to 9 days apart); the first ones booked at ten on days from 1 March on."""
    plan = prescribe(world, WEEKLY)
    planned = {row.number: row for row in plan.sessions}
    rows = []
    for number, day in enumerate(days, start=1):
        rows.append(make_appointment(world, march(day), planned_session_id=planned[number].id, **changes))
        planned[number].status = "placed"
    db.session.commit()
    return plan, rows


def march(day: int, hour: int = 10) -> datetime:
    """A day counted from the first of March, also beyond its end."""
    return at(day, hour) if day <= 31 else at(day - 31, hour, month=4)
