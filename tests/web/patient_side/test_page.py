"""The patient's own page: who gets in, what they see and what not, and that nobody keeps it."""

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import Patient, PatientLink
from tests.factories import NOW, World
from tests.web.patient_side.support import Phone

pytestmark = pytest.mark.usefixtures("monday")


def test_the_page_says_first_name_and_times_and_nothing_else_of_the_patient(phone: Phone) -> None:
    page = phone.get()
    assert page.status_code == 200
    assert "Hello Paul" in page.text
    assert "Thursday, 5 March<" in page.text
    assert "10:00–10:30" in page.text
    assert "0 of 3 sessions done" in page.text
    told = [word for word in ("Pain", "Migraine", "eedling", "Petra", "Pin ") if word in page.text]
    assert told == []


def test_the_page_is_kept_by_nobody_and_loads_nothing_from_elsewhere(phone: Phone) -> None:
    headers = phone.get().headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers
    assert "<script" not in phone.get().text


@pytest.mark.parametrize("secret", ["x", "a" * 43, "%00", "ü"])
def test_an_unknown_link_tells_nothing(app: Flask, world: World, secret: str) -> None:
    answer = app.test_client().get(f"/p/{secret}")
    assert answer.status_code == 404
    assert "This link is not valid any more." in answer.text
    assert 'href="tel:+49301234567"' in answer.text, "who held a link once must learn whom to call"
    assert [word for word in ("Paul", "Pain") if word in answer.text] == []
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_use_is_noted_to_the_hour(app: Flask, phone: Phone) -> None:
    phone.get()
    with app.app_context():
        assert db.session.query(PatientLink).one().last_used_at == NOW


def test_the_zone_is_named_for_who_lives_in_another(app: Flask, world: World, phone: Phone) -> None:
    assert "Central European" not in phone.get().text
    with app.app_context():
        db.session.get_one(Patient, world.patient_id).zone = "America/New_York"
        db.session.commit()
    assert "Central European Standard Time" in phone.get().text
