"""What patients choose on their page: language, mails, their calendar."""

import pytest
from flask import Flask
from icalendar import Calendar

from scheduler.extensions import db
from scheduler.models import FeedToken, Patient
from tests.factories import NOW, World
from tests.web.patient_side.support import Phone, appointment, deeds

pytestmark = pytest.mark.usefixtures("monday")


def test_preferences_are_kept_and_the_page_speaks_the_language(
    app: Flask, phone: Phone, world: World
) -> None:
    answer = phone.post("/preferences", locale="de", confirmations="on", invitations="on")
    assert answer.status_code == 303
    with app.app_context():
        row = db.session.get_one(Patient, world.patient_id)
        assert (row.locale, row.wants_reminders, row.wants_invitations) == ("de", False, True)
        assert sorted(row.muted_kinds) == ["check_in", "offer", "offer_expired"]
    assert 'lang="de"' in phone.get().text
    assert phone.post("/preferences", locale="xx").status_code == 422


def test_the_mail_programs_own_button_stops_a_sort_of_mails_and_looking_does_not(
    app: Flask, phone: Phone, world: World
) -> None:
    assert phone.get("/stop/reminders").status_code == 200
    for name in ("check_ins", "reminders", "reminders"):
        assert phone.post(f"/stop/{name}", **{"List-Unsubscribe": "One-Click"}).status_code == 200
    assert phone.post("/stop/everything").status_code == 404
    with app.app_context():
        row = db.session.get_one(Patient, world.patient_id)
        assert (row.wants_reminders, row.muted_kinds) == (False, ["check_in"])
    assert deeds(app) == [("patient_changed", "patient")] * 2


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("Google", "https://calendar.google.com/calendar/r?cid=webcal"),
        ("Apple", "webcal://127.0.0.1:8000/feeds/"),
        ("Outlook", "https://outlook.live.com/calendar/0/addfromweb?url=http"),
    ],
)
def test_a_calendar_is_one_tap_away_and_its_address_stays_the_same(
    app: Flask, phone: Phone, name: str, begins: str
) -> None:
    answers = [phone.post(f"/calendar/{name}") for _ in range(2)]
    assert {answer.status_code for answer in answers} == {303}
    assert answers[0].location == answers[1].location
    assert answers[0].location.startswith(begins)
    with app.app_context():
        token = db.session.query(FeedToken).one()
        assert (token.name, token.detail) == (name, "minimal")
        token.revoked_at = NOW
        db.session.commit()
    assert phone.post(f"/calendar/{name}").location != answers[0].location


def test_other_calendars_get_a_code_and_an_address_that_answers(phone: Phone) -> None:
    page = phone.post("/calendar/Other").text
    assert "QR code of the calendar address" in page
    address = page.split('readonly value="http://127.0.0.1:8000')[1].split('"')[0]
    assert phone.client.get(address).status_code == 200


def test_one_appointment_is_saved_under_the_uid_of_the_feeds(app: Flask, phone: Phone, planned: int) -> None:
    answer = phone.get(f"/appointments/{planned}.ics")
    (event,) = Calendar.from_ical(answer.data).walk("VEVENT")
    row = appointment(app, planned)
    assert (str(event["UID"]), event["DTSTART"].dt) == (row.uid, row.starts_at)
    assert "eedling" not in answer.text
