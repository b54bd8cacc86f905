"""The behind board on screen: who is on it, and one click from there to a booking."""

import re

from flask import Flask

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.factories import RECEPTIONIST, World
from tests.web.browser import Browser


def prescribe(app: Flask, world: World) -> int:
    with app.app_context():
        now = clock.now()
        plan = prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=now.date(),
            phases=[PhaseWish(2, 5, 7, 14)],
            actor=RECEPTIONIST,
            now=now,
        )
        return plan.id


def test_empty_board_says_so(desk: Browser) -> None:
    assert "Nobody is falling behind." in desk.get("/behind").text


def test_one_click_on_a_slot_books_it(app: Flask, world: World, desk: Browser) -> None:
    plan_id = prescribe(app, world)
    assert "Paul Pain" in desk.get("/behind").text
    fragment = desk.get(f"/behind/{plan_id}/slots", HX_Request="true").text
    slots = re.findall(r'name="slot" value="([^"]+)"', fragment)
    assert 1 <= len(slots) <= 3
    answer = desk.post(f"/plans/{plan_id}/place", {"slot": slots[0]})
    assert (answer.status_code, answer.location) == (303, f"/plans/{plan_id}")
    with app.app_context():
        assert db.session.query(Appointment).count() == 1
