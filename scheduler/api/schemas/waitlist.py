"""The waitlist in and out."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from scheduler.api.answers import picked, utc, utc_or_none
from scheduler.api.fields import Choice, Day, Input, Many, Number, Paging, QueryNumber, Text, TimeOfDay
from scheduler.api.schemas.common import Output, day, instant, many, page_of, text, whole
from scheduler.models import Urgency, WaitlistEntry
from scheduler.usecases.gaps.waitlist import CLOSED_BY_HAND, LONGEST_NOTE, MOST_PRACTITIONERS, EntryWish

IN_FORCE, CLOSED = "in_force", "closed"
FROM, UNTIL = "HH:MM from which the appointment lies.", "HH:MM by which it is over."


class WaitlistQuery(Paging):
    """Which entries."""

    patient_id = QueryNumber()
    which = Choice((IN_FORCE, CLOSED), load_default=IN_FORCE)


class NewEntry(Input):
    """Who waits for what; nothing means no restriction."""

    patient_id = Number(required=True)
    appointment_type_id = Number(required=True)
    wanted_from = Day(required=True, metadata={"description": "Local date, included."})
    wanted_until = Day(required=True, metadata={"description": "Local date, included."})
    practitioner_ids = Many(Number(), MOST_PRACTITIONERS, load_default=list)
    location_id = Number(allow_none=True, load_default=None)
    weekdays = Many(Number(0, 6), 7, load_default=list, metadata={"description": "0 is Monday."})
    from_minute = TimeOfDay(FROM, data_key="from", allow_none=True, load_default=None)
    until_minute = TimeOfDay(UNTIL, data_key="until", allow_none=True, load_default=None)
    urgency = Choice(Urgency, load_default=Urgency.ROUTINE.value)
    note = Text(LONGEST_NOTE, load_default="")


class EntryChange(Input):
    """What changes; the rest stays."""

    version = Number(required=True, metadata={"description": "The one that you saw."})
    appointment_type_id = Number()
    wanted_from = Day()
    wanted_until = Day()
    practitioner_ids = Many(Number(), MOST_PRACTITIONERS)
    location_id = Number(allow_none=True)
    weekdays = Many(Number(0, 6), 7)
    from_minute = TimeOfDay(FROM, data_key="from", allow_none=True)
    until_minute = TimeOfDay(UNTIL, data_key="until", allow_none=True)
    urgency = Choice(Urgency)
    note = Text(LONGEST_NOTE)


class Closing(Input):
    """Why an entry is taken off the list."""

    version = Number(required=True)
    why = Choice(CLOSED_BY_HAND, required=True)


class EntrySchema(Output):
    """An entry of the waitlist."""

    id = whole()
    patient_id = whole()
    appointment_type_id = whole()
    practitioner_ids = many(whole(), "Any of these; empty: anybody.")
    location_id = whole(none=True)
    weekdays = many(whole(), "0 is Monday; empty: any day.")
    from_ = fields.String(data_key="from", required=True, allow_none=True, metadata={"description": "HH:MM"})
    until = text("HH:MM", none=True)
    wanted_from = day()
    wanted_until = day()
    urgency = text("urgent, soon or routine")
    note = text()
    version = whole("Counts every change; send it back with an edit.")
    created_at = instant()
    closed_at = instant(none=True)
    closed_why = text("booked, withdrawn or over", none=True)


EntryPage = page_of(EntrySchema)


def wish_of(body: Mapping[str, Any]) -> EntryWish:
    """What the entry that was sent waits for."""
    return EntryWish(**{name: value for name, value in body.items() if name != "patient_id"})


def entry_json(entry: WaitlistEntry) -> dict[str, Any]:
    """An entry."""
    return {
        **picked(entry, "id", "patient_id", "appointment_type_id", "practitioner_ids", "location_id"),
        "weekdays": entry.weekdays,
        "from": _clock(entry.from_minute),
        "until": _clock(entry.until_minute),
        "wanted_from": entry.wanted_from.isoformat(),
        "wanted_until": entry.wanted_until.isoformat(),
        **picked(entry, "urgency", "note", "version"),
        "created_at": utc(entry.created_at),
        "closed_at": utc_or_none(entry.closed_at),
        "closed_why": entry.closed_why,
    }


def _clock(minute: int | None) -> str | None:
    return None if minute is None else f"{minute // 60:02}:{minute % 60:02}"
