"""Locations and their rooms: changing, archiving and, where they were never used, deleting them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import Appointment, Closure, Location, Room, TreatmentPlan
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.clinic.catalogue import checked_zone
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.edits import (
    changed_names,
    find_to_change,
    one_line,
    prose,
    refuse_stale,
    stamp_of,
)
from scheduler.usecases.feeds.tokens import touch_events
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find
from scheduler.usecases.usage import archive_row, delete_unused, refuse_if_booked, refuse_in_use, restore_row

SHOWN_IN_EVENTS = {"name", "address", "zone"}
NAME_NEEDED = "Please enter a name."


@dataclass(frozen=True, slots=True)
class LocationDetails:
    """What is entered about a location."""

    name: str
    address: str
    zone: str


@reading
def list_all_locations(session: Session) -> list[Location]:
    """Every location with its rooms, the archived ones last."""
    query = select(Location).order_by(Location.archived_at.is_not(None), Location.name)
    return list(session.scalars(query.options(selectinload(Location.rooms))))


@reading
def get_location(session: Session, location_id: int) -> Location:
    """A location with its rooms, archived or not. Raises NotFound."""
    return find(session, Location, location_id)


@reading
def get_room(session: Session, room_id: int) -> Room:
    """A room, archived or not. Raises NotFound."""
    return find(session, Room, room_id)


@writing
def change_location(
    session: Session, location_id: int, details: LocationDetails, *, seen: str, actor: Actor, now: datetime
) -> Location:
    """Change name, address and zone; calendars are told, mails are not sent.

    The zone can change only while nothing was booked or closed there: every time would mean another instant.
    Raises NotFound, StaleVersion, InvalidInput naming the field, or Conflict.
    """
    place = _locked(session, location_id)
    refuse_stale(seen, stamp_of(place))
    name = one_line("name", details.name, needed=NAME_NEEDED)
    _refuse_taken(session, name, place.id)
    zone = checked_zone(details.zone)
    if zone != place.zone and _has_times(session, place.id):
        raise InvalidInput(
            "The time zone stays: appointments or closures here were written by the clock of %(zone)s. "
            "Add a new location for another zone.",
            zone=place.zone,
            field="zone",
        )
    place.name, place.address, place.zone = name, prose("address", details.address), zone
    fields = changed_names(place)
    if SHOWN_IN_EVENTS & set(fields):
        touch_events(session, Appointment.location_id == place.id, now=now)
    stamp_diaries(session)
    note_deed(session, actor, "location_changed", "location", place.id, now=now, fields=fields)
    return place


@writing
def archive_location(session: Session, location_id: int, *, actor: Actor, now: datetime) -> Location:
    """Offer a location no more. Raises NotFound, or Conflict while something is booked there or it is the last one."""
    place = _locked(session, location_id)
    if place.archived_at is not None:
        return place
    others = select(func.count(Location.id)).where(Location.archived_at.is_(None), Location.id != place.id)
    if not session.scalar(others):
        raise Conflict("%(name)s is the only location in use; the clinic needs one.", name=place.name)
    refuse_if_booked(session, Appointment.location_id == place.id, place.name, now)
    archive_row(session, place, "location", actor, now)
    return place


@writing
def restore_location(session: Session, location_id: int, *, actor: Actor, now: datetime) -> Location:
    """Offer an archived location again. Raises NotFound."""
    place = _locked(session, location_id)
    restore_row(session, place, "location", actor, now)
    return place


@writing
def delete_location(session: Session, location_id: int, *, actor: Actor, now: datetime) -> str:
    """Delete an archived location that nothing refers to, and its rooms; its name. Raises NotFound or Conflict."""
    place = _locked(session, location_id)
    refuse_in_use(place)
    preferred = TreatmentPlan.preferences["location_id"].as_integer() == place.id
    for room in list(place.rooms):
        delete_unused(session, room, place.name, preferred)
    session.expire(place, ["rooms"])
    delete_unused(session, place, place.name, preferred)
    note_deed(session, actor, "location_deleted", "location", place.id, now=now, name=place.name)
    return place.name


@writing
def add_room(
    session: Session,
    location_id: int,
    name: str,
    *,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Room:
    """Add a room to a location. Raises NotFound, InvalidInput, or Conflict for the name."""
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, Room, known[0])
    place = _locked(session, location_id)
    clean = one_line("name", name, needed=NAME_NEEDED)
    _refuse_taken_room(session, place.id, clean)
    room = Room(location_id=place.id, name=clean)
    session.add(room)
    session.flush()
    stamp_diaries(session)
    note_deed(session, actor, "room_added", "room", room.id, now=now, location_id=place.id, name=clean)
    remember(session, actor, idempotency, [room.id], now=now)
    return room


@writing
def rename_room(session: Session, room_id: int, name: str, *, seen: str, actor: Actor, now: datetime) -> Room:
    """Give a room another name; calendars are told. Raises NotFound, StaleVersion, InvalidInput or Conflict."""
    room = find_to_change(session, Room, room_id)
    refuse_stale(seen, stamp_of(room))
    clean = one_line("name", name, needed=NAME_NEEDED)
    _refuse_taken_room(session, room.location_id, clean, but_id=room.id)
    if clean != room.name:
        before, room.name = room.name, clean
        touch_events(session, Appointment.room_id == room.id, now=now)
        stamp_diaries(session)
        note_deed(session, actor, "room_renamed", "room", room.id, now=now, before=before, name=clean)
    return room


@writing
def archive_room(session: Session, room_id: int, *, actor: Actor, now: datetime) -> Room:
    """Book a room no more. Raises NotFound, or Conflict while something is booked in it."""
    room = _locked_room(session, room_id)
    if room.archived_at is None:
        refuse_if_booked(session, Appointment.room_id == room.id, room.name, now)
        archive_row(session, room, "room", actor, now)
    return room


@writing
def restore_room(session: Session, room_id: int, *, actor: Actor, now: datetime) -> Room:
    """Book an archived room again. Raises NotFound."""
    room = _locked_room(session, room_id)
    restore_row(session, room, "room", actor, now)
    return room


@writing
def delete_room(session: Session, room_id: int, *, actor: Actor, now: datetime) -> Room:
    """Delete an archived room that was never booked. Raises NotFound or Conflict."""
    room = _locked_room(session, room_id)
    refuse_in_use(room)
    delete_unused(session, room, room.name)
    note_deed(session, actor, "room_deleted", "room", room.id, now=now, name=room.name)
    return room


def _locked(session: Session, location_id: int) -> Location:
    """The location, after everybody who is booking there."""
    place = find(session, Location, location_id)
    lock_resources(session, [("location", place.id)])
    return find_to_change(session, Location, location_id)


def _locked_room(session: Session, room_id: int) -> Room:
    room = find(session, Room, room_id)
    lock_resources(session, [("location", room.location_id)])
    return find_to_change(session, Room, room_id)


def _has_times(session: Session, location_id: int) -> bool:
    booked = select(Appointment.id).where(Appointment.location_id == location_id).exists()
    closed = select(Closure.id).where(Closure.location_id == location_id).exists()
    return bool(session.scalar(select(or_(booked, closed))))


def _refuse_taken(session: Session, name: str, but_id: int) -> None:
    taken = select(Location.id).where(Location.name == name, Location.id != but_id)
    if session.scalar(taken) is not None:
        raise Conflict("There is already a location named %(name)s.", name=name, field="name")


def _refuse_taken_room(session: Session, location_id: int, name: str, but_id: int = 0) -> None:
    taken = select(Room.id).where(Room.location_id == location_id, Room.name == name, Room.id != but_id)
    if session.scalar(taken) is not None:
        raise Conflict("There is already a room named %(name)s here.", name=name, field="name")
