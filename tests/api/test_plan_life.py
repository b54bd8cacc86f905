"""What becomes of plans over the API: paused, ended, extended, re-coursed; sessions skipped and taken back."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Message
from tests.api.support import Caller
from tests.api.test_plans import WEEKLY, chosen, prescription, propose
from tests.factories import World

FORTNIGHTLY = {"sessions": 2, "min_days": 10, "ideal_days": 14, "max_days": 18}


@pytest.fixture
def plan(world: World, desk: Caller) -> dict[str, Any]:
    """A plan of three weekly sessions, all booked."""
    made: dict[str, Any] = desk.post("/plans", prescription(world)).get_json()
    desk.post(f"/plans/{made['id']}/placements", chosen(propose(desk, made)[0]))
    found: dict[str, Any] = desk.get(f"/plans/{made['id']}").get_json()
    return found


def act(desk: Caller, plan: dict[str, Any], deed: str, **body: Any) -> dict[str, Any]:
    """Do it with the version of the plan as it was last seen; the plan afterwards."""
    response = desk.post(f"/plans/{plan['id']}/{deed}", {"version": plan["version"]} | body)
    assert response.status_code == 200, response.text
    changed: dict[str, Any] = response.get_json()
    return changed


def statuses(plan: dict[str, Any]) -> list[str]:
    return [session["status"] for session in plan["sessions"]]


def test_paused_plan_releases_what_was_asked_and_goes_on(
    app: Flask, desk: Caller, plan: dict[str, Any]
) -> None:
    paused = act(desk, plan, "pause", release=True, reason="patient")
    assert (paused["status"], statuses(paused)) == ("paused", ["to_place"] * 3)
    assert [session["reason"] for session in paused["sessions"]] == ["patient"] * 3
    with app.app_context():
        (message,) = db.session.scalars(select(Message).where(Message.kind == "cancellation"))
        assert len(message.items) == 3
    assert act(desk, paused, "resume")["status"] == "active"


def test_plan_ends_early_or_for_good(desk: Caller, plan: dict[str, Any]) -> None:
    kept = desk.post(f"/plans/{plan['id']}/complete", {"version": plan["version"], "release": False})
    assert (kept.status_code, kept.get_json()["code"], kept.get_json()["numbers"]) == (
        409,
        "conflict",
        [1, 2, 3],
    )
    ended = act(desk, plan, "discontinue", release=False, reason="moved away")
    assert (ended["status"], statuses(ended)) == ("discontinued", ["placed"] * 3)
    again = desk.post(f"/plans/{plan['id']}/resume", {"version": ended["version"]})
    assert (again.status_code, again.get_json()["code"]) == (409, "illegal_transition")


def test_plan_grows_and_changes_course(desk: Caller, plan: dict[str, Any]) -> None:
    longer = act(desk, plan, "extend", phases=[FORTNIGHTLY])
    assert longer["phases"] == [WEEKLY, FORTNIGHTLY]
    assert statuses(longer) == ["placed"] * 3 + ["to_place"] * 2
    other = act(desk, longer, "course", from_number=4, phases=[WEEKLY])
    assert other["phases"] == [WEEKLY, WEEKLY]
    refused = desk.post(
        f"/plans/{plan['id']}/course", {"version": other["version"], "from_number": 2, "phases": [WEEKLY]}
    )
    assert (refused.status_code, refused.get_json()["numbers"]) == (409, [2, 3])


def test_sessions_are_decided_about(desk: Caller, world: World) -> None:
    plan = desk.post("/plans", prescription(world)).get_json()
    plan = act(desk, plan, "sessions/2/skip", reason="no_capacity")
    plan = act(desk, plan, "sessions/3/give-up")
    assert statuses(plan) == ["to_place", "skipped", "missed"]
    assert plan["sessions"][1]["reason"] == "no_capacity"
    assert statuses(act(desk, plan, "sessions/2/take-back")) == ["to_place", "to_place", "missed"]


@pytest.mark.parametrize(
    ("deed", "body"),
    [
        ("pause", {"release": True}),
        ("resume", {}),
        ("complete", {"release": True}),
        ("discontinue", {"release": True}),
        ("extend", {"phases": [FORTNIGHTLY]}),
        ("course", {"from_number": 1, "phases": [FORTNIGHTLY]}),
        ("sessions/1/skip", {}),
        ("sessions/1/give-up", {}),
        ("sessions/1/take-back", {}),
    ],
)
def test_stale_version_is_refused_with_the_present_one(
    desk: Caller, plan: dict[str, Any], deed: str, body: dict[str, Any]
) -> None:
    response = desk.post(f"/plans/{plan['id']}/{deed}", {"version": 99} | body)
    problem = response.get_json()
    assert (response.status_code, problem["code"]) == (409, "stale_version")
    assert problem["current"] == {"id": plan["id"], "version": plan["version"], "status": "active"}
