"""What an appointment may become, how it is loaded to be changed, and what is noted of it; private to the use cases."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import StaleVersion
from scheduler.models import Appointment, AppointmentStatus, AuditEntry
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.feeds.tokens import bump_feeds

S = AppointmentStatus
LEGAL_MOVES: dict[str, frozenset[str]] = {
    S.BOOKED: frozenset({S.CONFIRMED, S.ARRIVED, S.COMPLETED, S.CANCELLED, S.NO_SHOW}),
    S.CONFIRMED: frozenset({S.BOOKED, S.ARRIVED, S.COMPLETED, S.CANCELLED, S.NO_SHOW}),
    S.ARRIVED: frozenset({S.BOOKED, S.COMPLETED, S.CANCELLED, S.NO_SHOW}),
    S.COMPLETED: frozenset({S.ARRIVED}),
    S.NO_SHOW: frozenset({S.BOOKED, S.ARRIVED}),
    S.CANCELLED: frozenset(),
}
"""status -> what it may become; going back from arrived, completed or no_show mends a slip of the finger."""
MOVABLE = frozenset({S.BOOKED, S.CONFIRMED})


def current_state(appointment: Appointment) -> dict[str, object]:
    """What a caller with a stale version needs to see, as JSON values."""
    return {"id": appointment.id, "version": appointment.version, **state_of(appointment)}


def last_change(session: Session, appointment_id: int) -> dict[str, object] | None:
    """Who did what last, and when, as JSON values: by, action, at; None for what nobody changed yet."""
    latest = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.entity == "appointment", AuditEntry.entity_id == appointment_id)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).first()
    if latest is None:
        return None
    return {"by": latest.actor_name, "action": latest.action, "at": iso(latest.at)}


def load_for_change(session: Session, appointment_id: int, version: int) -> Appointment:
    """The appointment as it is now, locked; raises StaleVersion when it is not the version the caller saw."""
    appointment = session.scalars(
        select(Appointment)
        .where(Appointment.id == appointment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if appointment.version != version:
        raise StaleVersion(current=current_state(appointment), changed=last_change(session, appointment_id))
    return appointment


def tell_calendars(
    session: Session, appointment: Appointment, *previous_practitioners: int, now: datetime
) -> None:
    """Raise the revision of the feeds that show, or showed, this appointment."""
    treats = {appointment.practitioner_id, *previous_practitioners}
    bump_feeds(session, patient_ids=[appointment.patient_id], practitioner_ids=sorted(treats), now=now)


def note_change(
    session: Session, appointment: Appointment, actor: Actor, action: str, *, now: datetime, **detail: object
) -> None:
    """Add the appointment's audit row to the transaction."""
    note_deed(
        session,
        actor,
        action,
        "appointment",
        appointment.id,
        now=now,
        patient_id=appointment.patient_id,
        **detail,
    )


def as_told(appointment: Appointment) -> tuple[datetime, datetime, int, int]:
    """What a change of is worth a mail: when, how long, with whom and where."""
    when = (appointment.starts_at, appointment.ends_at)
    return (*when, appointment.practitioner_id, appointment.location_id)


def resources_held(appointment: Appointment) -> list[tuple[str, int]]:
    """What to lock before changing an appointment where it is."""
    return [
        ("practitioner", appointment.practitioner_id),
        ("patient", appointment.patient_id),
        ("location", appointment.location_id),
    ]


def state_of(appointment: Appointment) -> dict[str, object]:
    """An appointment for the audit trail, as JSON values."""
    return {
        "starts_at": iso(appointment.starts_at),
        "ends_at": iso(appointment.ends_at),
        "practitioner_id": appointment.practitioner_id,
        "location_id": appointment.location_id,
        "room_id": appointment.room_id,
        "status": str(appointment.status),
    }


def iso(instant: datetime) -> str:
    """``2026-03-02T09:00:00Z``"""
    return instant.isoformat().replace("+00:00", "Z")
