"""The clinic's details and reminder policy, its locations, rooms and appointment types, in and out."""

from typing import Any

from scheduler.api.answers import picked, utc_or_none
from scheduler.api.fields import Choice, Flag, Input, Many, Number, Text
from scheduler.api.schemas.catalogue import (
    AppointmentTypeSchema,
    LocationSchema,
    RoomSchema,
    appointment_type_json,
    location_json,
    room_json,
)
from scheduler.api.schemas.common import Output, flag, instant, many, part, parts, text, whole
from scheduler.models import AppointmentType, Clinic, Location, Rebooking, Room
from scheduler.planning.hours import DAY_MINUTES, GRIDS
from scheduler.usecases.clinic.settings import (
    DETAILS,
    MOST_RECIPIENTS,
    details_stamp,
    reminders_stamp,
    wishes_of,
)
from scheduler.usecases.edits import LANGUAGES, LONGEST_NAME, LONGEST_PROSE, STAMP_LENGTH, stamp_of
from scheduler.usecases.mail_choices import LONGEST_OFFSET_MINUTES, MOST_REMINDERS


def _version() -> Any:
    return text("Changes with every edit; send it back with yours.")


class Edit(Input):
    """An edit says what it saw."""

    version = Text(STAMP_LENGTH, required=True, metadata={"description": "The one that you saw."})


class ClinicChange(Edit):
    """What changes of the clinic's details; the rest stays."""

    name = Text(LONGEST_NAME, shortest=1)
    email = Text(LONGEST_NAME, shortest=1, metadata={"description": "Where answers to mails go."})
    phone = Text(40, shortest=1)
    locale = Choice(LANGUAGES)
    slot_minutes = Number(
        min(GRIDS), max(GRIDS), metadata={"description": "Starts are offered every 5, 10, 15, 20, 30 or 60."}
    )
    hold_minutes = Number(1, 120)
    min_rest_hours = Number(0, 336, metadata={"description": "Between two needling sessions of a patient."})
    offer_minutes = Number(5, 4320)
    cancel_notice_hours = Number(0, 336, metadata={"description": "Later than that, patients are to call."})
    rebooking = Choice(Rebooking, metadata={"description": "What patients may do who need another time."})
    asks_check_in = Flag()
    summary_recipients = Many(Text(LONGEST_NAME, shortest=1), MOST_RECIPIENTS)
    summary_weekday = Number(0, 6, metadata={"description": "0 is Monday."})
    summary_minute = Number(0, DAY_MINUTES - 1)


class RemindersChange(Edit):
    """What changes of the reminder policy; the rest stays."""

    offsets_minutes = Many(Number(5, LONGEST_OFFSET_MINUTES), MOST_REMINDERS)
    quiet_from_minute = Number(0, DAY_MINUTES - 1)
    quiet_until_minute = Number(0, DAY_MINUTES - 1)
    not_within_minutes = Number(0, 7 * DAY_MINUTES)


class NewLocation(Input):
    """A location to add."""

    name = Text(LONGEST_NAME, shortest=1, required=True)
    address = Text(LONGEST_PROSE, load_default="")
    zone = Text(40, required=True, metadata={"description": "IANA time zone, such as Europe/Berlin."})
    rooms = Number(0, 100, load_default=0, metadata={"description": "So many rooms, Room 1 and so on."})


class LocationChange(Edit):
    """What changes of a location; the zone only as long as nothing was booked there."""

    name = Text(LONGEST_NAME, shortest=1)
    address = Text(LONGEST_PROSE)
    zone = Text(40)


class NewRoom(Input):
    """A room to add."""

    name = Text(LONGEST_NAME, shortest=1, required=True)


class RoomChange(Edit):
    """Another name for a room."""

    name = Text(LONGEST_NAME, shortest=1, required=True)


class NewAppointmentType(Input):
    """An appointment type to add; minutes are multiples of 5."""

    name = Text(LONGEST_NAME, shortest=1, required=True)
    duration_minutes = Number(5, 480, required=True)
    buffer_before_minutes = Number(0, 120)
    buffer_after_minutes = Number(0, 120)
    needs_room = Flag()
    needs_credential = Text(40, allow_none=True)
    is_needling = Flag()
    colour = Text(7, metadata={"description": "#rrggbb"})
    may_resize = Flag(metadata={"description": "One appointment may be made longer or shorter."})
    patients_may_move = Flag(metadata={"description": "As the clinic's rebooking allows."})


class AppointmentTypeChange(Edit, NewAppointmentType):
    """What changes of an appointment type; what is booked keeps its times."""

    name = Text(LONGEST_NAME, shortest=1)
    duration_minutes = Number(5, 480)


class ReminderPolicySchema(Output):
    """When reminders go out."""

    offsets_minutes = many(whole(), "How long before an appointment.")
    quiet_from_minute = whole("Minute of the patient's day from which on none is sent …")
    quiet_until_minute = whole("… until this one.")
    not_within_minutes = whole("None sooner than this after the booking.")
    version = _version()


class ClinicSchema(Output):
    """The clinic."""

    name = text()
    email = text()
    phone = text()
    locale = text()
    slot_minutes = whole()
    hold_minutes = whole()
    offer_minutes = whole()
    min_rest_hours = whole()
    summary_recipients = many(text())
    summary_weekday = whole()
    summary_minute = whole()
    cancel_notice_hours = whole()
    rebooking = text()
    asks_check_in = flag()
    version = _version()
    reminders = part(ReminderPolicySchema)


class RoomSettingsSchema(RoomSchema):
    """A room as it is set up."""

    archived_at = instant(none=True)
    version = _version()


class LocationSettingsSchema(LocationSchema):
    """A location as it is set up, with all its rooms."""

    archived_at = instant(none=True)
    version = _version()
    rooms = parts(RoomSettingsSchema)


class AppointmentTypeSettingsSchema(AppointmentTypeSchema):
    """An appointment type as it is set up."""

    may_resize = flag()
    patients_may_move = flag()
    archived_at = instant(none=True)
    version = _version()


def clinic_json(row: Clinic) -> dict[str, Any]:
    """The clinic with its reminder policy."""
    policy = wishes_of(row)
    return {
        **picked(row, *DETAILS),
        "version": details_stamp(row),
        "reminders": {
            "offsets_minutes": list(policy.offsets_minutes),
            **picked(policy, "quiet_from_minute", "quiet_until_minute", "not_within_minutes"),
            "version": reminders_stamp(row),
        },
    }


def room_settings_json(row: Room) -> dict[str, Any]:
    """A room with what an edit needs."""
    return {**room_json(row), **_settings(row)}


def location_settings_json(row: Location) -> dict[str, Any]:
    """A location with its rooms and what an edit needs."""
    rooms = [room_settings_json(room) for room in row.rooms]
    return {**location_json(row), **_settings(row), "rooms": rooms}


def appointment_type_settings_json(row: AppointmentType) -> dict[str, Any]:
    """An appointment type with what an edit needs."""
    return {**appointment_type_json(row), **picked(row, "may_resize", "patients_may_move"), **_settings(row)}


def _settings(row: Room | Location | AppointmentType) -> dict[str, Any]:
    return {"archived_at": utc_or_none(row.archived_at), "version": stamp_of(row)}
