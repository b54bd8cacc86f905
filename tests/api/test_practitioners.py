"""Setting up who treats by program."""

from flask import Flask

from scheduler.models import Role
from tests.api.support import Caller, make_key
from tests.factories import World


def test_a_practitioner_is_added_once_changed_and_archived(app: Flask, world: World) -> None:
    admin = Caller(app, make_key(app, Role.ADMIN))
    hours = [{"weekday": 0, "from": "09:00", "until": "12:30"}]
    body = {
        "given_name": "Ada",
        "family_name": "Acu",
        "location_id": world.location_id,
        "hours": hours,
    }
    made, again = (admin.post("/practitioners", body, once="ada") for _ in range(2))
    person = made.get_json()
    path = made.headers["Location"].removeprefix("/api/v1")
    assert (made.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.get_json() == person == admin.get(path).get_json()
    seen = {"version": person["version"]}
    changed = admin.patch(path, {**seen, "colour": "#aa0000"}).get_json()
    assert changed == person | {"colour": "#aa0000", "version": changed["version"]}
    assert admin.patch(path, {**seen, "colour": "#bb0000"}).status_code == 409
    assert admin.post(f"{path}/archive").get_json()["archived_at"]
    assert admin.post(f"{path}/restore").get_json()["archived_at"] is None
    wrong = admin.post("/practitioners", {**body, "hours": [{**hours[0], "until": "08:00"}]})
    assert (wrong.status_code, wrong.get_json()["field"]) == (422, "hours")


def test_a_credential_is_added_once_changed_and_deleted(app: Flask, world: World) -> None:
    admin = Caller(app, make_key(app, Role.ADMIN))
    person = f"/practitioners/{world.practitioner_id}"
    body = {"kind": "massage", "issued_on": "2025-01-01", "training_hours": 60}
    made, again = (admin.post(f"{person}/credentials", body, once="paper") for _ in range(2))
    held = made.get_json()
    path = made.headers["Location"].removeprefix("/api/v1")
    assert again.get_json() == held == admin.get(path).get_json()
    changed = admin.patch(path, {"version": held["version"], "expires_on": "2027-01-01"}).get_json()
    assert changed == held | {"expires_on": "2027-01-01", "version": changed["version"]}
    refused = admin.patch(path, {"version": changed["version"], "expires_on": "2020-01-01"})
    assert (refused.status_code, refused.get_json()["field"]) == (422, "expires_on")
    assert admin.delete(path).status_code == 204
    kinds = [one["kind"] for one in admin.get(person).get_json()["credentials"]]
    assert kinds == ["dry_needling"]


def test_the_desk_does_not_write_practitioners(world: World, desk: Caller) -> None:
    path = f"/practitioners/{world.practitioner_id}"
    person = desk.get(path).get_json()
    assert desk.patch(path, {"version": person["version"], "given_name": "Other"}).status_code == 403
    assert desk.get(path).get_json() == person
