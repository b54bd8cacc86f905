"""Appointments in and out."""

from datetime import datetime
from typing import Any

from scheduler.api.answers import picked, utc, utc_or_none
from scheduler.api.fields import Choice, DayOrInstant, Input, Instant, Many, Number, Paging, QueryNumber, Text
from scheduler.api.schemas.common import Output, instant, many, page_of, text, whole
from scheduler.models import Appointment, AppointmentStatus

LONGEST_REASON = 2000
OVERRIDE = "Why a rule of the clinic is set aside this time; kept with the appointment."


class AppointmentsQuery(Paging):
    """Which appointments."""

    from_ = DayOrInstant(
        "Those that end later; a date means its beginning where they take place.", data_key="from"
    )
    to = DayOrInstant("Those that start earlier; a date is included, an instant is not.")
    practitioner_id = QueryNumber()
    patient_id = QueryNumber()
    location_id = QueryNumber()
    status = Many(Choice(AppointmentStatus), 6, metadata={"description": "Any of these."})


class Booking(Input):
    """An appointment to book."""

    patient_id = Number(required=True)
    practitioner_id = Number(required=True)
    appointment_type_id = Number(required=True)
    starts_at = Instant(required=True, metadata={"description": "On a multiple of 5 minutes."})
    location_id = Number(
        allow_none=True,
        load_default=None,
        metadata={"description": "Without it: the room's, or where the practitioner works at that time."},
    )
    room_id = Number(
        allow_none=True,
        load_default=None,
        metadata={"description": "Without it: a free room is chosen where the type needs one."},
    )
    planned_session_id = Number(
        allow_none=True, load_default=None, metadata={"description": "The session of a plan that it fills."}
    )
    minutes = Number(
        5, 480, allow_none=True, load_default=None, metadata={"description": "Where the type may be resized."}
    )
    override_reason = Text(
        LONGEST_REASON, allow_none=True, load_default=None, metadata={"description": OVERRIDE}
    )


class Move(Input):
    """What changes; the rest stays."""

    version = Number(required=True, metadata={"description": "The one that you saw."})
    starts_at = Instant()
    practitioner_id = Number()
    room_id = Number()
    location_id = Number()
    minutes = Number(5, 480, metadata={"description": "Where the type may be resized."})
    override_reason = Text(LONGEST_REASON, allow_none=True, metadata={"description": OVERRIDE})


class Cancellation(Input):
    """A cancellation."""

    version = Number(required=True)
    reason = Text(200, load_default="")


class StatusChange(Input):
    """A new status."""

    version = Number(required=True)
    status = Choice(AppointmentStatus, required=True)


class AppointmentSchema(Output):
    """An appointment, [starts_at, ends_at)."""

    id = whole()
    uid = text("Its identity in calendars (RFC 5545).")
    patient_id = whole()
    practitioner_id = whole()
    location_id = whole()
    room_id = whole(none=True)
    appointment_type_id = whole()
    planned_session_id = whole(none=True)
    plan_id = whole(none=True)
    session_number = whole("Which session of its plan it is.", none=True)
    starts_at = instant()
    ends_at = instant()
    status = text("booked, confirmed, arrived, completed, cancelled or no_show")
    version = whole("Counts every change; send it back with an edit.")
    override_reason = text(none=True)
    override_rules = many(text(), "The rules that were set aside: codes.")
    cancelled_at = instant(none=True)
    cancel_reason = text()
    created_at = instant()


AppointmentPage = page_of(AppointmentSchema)


def as_asked(query: dict[str, Any]) -> dict[str, Any]:
    """The query as the use case takes it: dates and instants are different questions."""
    asked = dict(query)
    for bound, on, at in (("from_", "from_on", "from_at"), ("to", "to_on", "until_at")):
        value = asked.pop(bound, None)
        asked[at if isinstance(value, datetime) else on] = value
    asked["statuses"] = asked.pop("status", None)
    return asked


def appointment_json(row: Appointment) -> dict[str, Any]:
    """An appointment; its planned session should be loaded."""
    planned = row.planned_session if row.planned_session_id is not None else None
    return {
        **picked(row, "id", "uid", "patient_id", "practitioner_id", "location_id", "room_id"),
        **picked(row, "appointment_type_id", "planned_session_id"),
        "plan_id": planned.plan_id if planned else None,
        "session_number": planned.number if planned else None,
        "starts_at": utc(row.starts_at),
        "ends_at": utc(row.ends_at),
        **picked(row, "status", "version", "override_reason", "override_rules"),
        "cancelled_at": utc_or_none(row.cancelled_at),
        "cancel_reason": row.cancel_reason,
        "created_at": utc(row.created_at),
    }
