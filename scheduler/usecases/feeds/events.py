"""The events of a calendar feed: one statement for all of a feed's columns, read some rows at a time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from sys import intern
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, null, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.calendars.event import EventRow, Viewer
from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    Closure,
    FeedDetail,
    Location,
    Patient,
    PlannedSession,
    Practitioner,
    Room,
)
from scheduler.models.base import epoch
from scheduler.transaction import reading
from scheduler.usecases.availability.rows import holds_in_force
from scheduler.usecases.feeds.reading import Feed
from scheduler.usecases.feeds.tokens import feed_begins_at

ROWS_AT_ONCE = 2000
"""So many events of a feed are in memory at a time."""
CANCELLED_DAYS = 14
"""A cancelled event is shown as cancelled for so many days, then dropped."""


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
