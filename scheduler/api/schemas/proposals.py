"""Proposals: series of slots for a plan, each session with its gap and its compromises in words."""

from typing import Any

from marshmallow import fields

from scheduler.api.answers import picked, utc
from scheduler.api.schemas.common import Output, instant, parts, text, whole
from scheduler.planning.series import Note
from scheduler.usecases.series.proposals import ProposedSession, SeriesProposal
from scheduler.wording.planning import note_sentence, proposal_summary, reason_sentence


class NoteSchema(Output):
    """A compromise."""

    code = text("Stable; for programs.")
    sentence = text()
    cost = whole()
    params = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class ProposedSessionSchema(Output):
    """A session and where it could be booked."""

    number = whole()
    starts_at = instant()
    ends_at = instant()
    practitioner_id = whole()
    location_id = whole()
    days_since_previous = whole("Null for the first of the plan.", none=True)
    notes = parts(NoteSchema)


class UnplacedSchema(Output):
    """A session for which no slot was found."""

    number = whole()
    reason = text("A stable code, such as away, closed, fully_booked, rooms_shut or rest_period.")
    sentence = text("The reason in words.")


class ProposalSchema(Output):
    """A series for all sessions of a plan that are to place."""

    cost = whole("Smaller is better: about 2 for each day off the ideal gap.")
    summary = text()
    differs_in = text("How it differs from the best one: time_of_day, practitioner or weekday.", none=True)
    sessions = parts(ProposedSessionSchema)
    unplaced = parts(UnplacedSchema)


class ProposalsSchema(Output):
    """Up to three clearly different series, the best one first."""

    proposals = parts(ProposalSchema)


def proposal_json(found: SeriesProposal) -> dict[str, Any]:
    """A proposal. Sessions that are placed already are not repeated: what is shown can be booked as it is."""
    sessions = [session for session in found.sessions if not session.fixed]
    return {
        "cost": found.cost,
        "summary": _summary(sessions, len(found.unplaced)),
        "differs_in": found.differs_in,
        "sessions": [_session_json(session) for session in sessions],
        "unplaced": [
            {
                "number": left.number,
                "reason": left.reason,
                "sentence": reason_sentence(left.reason, _in_english),
            }
            for left in found.unplaced
        ],
    }


def _session_json(session: ProposedSession) -> dict[str, Any]:
    return {
        "number": session.number,
        "starts_at": utc(session.starts_at),
        "ends_at": utc(session.ends_at),
        **picked(session, "practitioner_id", "location_id", "days_since_previous"),
        "notes": [note_json(note) for note in session.notes],
    }


def note_json(note: Note) -> dict[str, Any]:
    """A compromise, with its sentence."""
    sentence = note_sentence(note.code, note.params, _in_english)
    return {"code": note.code, "sentence": sentence, "cost": note.cost, "params": note.params}


def _summary(sessions: list[ProposedSession], unplaced: int) -> str:
    codes = [{note.code for note in session.notes} for session in sessions]
    return proposal_summary(codes, unplaced, _in_english)


def _in_english(message: str) -> str:
    """Programs are told in English."""
    return message
