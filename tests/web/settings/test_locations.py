"""Locations and their rooms: added, changed, archived, deleted."""

import re

import pytest
from flask import Flask

from scheduler.models import Location, Room
from tests.web.browser import Browser
from tests.web.settings.support import send, stored

pytestmark = pytest.mark.usefixtures("monday")


def test_a_location_is_added_changed_archived_and_deleted(app: Flask, admin: Browser) -> None:
    entered = {"name": "Wedding", "address": "Müllerstr. 1", "zone": "Europe/Berlin"}
    answer = send(admin, "/clinic/locations/new", {**entered, "rooms": "1"})
    assert answer.location == "/clinic/locations/2"
    assert send(admin, "/clinic/locations/2", {**entered, "name": "Moabit"}).status_code == 303
    assert stored(app, Location, 2).name == "Moabit"
    admin.post("/clinic/locations/2/archive")
    assert "Bring back" in admin.get("/clinic/locations").text
    admin.post("/clinic/locations/2/restore")
    admin.post("/clinic/locations/2/archive")
    admin.post("/clinic/locations/2/delete")
    assert stored(app, Location, 2) is None


def test_a_refused_deed_says_why(admin: Browser) -> None:
    admin.get("/clinic/locations")
    admin.post("/clinic/locations/1/archive")
    assert "Mitte is the only location in use; the clinic needs one." in admin.get("/clinic/locations").text


def test_rooms_are_kept_on_their_locations_page(app: Flask, admin: Browser) -> None:
    admin.get("/clinic/locations/1")
    assert admin.post("/clinic/locations/1/rooms", {"room": "Sonne"}).location == "/clinic/locations/1"
    answer = admin.post("/clinic/locations/1/rooms", {"room": " "})
    assert answer.status_code == 422
    assert 'value="Mitte"' in answer.text
    page = admin.get("/clinic/locations/1").text
    seen = re.findall(r'name="seen" value="([^"]*)"', page)[1]
    form = {"name": "Mond", "seen": seen, "location_id": "1"}
    assert admin.post("/clinic/rooms/1", form).location == "/clinic/locations/1"
    assert stored(app, Room, 1).name == "Mond"
    for deed in ("archive", "restore", "archive", "delete"):
        admin.post(f"/clinic/rooms/3/{deed}", {"location_id": "1"})
    assert stored(app, Room, 3) is None
