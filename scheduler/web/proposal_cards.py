"""A proposal as one card: its weeks as a small calendar, its sessions with every compromise in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import gettext

from scheduler.usecases.series.proposals import ProposedSession, SeriesProposal
from scheduler.web.formats import local
from scheduler.wording.planning import (
    QUIET_NOTES,
    note_sentence,
    proposal_summary,
    proposal_title,
    reason_sentence,
)


@dataclass(frozen=True, slots=True)
class Week:
    """A week in a proposal's small calendar: seven days, each with the session on it; ``skipped`` weeks before it."""

    monday: date
    days: list[ProposedSession | None]
    skipped: int


@dataclass(frozen=True, slots=True)
class Line:
    """A session of a proposal: its slot with the compromises in it, or why it has none."""

    number: int
    slot: ProposedSession | None
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Card:
    """One proposal as it is shown; ``choice`` are the slots as the form carries them."""

    title: str
    summary: str
    weeks: list[Week]
    lines: list[Line]
    choice: list[str]

    @property
    def noted(self) -> set[int]:
        """Numbers of sessions with a compromise."""
        return {line.number for line in self.lines if line.notes}


def card_of(proposal: SeriesProposal, zones: Mapping[int, str]) -> Card:
    """The card of a proposal; ``zones`` are the locations' IANA names."""
    fresh = [row for row in proposal.sessions if not row.fixed]
    lines = [Line(row.number, row, _notes(row)) for row in proposal.sessions]
    lines += [Line(left.number, None, [reason_sentence(left.reason, gettext)]) for left in proposal.unplaced]
    codes = [{note.code for note in row.notes} for row in fresh]
    return Card(
        title=proposal_title(proposal.differs_in, gettext),
        summary=proposal_summary(codes, len(proposal.unplaced), gettext),
        weeks=_weeks(proposal.sessions, zones),
        lines=sorted(lines, key=lambda line: line.number),
        choice=[
            f"{row.number}|{row.starts_at.timestamp():.0f}|{row.practitioner_id}|{row.location_id}"
            for row in fresh
        ],
    )


def _notes(row: ProposedSession) -> list[str]:
    """The compromises in a slot; one that is booked already is not judged."""
    if row.fixed:
        return []
    return [
        note_sentence(note.code, note.params, gettext) for note in row.notes if note.code not in QUIET_NOTES
    ]


def _weeks(sessions: list[ProposedSession], zones: Mapping[int, str]) -> list[Week]:
    """The weeks that have a session, in order."""
    by_day = {local(row.starts_at, zones[row.location_id]).date(): row for row in sessions}
    mondays = sorted({day - timedelta(days=day.weekday()) for day in by_day})
    weeks: list[Week] = []
    for monday in mondays:
        skipped = (monday - weeks[-1].monday).days // 7 - 1 if weeks else 0
        days = [by_day.get(monday + timedelta(days=offset)) for offset in range(7)]
        weeks.append(Week(monday, days, skipped))
    return weeks
