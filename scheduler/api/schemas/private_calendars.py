"""Practitioners' private calendars, never with their addresses."""

from typing import Any

from scheduler.api.answers import picked, utc, utc_or_none
from scheduler.api.fields import Input, Number, Paging, Text
from scheduler.api.schemas.common import Output, flag, instant, page_of, text, whole
from scheduler.calendars.refusals import REASONS, reason_sentence
from scheduler.usecases.feeds.options import LONGEST_NAME
from scheduler.usecases.practitioners.busy_calendars import LONGEST_URL, PrivateCalendar
from scheduler.usecases.practitioners.busy_conflicts import BusyConflict


class NewPrivateCalendar(Input):
    """A private calendar to be read as busy time."""

    url = Text(
        LONGEST_URL,
        shortest=1,
        required=True,
        metadata={"description": "Its secret address in iCal format; never told again."},
    )
    name = Text(LONGEST_NAME, load_default="", metadata={"description": "Tells several apart."})


class ConflictsQuery(Paging):
    """Whose conflicts."""

    practitioner_id = Number(load_default=None, metadata={"description": "Of this practitioner only."})


class PrivateCalendarSchema(Output):
    """A private calendar, without its address."""

    id = whole()
    practitioner_id = whole()
    practitioner = text()
    name = text()
    created_at = instant()
    fetched_at = instant("When what it holds was last taken over or found unchanged.", none=True)
    tried_at = instant(none=True)
    error = text("Why the last try failed, or what of it could not be read; empty if nothing is wrong.")
    reason = text("The same for programs: a code, of some with a number, such as too_slow or status:503.")
    is_stale = flag("The last try failed: what counts is older.")


class BusyConflictSchema(Output):
    """An appointment still to come while the practitioner's private calendar says busy."""

    appointment_id = whole()
    starts_at = instant()
    ends_at = instant()
    patient_id = whole()
    patient = text()
    practitioner_id = whole()
    practitioner = text()


PrivateCalendarPage = page_of(PrivateCalendarSchema)
BusyConflictPage = page_of(BusyConflictSchema)


def private_calendar_json(row: PrivateCalendar) -> dict[str, Any]:
    """A private calendar."""
    return {
        **picked(row, "id", "practitioner_id", "practitioner", "name", "is_stale"),
        "error": reason_sentence(row.error, str),
        "reason": row.error if row.error.partition(":")[0] in REASONS else "",
        "created_at": utc(row.created_at),
        "fetched_at": utc_or_none(row.fetched_at),
        "tried_at": utc_or_none(row.tried_at),
    }


def conflict_json(row: BusyConflict) -> dict[str, Any]:
    """A conflict."""
    return {
        **picked(row, "appointment_id", "patient_id", "patient", "practitioner_id", "practitioner"),
        "starts_at": utc(row.starts_at),
        "ends_at": utc(row.ends_at),
    }
