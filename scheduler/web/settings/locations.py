"""Locations and their rooms."""

from zoneinfo import available_timezones

from flask_babel import gettext
from werkzeug import Response

from scheduler.access import guard
from scheduler.errors import SchedulerError
from scheduler.http_errors import problem_of, say
from scheduler.models import Location
from scheduler.usecases.clinic import locations as places
from scheduler.usecases.clinic.catalogue import add_location
from scheduler.usecases.clinic.locations import LocationDetails
from scheduler.usecases.edits import stamp_of
from scheduler.web import session
from scheduler.web.settings.frame import (
    Answer,
    archived,
    by,
    carry_out,
    deleted,
    in_use_again,
    lead_on,
    number,
    pages,
    seen,
    show,
    show_again,
    text,
    to,
)

NO_CITY = ("Etc/", "SystemV/", "US/", "Canada/", "Mexico/", "Brazil/", "Chile/")


def zones() -> list[str]:
    """Time zones that are named after a city, to choose from."""
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(NO_CITY))


@pages.get("/locations")
@guard("clinic.read")
def locations() -> str:
    """Every location with its rooms, and the archive."""
    return show("locations.html", "locations", places=places.list_all_locations(), stamp=stamp_of)


@pages.get("/locations/new")
@guard("clinic.write")
def location_new() -> str:
    """The empty form, with the zone of where one is."""
    values = {"zone": session.desk().here.zone, "rooms": 1}
    return show("location.html", "locations", values=values, place=None, zones=zones())


@pages.post("/locations/new")
@guard("clinic.write")
def location_add() -> Answer:
    """Add a location with rooms."""
    try:
        place = add_location(
            name=text("name"), address=text("address"), zone=text("zone"), rooms=number("rooms"), **by()
        )
    except SchedulerError as error:
        return show_again(error, "location.html", "locations", place=None, zones=zones())
    return lead_on(gettext("%(name)s is added.", name=place.name), to("location", location_id=place.id))


@pages.get("/locations/<int:location_id>")
@guard("clinic.write")
def location(location_id: int) -> str:
    """One location, to be changed, and its rooms."""
    place = places.get_location(location_id)
    return show("location.html", "locations", values=_known(place), **_around(place))


@pages.post("/locations/<int:location_id>")
@guard("clinic.write")
def location_change(location_id: int) -> Answer:
    """Keep what was entered."""
    details = LocationDetails(name=text("name"), address=text("address"), zone=text("zone"))
    try:
        places.change_location(location_id, details, seen=seen(), **by())
    except SchedulerError as error:
        place = places.get_location(location_id)
        return show_again(error, "location.html", "locations", known=_known(place), **_around(place))
    return lead_on(gettext("The changes are kept."), to("locations"))


@pages.post("/locations/<int:location_id>/archive")
@guard("clinic.write")
def location_archive(location_id: int) -> Response:
    """Offer a location no more."""
    return carry_out(lambda: places.archive_location(location_id, **by()), archived, to("locations"))


@pages.post("/locations/<int:location_id>/restore")
@guard("clinic.write")
def location_restore(location_id: int) -> Response:
    """Offer a location again."""
    return carry_out(lambda: places.restore_location(location_id, **by()), in_use_again, to("locations"))


@pages.post("/locations/<int:location_id>/delete")
@guard("clinic.write")
def location_delete(location_id: int) -> Response:
    """Delete a location that was never used."""
    return carry_out(lambda: places.delete_location(location_id, **by()), deleted, to("locations"))


@pages.post("/locations/<int:location_id>/rooms")
@guard("clinic.write")
def room_add(location_id: int) -> Answer:
    """Add a room."""
    try:
        room = places.add_room(location_id, text("room"), **by())
    except SchedulerError as error:
        place = places.get_location(location_id)
        page = show(
            "location.html",
            "locations",
            values={**_known(place), "room": text("room")},
            errors={"room": say(error)},
            **_around(place),
        )
        return page, problem_of(error).status
    return lead_on(gettext("%(name)s is added.", name=room.name), to("location", location_id=location_id))


@pages.post("/rooms/<int:room_id>")
@guard("clinic.write")
def room_rename(room_id: int) -> Response:
    """Give a room another name."""
    return carry_out(
        lambda: places.rename_room(room_id, text("name"), seen=seen(), **by()),
        lambda room: gettext("The room is called %(name)s now.", name=room.name),
        _location_of_room(),
    )


@pages.post("/rooms/<int:room_id>/archive")
@guard("clinic.write")
def room_archive(room_id: int) -> Response:
    """Book a room no more."""
    return carry_out(lambda: places.archive_room(room_id, **by()), archived, _location_of_room())


@pages.post("/rooms/<int:room_id>/restore")
@guard("clinic.write")
def room_restore(room_id: int) -> Response:
    """Book a room again."""
    return carry_out(lambda: places.restore_room(room_id, **by()), in_use_again, _location_of_room())


@pages.post("/rooms/<int:room_id>/delete")
@guard("clinic.write")
def room_delete(room_id: int) -> Response:
    """Delete a room that was never booked."""
    return carry_out(
        lambda: places.delete_room(room_id, **by()),
        lambda room: gettext("%(name)s is deleted.", name=room.name),
        _location_of_room(),
    )


def _location_of_room() -> str:
    """Where the buttons of a room are."""
    back = text("location_id")
    return to("location", location_id=int(back)) if back.isdecimal() and back.isascii() else to("locations")


def _around(place: Location) -> dict[str, object]:
    listed = zones()
    if place.zone not in listed:
        listed.insert(0, place.zone)
    return {"place": place, "zones": listed, "seen": stamp_of(place), "stamp": stamp_of}


def _known(place: Location) -> dict[str, object]:
    return {"name": place.name, "address": place.address, "zone": place.zone}
