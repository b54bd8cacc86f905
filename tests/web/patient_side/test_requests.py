"""A wish for another time at the desk: what it was about may be gone by now, and the wished time taken."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import Appointment, Clinic, Task
from scheduler.usecases.appointments.changing import cancel_appointment, move_appointment
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_patient
from tests.web.browser import Browser
from tests.web.patient_side.support import Phone, appointment
from tests.web.patient_side.test_times import first_time

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def wished(app: Flask, phone: Phone, planned: int) -> str:
    """The slot that the patient asks for instead of Thursday at 10."""
    with app.app_context():
        db.session.get_one(Clinic, 1).rebooking = "request"
        db.session.commit()
    slot = first_time(phone.get(f"/appointments/{planned}/times").text)
    assert phone.post(f"/appointments/{planned}/times", version=1, slot=slot).status_code == 303
    return slot


def is_open(app: Flask) -> bool:
    with app.app_context():
        return db.session.query(Task).one().done_at is None


def test_a_time_that_somebody_else_has_by_now_is_told_on_the_list(
    app: Flask, world: World, desk: Browser, planned: int, wished: str
) -> None:
    with app.app_context():
        starts_at = datetime.fromtimestamp(int(wished.split("|")[0]), UTC)
        make_appointment(world, starts_at, patient_id=make_patient("Ann", "Other").id)
    answer = desk.post("/tasks/1/accept", {"slot": wished, "next": "/tasks"})
    assert (answer.status_code, answer.location) == (303, "/tasks")
    page = desk.get("/tasks").text
    assert page.count('class="notice bad"') == 1
    assert f'value="{wished}"' in page
    assert appointment(app, planned).starts_at == at(5)
    assert is_open(app)


def test_nothing_can_be_moved_for_what_is_cancelled_by_now(
    app: Flask, desk: Browser, planned: int, wished: str
) -> None:
    with app.app_context():
        cancel_appointment(planned, version=1, reason="ill", actor=RECEPTIONIST, now=NOW)
    page = desk.get("/tasks").text
    assert "This appointment is cancelled or over by now." in page
    assert wished not in page
    assert is_open(app)


def test_what_was_moved_since_says_where_to(
    app: Flask, world: World, desk: Browser, planned: int, wished: str
) -> None:
    with app.app_context():
        row = db.session.get_one(Appointment, planned)
        where = {"practitioner_id": row.practitioner_id, "location_id": row.location_id}
        move_appointment(planned, version=1, starts_at=at(6), **where, actor=RECEPTIONIST, now=NOW)
    page = desk.get("/tasks").text
    assert "It was moved to Fri, 6 Mar 2026, 10:00 since." in page
    assert f'value="{wished}"' in page


def test_who_cancels_or_moves_asks_no_more(
    app: Flask, phone: Phone, desk: Browser, planned: int, wished: str
) -> None:
    with app.app_context():
        db.session.get_one(Clinic, 1).rebooking = "book"
        db.session.commit()
    assert phone.post(f"/appointments/{planned}/times", version=1, slot=wished).status_code == 303
    assert not is_open(app)
    with app.app_context():
        db.session.query(Task).update({"done_at": None})
        db.session.commit()
    assert phone.post(f"/appointments/{planned}/cancel", version=2).status_code == 303
    assert not is_open(app)
    assert "The patient" in desk.get("/tasks?done=1").text
