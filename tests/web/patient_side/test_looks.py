"""What the patient's page says: how soon, in which language, in how many taps."""

from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import Appointment, Clinic, Message, Patient, TreatmentPlan
from scheduler.usecases.appointments.changing import book_appointment
from tests.factories import NOW, RECEPTIONIST, World, at, save
from tests.web.patient_side.support import Phone, deeds

pytestmark = pytest.mark.usefixtures("monday")


def change(app: Flask, model: type, number: int, **values: object) -> None:
    with app.app_context():
        row = db.session.get_one(model, number)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.commit()


@pytest.mark.parametrize(
    ("days", "said"), [(0, "today"), (1, "tomorrow"), (2, "in 2 days"), (13, "in 13 days"), (14, None)]
)
def test_how_soon_it_is_is_said_for_a_fortnight(
    app: Flask, phone: Phone, planned: int, days: int, said: str | None
) -> None:
    starts_at = at(2, 16) + timedelta(days=days)
    times = {"starts_at": starts_at, "busy_from": starts_at}
    ends = starts_at + timedelta(minutes=30)
    change(app, Appointment, planned, **times, ends_at=ends, busy_until=ends)
    page = phone.get().text
    assert [
        word for word in ("today", "tomorrow", "in 2 days", "in 13 days") if f'"soon">{word}<' in page
    ] == ([said] if said else [])


def test_the_other_language_is_one_tap_away(app: Flask, phone: Phone, world: World) -> None:
    assert 'value="de" lang="de">Deutsch' in phone.get().text
    for _ in range(2):
        assert phone.post("/language", locale="de").status_code == 303
    page = phone.get().text
    assert 'lang="de"' in page.split("<head>")[0]
    assert 'value="en" lang="en">English' in page
    assert phone.post("/language", locale="xx").status_code == 422
    with app.app_context():
        assert db.session.get_one(Patient, world.patient_id).locale == "de"
    assert deeds(app) == [("patient_changed", "patient")]


def test_reminders_come_when_the_patient_chose(app: Flask, phone: Phone, world: World) -> None:
    with app.app_context():
        book_appointment(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            appointment_type_id=world.review_id,
            location_id=world.location_id,
            starts_at=at(12),
            actor=RECEPTIONIST,
            now=NOW,
        )

    def owed(*offsets: int) -> tuple[list[int], list[int] | None]:
        phone.post("/preferences", locale="en", reminders="on", offsets=[str(each) for each in offsets])
        with app.app_context():
            waiting = db.session.query(Message).filter_by(kind="reminder", state="due", pointless_at=at(12))
            own = db.session.get_one(Patient, world.patient_id).reminder_offsets_minutes
            return sorted(row.offset_minutes for row in waiting), own

    assert owed(120) == ([120], [120])
    page = phone.get().text
    ticked = [minutes for minutes in (4320, 1440, 120) if f'name="offsets" value="{minutes}" checked' in page]
    assert ticked == [120]
    assert owed(4320, 1440) == ([1440, 4320], None)
    assert owed() == ([1440, 4320], None)
    assert phone.post("/preferences", locale="en", offsets="7").status_code == 422


@pytest.mark.parametrize(("questionnaire", "sends"), [(None, 29), ("hit6", 0)])
def test_the_second_number_sends_unless_more_is_asked(
    app: Flask, phone: Phone, planned: int, questionnaire: str | None, sends: int
) -> None:
    starts_at = NOW + timedelta(hours=6)
    ends = starts_at + timedelta(minutes=30)
    times = {"starts_at": starts_at, "busy_from": starts_at, "ends_at": ends, "busy_until": ends}
    change(app, Appointment, planned, **times)
    with app.app_context():
        plan = db.session.query(TreatmentPlan).one()
        plan.questionnaire = questionnaire
        save(plan)
    page = phone.get().text
    assert page.count('<button name="headache_days"') == sends
    assert page.count('type="radio" name="headache_days"') == 29 - sends
    assert page.count('type="radio" name="nprs"') == 11
    first_button = page.split('id="check-in"')[1].split("<button")[1]
    assert first_button.startswith(' class="unseen"'), "Enter must not answer for somebody"


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        (0, "You can cancel here until an appointment begins."),
        (1, "Up to 1 hour before the start you can cancel here."),
        (24, "Up to 24 hours before the start you can cancel here."),
    ],
)
def test_the_notice_is_said_in_words(app: Flask, phone: Phone, hours: int, says: str) -> None:
    change(app, Clinic, 1, cancel_notice_hours=hours)
    assert says in unescape(phone.get().text)


def test_no_mail_is_promised_to_who_has_no_address(app: Flask, phone: Phone, world: World) -> None:
    assert "A mail confirms it." in phone.get("?done=moved").text
    change(app, Patient, world.patient_id, email=None)
    page = phone.get("?done=moved").text
    assert ("Your appointment is moved." in page, "A mail confirms it." in page) == (True, False)
