"""Working hours in and out: blocks, each one week's pattern at one location."""

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields

from scheduler.api.answers import day_or_none, utc
from scheduler.api.fields import Day, Many, Number, Part, Text
from scheduler.api.schemas.clinic import Edit
from scheduler.api.schemas.common import Output, day, instant, part, parts, text, whole
from scheduler.api.schemas.practitioners import MOST_DAYS, WorkingDay, day_hours
from scheduler.usecases.practitioners.adding import MOST_WEEKS, DayHours
from scheduler.usecases.practitioners.hours_blocks import Displaced, HoursBlock
from scheduler.usecases.practitioners.working_hours import Hours

LONGEST_KEY, LONGEST_TOKEN = 60, 40


class _Change(Edit):
    """A change of hours tells what it saw, and what may fall outside."""

    confirmed = Text(
        LONGEST_TOKEN,
        load_default="",
        metadata={"description": "The `token` of a refusal: what it named may fall outside."},
    )


class NewHours(_Change):
    """One week's pattern from a day on, beside the other blocks or in the place of one."""

    location_id = Number(required=True, metadata={"description": "Where the hours are worked."})
    hours = Many(Part(WorkingDay), MOST_DAYS, least=1, required=True)
    valid_from = Day(required=True)
    valid_until = Day(
        allow_none=True, load_default=None, metadata={"description": "The last day; null: for ever."}
    )
    every_n_weeks = Number(1, MOST_WEEKS, load_default=1)
    replaces = Text(
        LONGEST_KEY,
        allow_none=True,
        load_default=None,
        metadata={"description": "The `block` that these hours stand in for; it ends the day before."},
    )


class HoursEnd(_Change):
    """The last day of a block."""

    block = Text(LONGEST_KEY, required=True)
    last_on = Day(
        required=True,
        metadata={
            "description": "Before its first day: the block goes. One that held ends yesterday or later."
        },
    )


class DayHoursSchema(Output):
    """Work on one weekday, on the clock of the location."""

    weekday = whole("0 is Monday.")
    from_ = fields.String(data_key="from", required=True, metadata={"description": "HH:MM"})
    until = text("HH:MM, exclusive; 24:00 is the day's end.")


class HoursBlockSchema(Output):
    """One week's pattern at one location, on valid_from to valid_until, both included."""

    block = text("Names the block as long as nothing of it changes.")
    location_id = whole()
    valid_from = day()
    valid_until = day("Null: for ever.", none=True)
    every_n_weeks = whole("Counted from the week of valid_from.")
    hours = parts(DayHoursSchema)


class OutsideSchema(Output):
    """A booked appointment that the hours cover no more; it stays booked until it is moved or cancelled."""

    appointment_id = whole()
    starts_at = instant()
    ends_at = instant()


class HoursSchema(Output):
    """A practitioner's working hours."""

    practitioner_id = whole()
    version = text("Changes with every edit; send it back with yours.")
    blocks = parts(HoursBlockSchema, "Those that hold or are to come before those that are over.")


class HoursChangedSchema(Output):
    """The hours after a change, and what it left outside."""

    hours = part(HoursSchema)
    outside = parts(OutsideSchema)


def hours_block(body: Mapping[str, Any]) -> HoursBlock:
    """The block that a body describes."""
    return HoursBlock(
        body["location_id"],
        tuple(day_hours(body["hours"])),
        body["valid_from"],
        body["valid_until"],
        body["every_n_weeks"],
    )


def hours_json(found: Hours) -> dict[str, Any]:
    """A practitioner's blocks."""
    return {
        "practitioner_id": found.practitioner.id,
        "version": found.seen,
        "blocks": [_block_json(block) for block in found.blocks],
    }


def hours_changed_json(found: Hours, outside: Sequence[Displaced]) -> dict[str, Any]:
    """The blocks after a change, and what lies outside them now."""
    listed = [
        {
            "appointment_id": item.appointment_id,
            "starts_at": utc(item.starts_at),
            "ends_at": utc(item.ends_at),
        }
        for item in outside
    ]
    return {"hours": hours_json(found), "outside": listed}


def _block_json(block: HoursBlock) -> dict[str, Any]:
    return {
        "block": block.key,
        "location_id": block.location_id,
        "valid_from": block.valid_from.isoformat(),
        "valid_until": day_or_none(block.valid_until),
        "every_n_weeks": block.every_n_weeks,
        "hours": [_day_json(one) for one in block.days],
    }


def _day_json(one: DayHours) -> dict[str, Any]:
    return {"weekday": one.weekday, "from": _time(one.starts_minute), "until": _time(one.ends_minute)}


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
