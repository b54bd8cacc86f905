"""A dry run: which mails would go out in the next days if nothing changed, and which would not, and why."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session, joinedload, selectinload

from scheduler.models.messages import Message, MessageKind
from scheduler.transaction import reading
from scheduler.usecases.messages.letter_rows import load_letters
from scheduler.usecases.messages.letters import Letter, still_to_tell
from scheduler.usecases.paging import Page

DAYS = 7
Day = tuple[int | None, int | None, date]
"""Patient, offset and local day: what is reminded of in one mail."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A mail that is owed, when it would go out, and what it would be about."""

    message: Message
    goes_out_at: datetime
    starts_at: tuple[datetime, ...]
    """The appointments' starts."""
    recipient: str
    why_not: str
    """Why it would not be sent after all; "" if it would."""


@reading
def list_upcoming(
    session: Session, *, now: datetime, days: int = DAYS, page: int = 1, page_size: int = 50
) -> Page[Upcoming]:
    """Mails owed in [now, now + days), the first to go out first; retries and what is overdue count as now.

    Mails to the clinic's own people are owed only when their hour has come, so they are missing until then.
    """
    rows = session.scalars(
        select(Message)
        .where(
            text("messages.state IN ('due', 'claimed', 'sending')"),
            Message.state == "due",
            Message.next_attempt_at < now + timedelta(days=days),
        )
        .options(joinedload(Message.patient), selectinload(Message.items))
        .order_by(Message.next_attempt_at, Message.id)
    ).all()
    letters = {letter.id: letter for letter in load_letters(session, [row.id for row in rows], now=now)}
    found = _without_joined([_upcoming(row, letters.get(row.id), now) for row in rows])
    first = (page - 1) * page_size
    return Page(items=found[first : first + page_size], total=len(found))


def _upcoming(message: Message, letter: Letter | None, now: datetime) -> tuple[Upcoming, list[Day]]:
    at = max(now, message.next_attempt_at)
    answer = still_to_tell(letter, at) if letter else "There is nothing left to tell."
    told = answer if isinstance(answer, Letter) else letter
    visits = told.visits if told else ()
    upcoming = Upcoming(
        message=message,
        goes_out_at=at,
        starts_at=tuple(visit.starts_at for visit in visits),
        recipient=told.recipient if told else message.recipient,
        why_not="" if isinstance(answer, Letter) else answer,
    )
    days = [
        (message.patient_id, message.offset_minutes, visit.starts_at.astimezone(ZoneInfo(visit.zone)).date())
        for visit in visits
        if message.kind == MessageKind.REMINDER and not upcoming.why_not
    ]
    return upcoming, days


def _without_joined(rows: list[tuple[Upcoming, list[Day]]]) -> list[Upcoming]:
    """Reminders of one day as the one mail that they will become, when the first of them is due."""
    at_day: dict[Day, int] = {}
    starts: dict[int, list[datetime]] = defaultdict(list)
    found: list[Upcoming] = []
    for upcoming, days in rows:
        place = next((at_day[day] for day in days if day in at_day), None)
        if place is None:
            place = len(found)
            found.append(upcoming)
        starts[place] += upcoming.starts_at
        at_day |= dict.fromkeys(days, place)
    return [
        Upcoming(row.message, row.goes_out_at, tuple(sorted(starts[place])), row.recipient, row.why_not)
        for place, row in enumerate(found)
    ]
