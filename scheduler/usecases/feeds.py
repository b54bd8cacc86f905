"""Reading a calendar feed: whose it is and whether it changed, then its events."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Engine, Select, bindparam, func, null, or_, select, true, update
from sqlalchemy.orm import Session, aliased

from scheduler.calendars.event import EventRow, FeedStyle, Viewer
from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    Clinic,
    FeedDetail,
    FeedToken,
    Location,
    Patient,
    PlannedSession,
    Practitioner,
    Room,
)
from scheduler.models.base import epoch
from scheduler.transaction import reading, writing
from scheduler.usecases.feed_tokens import feed_begins_at, hash_secret

AHEAD_DAYS = 365
"""Events of so many days after today are in a feed."""
CANCELLED_DAYS = 14
"""A cancelled event is shown as cancelled for so many days, then dropped."""
FETCH_NOTED_EVERY = timedelta(hours=1)


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


def find_feed(engine: Engine, secret: str) -> Feed | None:
    """The feed with this secret, or None; one indexed read, which is all that an unchanged feed costs.

    It is read before the events and on its own, so that what is shown is never older than its revision.
    """
    row = _read_row(engine, hash_secret(secret))
    if row is None:
        return None
    token_id, revision, changed_at, revoked_at, archived_at, last_fetched_at = row[:6]
    patient_id, practitioner_id, detail, alarm_minutes, locale, clinic_name = row[6:]
    viewer = Viewer.PATIENT if patient_id is not None else Viewer.PRACTITIONER
    return Feed(
        token_id=token_id,
        revision=revision,
        changed_at=changed_at,
        is_revoked=revoked_at is not None or archived_at is not None,
        last_fetched_at=last_fetched_at,
        owner_id=patient_id if viewer == Viewer.PATIENT else practitioner_id,
        style=FeedStyle(viewer, FeedDetail(detail), locale or "en", alarm_minutes, clinic_name or ""),
    )


@reading
def list_events(session: Session, feed: Feed, *, now: datetime) -> list[EventRow]:
    """The feed's events by start: 30 days back to 365 ahead, whole UTC days, cancelled ones for 14 days."""
    begins_at = feed_begins_at(now)
    today_at = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = session.execute(
        _events_query(feed.style.viewer, feed.style.detail),
        {
            "owner_id": feed.owner_id,
            "begins_at": begins_at,
            "ends_at": today_at + timedelta(days=AHEAD_DAYS + 1),
            "cancelled_from": today_at - timedelta(days=CANCELLED_DAYS),
        },
    )
    return [EventRow._make(row) for row in rows.all()]


def fetch_is_to_be_noted(feed: Feed, *, now: datetime) -> bool:
    """Whether the last noted fetch is an hour ago."""
    last = feed.last_fetched_at
    return last is None or now.timestamp() - last >= FETCH_NOTED_EVERY.total_seconds()


@writing
def note_fetch(session: Session, token_id: int, *, now: datetime) -> None:
    """Remember that a calendar program came by."""
    session.execute(
        update(FeedToken).where(FeedToken.id == token_id).values(last_fetched_at=now),
        execution_options={"synchronize_session": False},
    )


def _read_row(engine: Engine, secret_hash: str) -> Any:
    """What is stored of one feed, by the driver alone: a Session would cost ten times the look-up itself.

    No transaction is begun: a single statement sees one state anyway. A connection that failed is not used again.
    """
    sql = _feed_sql(engine.dialect)
    pooled = engine.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        if engine.dialect.name == "sqlite":
            row = driver.execute(sql, (secret_hash,)).fetchone()
        else:
            driver.autocommit = True
            row = driver.execute(sql, {"token_hash": secret_hash}, binary=True).fetchone()
            driver.autocommit = False
    except Exception as error:
        pooled.invalidate(error)
        raise
    pooled.close()
    return row


@lru_cache(maxsize=4)
def _feed_sql(dialect: Dialect) -> str:
    query = (
        select(
            FeedToken.id,
            FeedToken.revision,
            epoch(FeedToken.changed_at),
            epoch(FeedToken.revoked_at),
            epoch(func.coalesce(Patient.archived_at, Practitioner.archived_at)),
            epoch(FeedToken.last_fetched_at),
            FeedToken.patient_id,
            FeedToken.practitioner_id,
            FeedToken.detail,
            FeedToken.alarm_minutes,
            func.coalesce(Patient.locale, Practitioner.locale, Clinic.locale),
            Clinic.name,
        )
        .outerjoin(Patient, Patient.id == FeedToken.patient_id)
        .outerjoin(Practitioner, Practitioner.id == FeedToken.practitioner_id)
        .outerjoin(Clinic, true())
        .where(FeedToken.token_hash == bindparam("token_hash"))
    )
    return str(query.compile(dialect=dialect))


@lru_cache(maxsize=4)
def _events_query(viewer: Viewer, detail: FeedDetail) -> Select[*tuple[Any, ...]]:
    """One statement for all columns of EventRow; what the feed does not show is not even read."""
    owner = Appointment.patient_id if viewer == Viewer.PATIENT else Appointment.practitioner_id
    is_full = detail == FeedDetail.FULL
    nothing = null()
    person: type[Patient] | type[Practitioner] = Practitioner if viewer == Viewer.PATIENT else Patient
    peer = aliased(PlannedSession)
    total = select(func.max(peer.number)).where(peer.plan_id == PlannedSession.plan_id).scalar_subquery()
    cancelled = AppointmentStatus.CANCELLED.value
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
            Room.name if is_full or viewer == Viewer.PRACTITIONER else nothing,
            AppointmentType.name if is_full else nothing,
            person.given_name + " " + person.family_name if is_full else nothing,
            PlannedSession.number if is_full else nothing,
            total if is_full else nothing,
        )
        .select_from(Appointment)
        .join(Location, Location.id == Appointment.location_id)
        .where(
            owner == bindparam("owner_id"),
            Appointment.starts_at >= bindparam("begins_at"),
            Appointment.starts_at < bindparam("ends_at"),
            Appointment.status != AppointmentStatus.HELD.value,
            or_(Appointment.status != cancelled, Appointment.cancelled_at >= bindparam("cancelled_from")),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    if is_full or viewer == Viewer.PRACTITIONER:
        query = query.outerjoin(Room, Room.id == Appointment.room_id)
    if is_full:
        other = Appointment.practitioner_id if viewer == Viewer.PATIENT else Appointment.patient_id
        query = (
            query.join(AppointmentType, AppointmentType.id == Appointment.appointment_type_id)
            .join(person, person.id == other)
            .outerjoin(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
        )
    return query
