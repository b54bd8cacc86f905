"""What patients answer on their page: coming, cancelling, how they are, an offer."""

from datetime import timedelta

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import Appointment, Clinic, OfferTurn, Outcome
from tests.factories import NOW, World, at, make_appointment, make_patient, save
from tests.web.browser import Browser
from tests.web.patient_side.support import Phone, appointment, deeds, page_of
from tests.web.test_gaps import offered

pytestmark = pytest.mark.usefixtures("monday")


def test_confirming_twice_is_harmless(app: Flask, phone: Phone, planned: int) -> None:
    for _ in range(2):
        answer = phone.post(f"/appointments/{planned}/confirm", version=1)
        assert (answer.status_code, answer.location.endswith("?done=confirmed")) == (303, True)
    assert appointment(app, planned).status == "confirmed"
    assert deeds(app) == [("appointment_status_changed", "patient")]
    assert "You said that you will come." in phone.get().text


def test_cancelling_in_notice_cancels_at_once(app: Flask, phone: Phone, planned: int) -> None:
    assert phone.post(f"/appointments/{planned}/cancel", version=1).status_code == 303
    row = appointment(app, planned)
    assert (row.status, row.cancel_reason) == ("cancelled", "patient")
    assert deeds(app) == [("appointment_cancelled", "patient")]
    assert "No appointment is booked for you." in phone.get("?done=cancelled").text


def test_cancelling_out_of_notice_asks_to_call(app: Flask, world: World, phone: Phone, planned: int) -> None:
    with app.app_context():
        db.session.get_one(Clinic, 1).cancel_notice_hours = 96
        db.session.commit()
    answer = phone.post(f"/appointments/{planned}/cancel", version=1)
    assert (answer.status_code, "It is too late to cancel here." in answer.text) == (409, True)
    assert "Cancel this appointment" not in answer.text
    assert "tel:+49301234567" in answer.text
    assert appointment(app, planned).status == "booked"


def test_what_changed_meanwhile_is_shown_instead(app: Flask, phone: Phone, planned: int) -> None:
    answer = phone.post(f"/appointments/{planned}/cancel", version=7)
    assert (answer.status_code, "has changed in the meantime" in answer.text) == (409, True)


def test_another_patients_appointment_does_not_exist(app: Flask, world: World, phone: Phone) -> None:
    with app.app_context():
        other = make_patient("Ann", "Other")
        row = make_appointment(world, at(6), patient_id=other.id, room_id=world.room_ids[1]).id
    acts = ("confirm", "cancel", "check-in", "times")
    statuses = [phone.post(f"/appointments/{row}/{act}", version=1).status_code for act in acts]
    assert statuses == [404, 404, 409, 404]
    assert phone.get(f"/appointments/{row}.ics").status_code == 404
    assert appointment(app, row).status == "booked"


def test_check_in_is_asked_the_day_before_and_answered_with_two_numbers(
    app: Flask, phone: Phone, world: World, planned: int
) -> None:
    assert "How are you?" not in phone.get().text
    with app.app_context():
        near = make_near(world, planned)
    assert "How are you?" in phone.get().text
    lacking = phone.post(f"/appointments/{near}/check-in", nprs="6")
    assert (lacking.status_code, "Please choose a number for each question." in lacking.text) == (422, True)
    assert phone.post(f"/appointments/{near}/check-in", nprs="6", headache_days="12").status_code == 303
    assert phone.post(f"/appointments/{near}/check-in", nprs="5", headache_days="12").status_code == 303
    with app.app_context():
        rows = db.session.query(Outcome).order_by(Outcome.measure)
        assert [(row.measure, row.value, row.source) for row in rows] == [
            ("headache_days", 12, "patient"),
            ("nprs", 5, "patient"),
        ]
    page = phone.get().text
    assert "You have answered today." in page
    assert "required checked" not in page, "whoever has the link must not read what was answered"
    refused = phone.post(f"/appointments/{near}/check-in", nprs="6", headache_days="29")
    assert (refused.status_code, "required checked" in refused.text) == (422, True)


def make_near(world: World, planned: int) -> int:
    """The planned appointment moved to this afternoon."""
    row = db.session.get_one(Appointment, planned)
    row.starts_at = row.busy_from = NOW + timedelta(hours=6)
    row.ends_at = row.busy_until = NOW + timedelta(hours=6, minutes=30)
    save(row)
    return row.id


@pytest.mark.parametrize(("answer", "status"), [("accept", "accepted"), ("decline", "declined")])
def test_an_offer_is_answered_on_the_page_by_whom_it_is_for(
    app: Flask, world: World, phone: Phone, desk: Browser, answer: str, status: str
) -> None:
    offered(app, world, desk, "Ann")
    with app.app_context():
        turn = db.session.query(OfferTurn).one()
        number, patient_id = turn.id, turn.patient_id
    assert phone.post(f"/offers/{number}/{answer}").status_code == 404
    theirs = page_of(app, patient_id)
    assert "A time is free for you" in theirs.get().text
    assert theirs.post(f"/offers/{number}/{answer}").status_code == 303
    with app.app_context():
        assert db.session.query(OfferTurn).one().status == status
    assert "A time is free for you" not in theirs.get().text
