"""Setting up what can be prescribed by program; plans already written stay as they are."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import AuditEntry, Role
from tests.api.support import Caller, make_key, utc
from tests.factories import NOW, World

PHASE = {"sessions": 6, "min_days": 5, "ideal_days": 7, "max_days": 9}
WEEKLY = {"name": "Weekly", "phases": [PHASE], "condition": "Neck pain", "review_months": [6, 1]}
BY_SHAPE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""For what is refused before the database is asked."""


@pytest.fixture
def admin(app: Flask, world: World) -> Caller:
    """A program of an administrator."""
    return Caller(app, make_key(app, Role.ADMIN))


def plan_from(admin: Caller, world: World, protocol: dict[str, Any]) -> dict[str, Any]:
    who = {"patient_id": world.patient_id, "practitioner_id": world.practitioner_id}
    made = admin.post("/plans", {**who, "protocol_id": protocol["id"], "starts_on": "2026-03-09"})
    plan: dict[str, Any] = made.get_json()
    return plan


def test_a_protocol_lives_from_adding_to_deleting(app: Flask, world: World, admin: Caller) -> None:
    body = {**WEEKLY, "phases": [PHASE, {**PHASE, "sessions": 1, "appointment_type_id": world.review_id}]}
    made, again = (admin.post("/protocols", body, once="weekly") for _ in range(2))
    row = made.get_json()
    path = made.headers["Location"].removeprefix("/api/v1")
    assert (made.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.get_json() == row == admin.get(path).get_json()
    assert [phase["appointment_type_id"] for phase in row["phases"]] == [None, world.review_id]
    assert (row["version"], row["sessions"], row["review_months"]) == (1, 7, [1, 6])
    changed = admin.patch(path, {"seen": row["seen"], "source": "A trial of 2024"}).get_json()
    assert changed == row | {"source": "A trial of 2024", "seen": changed["seen"]}
    stale = admin.patch(path, {"seen": row["seen"], "name": "Other"})
    assert (stale.status_code, stale.get_json()["current"]) == (409, {"seen": changed["seen"]})
    assert admin.delete(path).status_code == 409
    assert admin.post(f"{path}/archive").get_json()["archived_at"]
    assert row["id"] not in [one["id"] for one in admin.get("/protocols").get_json()["items"]]
    assert admin.post(f"{path}/restore").get_json()["archived_at"] is None
    admin.post(f"{path}/archive")
    assert (admin.delete(path).status_code, admin.get(path).status_code) == (204, 404)
    with app.app_context():
        told = select(AuditEntry.action).where(AuditEntry.entity == "protocol").order_by(AuditEntry.id)
        assert list(db.session.scalars(told)) == [
            f"protocol_{deed}" for deed in ("added", "changed", "archived", "restored", "archived", "deleted")
        ]


def test_a_change_makes_the_next_version_where_plans_were_written(world: World, admin: Caller) -> None:
    row = admin.post("/protocols", WEEKLY).get_json()
    plan = plan_from(admin, world, row)
    phases = [{**PHASE, "sessions": 2, "appointment_type_id": None}]
    fresh = admin.patch(f"/protocols/{row['id']}", {"seen": row["seen"], "phases": phases}).get_json()
    assert (fresh["version"], fresh["id"] != row["id"], fresh["phases"]) == (2, True, phases)
    former = admin.get(f"/protocols/{row['id']}").get_json()
    assert (former["version"], former["archived_at"]) == (1, utc(NOW))
    assert len(admin.get(f"/plans/{plan['id']}").get_json()["sessions"]) == 6
    refused = [
        admin.post(f"/protocols/{row['id']}/restore"),
        admin.patch(f"/protocols/{row['id']}", {"seen": former["seen"], "name": "Other"}),
        admin.delete(f"/protocols/{row['id']}"),
    ]
    assert [(one.status_code, one.get_json()["code"]) for one in refused] == [(409, "conflict")] * 3


@BY_SHAPE
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("phases", []),
        ("phases", [{**PHASE, "min_days": 8}]),
        ("phases", [{**PHASE, "sessions": 60}, PHASE]),
        ("phases", [{**PHASE, "position": 1}]),
        ("review_months", [0]),
        ("review_months", [1, 2, 3, 4, 5, 6, 7]),
        ("source", 5),
        ("version", 2),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(admin: Caller, field: str, value: Any) -> None:
    refused = admin.post("/protocols", {**WEEKLY, field: value})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid_input")
    assert {name.split(".")[0] for name in refused.get_json()["errors"]} == {field}


def test_a_phase_of_a_type_that_is_not_there_is_refused(admin: Caller) -> None:
    phase = {**PHASE, "appointment_type_id": 99_999}
    assert admin.post("/protocols", {**WEEKLY, "phases": [phase]}).status_code == 404


def test_the_desk_reads_protocols_and_does_not_write_them(admin: Caller, desk: Caller) -> None:
    row = admin.post("/protocols", WEEKLY).get_json()
    path = f"/protocols/{row['id']}"
    answers = [
        desk.post("/protocols", {**WEEKLY, "name": "Other"}),
        desk.patch(path, {"seen": row["seen"], "name": "Other"}),
        desk.post(f"{path}/archive"),
        desk.post(f"{path}/restore"),
        desk.delete(path),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert desk.get(path).get_json() == row
