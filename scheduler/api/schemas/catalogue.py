"""What is offered to choose from: practitioners, locations, rooms, appointment types, protocols."""

from typing import Any

from scheduler.api.answers import picked
from scheduler.api.schemas.common import Output, flag, many, page_of, parts, text, whole
from scheduler.models import AppointmentType, Location, Practitioner, Protocol, Room


class PractitionerSchema(Output):
    """A person who treats patients."""

    id = whole()
    name = text()
    given_name = text()
    family_name = text()
    colour = text("#rrggbb")


class LocationSchema(Output):
    """A place of treatment."""

    id = whole()
    name = text()
    address = text()
    zone = text("IANA time zone, such as Europe/Berlin.")


class RoomSchema(Output):
    """A room; one appointment at a time."""

    id = whole()
    name = text()
    location_id = whole()


class AppointmentTypeSchema(Output):
    """What can be booked."""

    id = whole()
    name = text()
    duration_minutes = whole()
    buffer_before_minutes = whole("Kept free for practitioner and room.")
    buffer_after_minutes = whole()
    needs_room = flag()
    needs_credential = text("The credential that the practitioner must hold.", none=True)
    is_needling = flag("The minimum rest between needling sessions applies.")
    colour = text("#rrggbb")


class PhaseSchema(Output):
    """So many sessions, so many days after the one before."""

    sessions = whole()
    min_days = whole()
    ideal_days = whole()
    max_days = whole()


class ProtocolPhaseSchema(PhaseSchema):
    """A phase of a protocol."""

    appointment_type_id = whole("Null: the needling type.", none=True)


class ProtocolSchema(Output):
    """A prescription to copy from."""

    id = whole()
    name = text()
    version = whole("1 is the first. Changing a protocol from which plans were written makes the next one.")
    condition = text()
    source = text("The trial or the reasoning behind it.")
    sessions = whole("How many in all phases.")
    phases = parts(ProtocolPhaseSchema)
    review_months = many(whole(), "Review points, in months after the last session.")


PractitionerPage = page_of(PractitionerSchema)
LocationPage = page_of(LocationSchema)
RoomPage = page_of(RoomSchema)
AppointmentTypePage = page_of(AppointmentTypeSchema)
ProtocolPage = page_of(ProtocolSchema)


def practitioner_json(row: Practitioner) -> dict[str, Any]:
    """A practitioner."""
    return {**picked(row, "id", "name", "given_name", "family_name", "colour")}


def location_json(row: Location) -> dict[str, Any]:
    """A location."""
    return {**picked(row, "id", "name", "address", "zone")}


def room_json(row: Room) -> dict[str, Any]:
    """A room."""
    return {**picked(row, "id", "name", "location_id")}


def appointment_type_json(row: AppointmentType) -> dict[str, Any]:
    """An appointment type."""
    return {
        **picked(row, "id", "name", "duration_minutes", "buffer_before_minutes", "buffer_after_minutes"),
        **picked(row, "needs_room", "needs_credential", "is_needling", "colour"),
    }


def phase_json(row: Any) -> dict[str, Any]:
    """A phase of a protocol or of a plan."""
    return {**picked(row, "sessions", "min_days", "ideal_days", "max_days")}


def protocol_json(row: Protocol) -> dict[str, Any]:
    """A protocol with its phases."""
    return {
        **picked(row, "id", "name", "version", "condition", "source"),
        "sessions": sum(phase.sessions for phase in row.phases),
        "phases": [{**phase_json(phase), **picked(phase, "appointment_type_id")} for phase in row.phases],
        "review_months": row.review_months,
    }
