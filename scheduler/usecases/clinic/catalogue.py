"""The clinic itself: setting it up, and what is offered to choose from."""

import tomllib
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from scheduler.errors import Conflict, InvalidInput, NotFound
from scheduler.models import (
    AppointmentType,
    Clinic,
    Location,
    Practitioner,
    Protocol,
    ProtocolPhase,
    Room,
)
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.edits import EMAIL
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find
from scheduler.usecases.paging import Page, fetch_page

SHIPPED = Path(__file__).parents[2] / "shipped"
DEFAULT_REMINDERS = [72 * 60, 24 * 60]


@writing
def setup_clinic(
    session: Session,
    *,
    name: str,
    email: str,
    phone: str,
    location: str,
    address: str,
    zone: str,
    rooms: int,
    locale: str = "en",
    actor: Actor,
    now: datetime,
) -> Clinic:
    """Write the clinic, its first location with rooms, and the shipped types and protocols.

    Raises Conflict when there is a clinic already, InvalidInput naming the field that makes no sense.
    """
    return new_clinic(
        session,
        name=name,
        email=email,
        phone=phone,
        place=new_location(location, address, zone, rooms),
        locale=locale,
        actor=actor,
        now=now,
    )


def new_clinic(
    session: Session,
    *,
    name: str,
    email: str,
    phone: str,
    place: Location,
    locale: str,
    actor: Actor,
    now: datetime,
) -> Clinic:
    """Write the clinic with its first location in the open transaction. Raises as setup_clinic does."""
    if session.get(Clinic, 1) is not None:
        raise Conflict("The clinic is set up already.")
    _check_texts(name=(name, 200), phone=(phone, 40))
    if not EMAIL.fullmatch(email) or len(email) > 200:
        raise InvalidInput("An email address looks like name@example.org.", field="email")
    clinic = Clinic(
        id=1,
        name=name,
        email=email,
        phone=phone,
        locale=locale,
        reminder_offsets_minutes=DEFAULT_REMINDERS,
    )
    session.add_all([clinic, place, *load_shipped_types(), *load_shipped_protocols()])
    note_deed(session, actor, "clinic_set_up", "clinic", 1, now=now, name=name)
    return clinic


@writing
def add_location(
    session: Session,
    *,
    name: str,
    address: str,
    zone: str,
    rooms: int,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Location:
    """Add a further location with rooms called Room 1 and so on.

    Raises NotFound before the clinic is set up, InvalidInput naming the field, or Conflict for the name.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, Location, known[0])
    _clinic(session)
    place = new_location(name, address, zone, rooms)
    if session.scalar(select(Location.id).where(Location.name == place.name)) is not None:
        raise Conflict("There is already a location named %(name)s.", name=place.name)
    session.add(place)
    session.flush()
    note_deed(session, actor, "location_added", "location", place.id, now=now, name=place.name)
    remember(session, actor, idempotency, [place.id], now=now)
    return place


def new_location(name: str, address: str, zone: str, rooms: int) -> Location:
    """A location with rooms called Room 1 and so on, not yet stored. Raises InvalidInput naming the field."""
    _check_texts(location=(name, 200))
    zone = checked_zone(zone)
    if not 0 <= rooms <= 100:
        raise InvalidInput("A location has 0 to 100 rooms.", field="rooms")
    place = Location(name=name.strip(), address=address.strip(), zone=zone)
    place.rooms = [Room(name=f"Room {number}") for number in range(1, rooms + 1)]
    return place


def checked_zone(zone: str) -> str:
    """The IANA name of a time zone. Raises InvalidInput."""
    if zone.strip() not in available_timezones():
        raise InvalidInput(
            "%(zone)s is no time zone; take a name such as Europe/Berlin.", zone=zone, field="zone"
        )
    return zone.strip()


def location_named(session: Session, name: str | None) -> Location:
    """The location in use with that name, or the only one for None. Raises NotFound, or InvalidInput for None."""
    places = list(
        session.scalars(select(Location).where(Location.archived_at.is_(None)).order_by(Location.name))
    )
    if not places:
        raise NotFound("There is no location yet: run flask --app wsgi clinic setup.")
    names = ", ".join(place.name for place in places)
    if name is None:
        if len(places) > 1:
            raise InvalidInput("Please name the location: %(names)s.", names=names, field="location")
        return places[0]
    for place in places:
        if place.name == name.strip():
            return place
    raise NotFound("There is no location named %(name)s; there is %(names)s.", name=name, names=names)


def _check_texts(**texts: tuple[str, int]) -> None:
    """Raise InvalidInput for the first text that is empty or has more letters than fit."""
    for field, (text, most) in texts.items():
        if not text.strip() or len(text) > most:
            raise InvalidInput(
                "Please enter the %(field)s, with at most %(most)s letters.", field=field, most=most
            )


def load_shipped_types() -> list[AppointmentType]:
    """The appointment types that a new clinic starts with."""
    listed = tomllib.loads((SHIPPED / "appointment_types.toml").read_text())
    return [AppointmentType(**entry) for entry in listed["type"]]


def load_shipped_protocols() -> list[Protocol]:
    """The protocols that a new clinic starts with, each with its source."""
    listed = tomllib.loads((SHIPPED / "protocols.toml").read_text())
    protocols = []
    for entry in listed["protocol"]:
        phases = [
            ProtocolPhase(position=position, **phase)
            for position, phase in enumerate(entry.pop("phases"), start=1)
        ]
        protocols.append(Protocol(**entry, phases=phases))
    return protocols


@reading
def find_clinic(session: Session) -> Clinic | None:
    """The clinic, or None before it is set up."""
    return session.get(Clinic, 1)


@reading
def get_clinic(session: Session) -> Clinic:
    """The clinic. Raises NotFound before it is set up."""
    return _clinic(session)


def _clinic(session: Session) -> Clinic:
    clinic = session.get(Clinic, 1)
    if clinic is None:
        raise NotFound("The clinic is not set up yet: run flask --app wsgi clinic setup.")
    return clinic


@reading
def list_locations(session: Session, *, page: int = 1, page_size: int = 500) -> Page[Location]:
    """Locations in use, by name, with their rooms."""
    query = select(Location).where(Location.archived_at.is_(None)).options(selectinload(Location.rooms))
    return fetch_page(session, query.order_by(Location.name), page, page_size)


@reading
def list_rooms(session: Session, *, page: int = 1, page_size: int = 500) -> Page[Room]:
    """Rooms in use, by location and number."""
    query = select(Room).where(Room.archived_at.is_(None)).options(joinedload(Room.location))
    return fetch_page(session, query.order_by(Room.location_id, Room.id), page, page_size)


@reading
def list_practitioners(session: Session, *, page: int = 1, page_size: int = 500) -> Page[Practitioner]:
    """Practitioners in use, by family name."""
    query = select(Practitioner).where(Practitioner.archived_at.is_(None))
    return fetch_page(session, query.order_by(Practitioner.family_name, Practitioner.id), page, page_size)


@reading
def list_appointment_types(session: Session, *, page: int = 1, page_size: int = 500) -> Page[AppointmentType]:
    """Appointment types in use, in the order in which they were made."""
    query = select(AppointmentType).where(AppointmentType.archived_at.is_(None))
    return fetch_page(session, query.order_by(AppointmentType.id), page, page_size)


@reading
def list_protocols(session: Session, *, page: int = 1, page_size: int = 500) -> Page[Protocol]:
    """Protocols in use with their phases, in the order in which they were made."""
    query = select(Protocol).where(Protocol.archived_at.is_(None)).options(selectinload(Protocol.phases))
    return fetch_page(session, query.order_by(Protocol.id), page, page_size)


def zone_of(location: Location) -> ZoneInfo:
    """The location's time zone."""
    return ZoneInfo(location.zone)
