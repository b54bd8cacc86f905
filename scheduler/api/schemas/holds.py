"""Holds in and out."""

from typing import Any

from scheduler.api.answers import picked, utc
from scheduler.api.fields import Input, Many, Number, Paging, Part, QueryNumber
from scheduler.api.schemas.common import Output, instant, page_of, parts, text, whole
from scheduler.api.schemas.plans import Chosen
from scheduler.usecases.plans.prescribing import MOST_SESSIONS
from scheduler.usecases.series.holds import LONGEST_MINUTES, KeptSlots


class HoldsQuery(Paging):
    """Which holds."""

    plan_id = QueryNumber()


class NewHold(Input):
    """The slots of a proposal, to be kept for a while."""

    plan_id = Number(required=True)
    sessions = Many(Part(Chosen), MOST_SESSIONS, least=1, required=True)
    minutes = Number(
        1,
        LONGEST_MINUTES,
        allow_none=True,
        load_default=None,
        metadata={"description": "Without it: as many as the clinic has set."},
    )


class KeptSlotSchema(Output):
    """A slot that is kept."""

    number = whole("Of the session that it is for; null for a slot of another kind.", none=True)
    starts_at = instant()
    ends_at = instant()
    practitioner_id = whole()
    location_id = whole()
    room_id = whole(none=True)


class HoldSchema(Output):
    """Slots kept for a patient: nobody else can be booked there until expires_at."""

    id = whole()
    patient_id = whole()
    plan_id = whole(none=True)
    holder = text("Who keeps them.")
    created_at = instant()
    expires_at = instant()
    slots = parts(KeptSlotSchema)


HoldPage = page_of(HoldSchema)


def hold_json(kept: KeptSlots) -> dict[str, Any]:
    """A hold with its slots."""
    hold = kept.hold
    return {
        **picked(hold, "id", "patient_id", "plan_id"),
        "holder": hold.holder_name,
        "created_at": utc(hold.created_at),
        "expires_at": utc(hold.expires_at),
        "slots": [
            {
                "number": slot.number,
                "starts_at": utc(slot.starts_at),
                "ends_at": utc(slot.ends_at),
                **picked(slot, "practitioner_id", "location_id", "room_id"),
            }
            for slot in kept.slots
        ],
    }
