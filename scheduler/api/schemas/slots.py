"""Slots: the question, and an answer that may have thousands of rows."""

import re
from collections.abc import Iterable
from typing import Any

from marshmallow import fields

from scheduler.api.answers import utc
from scheduler.api.fields import Day, Input, Many, QueryNumber, Said
from scheduler.api.schemas.common import Output, instant, parts, whole
from scheduler.usecases.availability.slots import FoundSlot

ANYBODY = "*"


class PractitionerChoice(Said, fields.String):
    """A practitioner's number, or ``*``, which loads as None."""

    default_error_messages = {"invalid": "This must be a practitioner's number, or * for anybody."}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__(metadata={"pattern": r"^(\*|[0-9]{1,10})$"})

    def _deserialize(self, value: str, attr: str | None, data: Any, **context: Any) -> Any:
        if value == ANYBODY:
            return None
        if not re.fullmatch(r"[0-9]{1,10}", value):
            raise self.make_error("invalid")
        return int(value)


class SlotsQuery(Input):
    """What is to be booked, when and with whom."""

    appointment_type_id = QueryNumber(required=True)
    from_ = Day(data_key="from", required=True, metadata={"description": "First local date."})
    to = Day(required=True, metadata={"description": "Last local date, included; at most a year later."})
    practitioner_id = Many(
        PractitionerChoice(),
        500,
        metadata={"description": "Repeat it for several; * or nothing means anybody."},
    )
    location_id = QueryNumber(metadata={"description": "Without it: everywhere."})
    patient_id = QueryNumber(
        metadata={"description": "Leaves out slots at which this patient is already here."}
    )


class SlotSchema(Output):
    """A start at which the type can be booked."""

    starts_at = instant()
    ends_at = instant()
    practitioner_id = whole()
    location_id = whole()


class SlotsSchema(Output):
    """All slots, ascending by start."""

    slots = parts(SlotSchema)


def slots_json(found: Iterable[FoundSlot]) -> str:
    """The answer's text. Slots come by start and are of one type, so each start is worded once for all who offer it.

    Written by hand: json.dumps of as many dicts takes three times as long as finding the slots.
    """
    rows = []
    start, beginning = None, ""
    for starts_at, ends_at, practitioner_id, location_id in found:
        if starts_at != start:
            start = starts_at
            beginning = f'{{"starts_at":"{utc(starts_at)}","ends_at":"{utc(ends_at)}","practitioner_id":'
        rows.append(f'{beginning}{practitioner_id},"location_id":{location_id}}}')
    return '{"slots":[' + ",".join(rows) + "]}"
