"""An absence, whom it displaces, and where they could go."""

from datetime import date, datetime

from scheduler.extensions import db
from scheduler.models import PlannedSession, TreatmentPlan
from scheduler.usecases.absences.displacement import (
    DisplacedLine,
    Displacement,
    Slot,
    list_displaced,
    preview_absence,
)
from scheduler.usecases.absences.displacement_question import Others
from scheduler.usecases.absences.entering import Absence, AbsenceKind, add_time_off
from scheduler.usecases.absences.rehousing import Target
from scheduler.usecases.absences.times import Edge, WallTime
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.factories import NOW, RECEPTIONIST, World, make_appointment

WEEKLY = PhaseWish(4, 5, 7, 9)


def day(number: int, minute: int | None = None, month: int = 3) -> WallTime:
    return WallTime(date(2026, month, number), minute)


def preview(
    world: World, first: Edge, last: Edge, others: Others = Others.WISHES, now: datetime = NOW
) -> Displacement:
    """Petra would be away."""
    return preview_absence(
        practitioner_id=world.practitioner_id, starts=first, until=last, others=others, now=now
    )


def plan_of(world: World, *starts: datetime, **changes: object) -> TreatmentPlan:
    """A weekly plan whose first sessions are booked at these times."""
    values = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "starts_on": date(2026, 3, 2),
        "phases": [WEEKLY],
    }
    plan = prescribe_plan(**values | changes, actor=RECEPTIONIST, now=NOW)  # type: ignore[arg-type]
    sessions = list(db.session.get_one(TreatmentPlan, plan.id).sessions)
    for session, starts_at in zip(sessions, starts, strict=False):
        row = make_appointment(world, starts_at, patient_id=plan.patient_id, planned_session_id=session.id)
        db.session.get_one(PlannedSession, row.planned_session_id).status = "placed"
    db.session.commit()
    return plan


def slot_of(line: DisplacedLine) -> Slot:
    assert line.slot is not None, line.reason
    return line.slot


def target(slot: Slot) -> Target:
    return Target(slot.starts_at, slot.practitioner_id, slot.location_id)


def offers(found: Displacement) -> list[tuple[datetime, int] | None]:
    """Start and practitioner by line."""
    return [(line.slot.starts_at, line.slot.practitioner_id) if line.slot else None for line in found.lines]


def saved(world: World, first: int, last: int) -> Absence:
    return add_time_off(world.practitioner_id, day(first), day(last), actor=COMMAND, now=NOW)


def displaced_now(absence: Absence, others: Others = Others.WISHES) -> Displacement:
    return list_displaced(AbsenceKind.TIME_OFF, absence.id or 0, others=others, now=NOW)
