"""Reading a calendar feed: whose it is and whether it changed, then its events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from sys import intern
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Engine,
    Select,
    String,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session, aliased

from scheduler.calendars.event import EventRow, FeedStyle, Viewer
from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    Clinic,
    Closure,
    FeedDetail,
    FeedToken,
    Hold,
    Location,
    Patient,
    PlannedSession,
    Practitioner,
    Room,
)
from scheduler.models.base import epoch
from scheduler.transaction import reading, writing
from scheduler.usecases.availability.rows import holds_in_force
from scheduler.usecases.feeds.tokens import FETCH_NOTED_EVERY, feed_begins_at, hash_secret

ROWS_AT_ONCE = 2000
"""So many events of a feed are in memory at a time."""
CANCELLED_DAYS = 14
"""A cancelled event is shown as cancelled for so many days, then dropped."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One address as it is now; instants in epoch seconds."""

    token_id: int
    revision: int
    changed_at: int
    is_revoked: bool
    """Revoked, or its owner is archived."""
    last_fetched_at: int | None
    owner_id: int
    style: FeedStyle
    past_days: int = 30
    ahead_days: int = 365
    held: str | None = None
    """What is held for the owner now, as a short text that is another one after each change; None: not shown."""


def find_feed(engine: Engine, secret: str, *, now: datetime) -> Feed | None:
    """The feed with this secret, or None; one indexed read, which is all that an unchanged feed costs.

    It is read before the events and on its own, so that what is shown is never older than its revision.
    """
    row = _read_row(engine, hash_secret(secret), now)
    if row is None:
        return None
    token_id, revision, changed_at, revoked_at, archived_at, last_fetched_at = row[:6]
    patient_id, practitioner_id, room_id, detail, alarm_minutes, locale, clinic_name = row[6:13]
    past_days, ahead_days, held = row[13:]
    viewer, owner_id = next(
        (viewer, number)
        for viewer, number in zip(Viewer, (patient_id, practitioner_id, room_id), strict=True)
        if number is not None
    )
    return Feed(
        token_id=token_id,
        revision=revision,
        changed_at=changed_at,
        is_revoked=revoked_at is not None or archived_at is not None,
        last_fetched_at=last_fetched_at,
        owner_id=owner_id,
        style=FeedStyle(viewer, FeedDetail(detail), locale or "en", alarm_minutes, clinic_name or ""),
        past_days=past_days,
        ahead_days=ahead_days,
        held=held,
    )


@reading
def each_event(session: Session, feed: Feed, *, now: datetime) -> Iterator[EventRow]:
    """The feed's events by start: whole UTC days of its range, cancelled ones for 14 days; held slots if it shows them.

    A room's feed begins with the times at which the room is out of use. All are read as they are asked for, as of one
    moment.
    """
    today_at = now.replace(hour=0, minute=0, second=0, microsecond=0)
    shown = {
        "owner_id": feed.owner_id,
        "begins_at": feed_begins_at(now, feed.past_days),
        "ends_at": today_at + timedelta(days=feed.ahead_days + 1),
    }
    if feed.style.viewer == Viewer.ROOM:
        yield from _out_of_use(session, feed, shown)
    query = _events_query(feed.style.viewer, feed.style.detail)
    if feed.held is None:
        query = query.where(Appointment.status != AppointmentStatus.HELD.value)
    else:
        query = query.where(or_(Appointment.hold_id.is_(None), Appointment.hold_id.in_(holds_in_force(now))))
    rows = session.execute(
        query,
        shown | {"cancelled_from": today_at - timedelta(days=CANCELLED_DAYS)},
        execution_options={"yield_per": ROWS_AT_ONCE},
    )
    for row in rows:
        yield EventRow(*row[:6], *map(_shared, row[6:11]), *row[11:])


def _out_of_use(session: Session, feed: Feed, shown: dict[str, Any]) -> Iterator[EventRow]:
    """When the feed's room is out of use, by start. Nobody counts changes of a closure, so it is as new as the feed.

    Why is told where the feed says everything: it is somebody's own words.
    """
    rows = session.execute(
        select(
            Closure.id,
            epoch(Closure.starts_at),
            epoch(Closure.ends_at),
            Location.name,
            Location.address,
            Room.name,
            Closure.reason,
        )
        .join(Room, Room.id == Closure.room_id)
        .join(Location, Location.id == Closure.location_id)
        .where(
            Closure.room_id == shown["owner_id"],
            Closure.starts_at < shown["ends_at"],
            Closure.ends_at > shown["begins_at"],
        )
        .order_by(Closure.starts_at, Closure.id)
    )
    for number, starts_at, ends_at, location, address, room, reason in rows:
        yield EventRow(
            uid=f"closure-{number}@needletime",
            sequence=0,
            changed_at=feed.changed_at,
            starts_at=starts_at,
            ends_at=ends_at,
            is_cancelled=False,
            location_name=location,
            address=address,
            room_name=room,
            type_name=None,
            person_name=None,
            session_number=None,
            session_total=None,
            shut_because=reason if feed.style.detail == FeedDetail.FULL else "",
        )


def _shared(word: str | None) -> str | None:
    """The one copy of a word that many rows hold: rendered events are remembered by their rows."""
    return intern(word) if word else word


def fetch_is_to_be_noted(feed: Feed, *, now: datetime) -> bool:
    """Whether the last noted fetch is an hour ago."""
    last = feed.last_fetched_at
    return last is None or now.timestamp() - last >= FETCH_NOTED_EVERY.total_seconds()


@writing
def note_fetch(session: Session, token_id: int, *, client: str, now: datetime) -> None:
    """Remember that a calendar program of that family came by."""
    session.execute(
        update(FeedToken).where(FeedToken.id == token_id).values(last_fetched_at=now, client=client),
        execution_options={"synchronize_session": False},
    )


def _read_row(engine: Engine, secret_hash: str, now: datetime) -> Any:
    """What is stored of one feed, by the driver alone: a Session would cost ten times the look-up itself.

    No transaction is begun: a single statement sees one state anyway. A connection that failed is not used again.
    """
    sql, order = _feed_sql(engine.dialect)
    pooled = engine.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        if engine.dialect.name == "sqlite":
            known = {"token_hash": secret_hash, "now": int(now.timestamp())}
            row = driver.execute(sql, [known[name] for name in order]).fetchone()
        else:
            driver.autocommit = True
            row = driver.execute(sql, {"token_hash": secret_hash, "now": now}, binary=True).fetchone()
            driver.autocommit = False
    except Exception as error:
        pooled.invalidate(error)
        raise
    pooled.close()
    return row


@lru_cache(maxsize=4)
def _feed_sql(dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """The statement, and the names of its values in their order."""
    query = (
        select(
            FeedToken.id,
            FeedToken.revision,
            epoch(FeedToken.changed_at),
            epoch(FeedToken.revoked_at),
            epoch(func.coalesce(Patient.archived_at, Practitioner.archived_at, Room.archived_at)),
            epoch(FeedToken.last_fetched_at),
            FeedToken.patient_id,
            FeedToken.practitioner_id,
            FeedToken.room_id,
            FeedToken.detail,
            FeedToken.alarm_minutes,
            func.coalesce(Patient.locale, Practitioner.locale, Clinic.locale),
            Clinic.name,
            FeedToken.past_days,
            FeedToken.ahead_days,
            case((FeedToken.shows_holds, _held_now())),
        )
        .outerjoin(Patient, Patient.id == FeedToken.patient_id)
        .outerjoin(Practitioner, Practitioner.id == FeedToken.practitioner_id)
        .outerjoin(Room, Room.id == FeedToken.room_id)
        .outerjoin(Clinic, true())
        .where(FeedToken.token_hash == bindparam("token_hash"))
    )
    # The values are given to the driver as they are, so none may be left inside.
    compiled: Any = query.compile(dialect=dialect, compile_kwargs={"literal_binds": False})
    return str(compiled), tuple(compiled.positiontup or ())


def _held_now() -> ColumnElement[str]:
    """Number, identities and starts of the owner's slots that are held: found by the few holds in force."""
    told = [func.count(), func.sum(Appointment.id), func.sum(epoch(Appointment.starts_at)), func.max(Hold.id)]
    text: ColumnElement[str] = cast(told[0], String)
    for number in told[1:]:
        text = text + literal_column("'.'") + cast(func.coalesce(number, literal_column("0")), String)
    return (
        select(text)
        .select_from(Hold)
        .join(Appointment, Appointment.hold_id == Hold.id)
        .where(
            Hold.expires_at > bindparam("now"),
            or_(
                Appointment.practitioner_id == FeedToken.practitioner_id,
                Appointment.room_id == FeedToken.room_id,
            ),
        )
        .scalar_subquery()
    )


_OWNERS = {
    Viewer.PATIENT: Appointment.patient_id,
    Viewer.PRACTITIONER: Appointment.practitioner_id,
    Viewer.ROOM: Appointment.room_id,
}
_PRACTITIONER_NAME = Practitioner.given_name + " " + Practitioner.family_name
_PATIENT_NAME = Patient.given_name + " " + Patient.family_name
_PEOPLE: dict[Viewer, ColumnElement[str]] = {
    Viewer.PATIENT: _PRACTITIONER_NAME,
    Viewer.PRACTITIONER: _PATIENT_NAME,
    Viewer.ROOM: _PRACTITIONER_NAME + " · " + _PATIENT_NAME,
}


@lru_cache(maxsize=16)
def _events_query(viewer: Viewer, detail: FeedDetail) -> Select[*tuple[Any, ...]]:
    """One statement for all columns of EventRow; what the feed does not show is not even read."""
    is_full, names_type = detail == FeedDetail.FULL, detail != FeedDetail.MINIMAL
    names_room, is_plan = is_full or viewer != Viewer.PATIENT, is_full and viewer != Viewer.ROOM
    nothing, cancelled = null(), AppointmentStatus.CANCELLED.value
    peer = aliased(PlannedSession)
    total = select(func.max(peer.number)).where(peer.plan_id == PlannedSession.plan_id).scalar_subquery()
    query = (
        select(
            Appointment.uid,
            Appointment.sequence,
            epoch(Appointment.changed_at),
            epoch(Appointment.starts_at),
            epoch(Appointment.ends_at),
            Appointment.status == cancelled,
            Location.name,
            Location.address,
            Room.name if names_room else nothing,
            AppointmentType.name if names_type else nothing,
            _PEOPLE[viewer] if is_full else nothing,
            PlannedSession.number if is_plan else nothing,
            total if is_plan else nothing,
            Appointment.status == AppointmentStatus.HELD.value,
        )
        .select_from(Appointment)
        .join(Location, Location.id == Appointment.location_id)
        .where(
            _OWNERS[viewer] == bindparam("owner_id"),
            Appointment.starts_at >= bindparam("begins_at"),
            Appointment.starts_at < bindparam("ends_at"),
            or_(Appointment.status != cancelled, Appointment.cancelled_at >= bindparam("cancelled_from")),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    if names_room:
        query = query.outerjoin(Room, Room.id == Appointment.room_id)
    if names_type:
        query = query.join(AppointmentType, AppointmentType.id == Appointment.appointment_type_id)
    if is_full:
        query = query.join(Patient, Patient.id == Appointment.patient_id)
        query = query.join(Practitioner, Practitioner.id == Appointment.practitioner_id)
    if is_plan:
        query = query.outerjoin(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
    return query
