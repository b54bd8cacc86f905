"""Private calendars and rooms' addresses over REST: who may, what is told, and what never is."""

from flask import Flask

from tests.api.support import Caller, make_key
from tests.factories import make_world

URL = "https://calendar.example/private-7f3a.ics"


def test_a_private_calendar_is_added_listed_and_forgotten_without_its_address(app: Flask) -> None:
    with app.app_context():
        world = make_world()
        desk = Caller(app, make_key(app))
    path = f"/practitioners/{world.practitioner_id}/private-calendars"
    added = desk.post(path, {"url": URL, "name": "Home"})
    listed = desk.get(path)
    assert (added.status_code, listed.json["total"], listed.json["items"][0]["name"]) == (201, 1, "Home")
    assert "7f3a" not in added.text + listed.text
    assert desk.get("/private-calendars/conflicts").json == {"items": [], "total": 0}
    number = added.json["id"]
    answers = [desk.delete(f"/private-calendars/{number}") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 404]


def test_a_rooms_address_is_made_and_changed(app: Flask) -> None:
    with app.app_context():
        world = make_world()
        desk = Caller(app, make_key(app))
    path = f"/rooms/{world.room_ids[0]}/feed-tokens"
    made = desk.post(path, {"name": "door", "detail": "type", "past_days": 0, "ahead_days": 7})
    changed = desk.patch(f"/feed-tokens/{made.json['id']}", {"name": "tablet", "shows_holds": True})
    assert changed.status_code == 200
    (row,) = desk.get(path).json["items"]
    told = {
        name: row[name] for name in ("name", "detail", "past_days", "ahead_days", "shows_holds", "client")
    }
    assert told == {
        "name": "tablet",
        "detail": "type",
        "past_days": 0,
        "ahead_days": 7,
        "shows_holds": True,
        "client": "",
    }
