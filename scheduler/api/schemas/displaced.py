"""What an absence displaces, with a proposal for each appointment or why there is none."""

from collections.abc import Sequence
from typing import Any

from scheduler.api.answers import picked, utc
from scheduler.api.schemas.common import Output, instant, part, parts, text, whole
from scheduler.api.schemas.plans import WindowSchema
from scheduler.usecases.absences.displacement import DisplacedLine, Displacement, Slot
from scheduler.usecases.absences.rehousing import batch_of
from scheduler.wording.displaced import compromise_word, no_slot_sentence


class CompromiseSchema(Output):
    """What the patient is not used to."""

    code = text("Stable; for programs.")
    words = text()


class RehousedSlotSchema(Output):
    """A slot in the window."""

    starts_at = instant()
    ends_at = instant()
    practitioner_id = whole()
    location_id = whole()
    room_id = whole(none=True)
    compromises = parts(CompromiseSchema)


class DisplacedLineSchema(Output):
    """A displaced appointment as it stands, and where it could go."""

    appointment_id = whole()
    version = whole()
    patient_id = whole()
    practitioner_id = whole()
    location_id = whole()
    room_id = whole(none=True)
    appointment_type_id = whole()
    plan_id = whole(none=True)
    session_number = whole(none=True)
    starts_at = instant()
    ends_at = instant()
    window = part(WindowSchema)
    proposal = part(RehousedSlotSchema, none=True)
    reason = text("A stable code where there is no proposal.", none=True)
    sentence = text("The reason in words.", none=True)


class DisplacedSchema(Output):
    """What an absence displaces; the appointment whose window ends first comes first."""

    starts_at = instant()
    ends_at = instant()
    appointments = whole()
    plans = whole()
    patients = whole()
    repaired = whole("For how many there is a proposal; no slot is proposed twice.")
    batch = text("To be sent along with each line.")
    lines = parts(DisplacedLineSchema)


def displaced_json(found: Displacement) -> dict[str, Any]:
    """What is displaced, with proposals."""
    return {
        "starts_at": utc(found.absence.starts_at),
        "ends_at": utc(found.absence.ends_at),
        "appointments": len(found.lines),
        **picked(found, "plans", "patients", "repaired"),
        "batch": batch_of(found.absence),
        "lines": [_line_json(line) for line in found.lines],
    }


def _line_json(line: DisplacedLine) -> dict[str, Any]:
    row = line.appointment
    planned = row.planned_session
    return {
        "appointment_id": row.id,
        **picked(
            row, "version", "patient_id", "practitioner_id", "location_id", "room_id", "appointment_type_id"
        ),
        "plan_id": planned.plan_id if planned else None,
        "session_number": planned.number if planned else None,
        "starts_at": utc(row.starts_at),
        "ends_at": utc(row.ends_at),
        "window": {name: getattr(line.window, name).isoformat() for name in ("earliest", "ideal", "latest")},
        "proposal": _slot_json(line.slot) if line.slot else None,
        "reason": line.reason,
        "sentence": no_slot_sentence(line.reason, _in_english) if line.reason else None,
    }


def _slot_json(slot: Slot) -> dict[str, Any]:
    return {
        "starts_at": utc(slot.starts_at),
        "ends_at": utc(slot.ends_at),
        **picked(slot, "practitioner_id", "location_id", "room_id"),
        "compromises": _compromises(slot.compromises),
    }


def _compromises(codes: Sequence[str]) -> list[dict[str, str]]:
    return [{"code": code, "words": compromise_word(code, _in_english)} for code in codes]


def _in_english(message: str) -> str:
    """Programs are told in English."""
    return message
