"""The lists to choose from, and paging."""

from flask import Flask

from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from tests.api.support import Caller
from tests.factories import World, make_practitioner, save


def test_practitioners_by_family_name(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        make_practitioner(world.location_id, given_name="Ada", family_name="Acu")
    body = desk.get("/practitioners").get_json()
    assert [row["name"] for row in body["items"]] == ["Ada Acu", "Petra Pin"]
    assert body["total"] == 2


def test_rooms_name_their_location(world: World, desk: Caller) -> None:
    (location,) = desk.get("/locations").get_json()["items"]
    rooms = desk.get("/rooms").get_json()["items"]
    assert (location["id"], location["zone"]) == (world.location_id, "Europe/Berlin")
    assert [(room["name"], room["location_id"]) for room in rooms] == [
        ("Room 1", location["id"]),
        ("Room 2", location["id"]),
    ]


def test_appointment_types_say_what_they_need(world: World, desk: Caller) -> None:
    types = {row["id"]: row for row in desk.get("/appointment-types").get_json()["items"]}
    needling = types[world.needling_id]
    assert (needling["duration_minutes"], needling["needs_credential"]) == (30, "dry_needling")
    assert types[world.review_id]["needs_credential"] is None


def test_protocols_come_with_phases_and_source(app: Flask, desk: Caller) -> None:
    with app.app_context():
        save(*load_shipped_protocols())
    protocols = desk.get("/protocols").get_json()["items"]
    first = protocols[0]
    assert first["name"] == "Tension-type headache"
    assert first["sessions"] == sum(phase["sessions"] for phase in first["phases"]) == 6
    assert [row["name"] for row in protocols if not row["source"]] == []


def test_pages_follow_each_other_and_know_the_total(world: World, desk: Caller) -> None:
    pages = [desk.get("/appointment-types", page=page, page_size=2).get_json() for page in (1, 2, 3)]
    assert [len(page["items"]) for page in pages] == [2, 1, 0]
    assert [page["total"] for page in pages] == [3, 3, 3]
