"""Setting the clinic up by program: details, reminders, locations, rooms, appointment types."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import AuditEntry, Location, Role, Room
from tests.api.support import Caller, make_key
from tests.factories import World


@pytest.fixture
def admin(app: Flask, world: World) -> Caller:
    """A program of an administrator."""
    return Caller(app, make_key(app, Role.ADMIN))


def test_what_is_not_given_stays_and_an_old_version_is_refused(admin: Caller) -> None:
    before = admin.get("/clinic").get_json()
    seen = {"version": before["version"]}
    after = admin.patch("/clinic", {**seen, "rebooking": "book", "summary_recipients": ["a@b.example"]})
    changed = {"rebooking": "book", "summary_recipients": ["a@b.example"]}
    version = after.get_json()["version"]
    assert after.get_json() == before | changed | {"version": version}
    late = admin.patch("/clinic", {**seen, "name": "Other"})
    assert (late.status_code, late.get_json()["code"]) == (409, "stale_version")
    assert admin.get("/clinic").get_json()["name"] == before["name"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"slot_minutes": 7}, "slot_minutes"),
        ({"email": "nobody"}, "email"),
        ({"summary_recipients": ["x"]}, "summary_recipients"),
    ],
)
def test_a_detail_that_makes_no_sense_is_named(admin: Caller, body: dict[str, object], field: str) -> None:
    version = admin.get("/clinic").get_json()["version"]
    refused = admin.patch("/clinic", {"version": version, **body})
    assert (refused.status_code, refused.get_json()["field"]) == (422, field)


def test_the_reminder_policy_has_a_version_of_its_own(admin: Caller) -> None:
    clinic = admin.get("/clinic").get_json()
    policy = {"offsets_minutes": [60, 2880], "quiet_from_minute": 1200}
    changed = admin.patch("/clinic/reminders", {"version": clinic["reminders"]["version"], **policy})
    assert changed.get_json()["reminders"]["offsets_minutes"] == [2880, 60]
    assert changed.get_json()["version"] == clinic["version"]
    refused = admin.patch(
        "/clinic/reminders", {"version": changed.get_json()["reminders"]["version"], "offsets_minutes": [7]}
    )
    assert (refused.status_code, refused.get_json()["field"]) == (422, "offsets")


def test_a_location_lives_from_adding_to_deleting(app: Flask, admin: Caller) -> None:
    body = {"name": "Hafen", "zone": "Europe/London", "rooms": 1}
    made, again = (admin.post("/locations", body, once="hafen") for _ in range(2))
    place = made.get_json()
    path = made.headers["Location"].removeprefix("/api/v1")
    assert (made.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.get_json() == place == admin.get(path).get_json()
    renamed = admin.patch(path, {"version": place["version"], "name": "Port"}).get_json()
    assert (renamed["name"], renamed["zone"], [room["name"] for room in renamed["rooms"]]) == (
        "Port",
        "Europe/London",
        ["Room 1"],
    )
    assert admin.delete(path).status_code == 409
    assert admin.post(f"{path}/archive").get_json()["archived_at"]
    assert admin.post(f"{path}/restore").get_json()["archived_at"] is None
    admin.post(f"{path}/archive")
    assert admin.delete(path).status_code == 204
    assert admin.get(path).status_code == 404
    with app.app_context():
        told = select(AuditEntry.action).where(
            AuditEntry.actor_kind == "api_key", AuditEntry.entity == "location"
        )
        assert list(db.session.scalars(told.order_by(AuditEntry.id))) == [
            "location_added",
            "location_changed",
            "location_archived",
            "location_restored",
            "location_archived",
            "location_deleted",
        ]


def test_a_room_lives_from_adding_to_deleting(app: Flask, world: World, admin: Caller) -> None:
    rooms = f"/locations/{world.location_id}/rooms"
    made, again = (admin.post(rooms, {"name": "Attic"}, once="attic") for _ in range(2))
    room = made.get_json()
    path = made.headers["Location"].removeprefix("/api/v1")
    assert again.get_json() == room == admin.get(path).get_json()
    assert admin.post(rooms, {"name": "Attic"}).status_code == 409
    assert admin.patch(path, {"version": room["version"], "name": "Loft"}).get_json()["name"] == "Loft"
    assert admin.patch(path, {"version": room["version"], "name": "Roof"}).status_code == 409
    admin.post(f"{path}/archive")
    assert admin.post(f"{path}/restore").get_json()["archived_at"] is None
    admin.post(f"{path}/archive")
    assert admin.delete(path).status_code == 204
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(Room.name.in_(("Attic", "Loft")))) == 0


def test_an_appointment_type_lives_from_adding_to_deleting(world: World, admin: Caller) -> None:
    body = {"name": "Massage", "duration_minutes": 45, "needs_room": False, "patients_may_move": True}
    made, again = (admin.post("/appointment-types", body, once="massage") for _ in range(2))
    kind = made.get_json()
    path = made.headers["Location"].removeprefix("/api/v1")
    assert again.get_json() == kind == admin.get(path).get_json()
    changed = admin.patch(path, {"version": kind["version"], "may_resize": True}).get_json()
    assert changed == kind | {"may_resize": True, "version": changed["version"]}
    assert admin.patch(path, {"version": changed["version"], "duration_minutes": 42}).status_code == 422
    assert admin.delete(path).status_code == 409
    admin.post(f"{path}/archive")
    assert admin.post(f"{path}/restore").get_json()["archived_at"] is None
    admin.post(f"{path}/archive")
    assert admin.delete(path).status_code == 204
    needling = admin.post(f"/appointment-types/{world.needling_id}/archive")
    assert (needling.status_code, needling.get_json()["code"]) == (409, "conflict")


def test_the_desk_reads_and_does_not_write(app: Flask, world: World, desk: Caller) -> None:
    assert desk.get("/clinic").status_code == 200
    assert desk.post("/locations", {"name": "Hafen", "zone": "Europe/London"}).status_code == 403
    with app.app_context():
        assert db.session.scalar(select(func.count(Location.id))) == 1
