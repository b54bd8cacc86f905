"""The behind board's lines."""

from typing import Any

from scheduler.api.answers import picked, utc_or_none
from scheduler.api.schemas.common import Output, instant, page_of, part, text, whole
from scheduler.api.schemas.plans import WindowSchema
from scheduler.usecases.plans.board import BehindLine


class BehindSchema(Output):
    """A plan on the board, by its first session to place."""

    plan_id = whole()
    plan = text()
    patient_id = whole()
    patient = text()
    phone = text(none=True)
    practitioner = text("Who prescribed it.")
    number = whole(
        "The session to place first; the last one where none is to place, but nothing is ahead either."
    )
    sessions = whole("How many the plan has.")
    waiting = whole("How many of them are to place.")
    window = part(WindowSchema)
    days_left = whole("Until the window breaks; negative: it broke so many days ago.")
    why = text("Why its last appointment was lost; empty if it never had one.")
    next_at = instant("The patient's next appointment for this plan; null: nothing is booked.", none=True)
    last_contact_at = instant("When a mail last went out to the patient.", none=True)


BehindPage = page_of(BehindSchema)


def behind_json(line: BehindLine) -> dict[str, Any]:
    """A line."""
    return {
        **picked(line, "plan_id", "plan", "patient_id", "patient", "phone", "practitioner"),
        **picked(line, "number", "sessions", "waiting", "days_left", "why"),
        "window": {
            "earliest": line.window.earliest.isoformat(),
            "ideal": line.window.ideal.isoformat(),
            "latest": line.window.latest.isoformat(),
        },
        "next_at": utc_or_none(line.next_at),
        "last_contact_at": utc_or_none(line.last_contact_at),
    }
