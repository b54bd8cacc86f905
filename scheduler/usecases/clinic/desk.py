"""What frames every screen: the clinic's name and language, and where one is working."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models.clinic import Clinic, Location
from scheduler.transaction import reading


@dataclass(frozen=True, slots=True)
class Place:
    """A location as the screens need it."""

    id: int
    name: str
    zone: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """The clinic, the location that is looked at, and those to choose from (by name)."""

    clinic: str
    locale: str
    """"" before the clinic is set up."""
    here: Place
    places: tuple[Place, ...]
    hold_minutes: int
    """How long slots are kept for a patient."""
    phone: str = ""
    """Of the clinic."""


NOWHERE = Place(id=0, name="", zone="UTC")
"""Before the clinic is set up."""


@reading
def see_desk(session: Session, location_id: int | None) -> Desk:
    """The desk at a location, or at the oldest one where there is no such location (any more)."""
    clinic = session.execute(select(Clinic.name, Clinic.locale, Clinic.hold_minutes, Clinic.phone)).first()
    rows = session.execute(
        select(Location.id, Location.name, Location.zone, Location.address)
        .where(Location.archived_at.is_(None))
        .order_by(Location.name)
    )
    places = tuple(Place(*row) for row in rows)
    oldest = min(places, key=lambda place: place.id, default=NOWHERE)
    here = next((place for place in places if place.id == location_id), oldest)
    name, locale = (clinic.name, clinic.locale) if clinic else ("Needletime", "")
    minutes = clinic.hold_minutes if clinic else 0
    phone = (clinic.phone or "") if clinic else ""
    return Desk(clinic=name, locale=locale, here=here, places=places, hold_minutes=minutes, phone=phone)
