"""Repairs in and out: what a change does to the sessions of a plan, and what somebody decided on."""

from typing import Any

from scheduler.api.answers import picked, utc
from scheduler.api.fields import Input, Instant, Many, Number, Part, Text
from scheduler.api.schemas.appointments import LONGEST_REASON, OVERRIDE
from scheduler.api.schemas.common import Output, flag, instant, many, part, parts, text, whole
from scheduler.api.schemas.plans import SEEN, Chosen, chosen_slots
from scheduler.api.schemas.proposals import NoteSchema, note_json
from scheduler.usecases.plans.prescribing import MOST_SESSIONS
from scheduler.usecases.repairs.lines import CourseLine, PlaceInTime, RepairPreview, Stand
from scheduler.usecases.repairs.targets import HandCancel, HandMove
from scheduler.wording.repairs import left_sentence, stand_words


class MoveWish(Input):
    """Where an appointment would be moved; the rest stays."""

    starts_at = Instant(required=True)
    practitioner_id = Number(allow_none=True, load_default=None)
    location_id = Number(allow_none=True, load_default=None)
    room_id = Number(allow_none=True, load_default=None)
    minutes = Number(
        5, 480, allow_none=True, load_default=None, metadata={"description": "Where the type may be resized."}
    )


class Moved(MoveWish):
    """The move by hand that the repair follows."""

    appointment_id = Number(required=True)


class Cancelled(Input):
    """The cancellation that the repair follows."""

    appointment_id = Number(required=True)
    reason = Text(200, load_default="")


class Seen(Input):
    """An appointment as it was seen."""

    id = Number(required=True)
    version = Number(required=True)


class Acceptance(Input):
    """A repair that somebody decided on; the members of a preview's `repair` can be sent as they are."""

    version = Number(required=True, metadata=SEEN)
    appointments = Many(
        Part(Seen),
        MOST_SESSIONS,
        required=True,
        metadata={"description": "As the preview gave them; at least each that changes."},
    )
    changes = Many(
        Part(Chosen),
        MOST_SESSIONS,
        load_default=list,
        metadata={"description": "The new slots of sessions that are moved or placed."},
    )
    moved = Part(Moved, allow_none=True, load_default=None)
    cancelled = Part(
        Cancelled,
        allow_none=True,
        load_default=None,
        metadata={"description": "With its session in changes, its appointment is moved to the new date."},
    )
    override_reason = Text(
        LONGEST_REASON, allow_none=True, load_default=None, metadata={"description": OVERRIDE}
    )


class PlaceInTimeSchema(Output):
    """A slot."""

    starts_at = instant()
    ends_at = instant()
    practitioner_id = whole()
    location_id = whole()


class StandSchema(Output):
    """How a session stands."""

    slot = part(PlaceInTimeSchema, "Null: it has none.", none=True)
    days_since_previous = whole("Null for the first, and next to a session without a slot.", none=True)
    verdict = text("too_short, fine or too_long", none=True)
    broken = flag("Outside its window, within the rest, or without a slot.")
    sentence = text("The same in words.")


class CourseLineSchema(Output):
    """One session of the plan."""

    number = whole()
    appointment_id = whole(none=True)
    step = text("stays, moves, placed, unplaced; moved or cancelled: the one in hand")
    newly_broken = flag("The change, left alone, breaks its window.")
    now = part(StandSchema)
    changed = part(StandSchema, "After the change alone.")
    repaired = part(StandSchema, "After the repair, if one is offered.", none=True)
    reason = text("Why the repair leaves its window broken: a stable code.", none=True)
    sentence = text("The reason in words.", none=True)
    notes = parts(NoteSchema, "The compromises in its new slot.")


class KnownAppointmentSchema(Output):
    """An appointment and the version of it that was looked at."""

    id = whole()
    version = whole()


class ChangeSchema(Output):
    """A new slot."""

    number = whole()
    starts_at = instant()
    practitioner_id = whole()
    location_id = whole()


class RepairSchema(Output):
    """What to send to a plan's repairs; after a preview together with `moved` or `cancelled`."""

    version = whole("The plan's.")
    appointments = parts(KnownAppointmentSchema)
    changes = parts(ChangeSchema)


class RepairPreviewSchema(Output):
    """What a change does to a plan, and the smallest repair."""

    plan_id = whole("Null: the appointment fills no planned session.", none=True)
    number = whole("The session in hand.", none=True)
    busy = many(
        text(), "What is taken at the new time: practitioner, room, patient. Nobody can override that."
    )
    rules = many(text(), "Rules that speak against the move alone: codes.")
    repair_rules = many(text(), "Rules that speak against the move with its repair: codes.")
    newly_broken = many(whole(), "Sessions whose window the change, left alone, breaks.")
    still_broken = many(whole(), "Sessions to come whose window is broken in the end.")
    sessions = parts(CourseLineSchema)
    repair = part(RepairSchema, "Null where there is nothing to repair, or no better way.", none=True)


def preview_json(found: RepairPreview) -> dict[str, Any]:
    """A preview."""
    return {
        "plan_id": found.plan_id,
        "number": found.in_hand,
        "busy": list(found.busy),
        "rules": list(found.rules),
        "repair_rules": list(found.repair_rules),
        **picked(found, "newly_broken", "still_broken"),
        "sessions": [_line_json(line) for line in found.lines],
        "repair": _repair_json(found) if found.offered else None,
    }


def acceptance(body: dict[str, Any]) -> dict[str, Any]:
    """A body as the use case takes it."""
    moved, cancelled = body["moved"], body["cancelled"]
    return {
        "version": body["version"],
        "versions": {row["id"]: row["version"] for row in body["appointments"]},
        "changes": chosen_slots(body["changes"]),
        "moved": HandMove(**moved) if moved else None,
        "cancelled": HandCancel(**cancelled) if cancelled else None,
        "override_reason": body["override_reason"],
    }


def _repair_json(found: RepairPreview) -> dict[str, Any]:
    return {
        "version": found.plan_version,
        "appointments": [{"id": number, "version": seen} for number, seen in found.versions.items()],
        "changes": [
            {
                "number": slot.number,
                "starts_at": utc(slot.starts_at),
                **picked(slot, "practitioner_id", "location_id"),
            }
            for slot in found.changes
        ],
    }


def _line_json(line: CourseLine) -> dict[str, Any]:
    return {
        **picked(line, "number", "appointment_id", "step", "newly_broken"),
        "now": _stand_json(line.now, line),
        "changed": _stand_json(line.changed, line),
        "repaired": _stand_json(line.repaired, line) if line.repaired else None,
        "reason": line.reason,
        "sentence": left_sentence(line.reason, _in_english) if line.reason else None,
        "notes": [note_json(note) for note in line.notes],
    }


def _stand_json(stand: Stand, line: CourseLine) -> dict[str, Any]:
    limits = (line.min_days, line.max_days)
    return {
        "slot": _slot_json(stand.slot) if stand.slot else None,
        "days_since_previous": stand.days,
        "verdict": stand.verdict,
        "broken": stand.broken,
        "sentence": stand_words(
            stand.days,
            stand.verdict,
            placed=stand.slot is not None,
            broken=stand.broken,
            limits=limits,
            gettext=_in_english,
        ),
    }


def _slot_json(slot: PlaceInTime) -> dict[str, Any]:
    return {
        "starts_at": utc(slot.starts_at),
        "ends_at": utc(slot.ends_at),
        **picked(slot, "practitioner_id", "location_id"),
    }


def _in_english(message: str) -> str:
    """Programs are told in English."""
    return message
