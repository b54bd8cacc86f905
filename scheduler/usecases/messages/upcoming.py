"""A dry run: which mails would go out in the next days if nothing changed, and which would not, and why.

What is owed already, and what will be owed when its hour has come: questions before sessions, summaries, day lists.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session, joinedload, selectinload

from scheduler.models.appointments import NOT_BOOKED, Appointment
from scheduler.models.clinic import Location
from scheduler.models.messages import Message, MessageKind
from scheduler.models.patients import Patient
from scheduler.transaction import reading
from scheduler.usecases.messages.check_in_mails import check_ins_ahead
from scheduler.usecases.messages.letter_rows import load_letters
from scheduler.usecases.messages.letters import NONE_LEFT, Letter, still_to_tell
from scheduler.usecases.messages.summaries import StaffMail, summaries_ahead
from scheduler.usecases.paging import Page

DAYS = 7
ANY_ZONE = timedelta(days=1)
"""A local day begins and ends within so much of the same day in UTC."""
Day = tuple[int | None, int | None, date]
"""Patient, offset and local day: what is reminded of in one mail."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The start of an appointment that a mail would be about."""

    starts_at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A mail, when it would go out, and what it would be about."""

    kind: str
    recipient: str
    goes_out_at: datetime
    visits: tuple[Visit, ...] = ()
    why_not: str = ""
    """Why it would not be sent after all; "" if it would."""
    patient: Patient | None = None
    """None: it goes to the clinic's own people."""
    offset_minutes: int | None = None
    about_on: date | None = None
    """Summaries and day lists: the local date …"""
    count: int | None = None
    """… and, of day lists, how many appointments it has."""
    message: Message | None = None
    """None: it is not owed yet."""


@dataclass(frozen=True, slots=True)
class Forecast(Page[Upcoming]):
    """One page of the dry run, and what all of it comes to."""

    by_kind: Mapping[str, int]
    """kind -> how many would go out, the most frequent first."""
    held_back: int
    """How many would not be sent after all."""


@reading
def list_upcoming(
    session: Session, *, now: datetime, days: int = DAYS, page: int = 1, page_size: int = 50
) -> Forecast:
    """Mails of [now, now + days), the first to go out first; retries and what is overdue count as now."""
    until = now + timedelta(days=days)
    found = [*_owed(session, now, until), *_questions(session, now, until), *_to_staff(session, now, until)]
    found.sort(key=lambda each: each.goes_out_at)
    first = (page - 1) * page_size
    going = Counter(row.kind for row in found if not row.why_not)
    return Forecast(
        items=found[first : first + page_size],
        total=len(found),
        by_kind=dict(sorted(going.items(), key=lambda each: (-each[1], each[0]))),
        held_back=len(found) - going.total(),
    )


def _owed(session: Session, now: datetime, until: datetime) -> list[Upcoming]:
    rows = session.scalars(
        select(Message)
        .where(
            text("messages.state IN ('due', 'claimed', 'sending')"),
            Message.state == "due",
            Message.next_attempt_at < until,
        )
        .options(joinedload(Message.patient), selectinload(Message.items))
        .order_by(Message.next_attempt_at, Message.id)
    ).all()
    letters = {letter.id: letter for letter in load_letters(session, [row.id for row in rows], now=now)}
    return _without_joined([_upcoming(row, letters.get(row.id), now) for row in rows])


def _questions(session: Session, now: datetime, until: datetime) -> list[Upcoming]:
    """The mails that will ask how a patient is before a session."""
    return [
        Upcoming(
            kind=MessageKind.CHECK_IN.value,
            recipient=row.patient.email or "",
            goes_out_at=due_at,
            visits=(Visit(row.starts_at, row.location.zone),),
            patient=row.patient,
        )
        for row, due_at in check_ins_ahead(session, now=now, until=until)
    ]


def _to_staff(session: Session, now: datetime, until: datetime) -> list[Upcoming]:
    """Summaries, and the lists of days on which something is booked so far."""
    mails = summaries_ahead(session, now=now, until=until)
    counts = _counts(session, [mail for mail in mails if mail.practitioner_id is not None])
    return [
        Upcoming(
            kind=mail.kind.value,
            recipient=mail.recipient,
            goes_out_at=mail.due_at,
            about_on=mail.about_on,
            count=counts[mail.practitioner_id, mail.about_on] if mail.practitioner_id else None,
        )
        for mail in mails
        if mail.practitioner_id is None or counts[mail.practitioner_id, mail.about_on]
    ]


def _counts(session: Session, lists: Sequence[StaffMail]) -> Counter[tuple[int | None, date]]:
    """How many appointments a practitioner has on a local day; one query for all lists."""
    if not lists:
        return Counter()
    days = [mail.about_on for mail in lists]
    begins, ends = (
        datetime(on.year, on.month, on.day, tzinfo=ZoneInfo("UTC")) for on in (min(days), max(days))
    )
    rows = session.execute(
        select(Appointment.practitioner_id, Appointment.starts_at, Location.zone)
        .join(Location, Location.id == Appointment.location_id)
        .where(
            Appointment.practitioner_id.in_({mail.practitioner_id for mail in lists}),
            Appointment.status.not_in(NOT_BOOKED),
            Appointment.starts_at.between(begins - ANY_ZONE, ends + 2 * ANY_ZONE),
        )
    )
    return Counter((row.practitioner_id, row.starts_at.astimezone(ZoneInfo(row.zone)).date()) for row in rows)


def _upcoming(message: Message, letter: Letter | None, now: datetime) -> tuple[Upcoming, list[Day]]:
    at = max(now, message.next_attempt_at)
    answer = still_to_tell(letter, at) if letter else NONE_LEFT
    told = answer if isinstance(answer, Letter) else letter
    upcoming = Upcoming(
        kind=message.kind,
        recipient=told.recipient if told else message.recipient,
        goes_out_at=at,
        visits=_visits(told) if told else (),
        why_not="" if isinstance(answer, Letter) else answer,
        patient=message.patient,
        offset_minutes=message.offset_minutes,
        about_on=message.about_on,
        count=len(told.day.lines) if told and told.day else None,
        message=message,
    )
    days = [
        (
            message.patient_id,
            message.offset_minutes,
            visit.starts_at.astimezone(ZoneInfo(visit.zone)).date(),
        )
        for visit in upcoming.visits
        if message.kind == MessageKind.REMINDER and not upcoming.why_not
    ]
    return upcoming, days


def _visits(letter: Letter) -> tuple[Visit, ...]:
    if letter.offered is not None:
        return (Visit(letter.offered.starts_at, letter.offered.zone),)
    return tuple(Visit(visit.starts_at, visit.zone) for visit in letter.visits)


def _without_joined(rows: list[tuple[Upcoming, list[Day]]]) -> list[Upcoming]:
    """Reminders of one day as the one mail that they will become, when the first of them is due."""
    at_day: dict[Day, int] = {}
    visits: dict[int, list[Visit]] = defaultdict(list)
    found: list[Upcoming] = []
    for upcoming, days in rows:
        place = next((at_day[day] for day in days if day in at_day), None)
        if place is None:
            place = len(found)
            found.append(upcoming)
        visits[place] += upcoming.visits
        at_day |= dict.fromkeys(days, place)
    return [
        replace(row, visits=tuple(sorted(visits[place], key=lambda visit: visit.starts_at)))
        for place, row in enumerate(found)
    ]
