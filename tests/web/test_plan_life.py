"""The plan's page as a place to act: paused, extended, re-coursed, sessions skipped and taken back."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Message, PlannedSession, TreatmentPlan
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from tests.factories import NOW, RECEPTIONIST, World, at
from tests.web.browser import Browser

WEEKLY = {"sessions": "2", "min_days": "5", "ideal_days": "7", "max_days": "9"}


@pytest.fixture(autouse=True)
def present(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Monday morning, 2 March 2026, in Berlin."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def plan_id(app: Flask, world: World) -> int:
    """A plan of four weekly sessions, the first two booked."""
    with app.app_context():
        plan = prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=at(3).date(),
            phases=[PhaseWish(4, 5, 7, 9)],
            actor=RECEPTIONIST,
            now=NOW,
        )
        slots = [
            ChosenSlot(number, at(3) + timedelta(days=7 * (number - 1)), world.practitioner_id)
            for number in (1, 2)
        ]
        place_plan(plan.id, sessions=slots, actor=RECEPTIONIST, now=NOW)
        return plan.id


def fill(desk: Browser, plan_id: int, action: str, **form: str) -> int:
    """Send a form of the plan's page with the version that it holds; the answer's status."""
    page = desk.get(f"/plans/{plan_id}").text
    versions = set(re.findall(r'name="version" value="(\d+)"', page))
    assert len(versions) == 1
    assert f'action="/plans/{plan_id}/{action}"' in page
    return desk.post(f"/plans/{plan_id}/{action}", {"version": versions.pop()} | form).status_code


def stored(app: Flask, plan_id: int) -> tuple[str, list[str]]:
    """The plan's status and those of its sessions."""
    with app.app_context():
        query = select(PlannedSession.status).where(PlannedSession.plan_id == plan_id)
        sessions = list(db.session.scalars(query.order_by(PlannedSession.number)))
        return db.session.get_one(TreatmentPlan, plan_id).status, sessions


def test_pausing_keeps_or_releases_as_ticked(app: Flask, desk: Browser, plan_id: int) -> None:
    assert fill(desk, plan_id, "status", to="paused") == 303
    assert stored(app, plan_id) == ("paused", ["placed", "placed", "to_place", "to_place"])
    assert fill(desk, plan_id, "status", to="active") == 303
    assert fill(desk, plan_id, "status", to="paused", release="yes", reason_code="clinic") == 303
    assert stored(app, plan_id) == ("paused", ["to_place"] * 4)
    with app.app_context():
        (message,) = db.session.scalars(select(Message).where(Message.kind == "cancellation"))
        assert len(message.items) == 2
    assert desk.get(f"/plans/{plan_id}").text.count("Clinic&#39;s reasons</span>") == 2


def test_form_offers_to_cancel_only_what_is_ahead(
    desk: Browser, plan_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Cancel the 2 appointments ahead" in desk.get(f"/plans/{plan_id}").text
    monkeypatch.setattr(clock, "now", lambda: at(4))
    desk.sign_in()
    assert "Cancel the 1 appointment ahead" in desk.get(f"/plans/{plan_id}").text


def test_refusal_is_told_on_the_plan_as_it_is_now(app: Flask, desk: Browser, plan_id: int) -> None:
    desk.get(f"/plans/{plan_id}")
    answer = desk.post(f"/plans/{plan_id}/status", {"version": "99", "to": "paused"})
    assert answer.status_code == 409
    assert "Somebody else changed this meanwhile." in answer.text
    assert fill(desk, plan_id, "status", to="completed") == 409
    assert stored(app, plan_id)[0] == "active"
    assert desk.post(f"/plans/{plan_id}/status", {"version": "2", "to": "golden"}).status_code == 422


def test_discontinued_plan_offers_nothing_more(desk: Browser, plan_id: int) -> None:
    assert fill(desk, plan_id, "status", to="discontinued", release="yes", reason="moved away") == 303
    page = desk.get(f"/plans/{plan_id}").text
    assert 'name="version"' not in page
    assert "moved away" in page


def test_sessions_are_skipped_missed_and_taken_back(app: Flask, desk: Browser, plan_id: int) -> None:
    assert fill(desk, plan_id, "sessions/3", to="skipped", reason_code="patient") == 303
    assert fill(desk, plan_id, "sessions/4", to="missed") == 303
    assert stored(app, plan_id)[1] == ["placed", "placed", "skipped", "missed"]
    assert fill(desk, plan_id, "sessions/3", to="to_place") == 303
    assert stored(app, plan_id)[1] == ["placed", "placed", "to_place", "missed"]


def test_plan_is_extended_and_changes_course(app: Flask, desk: Browser, plan_id: int) -> None:
    assert fill(desk, plan_id, "extend", **WEEKLY) == 303
    assert len(stored(app, plan_id)[1]) == 6
    assert fill(desk, plan_id, "course", from_number="3", protocol_id="own", **WEEKLY) == 303
    assert len(stored(app, plan_id)[1]) == 4
    assert fill(desk, plan_id, "course", from_number="2", protocol_id="own", **WEEKLY) == 409
    assert fill(desk, plan_id, "extend") == 422
