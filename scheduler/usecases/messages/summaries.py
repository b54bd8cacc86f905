"""Owing the mails to the clinic's own people: the weekly summary, and each practitioner's list of the day.

Whoever looks first after their time has come owes them; the database keeps several clocks from owing one twice. A
clock that is late still owes them on the same day, not later.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
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
from scheduler.usecases.messages.outbox_rows import insert_messages, message_row
from scheduler.usecases.patients.details import EMAIL

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


@reading
def summaries_due(session: Session, *, now: datetime) -> bool:
    """Whether anything may have to be owed: a look that writes nothing, for most ticks of the clock."""
    rows = _rows(session, now)
    keys = [str(row["dedupe_key"]) for row in rows]
    known = session.scalars(select(Message.dedupe_key).where(Message.dedupe_key.in_(keys)))
    return bool(set(keys) - set(known)) if keys else False


@writing
def owe_summaries(session: Session, *, now: datetime) -> int:
    """Owe what has come due today and is not owed yet; how many mails that is."""
    rows = _rows(session, now)
    return len(insert_messages(session, rows)) if rows else 0


def _rows(session: Session, now: datetime) -> list[dict[str, object]]:
    clinic, zone = session.get(Clinic, 1), _zone(session)
    if clinic is None or zone is None:
        return []
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    rows: list[dict[str, object]] = []
    if local.weekday() == clinic.summary_weekday and minute >= clinic.summary_minute:
        rows += _weekly(clinic.summary_recipients, local.date(), zone, now)
    return rows + _day_lists(session, local.date(), minute, zone, now)


def _weekly(recipients: Iterable[str], today: date, zone: ZoneInfo, now: datetime) -> list[dict[str, object]]:
    """One for each address and week."""
    year, week, _ = today.isocalendar()
    return [
        _row(f"weekly_summary:{year}-W{week:02}:{_digest(address)}", MessageKind.WEEKLY_SUMMARY, address, now)
        | {"about_on": today, "practitioner_id": None, "pointless_at": _midnight_after(today, zone)}
        for address in recipients
    ]


def _day_lists(
    session: Session, today: date, minute: int, zone: ZoneInfo, now: datetime
) -> list[dict[str, object]]:
    """One for each practitioner who wants it and day; what is on the day is looked up when it is sent."""
    found = session.execute(
        select(Practitioner.id, Practitioner.email, Practitioner.day_list_minute).where(
            Practitioner.day_list_minute <= minute,
            Practitioner.email != "",
            Practitioner.archived_at.is_(None),
        )
    )
    return [_day_list_row(row, today, zone, now) for row in found]


def _day_list_row(row: Any, today: date, zone: ZoneInfo, now: datetime) -> dict[str, object]:
    on = today if row.day_list_minute < NOON else today + timedelta(days=1)
    key = f"day_list:{on.isoformat()}:practitioner{row.id}"
    return _row(key, MessageKind.DAY_LIST, row.email, now) | {
        "about_on": on,
        "practitioner_id": row.id,
        "pointless_at": _midnight_after(on, zone),
    }


def _row(key: str, kind: MessageKind, recipient: str, now: datetime) -> dict[str, object]:
    return message_row(key, kind, recipient, due_at=now, now=now)


def _zone(session: Session) -> ZoneInfo | None:
    """The clock of the first location."""
    name = session.scalar(
        select(Location.zone).where(Location.archived_at.is_(None)).order_by(Location.id).limit(1)
    )
    return ZoneInfo(name) if name else None


def _midnight_after(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on + timedelta(days=1), time(), tzinfo=zone)


def _digest(address: str) -> str:
    return hashlib.sha256(address.lower().encode()).hexdigest()[:32]
