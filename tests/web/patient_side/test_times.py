"""Another time: booked at once or asked for, only where and when the clinic lets patients."""

from typing import Any

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import Clinic, Task
from tests.factories import World, at
from tests.web.browser import Browser
from tests.web.patient_side.support import Phone, appointment, deeds

pytestmark = pytest.mark.usefixtures("monday")


def first_time(page: str) -> str:
    return page.split('name="slot" value="')[1].split('"')[0]


def test_another_time_is_booked_at_once_where_the_clinic_lets_patients(
    app: Flask, phone: Phone, planned: int
) -> None:
    choice = phone.get(f"/appointments/{planned}/times")
    slot = first_time(choice.text)
    answer = phone.post(f"/appointments/{planned}/times", version=1, slot=slot)
    assert answer.status_code == 303
    row = appointment(app, planned)
    assert row.starts_at.timestamp() == int(slot.split("|")[0])
    assert deeds(app) == [("appointment_moved", "patient")]


def test_a_time_that_is_not_offered_is_refused(app: Flask, phone: Phone, world: World, planned: int) -> None:
    far = f"{at(28).timestamp():.0f}|{world.practitioner_id}|{world.location_id}"
    for slot in (far, "nonsense", ""):
        answer = phone.post(f"/appointments/{planned}/times", version=1, slot=slot)
        assert answer.status_code in (409, 422)
    assert appointment(app, planned).starts_at == at(5)


@pytest.mark.parametrize("closed", [{"rebooking": "off"}, {"cancel_notice_hours": 96}])
def test_times_are_closed_where_reception_has_not_opened_them(
    app: Flask, phone: Phone, planned: int, closed: dict[str, Any]
) -> None:
    with app.app_context():
        for name, value in closed.items():
            setattr(db.session.get_one(Clinic, 1), name, value)
        db.session.commit()
    assert "Another time" not in phone.get().text
    answer = phone.get(f"/appointments/{planned}/times")
    assert (answer.status_code, "cannot be moved here" in answer.text) == (409, True)


def test_another_time_is_asked_for_and_accepted_at_the_desk(
    app: Flask, phone: Phone, planned: int, desk: Browser
) -> None:
    with app.app_context():
        db.session.get_one(Clinic, 1).rebooking = "request"
        db.session.commit()
    slot = first_time(phone.get(f"/appointments/{planned}/times").text)
    for remark in ("Mornings please", "Later"):
        answer = phone.post(f"/appointments/{planned}/times", version=1, slot=slot, remark=remark)
        assert answer.status_code == 303
    assert "You asked for another time" in phone.get().text
    assert appointment(app, planned).starts_at == at(5)
    tasks = desk.get("/tasks").text
    assert "Asks for another time instead of Thu, 5 Mar 2026, 10:00: “Later”" in tasks
    assert "· The patient" in tasks
    assert f'value="{slot}"' in tasks
    assert desk.post("/tasks/1/accept", {"slot": slot}).status_code == 303
    assert appointment(app, planned).starts_at.timestamp() == int(slot.split("|")[0])
    with app.app_context():
        task = db.session.query(Task).one()
        assert (task.kind, task.done_at is not None) == ("request", True)
