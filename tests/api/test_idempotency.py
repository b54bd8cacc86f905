"""The Idempotency-Key: the same request sent again does nothing new."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Appointment, FeedToken, Patient, TreatmentPlan
from tests.api.support import Caller, utc
from tests.factories import World, at


@pytest.fixture
def bodies(world: World) -> dict[str, tuple[type[Any], dict[str, Any]]]:
    """path -> what it makes, and a body that is in order."""
    who = {"patient_id": world.patient_id, "practitioner_id": world.practitioner_id}
    slot = {"starts_at": utc(at(5, 10)), "practitioner_id": world.practitioner_id}
    session = {"number": 1, "starts_at": utc(at(9, 10)), "practitioner_id": world.practitioner_id}
    phase = {"sessions": 2, "min_days": 2, "ideal_days": 7, "max_days": 10}
    return {
        "/patients": (Patient, {"given_name": "Ann", "family_name": "Ache"}),
        "/appointments": (Appointment, who | slot | {"appointment_type_id": world.needling_id}),
        "/plans": (TreatmentPlan, who | {"starts_on": "2026-03-05", "phases": [phase]}),
        "/plans/1/placements": (Appointment, {"sessions": [session]}),
    }


def count(app: Flask, model: type[Any]) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


PATHS = ["/patients", "/appointments", "/plans", "/plans/1/placements"]


@pytest.fixture
def prepared(desk: Caller, bodies: dict[str, Any]) -> None:
    """A plan to place."""
    desk.post("/plans", bodies["/plans"][1])


@pytest.mark.parametrize("path", PATHS)
def test_request_sent_again_answers_with_what_the_first_made(
    app: Flask, desk: Caller, bodies: dict[str, Any], prepared: None, path: str
) -> None:
    model, body = bodies[path]
    first = desk.post(path, body, once="a key")
    known = count(app, model)
    again = desk.post(path, body, once="a key")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert again.headers.get("Location") == first.headers.get("Location")
    assert (first.headers.get("Idempotent-Replayed"), again.headers.get("Idempotent-Replayed")) == (
        None,
        "true",
    )
    assert count(app, model) == known


@pytest.mark.parametrize("path", PATHS)
def test_same_key_for_another_request_is_refused(
    app: Flask, desk: Caller, bodies: dict[str, Any], prepared: None, path: str
) -> None:
    for other in PATHS:
        if other != path:
            assert desk.post(other, bodies[other][1], once=f"for {other}").status_code == 201
            refused = desk.post(path, bodies[path][1], once=f"for {other}")
            assert (refused.status_code, refused.get_json()["code"]) == (422, "idempotency_key_reused")


def test_order_and_spacing_of_the_body_do_not_matter(desk: Caller) -> None:
    bodies = ('{"given_name":"Ann","family_name":"Ache"}', ' { "family_name" : "Ache", "given_name":"Ann" } ')
    answers = [
        desk.call(
            "POST",
            "/patients",
            data=body,
            content_type="application/json",
            headers={"Idempotency-Key": "k" * 200},
        )
        for body in bodies
    ]
    assert answers[0].get_json() == answers[1].get_json()


def test_keys_of_different_callers_never_meet(
    app: Flask, desk: Caller, practitioner: Caller, bodies: dict[str, Any]
) -> None:
    body = bodies["/plans"][1]
    numbers = {caller.post("/plans", body, once="1").get_json()["id"] for caller in (desk, practitioner)}
    assert len(numbers) == 2


def test_refused_request_leaves_its_key_free(app: Flask, desk: Caller, bodies: dict[str, Any]) -> None:
    body = bodies["/appointments"][1]
    taken = desk.post("/appointments", body).get_json()
    assert desk.post("/appointments", body, once="a key").status_code == 409
    desk.post(f"/appointments/{taken['id']}/cancel", {"version": 1})
    assert desk.post("/appointments", body, once="a key").status_code == 201
    assert count(app, Appointment) == 2


def test_replay_shows_what_became_of_it(desk: Caller, bodies: dict[str, Any]) -> None:
    body = bodies["/appointments"][1]
    first = desk.post("/appointments", body, once="a key").get_json()
    moved = desk.patch(f"/appointments/{first['id']}", {"version": 1, "starts_at": utc(at(6, 10))}).get_json()
    assert desk.post("/appointments", body, once="a key").get_json() == moved


def test_calendar_address_is_made_once_and_shown_once(app: Flask, world: World, desk: Caller) -> None:
    path = f"/patients/{world.patient_id}/feed-tokens"
    first = desk.post(path, once="a key")
    again = desk.post(path, once="a key")
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.get_json()["feed_token_id"] == first.get_json()["id"]
    assert count(app, FeedToken) == 1
