"""Plans in and out, and where their sessions are to be booked."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from scheduler.api.answers import day_or_none, picked, utc
from scheduler.api.fields import (
    Day,
    Flag,
    Input,
    Instant,
    Many,
    Number,
    Paging,
    Part,
    QueryNumber,
    Text,
    TimeOfDay,
)
from scheduler.api.schemas.appointments import LONGEST_REASON, OVERRIDE, AppointmentSchema, appointment_json
from scheduler.api.schemas.catalogue import PhaseSchema, phase_json
from scheduler.api.schemas.common import Output, day, instant, many, page_of, part, parts, text, whole
from scheduler.usecases.plans.prescribing import MOST_SESSIONS, PhaseWish, PlanView, SessionLine
from scheduler.usecases.series.placement import ChosenSlot

MOST_DAYS = 366


class PlansQuery(Paging):
    """Whose plans."""

    patient_id = QueryNumber(required=True)


class NewPhase(Input):
    """So many sessions, so many days after the one before; the first session's days count from starts_on."""

    sessions = Number(1, MOST_SESSIONS, required=True)
    min_days = Number(0, MOST_DAYS, required=True)
    ideal_days = Number(0, MOST_DAYS, required=True)
    max_days = Number(0, MOST_DAYS, required=True)
    appointment_type_id = Number(
        allow_none=True, load_default=None, metadata={"description": "Without it: the needling type."}
    )


class Wishes(Input):
    """What the patient would like; a miss is a compromise, never a refusal."""

    weekdays = Many(Number(0, 6), 7, metadata={"description": "0 is Monday."})
    from_minute = TimeOfDay("HH:MM from which a session should start.", data_key="from", allow_none=True)
    until_minute = TimeOfDay("HH:MM before which it should start.", data_key="until", allow_none=True)
    practitioner_ids = Many(Number(), 50, metadata={"description": "The preferred one first."})
    location_id = Number(allow_none=True)


class NewPlan(Input):
    """A prescription: a protocol, or phases; with both, the phases stand in for the protocol's own."""

    patient_id = Number(required=True)
    practitioner_id = Number(required=True, metadata={"description": "Who prescribes, and is preferred."})
    starts_on = Day(required=True)
    protocol_id = Number(allow_none=True, load_default=None)
    phases = Many(Part(NewPhase), MOST_SESSIONS, allow_none=True, load_default=None)
    condition = Text(200, load_default="")
    target_muscles = Many(Text(80, shortest=1), 40, load_default=list)
    preferences = Part(Wishes, allow_none=True, load_default=None)
    first_appointment_type_id = Number(
        allow_none=True,
        load_default=None,
        metadata={"description": "Makes session 1 another type, such as a first visit."},
    )


class ProposalWish(Input):
    """What to propose for."""

    preferences = Part(
        Wishes,
        allow_none=True,
        load_default=None,
        metadata={"description": "Instead of the plan's own, this time."},
    )


class Chosen(Input):
    """Where one session is to be booked."""

    number = Number(1, MOST_SESSIONS, required=True)
    starts_at = Instant(required=True)
    practitioner_id = Number(required=True)
    location_id = Number(
        allow_none=True,
        load_default=None,
        metadata={"description": "Without it: where the practitioner works at that time."},
    )


class Placement(Input):
    """A series to book as a whole."""

    sessions = Many(Part(Chosen), MOST_SESSIONS, least=1, required=True)
    override_reason = Text(
        LONGEST_REASON, allow_none=True, load_default=None, metadata={"description": OVERRIDE}
    )
    hold_id = Number(
        allow_none=True,
        load_default=None,
        metadata={"description": "The hold that kept these slots; it is let go with the booking."},
    )


SEEN = {"description": "The plan's version that you saw."}
WHY = {"description": "patient, clinic, no_capacity or words of your own; kept with the sessions concerned."}


class PlanChange(Input):
    """A change of a plan or of one of its sessions."""

    version = Number(required=True, metadata=SEEN)
    reason = Text(200, load_default="", metadata=WHY)


class PlanRelease(PlanChange):
    """A change of a plan that may free what is booked."""

    release = Flag(
        required=True,
        metadata={
            "description": "true cancels the plan's future appointments; one mail tells the patient all dates."
        },
    )


class Extension(Input):
    """Phases to add."""

    version = Number(required=True, metadata=SEEN)
    phases = Many(Part(NewPhase), MOST_SESSIONS, least=1, required=True)


class Course(Input):
    """What comes instead: a protocol, or phases; with both, the phases stand in for the protocol's own."""

    version = Number(required=True, metadata=SEEN)
    from_number = Number(1, MOST_SESSIONS, required=True, metadata={"description": "The first one replaced."})
    protocol_id = Number(allow_none=True, load_default=None)
    phases = Many(Part(NewPhase), MOST_SESSIONS, allow_none=True, load_default=None)


class PreferencesSchema(Output):
    """What the patient would like; what is not there does not matter."""

    weekdays = fields.List(fields.Integer())
    from_ = fields.String(data_key="from")
    until = fields.String()
    practitioner_ids = fields.List(fields.Integer())
    location_id = fields.Integer()


class WindowSchema(Output):
    """The local dates on which a session may be held, all included."""

    earliest = day()
    ideal = day()
    latest = day()


class PlannedSessionSchema(Output):
    """A session of a plan."""

    id = whole()
    number = whole("1 is the first.")
    appointment_type_id = whole()
    status = text("to_place, placed, completed, missed or skipped")
    reason = text(
        "Why it is to be placed again, was missed or skipped: patient, clinic, no_capacity, no_show or other words."
    )
    window = part(WindowSchema)
    held_on = day("The local date of its appointment.", none=True)
    appointment = part(AppointmentSchema, "What fills it.", none=True)


class PlanSchema(Output):
    """A patient's own copy of a protocol, with its sessions. Reading it is noted in the audit trail."""

    id = whole()
    patient_id = whole()
    practitioner_id = whole()
    protocol_id = whole(none=True)
    name = text()
    condition = text()
    target_muscles = many(text())
    preferences = part(PreferencesSchema)
    starts_on = day()
    status = text("draft, active, paused, completed or discontinued")
    version = whole()
    created_at = instant()
    phases = parts(PhaseSchema)
    sessions = parts(PlannedSessionSchema)


class PlacedSchema(Output):
    """What was booked."""

    appointments = parts(AppointmentSchema)


PlanPage = page_of(PlanSchema)


def phase_wishes(listed: list[dict[str, Any]] | None) -> list[PhaseWish] | None:
    """The phases of a prescription as the use case takes them; None means the protocol's own."""
    return None if listed is None else [PhaseWish(**entry) for entry in listed]


def chosen_slots(listed: list[dict[str, Any]]) -> list[ChosenSlot]:
    """The sessions of a placement as the use case takes them."""
    return [ChosenSlot(**entry) for entry in listed]


def plan_json(view: PlanView) -> dict[str, Any]:
    """A plan with its sessions."""
    plan = view.plan
    return {
        **picked(plan, "id", "patient_id", "practitioner_id", "protocol_id", "name", "condition"),
        "target_muscles": plan.target_muscles,
        "preferences": preferences_json(plan.preferences),
        "starts_on": plan.starts_on.isoformat(),
        **picked(plan, "status", "version"),
        "created_at": utc(plan.created_at),
        "phases": [phase_json(phase) for phase in plan.phases],
        "sessions": [_session_json(line) for line in view.lines],
    }


def preferences_json(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Preferences with times of day as HH:MM."""
    told = dict(stored)
    for minute, time in (("from_minute", "from"), ("until_minute", "until")):
        if minute in told:
            told[time] = "{:02}:{:02}".format(*divmod(told.pop(minute), 60))
    return told


def _session_json(line: SessionLine) -> dict[str, Any]:
    window = line.window
    return {
        **picked(line.session, "id", "number", "appointment_type_id", "status", "reason"),
        "window": {
            "earliest": window.earliest.isoformat(),
            "ideal": window.ideal.isoformat(),
            "latest": window.latest.isoformat(),
        },
        "held_on": day_or_none(line.held_on),
        "appointment": appointment_json(line.appointment) if line.appointment else None,
    }
