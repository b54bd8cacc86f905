"""Gaps and who could use one."""

from typing import Any

from scheduler.api.answers import picked, utc
from scheduler.api.fields import Day, Input, Instant, Number, Paging, QueryNumber
from scheduler.api.schemas.common import Output, flag, instant, page_of, part, parts, text, whole
from scheduler.usecases.gaps.free_slots import Gap
from scheduler.usecases.gaps.ranking import Candidate, Slot
from scheduler.wording import gaps as gap_wording


class GapsQuery(Paging):
    """Which gaps."""

    location_id = QueryNumber(required=True)
    from_on = Day(data_key="from", required=True, metadata={"description": "First local date."})
    to_on = Day(data_key="to", required=True, metadata={"description": "Last local date, included."})


class RankingQuery(Input):
    """Any free slot."""

    practitioner_id = QueryNumber(required=True)
    location_id = QueryNumber(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    limit = QueryNumber(most=200, load_default=20)


class FreeSlot(Input):
    """A free slot."""

    practitioner_id = Number(required=True)
    location_id = Number(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)


class FreeSlotSchema(Output):
    """A stretch of a practitioner's day, [starts_at, ends_at)."""

    practitioner_id = whole()
    location_id = whole()
    starts_at = instant()
    ends_at = instant()


class GapSchema(FreeSlotSchema):
    """A stretch that became free and still is."""

    freed_at = instant("When an appointment there was last cancelled or moved away.")


GapPage = page_of(GapSchema)


class GapNoteSchema(Output):
    """Why somebody ranks, or what is not as wished."""

    code = text()
    text = text()


class CandidateSchema(Output):
    """Somebody who could use the slot, and the appointment that it would become."""

    reason = text("behind, waitlist or earlier")
    number = whole("Of the planned session, the waitlist entry or the appointment to be moved.")
    patient_id = whole()
    patient = text()
    has_address = flag("Whether an offer can be mailed.")
    appointment_type_id = whole()
    starts_at = instant()
    ends_at = instant()
    notes = parts(GapNoteSchema)
    plan_id = whole(none=True)
    planned_session_id = whole(none=True)
    session_number = whole(none=True)
    waitlist_entry_id = whole(none=True)
    releases_id = whole("The patient's later appointment, which would be moved here.", none=True)
    leaves = part(FreeSlotSchema, "The slot that becomes free by that.", none=True)


class RankingSchema(Output):
    """The first choice first."""

    candidates = parts(CandidateSchema)


def slot_of(values: dict[str, Any]) -> Slot:
    """The slot that was sent."""
    return Slot(values["practitioner_id"], values["location_id"], values["starts_at"], values["ends_at"])


def slot_json(slot: Slot | Gap) -> dict[str, Any]:
    """A slot."""
    return {
        **picked(slot, "practitioner_id", "location_id"),
        "starts_at": utc(slot.starts_at),
        "ends_at": utc(slot.ends_at),
    }


def gap_json(gap: Gap) -> dict[str, Any]:
    """A gap."""
    return slot_json(gap) | {"freed_at": utc(gap.freed_at)}


def candidate_json(one: Candidate) -> dict[str, Any]:
    """A candidate; notes in English."""
    return {
        **picked(one, "reason", "number", "patient_id", "patient", "has_address", "appointment_type_id"),
        "starts_at": utc(one.starts_at),
        "ends_at": utc(one.ends_at),
        "notes": [
            {"code": note.code, "text": gap_wording.note_words(note.code, note.params, str)}
            for note in one.notes
        ],
        **picked(one, "plan_id", "planned_session_id", "session_number", "waitlist_entry_id", "releases_id"),
        "leaves": slot_json(one.leaves) if one.leaves is not None else None,
    }
