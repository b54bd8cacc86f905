"""What the weekly summary says, worked out from the behind board at the moment it is sent.

It goes by unencrypted mail: first name and initial, how far along, how many days late; nothing of what is treated.
"""

from datetime import date, datetime

from sqlalchemy.orm import Session

from scheduler.models.clinic import Clinic
from scheduler.usecases.board import BehindLine, lines_behind
from scheduler.usecases.letters import Summary, SummaryLine

WORST = 20
"""Plans named in the mail; the board has them all."""


def summarise(session: Session, recipient: str, *, today: date, now: datetime) -> Summary:
    """The summary for one address as of now; ``today`` is the local date that it is about."""
    lines = lines_behind(session, today=today, now=now)
    return Summary(
        wanted=recipient in session.get_one(Clinic, 1).summary_recipients,
        behind=len(lines),
        overdue=sum(line.days_left < 0 for line in lines),
        without_next=sum(line.next_at is None for line in lines),
        worst=tuple(map(_line, lines[:WORST])),
    )


def _line(line: BehindLine) -> SummaryLine:
    return SummaryLine(
        who=_shortened(line.patient),
        number=line.number,
        sessions=line.sessions,
        days_left=line.days_left,
        has_next=line.next_at is not None,
    )


def _shortened(name: str) -> str:
    """Paul Pain -> Paul P."""
    given, _, family = name.rpartition(" ")
    return f"{given} {family[:1]}." if given and family else name
