"""The demo's audit trail: every deed as the command line's, at the time at which the story has it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from scheduler.models import AppointmentStatus, AuditEntry
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.demo.cast import Course, Guest, Telling, Visit
from scheduler.usecases.demo.rows import Row, Tables
from scheduler.usecases.demo.size import Days

ACTIONS = {
    "booked": "appointment_booked",
    "moved": "appointment_moved",
    "cancelled": "appointment_cancelled",
}
SEEN = {AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW}


def audit_tables(
    guests: list[Guest], courses: list[Course], visits: list[Visit], outcomes: list[Row], days: Days
) -> Tables:
    """Registrations, prescriptions, values, and everything about appointments, in the order of time."""
    rows = [
        _row("patient_registered", "patient", guest.id, guest.id, guest.created_at or days.now, {})
        for guest in guests
    ]
    rows += [
        _row(
            "plan_prescribed",
            "plan",
            course.id,
            course.guest.id,
            days.at(course.prescribed),
            {"sessions": len(course.sessions)},
        )
        for course in courses
    ]
    rows += [row for visit in visits for row in _about(visit, days)]
    rows += [
        _row(
            "outcome_recorded",
            "outcome",
            row["id"],
            row["patient_id"],
            row["created_at"],
            {"measure": row["measure"], "appointment_id": row["appointment_id"]},
        )
        for row in outcomes
    ]
    rows.sort(key=lambda row: (row["at"], row["entity"], row["entity_id"]))
    return [(AuditEntry, rows)]


def _about(visit: Visit, days: Days) -> Iterator[Row]:
    before: Telling | None = None
    for telling in visit.tellings:
        yield _of_visit(
            visit, ACTIONS[telling.what], days.at(telling.moment), _detail(visit, telling, before, days)
        )
        before = telling
    if visit.status in SEEN:
        change = {"before": AppointmentStatus.BOOKED.value, "after": visit.status}
        yield _of_visit(visit, "appointment_status_changed", days.at(visit.ends), change)


def _detail(visit: Visit, telling: Telling, before: Telling | None, days: Days) -> dict[str, Any]:
    if telling.what == "cancelled":
        booked, cancelled = AppointmentStatus.BOOKED.value, AppointmentStatus.CANCELLED.value
        return {"before": booked, "after": cancelled, "reason": visit.reason}
    starts = {"starts_at": _iso(days.at(telling.starts))}
    if before is not None:
        return {"before": {"starts_at": _iso(days.at(before.starts))}, "after": starts, "rules": []}
    plan = {"plan_id": visit.session.course.id} if visit.session is not None else {}
    return {**plan, **starts, "rules": []}


def _of_visit(visit: Visit, action: str, at: datetime, detail: dict[str, Any]) -> Row:
    return _row(action, "appointment", visit.id, visit.guest.id, at, detail)


def _row(
    action: str, entity: str, entity_id: int, patient_id: int, at: datetime, detail: dict[str, Any]
) -> Row:
    return {
        "at": at,
        "actor_kind": COMMAND.kind,
        "actor_id": COMMAND.id,
        "actor_name": COMMAND.name,
        "source": COMMAND.source,
        "action": action,
        "entity": entity,
        "entity_id": entity_id,
        "patient_id": patient_id,
        "detail": detail,
    }


def _iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
