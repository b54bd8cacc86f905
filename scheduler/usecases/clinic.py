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
from scheduler.usecases.paging import Page, fetch_page
from scheduler.usecases.patients import EMAIL

SHIPPED = Path(__file__).parent.parent / "shipped"
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
    if session.get(Clinic, 1) is not None:
        raise Conflict("The clinic is set up already.")
    _check_texts(name=(name, 200), location=(location, 200), phone=(phone, 40))
    if not EMAIL.fullmatch(email) or len(email) > 200:
        raise InvalidInput("An email address looks like name@example.org.", field="email")
    if zone not in available_timezones():
        raise InvalidInput(
            "%(zone)s is no time zone; take a name such as Europe/Berlin.", zone=zone, field="zone"
        )
    if not 0 <= rooms <= 100:
        raise InvalidInput("A location has 0 to 100 rooms.", field="rooms")
    clinic = Clinic(
        id=1,
        name=name,
        email=email,
        phone=phone,
        locale=locale,
        reminder_offsets_minutes=DEFAULT_REMINDERS,
    )
    place = Location(name=location, address=address, zone=zone)
    place.rooms = [Room(name=f"Room {number}") for number in range(1, rooms + 1)]
    session.add_all([clinic, place, *load_shipped_types(), *load_shipped_protocols()])
    note_deed(session, actor, "clinic_set_up", "clinic", 1, now=now, name=name)
    return clinic


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
