"""Absences and closures over the API: entered, listed, taken back; what they displace is moved line by line."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Message
from scheduler.models.staff import Role
from tests.api.support import Caller, make_key, utc
from tests.factories import World, at, make_appointment, make_patient, make_practitioner

AWAY = {"from": "2026-03-09", "to": "2026-03-10", "reason": "Sun"}


@pytest.fixture
def booked(app: Flask, world: World) -> list[int]:
    """Two appointments on the 9th, both of one patient; a second practitioner could take over."""
    with app.app_context():
        make_practitioner(world.location_id, given_name="Nina", family_name="Nadel")
        first = make_appointment(world, at(9), appointment_type_id=world.review_id)
        second = make_appointment(world, at(9, 14))
        return [first.id, second.id]


def away(desk: Caller, world: World, **changes: Any) -> dict[str, Any]:
    response = desk.post("/time-off", {"practitioner_id": world.practitioner_id, **AWAY, **changes})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.get_json()
    return made


def displaced(desk: Caller, made: dict[str, Any], **query: Any) -> dict[str, Any]:
    response = desk.get(f"/time-off/{made['id']}/displaced", **query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.get_json()
    return found


def move(desk: Caller, line: dict[str, Any], **more: Any) -> Any:
    proposal = line["proposal"]
    names = ("starts_at", "practitioner_id", "location_id")
    body = {"version": line["version"], "action": "move", "slot": {name: proposal[name] for name in names}}
    return desk.post(f"/displaced/{line['appointment_id']}", body | more)


def test_absence_is_entered_read_listed_and_taken_back(desk: Caller, world: World, booked: list[int]) -> None:
    made = away(desk, world)
    assert made == {
        "id": made["id"],
        "practitioner_id": world.practitioner_id,
        "starts_at": utc(at(9, 0)),
        "ends_at": utc(at(11, 0)),
        "reason": "Sun",
        "appointments": 2,
    }
    assert desk.get(f"/time-off/{made['id']}").get_json() == made
    assert desk.get("/time-off", practitioner_id=world.practitioner_id).get_json()["items"] == [made]
    assert desk.delete(f"/time-off/{made['id']}").status_code == 204
    assert desk.get("/time-off", which="all").get_json() == {"items": [], "total": 0}
    assert desk.delete(f"/time-off/{made['id']}").status_code == 404


def test_closure_is_entered_once_by_instants(desk: Caller, world: World, booked: list[int]) -> None:
    body = {"location_id": world.location_id, "from": utc(at(9, 9)), "to": utc(at(9, 12))}
    responses = [desk.post("/closures", body, once="a key") for _ in range(2)]
    assert [response.status_code for response in responses] == [201, 201]
    made = responses[0].get_json()
    assert responses[1].get_json() == made
    assert (made["starts_at"], made["ends_at"], made["appointments"]) == (utc(at(9, 9)), utc(at(9, 12)), 1)
    assert desk.post("/closures", body).get_json()["code"] == "conflict"
    assert desk.get(f"/closures/{made['id']}/displaced").get_json()["appointments"] == 1
    assert desk.get(responses[0].headers["Location"].split("/api/v1")[1]).get_json() == made
    assert desk.get("/closures").get_json()["total"] == 1
    assert desk.delete(f"/closures/{made['id']}").status_code == 204


def test_room_is_put_out_of_use_and_its_location_stays_open(
    desk: Caller, world: World, booked: list[int]
) -> None:
    first, second = world.room_ids
    body = {"room_id": first, "from": "2026-03-09", "to": "2026-03-09", "reason": "Flood"}
    made = desk.post("/closures", body).get_json()
    assert made == {
        "id": made["id"],
        "location_id": world.location_id,
        "room_id": first,
        "starts_at": utc(at(9, 0)),
        "ends_at": utc(at(10, 0)),
        "reason": "Flood",
        "appointments": 2,
    }
    assert desk.get("/closures", room_id=first).get_json()["items"] == [made]
    assert desk.get("/closures", room_id=second).get_json()["total"] == 0
    found = desk.get(f"/closures/{made['id']}/displaced").get_json()
    proposals = [line["proposal"] for line in found["lines"]]
    assert [(one["room_id"], one["compromises"]) for one in proposals] == [(second, [])] * 2
    assert {line["starts_at"] for line in found["lines"]} == {one["starts_at"] for one in proposals}
    slot = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "appointment_type_id": world.review_id,
        "starts_at": utc(at(9, 12)),
        "room_id": first,
    }
    refused = desk.post("/appointments", slot).get_json()
    assert (refused["code"], refused["rules"]) == ("needs_override", ["closed"])
    assert desk.delete(f"/closures/{made['id']}").status_code == 204
    elsewhere = desk.post("/closures", body | {"location_id": world.location_id + 1})
    assert elsewhere.status_code == 404


def test_preview_saves_nothing_and_says_what_could_be_done(
    desk: Caller, world: World, booked: list[int]
) -> None:
    body = {"practitioner_id": world.practitioner_id, **AWAY}
    found = desk.post("/absence-previews", body | {"others": "anyone"}).get_json()
    assert (found["appointments"], found["plans"], found["patients"], found["repaired"]) == (2, 0, 1, 2)
    assert desk.get("/time-off").get_json()["total"] == 0
    only = [{"appointment_id": booked[0], "others": "nobody"}]
    lines = desk.post("/absence-previews", body | {"others_for": only}).get_json()["lines"]
    by_number = {line["appointment_id"]: line["proposal"] for line in lines}
    assert by_number[booked[0]]["practitioner_id"] == world.practitioner_id
    room = desk.post(
        "/absence-previews", {"room_id": world.room_ids[0], "from": "2026-03-09", "to": "2026-03-09"}
    )
    assert [line["proposal"]["room_id"] for line in room.get_json()["lines"]] == [world.room_ids[1]] * 2
    assert [line["proposal"]["compromises"] for line in room.get_json()["lines"]] == [[], []]


def test_lines_are_moved_and_the_patient_is_told_once(
    app: Flask, desk: Caller, world: World, booked: list[int]
) -> None:
    found = displaced(desk, away(desk, world), others="anyone")
    for line in found["lines"]:
        response = move(desk, line, batch=found["batch"])
        assert response.status_code == 200, response.text
        assert response.get_json()["starts_at"] == line["proposal"]["starts_at"]
        assert move(desk, line, batch=found["batch"]).status_code == 200
    with app.app_context():
        told = db.session.scalars(select(Message).where(Message.kind != "reminder", Message.state == "due"))
        assert [(row.kind, len(row.items)) for row in told] == [("series_changed", 2)]


def test_slot_taken_meanwhile_is_refused_and_the_line_is_released(
    app: Flask, desk: Caller, world: World, booked: list[int]
) -> None:
    made = away(desk, world)
    line = displaced(desk, made, nobody_for=booked)["lines"][0]
    with app.app_context():
        other = make_patient("Ann").id
    proposal = line["proposal"]
    desk.post(
        "/appointments",
        {
            "patient_id": other,
            "practitioner_id": proposal["practitioner_id"],
            "appointment_type_id": line["appointment_type_id"],
            "starts_at": proposal["starts_at"],
        },
    )
    refused = move(desk, line)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "slot_taken")
    fresh = displaced(desk, made, anyone_for=[line["appointment_id"]])["lines"]
    assert [one["version"] for one in fresh] == [1, 1]
    released = desk.post(
        f"/displaced/{line['appointment_id']}", {"version": 1, "action": "release"}
    ).get_json()
    assert (released["status"], released["cancel_reason"]) == ("cancelled", "clinic")
    assert displaced(desk, made)["appointments"] == 1


def test_nobody_to_go_to_is_said_in_words(desk: Caller, world: World, booked: list[int]) -> None:
    made = away(desk, world, **{"from": "2026-03-02", "to": "2026-04-30"})
    (first, _) = displaced(desk, made, others="nobody")["lines"]
    assert (first["proposal"], first["reason"]) == (None, "away")
    assert first["sentence"] == "The practitioner is on leave in its window."


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/absence-previews", {"from": "2026-03-09", "to": "2026-03-09"}, 422),
        ("/absence-previews", {"from": "2026-03-09", "to": "2026-03-08", "room_id": 1}, 422),
        ("/absence-previews", {"from": "2026-03-09", "to": "2026-03-09", "room_id": 99}, 404),
        ("/time-off", {"from": "2026-03-29T02:30:00", "to": "2026-03-30", "practitioner_id": 1}, 422),
        (
            "/time-off",
            {"from": "2026-03-09", "to": "2026-03-10", "practitioner_id": 1, "reason": "x" * 201},
            422,
        ),
        ("/closures", {"from": "2026-03-09", "to": "2026-03-10"}, 422),
        ("/displaced/1", {"version": 1, "action": "move"}, 422),
        ("/displaced/1", {"version": 1, "action": "forget"}, 422),
        ("/displaced/99", {"version": 1, "action": "release"}, 404),
    ],
)
def test_nonsense_is_refused_in_a_sentence(
    desk: Caller, booked: list[int], path: str, body: dict[str, Any], status: int
) -> None:
    response = desk.post(path, body)
    assert response.status_code == status, response.text
    assert response.get_json()["detail"].endswith((".", ")"))


@pytest.mark.parametrize("role", Role)
def test_everybody_looks_and_the_desk_decides(
    app: Flask, world: World, booked: list[int], role: Role
) -> None:
    caller = Caller(app, make_key(app, role))
    made = (
        away(Caller(app, make_key(app, Role.ADMIN)), world)
        if role == Role.PRACTITIONER
        else away(caller, world)
    )
    span = {"from": "2026-03-20", "to": "2026-03-20"}
    looks = [
        caller.get("/time-off"),
        caller.get("/closures"),
        caller.get(f"/time-off/{made['id']}"),
        caller.get(f"/time-off/{made['id']}/displaced"),
        caller.post("/absence-previews", span | {"location_id": world.location_id}),
    ]
    assert [response.status_code for response in looks] == [200] * 5
    decides = [
        caller.post("/time-off", span | {"practitioner_id": world.practitioner_id}),
        caller.post("/closures", span | {"location_id": world.location_id}),
        caller.post(f"/displaced/{booked[0]}", {"version": 1, "action": "release"}),
        caller.delete(f"/time-off/{made['id']}"),
        caller.delete("/closures/1"),
    ]
    may = role != Role.PRACTITIONER
    assert [response.status_code for response in decides] == ([201, 201, 200, 204, 204] if may else [403] * 5)
