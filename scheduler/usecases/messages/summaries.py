"""Owing the mails to the clinic's own people: the weekly summary, and each practitioner's list of the day.

Whoever looks first after their time has come owes them; the database keeps several clocks from owing one twice. A
clock that is late still owes them on the same day, not later.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput, NotFound
from scheduler.models.clinic import Clinic, Location
from scheduler.models.messages import Message, MessageKind
from scheduler.models.practitioners import Practitioner
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.edits import EMAIL
from scheduler.usecases.messages.outbox_rows import insert_messages, message_row

NOON = 12 * 60
"""A list that is wanted before it is of the same day, any other of the next one."""
MOST_RECIPIENTS = 10


@writing
def set_summary(
    session: Session, *, recipients: Sequence[str], weekday: int, minute: int, actor: Actor, now: datetime
) -> Clinic:
    """Say who gets the weekly summary (nobody: it is off) and when, by the clock of the first location.

    ``weekday`` 0 is Monday. Raises NotFound before the clinic is set up, InvalidInput naming the field.
    """
    clinic = session.get(Clinic, 1)
    if clinic is None:
        raise NotFound("The clinic is not set up yet: run flask --app wsgi clinic setup.")
    wanted = list(dict.fromkeys(address.strip() for address in recipients))
    if any(not EMAIL.fullmatch(address) or len(address) > 320 for address in wanted):
        raise InvalidInput("An email address looks like name@example.org.", field="summary_recipients")
    if len(wanted) > MOST_RECIPIENTS:
        raise InvalidInput("At most %(most)s addresses.", field="summary_recipients", most=MOST_RECIPIENTS)
    if not 0 <= weekday <= 6:
        raise InvalidInput("A weekday is a number from 0, Monday, to 6.", field="summary_weekday")
    if not 0 <= minute < 24 * 60:
        raise InvalidInput("Enter a time of day such as 07:00.", field="summary_minute")
    clinic.summary_recipients, clinic.summary_weekday, clinic.summary_minute = wanted, weekday, minute
    detail = {"recipients": len(wanted), "weekday": weekday, "minute": minute}
    note_deed(session, actor, "summary_set", "clinic", 1, now=now, **detail)
    return clinic


class StaffMail(NamedTuple):
    """A mail to one of the clinic's own people: what makes it this one, and when it falls due."""

    key: str
    kind: MessageKind
    recipient: str
    about_on: date
    practitioner_id: int | None
    due_at: datetime
    pointless_at: datetime


@reading
def summaries_due(session: Session, *, now: datetime) -> bool:
    """Whether anything may have to be owed: a look that writes nothing, for most ticks of the clock."""
    return bool(_due(session, now))


@writing
def owe_summaries(session: Session, *, now: datetime) -> int:
    """Owe what has come due today and is not owed yet; how many mails that is."""
    rows = [_values(mail, now) for mail in _due(session, now)]
    return len(insert_messages(session, rows)) if rows else 0


def summaries_ahead(session: Session, *, now: datetime, until: datetime) -> list[StaffMail]:
    """What will fall due before ``until`` and is not owed yet, for the dry run; what is late falls due now.

    Day lists are among them whether or not anything is on their day.
    """
    clinic, zone = session.get(Clinic, 1), _zone(session)
    if clinic is None or zone is None:
        return []
    first, last = (each.astimezone(zone).date() for each in (now, until))
    people = _who_want_lists(session)
    found: list[StaffMail] = []
    for on in (first + timedelta(days=number) for number in range((last - first).days + 1)):
        found += _of_day(clinic, people, on, zone)
    return [
        mail._replace(due_at=max(mail.due_at, now))
        for mail in _not_owed(session, found)
        if mail.due_at < until and mail.pointless_at > now
    ]


def _due(session: Session, now: datetime) -> list[StaffMail]:
    """What of today's has come due and is not owed yet."""
    clinic, zone = session.get(Clinic, 1), _zone(session)
    if clinic is None or zone is None:
        return []
    mails = _of_day(clinic, _who_want_lists(session), now.astimezone(zone).date(), zone)
    return _not_owed(session, [mail for mail in mails if mail.due_at <= now])


def _not_owed(session: Session, mails: Sequence[StaffMail]) -> list[StaffMail]:
    if not mails:
        return []
    keys = select(Message.dedupe_key).where(Message.dedupe_key.in_([mail.key for mail in mails]))
    known = set(session.scalars(keys))
    return [mail for mail in mails if mail.key not in known]


def _of_day(clinic: Clinic, people: Sequence[Any], today: date, zone: ZoneInfo) -> list[StaffMail]:
    """What falls due on a local day."""
    lists = [_day_list(person, today, zone) for person in people]
    return lists if today.weekday() != clinic.summary_weekday else _weekly(clinic, today, zone) + lists


def _weekly(clinic: Clinic, today: date, zone: ZoneInfo) -> list[StaffMail]:
    """One for each address and week."""
    year, week, _ = today.isocalendar()
    due_at, pointless_at = _at_minute(today, clinic.summary_minute, zone), _midnight_after(today, zone)
    kind = MessageKind.WEEKLY_SUMMARY
    return [
        StaffMail(
            f"weekly_summary:{year}-W{week:02}:{_digest(address)}",
            kind,
            address,
            today,
            None,
            due_at,
            pointless_at,
        )
        for address in clinic.summary_recipients
    ]


def _day_list(person: Any, today: date, zone: ZoneInfo) -> StaffMail:
    """One for each practitioner who wants it and day; what is on the day is looked up when it is sent."""
    on = today if person.day_list_minute < NOON else today + timedelta(days=1)
    return StaffMail(
        f"day_list:{on.isoformat()}:practitioner{person.id}",
        MessageKind.DAY_LIST,
        person.email,
        on,
        person.id,
        _at_minute(today, person.day_list_minute, zone),
        _midnight_after(on, zone),
    )


def _who_want_lists(session: Session) -> Sequence[Any]:
    return session.execute(
        select(Practitioner.id, Practitioner.email, Practitioner.day_list_minute)
        .where(
            Practitioner.day_list_minute.is_not(None),
            Practitioner.email != "",
            Practitioner.archived_at.is_(None),
        )
        .order_by(Practitioner.id)
    ).all()


def _values(mail: StaffMail, now: datetime) -> dict[str, object]:
    """The mail as the values of a message, which goes out at once."""
    return message_row(mail.key, mail.kind, mail.recipient, due_at=now, now=now) | {
        "about_on": mail.about_on,
        "practitioner_id": mail.practitioner_id,
        "pointless_at": mail.pointless_at,
    }


def _zone(session: Session) -> ZoneInfo | None:
    """The clock of the first location."""
    name = session.scalar(
        select(Location.zone).where(Location.archived_at.is_(None)).order_by(Location.id).limit(1)
    )
    return ZoneInfo(name) if name else None


def _at_minute(on: date, minute: int, zone: ZoneInfo) -> datetime:
    """When a clock shows a minute of a day; one that the clock skips is that long after the skip."""
    return datetime.combine(on, time(*divmod(minute, 60)), tzinfo=zone).astimezone(UTC)


def _midnight_after(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on + timedelta(days=1), time(), tzinfo=zone)


def _digest(address: str) -> str:
    return hashlib.sha256(address.lower().encode()).hexdigest()[:32]
