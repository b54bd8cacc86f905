"""Holds over the API."""

from typing import Any

from flask import Flask

from scheduler.models.staff import Role
from tests.api.support import Caller, make_key, utc
from tests.factories import World, at, make_patient


def new_plan(world: World, desk: Caller, patient_id: int | None = None) -> int:
    body = {
        "patient_id": patient_id or world.patient_id,
        "practitioner_id": world.practitioner_id,
        "starts_on": "2026-03-05",
        "phases": [{"sessions": 1, "min_days": 0, "ideal_days": 0, "max_days": 7}],
    }
    made: int = desk.post("/plans", body).get_json()["id"]
    return made


def slot(world: World) -> dict[str, Any]:
    return {"number": 1, "starts_at": utc(at(5)), "practitioner_id": world.practitioner_id}


def test_a_series_is_kept_and_then_placed(world: World, desk: Caller) -> None:
    plan_id = new_plan(world, desk)
    held = desk.post("/holds", {"plan_id": plan_id, "sessions": [slot(world)]}, once="a call")
    body = held.get_json()
    assert (held.status_code, held.headers["Location"]) == (201, f"/api/v1/holds/{body['id']}")
    assert (body["plan_id"], body["slots"][0]["starts_at"]) == (plan_id, utc(at(5)))
    again = desk.post("/holds", {"plan_id": plan_id, "sessions": [slot(world)]}, once="a call")
    assert (again.get_json()["id"], again.headers["Idempotent-Replayed"]) == (body["id"], "true")
    assert desk.get("/holds", plan_id=plan_id).get_json()["total"] == 1
    other = new_plan(world, desk, make_patient_of(desk.client.application))
    refused = desk.post(f"/plans/{other}/placements", {"sessions": [slot(world)]})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "series_taken")
    placed = desk.post(f"/plans/{plan_id}/placements", {"sessions": [slot(world)], "hold_id": body["id"]})
    assert placed.status_code == 201
    assert desk.get(f"/holds/{body['id']}").status_code == 404


def make_patient_of(app: Flask) -> int:
    with app.app_context():
        return make_patient("Otto", "Other").id


def test_a_hold_is_let_go(world: World, desk: Caller) -> None:
    held = desk.post("/holds", {"plan_id": new_plan(world, desk), "sessions": [slot(world)]}).get_json()
    assert desk.delete(f"/holds/{held['id']}").status_code == 204
    assert desk.delete(f"/holds/{held['id']}").status_code == 404
    assert desk.get("/holds").get_json()["items"] == []


def test_practitioners_may_keep_slots_and_strangers_not(app: Flask, world: World, desk: Caller) -> None:
    plan_id = new_plan(world, desk)
    practitioner = Caller(app, make_key(app, Role.PRACTITIONER))
    assert practitioner.post("/holds", {"plan_id": plan_id, "sessions": [slot(world)]}).status_code == 201
    assert Caller(app).get("/holds").status_code == 401
