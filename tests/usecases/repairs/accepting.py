"""Accepting a repair, and what is booked, mailed and noted then."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Message, TreatmentPlan
from scheduler.models.appointments import NOT_BOOKED
from scheduler.usecases.repairs.acceptance import accept_repair
from scheduler.usecases.series.placement import ChosenSlot
from tests.factories import NOW, RECEPTIONIST, World
from tests.usecases.repairs.support import march

WEDNESDAY = march(4, 8)


def slot(world: World, number: int, starts_at: datetime) -> ChosenSlot:
    return ChosenSlot(number, starts_at, world.practitioner_id, world.location_id)


def accept(plan: TreatmentPlan, **asked: Any) -> list[Appointment]:
    """Accept with the versions that are there now, unless told otherwise."""
    db.session.rollback()
    known: dict[str, Any] = {
        "version": db.session.get_one(TreatmentPlan, plan.id).version,
        "versions": {
            row.id: row.version
            for row in db.session.scalars(select(Appointment).where(Appointment.status.not_in(NOT_BOOKED)))
            if row.planned_session_id is not None
        },
        "actor": RECEPTIONIST,
        "now": NOW,
    }
    return accept_repair(plan.id, **known | asked)


def starts() -> list[datetime]:
    """Of all that is booked, in the order of the sessions."""
    db.session.rollback()
    return list(
        db.session.scalars(
            select(Appointment.starts_at).where(Appointment.status == "booked").order_by(Appointment.id)
        )
    )


def mails() -> list[tuple[str, list[datetime]]]:
    """What is told at once: kind and the dates."""
    rows = db.session.scalars(select(Message).where(Message.kind != "reminder", Message.state == "due"))
    return [(row.kind, sorted(item.starts_at for item in row.items)) for row in rows]


def trail() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def slot_like(row: Appointment, number: int, starts_at: datetime) -> ChosenSlot:
    return ChosenSlot(number, starts_at, row.practitioner_id, row.location_id)
