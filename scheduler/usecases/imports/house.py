"""What rows of a file name by words: practitioners, types, locations, rooms, statuses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import AppointmentStatus, AppointmentType, Location, Practitioner, Room, WorkingHours
from scheduler.usecases.imports.people import folded_name

S = AppointmentStatus
STATUSES: dict[str, str] = {
    **dict.fromkeys(("booked", "scheduled", "pending", "planned", "open", "active"), S.BOOKED.value),
    **dict.fromkeys(("gebucht", "geplant", "offen", "vereinbart"), S.BOOKED.value),
    **dict.fromkeys(("confirmed", "bestatigt", "bestaetigt"), S.CONFIRMED.value),
    **dict.fromkeys(("arrived", "checked in", "in progress", "angekommen", "anwesend"), S.ARRIVED.value),
    **dict.fromkeys(("completed", "complete", "done", "attended", "finished", "kept"), S.COMPLETED.value),
    **dict.fromkeys(("erledigt", "abgeschlossen", "erschienen", "wahrgenommen"), S.COMPLETED.value),
    **dict.fromkeys(("cancelled", "canceled", "abgesagt", "storniert", "abgebrochen"), S.CANCELLED.value),
    **dict.fromkeys(
        ("no show", "noshow", "did not arrive", "did not come", "did not attend"), S.NO_SHOW.value
    ),
    **dict.fromkeys(("dna", "missed", "nicht erschienen", "nicht gekommen", "versaumt"), S.NO_SHOW.value),
}


class Named(Protocol):
    """What has a name and a number."""

    id: int
    name: str


Row = TypeVar("Row", Practitioner, AppointmentType, Location, Room)


@dataclass(frozen=True, slots=True)
class House:
    """Everything in use that appointments name."""

    practitioners: Mapping[int, Practitioner]
    types: Mapping[int, AppointmentType]
    locations: Mapping[int, Location]
    rooms: Mapping[int, Room]
    places: Mapping[int, frozenset[int]]
    """Practitioner -> locations at which they work."""

    def practitioner(self, text: str, default: int | None) -> Practitioner:
        """By name, family name or email address; raises InvalidInput."""
        rows = self.practitioners
        word = text.strip().lower()
        if word and (mailed := [row for row in rows.values() if (row.email or "").lower() == word]):
            return mailed[0]
        if word and not any(_folded(row.name) == _folded(text) for row in rows.values()):
            family = [row for row in rows.values() if _folded(row.family_name) == _folded(text)]
            turned = [
                row
                for row in rows.values()
                if _folded(f"{row.family_name} {row.given_name}") == _folded(text)
            ]
            if len(family or turned) == 1:
                return (family or turned)[0]
        return _chosen(rows, text, default, NO_PRACTITIONER, WHICH_PRACTITIONER)

    def type(self, text: str, default: int | None) -> AppointmentType:
        """By name; raises InvalidInput."""
        return _chosen(self.types, text, default, NO_TYPE, WHICH_TYPE)

    def location(self, text: str, default: int | None, practitioner: Practitioner | None) -> Location:
        """By name, else the given one, else where the practitioner works, else the only one; raises InvalidInput."""
        works = self.places.get(practitioner.id, frozenset()) if practitioner else frozenset()
        if default is None and len(works) == 1:
            default = next(iter(works))
        return _chosen(self.locations, text, default, NO_LOCATION, WHICH_LOCATION)

    def room(self, text: str, location: Location) -> Room | None:
        """By name, in that location; None where none is named. Raises InvalidInput."""
        there = {row.id: row for row in self.rooms.values() if row.location_id == location.id}
        return _chosen(there, text, None, NO_ROOM, NO_ROOM) if text else None

    def zone(self, location: Location) -> ZoneInfo:
        """The location's time zone."""
        return ZoneInfo(location.zone)


NO_PRACTITIONER = "No practitioner is called that; there are: %(known)s."
WHICH_PRACTITIONER = "No practitioner is named, and there are several: choose one for such rows."
NO_TYPE = "No appointment type is called that; there are: %(known)s."
WHICH_TYPE = "No appointment type is named, and there are several: choose one for such rows."
NO_LOCATION = "No location is called that; there are: %(known)s."
WHICH_LOCATION = "No location is named, and there are several: choose one for such rows."
NO_ROOM = "That location has no such room; there are: %(known)s."


def load_house(session: Session) -> House:
    """What is in use now."""
    places: dict[int, set[int]] = {}
    for person, place in session.execute(
        select(WorkingHours.practitioner_id, WorkingHours.location_id).distinct()
    ):
        places.setdefault(person, set()).add(place)
    return House(
        _in_use(session, Practitioner),
        _in_use(session, AppointmentType),
        (locations := _in_use(session, Location)),
        _in_use(session, Room),
        {person: frozenset(known & set(locations)) for person, known in places.items()},
    )


def read_status(text: str) -> str | None:
    """The status that a word means, None for no word; raises InvalidInput."""
    if not text:
        return None
    status = STATUSES.get(_folded(text.replace("_", " ")))
    if status is None:
        known = ", ".join(one.value for one in AppointmentStatus if one != AppointmentStatus.HELD)
        raise InvalidInput("That status is not known; there are: %(known)s.", known=known)
    return status


@lru_cache(maxsize=4096)
def _folded(word: str) -> str:
    """The same few words come with every row."""
    return folded_name(word)


def _in_use(session: Session, model: type[Row]) -> dict[int, Row]:
    rows: Iterable[Row] = session.scalars(select(model).where(model.archived_at.is_(None)).order_by(model.id))
    return {row.id: row for row in rows}


def _chosen(rows: Mapping[int, Row], text: str, default: int | None, unknown: str, unsaid: str) -> Row:
    if text:
        found = [row for row in rows.values() if _folded(row.name) == _folded(text)]
        if len(found) == 1:
            return found[0]
        raise InvalidInput(unknown, known=", ".join(row.name for row in rows.values()))
    if default is not None and default in rows:
        return rows[default]
    if len(rows) == 1:
        return next(iter(rows.values()))
    raise InvalidInput(unsaid)
