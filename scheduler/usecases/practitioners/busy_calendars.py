"""Practitioners' private calendars: when they are busy counts as away, and nothing else of them is kept.

The address is a secret. It is stored to be fetched from and appears in no answer, no log and no audit row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.orm import Session, joinedload

from scheduler.calendars.fetch import Fetcher, checked_address
from scheduler.calendars.refusals import INCOMPLETE, Refused, stored_reason
from scheduler.errors import Conflict, InvalidInput
from scheduler.models import BusyCalendar, BusyTime, Practitioner
from scheduler.models.base import epoch
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.absences.rows import zones_of_practitioner
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.feeds.options import checked_name
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find, find_in_use
from scheduler.usecases.practitioners.busy_reading import BusyTimes, read_busy_apart

EVERY = timedelta(minutes=15)
AHEAD = timedelta(days=400)
"""So far ahead private calendars are read: further than anybody books."""
MOST_PER_PERSON = 10
LONGEST_URL = 2000
Read = Callable[[bytes, ZoneInfo, datetime, datetime], BusyTimes]


@dataclass(frozen=True, slots=True)
class PrivateCalendar:
    """A private calendar without its address."""

    id: int
    practitioner_id: int
    practitioner: str
    name: str
    created_at: datetime
    fetched_at: datetime | None
    """When what it holds was last taken over or found unchanged."""
    tried_at: datetime | None
    error: str
    """Why the last try failed, or what of it could not be read: see calendars.refusals; "" if nothing is wrong."""
    is_stale: bool
    """The last try failed: what counts is older."""


@writing
def add_busy_calendar(
    session: Session,
    practitioner_id: int,
    *,
    url: str,
    name: str = "",
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> PrivateCalendar:
    """Keep the address of a practitioner's private calendar; it is read from the next round on.

    Raises NotFound, InvalidInput for an address that cannot be one, or Conflict for too many.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return _told(find(session, BusyCalendar, known[0]))
    if len(url) > LONGEST_URL:
        raise InvalidInput("An address has at most %(most)s characters.", most=LONGEST_URL, field="url")
    practitioner = find_in_use(session, Practitioner, practitioner_id)
    lock_resources(session, [("practitioner", practitioner_id)])
    address = checked_address(url)
    others = session.scalars(
        select(BusyCalendar).where(BusyCalendar.practitioner_id == practitioner_id)
    ).all()
    if any(other.url == address for other in others):
        raise Conflict("This calendar is read already.")
    if len(others) >= MOST_PER_PERSON:
        raise Conflict("There are %(most)s private calendars already.", most=MOST_PER_PERSON)
    row = BusyCalendar(practitioner=practitioner, name=checked_name(name), url=address, created_at=now)
    session.add(row)
    session.flush()
    _note(session, actor, "busy_calendar_added", row, now)
    remember(session, actor, idempotency, [row.id], now=now)
    return _told(row)


@writing
def remove_busy_calendar(session: Session, calendar_id: int, *, actor: Actor, now: datetime) -> None:
    """Forget a private calendar with its address and its times. Raises NotFound."""
    row = find(session, BusyCalendar, calendar_id)
    _note(session, actor, "busy_calendar_removed", row, now)
    session.execute(delete(BusyTime).where(BusyTime.calendar_id == row.id))
    session.delete(row)
    stamp_diaries(session)


@reading
def list_busy_calendars(session: Session, *, practitioner_id: int | None = None) -> list[PrivateCalendar]:
    """Private calendars, of one practitioner or all, without their addresses. Raises NotFound."""
    query = select(BusyCalendar).options(joinedload(BusyCalendar.practitioner)).order_by(BusyCalendar.id)
    if practitioner_id is not None:
        find(session, Practitioner, practitioner_id)
        query = query.where(BusyCalendar.practitioner_id == practitioner_id)
    return [_told(row) for row in session.scalars(query)]


def refresh_busy_calendars(
    fetcher: Fetcher, *, clock: Callable[[], datetime], stop: Callable[[], bool] = lambda: False
) -> tuple[int, int]:
    """Read every private calendar that is due, each in a transaction of its own: (read, failed)."""
    read = failed = 0
    for number in _due(now=clock()):
        if stop():
            break
        error = refresh_busy_calendar(number, fetcher, now=clock(), only_if_due=True)
        if error is not None:
            read, failed = read + (error == ""), failed + (error != "")
    return read, failed


def refresh_busy_calendar(
    calendar_id: int,
    fetcher: Fetcher,
    *,
    now: datetime,
    only_if_due: bool = False,
    read: Read = read_busy_apart,
) -> str | None:
    """Read one private calendar now; "" or why it cannot be read, as it is stored.

    None if another process is at it or it is gone.
    What was read before stays as long as nothing better is there. No transaction is open while the server is asked.
    """
    claimed = _claim(calendar_id, now, only_if_due)
    if claimed is None:
        return None
    url, etag, last_modified, zone = claimed
    try:
        fetched = fetcher.fetch(url, etag=etag, last_modified=last_modified)
        if fetched.body is None:
            return _take_over(calendar_id, None, ("", ""), now)
        times = read(fetched.body, zone, now - timedelta(days=1), now + AHEAD)
    except Refused as error:
        return _keep_last(calendar_id, error.stored)
    return _take_over(calendar_id, times, (fetched.etag, fetched.last_modified), now)


@reading
def _due(session: Session, *, now: datetime) -> list[int]:
    return list(
        session.scalars(
            select(BusyCalendar.id)
            .join(Practitioner)
            .where(_is_due(now), Practitioner.archived_at.is_(None))
            .order_by(BusyCalendar.tried_at, BusyCalendar.id)
        )
    )


def _is_due(now: datetime) -> ColumnElement[bool]:
    # A minute of grace: the clock's rounds are as far apart as this.
    return or_(BusyCalendar.tried_at.is_(None), BusyCalendar.tried_at <= now - EVERY + timedelta(minutes=1))


@writing
def _claim(
    session: Session, calendar_id: int, now: datetime, only_if_due: bool
) -> tuple[str, str, str, ZoneInfo] | None:
    """Address, what to ask with, and the zone of whole days; None if another process was faster."""
    mine = update(BusyCalendar).where(BusyCalendar.id == calendar_id).values(tried_at=now)
    if only_if_due:
        mine = mine.where(_is_due(now))
    done = session.execute(mine.returning(BusyCalendar.id), execution_options={"synchronize_session": False})
    if done.scalar() is None:
        return None
    row = session.get_one(BusyCalendar, calendar_id)
    zones = zones_of_practitioner(session, row.practitioner_id)
    zone = ZoneInfo(zones[0] if zones else "UTC")
    # The first time on a day it is read anew, unchanged or not: what repeats comes into reach day by day.
    if row.fetched_at is None or row.fetched_at.date() != now.date():
        return row.url, "", "", zone
    return row.url, row.etag, row.last_modified, zone


@writing
def _take_over(
    session: Session, calendar_id: int, times: BusyTimes | None, known: tuple[str, str], now: datetime
) -> str | None:
    """Put the new times in the old ones' place; None for ``times``: they are unchanged."""
    row = _locked(session, calendar_id)
    if row is None:
        return None
    row.fetched_at, row.error = now, ""
    if times is None:
        return row.error
    row.etag, row.last_modified = known
    if times.unread:
        # Asked for as a whole the next time, too: "unchanged" would take this sentence away.
        row.etag, row.last_modified = "", ""
        row.error = stored_reason(INCOMPLETE, times.unread)
    if times.intervals == _known_times(session, calendar_id):
        return row.error
    session.execute(delete(BusyTime).where(BusyTime.calendar_id == calendar_id))
    if times.intervals:
        session.execute(
            insert(BusyTime),
            [
                {
                    "calendar_id": calendar_id,
                    "practitioner_id": row.practitioner_id,
                    "starts_at": datetime.fromtimestamp(start, UTC),
                    "ends_at": datetime.fromtimestamp(end, UTC),
                }
                for start, end in times.intervals
            ],
        )
    stamp_diaries(session)
    return row.error


def _known_times(session: Session, calendar_id: int) -> list[tuple[int, int]]:
    """What was read before, by start: most calendars are the same each time."""
    times = select(epoch(BusyTime.starts_at), epoch(BusyTime.ends_at))
    rows = session.execute(times.where(BusyTime.calendar_id == calendar_id).order_by(BusyTime.starts_at))
    return [(start, end) for start, end in rows]


@writing
def _keep_last(session: Session, calendar_id: int, error: str) -> str | None:
    row = _locked(session, calendar_id)
    if row is None:
        return None
    row.error = error
    return row.error


def _locked(session: Session, calendar_id: int) -> BusyCalendar | None:
    return session.scalars(
        select(BusyCalendar).where(BusyCalendar.id == calendar_id).with_for_update()
    ).one_or_none()


def _told(row: BusyCalendar) -> PrivateCalendar:
    return PrivateCalendar(
        id=row.id,
        practitioner_id=row.practitioner_id,
        practitioner=row.practitioner.name,
        name=row.name,
        created_at=row.created_at,
        fetched_at=row.fetched_at,
        tried_at=row.tried_at,
        error=row.error,
        is_stale=row.tried_at is not None and (row.fetched_at is None or row.fetched_at < row.tried_at),
    )


def _note(session: Session, actor: Actor, action: str, row: BusyCalendar, now: datetime) -> None:
    note_deed(session, actor, action, "practitioner", row.practitioner_id, now=now, name=row.name)
