"""Figures about the clinic over the API."""

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import AuditEntry
from tests.api.support import Caller
from tests.factories import World, at, make_appointment
from tests.usecases.gap_world import make_plan

FEBRUARY = {"from_": "2026-02-23", "to": "2026-03-01"}
NAMES = ("utilisation", "attendance", "plans")


def test_what_was_booked_is_told_by_week(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        make_appointment(world, at(26, month=2), 45)
    assert desk.get("/reports/utilisation", **FEBRUARY).get_json() == {
        "mondays": ["2026-02-23"],
        "practitioners": [
            {
                "practitioner_id": world.practitioner_id,
                "practitioner": "Petra Pin",
                "weeks": [{"open_minutes": 2400, "booked_minutes": 45}],
            }
        ],
    }


def test_who_came_is_told_by_weekday_and_lead(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        make_appointment(world, at(26, month=2), status="completed", created_at=at(20, month=2))
        make_appointment(world, at(27, month=2), status="no_show", created_at=at(26, month=2))
        make_appointment(world, at(24, month=2))
    found = desk.get("/reports/attendance", **FEBRUARY).get_json()
    assert (found["notice_hours"], found["unmarked"]) == (24, 1)
    assert found["by_weekday"][3] == {"kept": 1, "missed": 0, "late": 0}
    assert found["without_reminder"] == {"kept": 1, "missed": 1, "late": 0}
    assert found["by_lead"][0] == {"from_days": 0, "to_days": 1, "kept": 0, "missed": 1, "late": 0}


def test_how_plans_stand_is_told_with_their_waits(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        make_plan(world, "Ann", placed=(at(4),))
        make_plan(world, "Bob")
    found = desk.get("/reports/plans", from_="2026-03-01", to="2026-03-31").get_json()
    assert found["standings"] == {"on_track": 1, "behind": 1, "paused": 0, "finished": 0, "dropped_out": 0}
    assert (found["median_wait_days"], found["without_first"]) == (2.0, 1)
    assert found["waits"][0] == {"from_days": 0, "to_days": 3, "plans": 1}


def test_taking_figures_out_is_noted(app: Flask, world: World, desk: Caller) -> None:
    for name in NAMES:
        assert desk.get(f"/reports/{name}", **FEBRUARY).status_code == 200
    with app.app_context():
        told = select(AuditEntry.detail).where(AuditEntry.action == "report_exported")
        assert [detail["report"] for detail in db.session.scalars(told.order_by(AuditEntry.id))] == list(
            NAMES
        )


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", NAMES)
def test_a_senseless_period_is_refused_and_practitioners_see_no_figures(
    world: World, desk: Caller, practitioner: Caller, name: str
) -> None:
    refused = desk.get(f"/reports/{name}", from_="2026-03-02", to="2026-03-01")
    assert (refused.status_code, list(refused.get_json()["errors"])) == (422, ["to"])
    assert practitioner.get(f"/reports/{name}", **FEBRUARY).status_code == 403
