"""Booking as the receptionist, breaking rules, and what is noted and owed."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Closure, Message, TimeOff
from scheduler.models.staff import Role
from scheduler.usecases.appointments.changing import book_appointment
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_practitioner, save

BY = {"actor": RECEPTIONIST, "now": NOW}
PRACTITIONER = replace(RECEPTIONIST, role=Role.PRACTITIONER, id=2)


def book(world: World, starts_at: datetime, **changes: Any) -> Appointment:
    """Book needling for the world's patient with its practitioner."""
    asked: dict[str, Any] = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "appointment_type_id": world.needling_id,
        "starts_at": starts_at,
        "actor": RECEPTIONIST,
        "now": NOW,
    }
    return book_appointment(**asked | changes)


def audit_actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def message_states() -> list[tuple[str, str]]:
    rows = db.session.execute(select(Message.kind, Message.state).order_by(Message.kind, Message.due_at))
    return [(kind, state) for kind, state in rows]


def break_rule(world: World, rule: str) -> dict[str, Any]:
    """Arrange for a booking on Tuesday the 10th at 10:00 to break one rule; returns what to book differently."""
    if rule == "outside_hours":
        return {"starts_at": at(10, 18)}
    if rule == "closed":
        save(Closure(location_id=world.location_id, starts_at=at(10, 9), ends_at=at(10, 12)))
    elif rule == "away":
        save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(10, 9), ends_at=at(10, 12)))
    elif rule == "rest":
        make_appointment(world, at(9, 10, 15))
    elif rule == "credential":
        untrained = make_practitioner(world.location_id, given_name="New", credentialed=False)
        return {"practitioner_id": untrained.id}
    elif rule == "in_the_past":
        return {"now": at(10, 10, 5)}
    return {}


RULES = ["outside_hours", "closed", "away", "rest", "credential", "in_the_past"]
