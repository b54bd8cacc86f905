"""The words of the mails on screen: who may change them, what a broken one says, a look at a real patient."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import AuditEntry, MailTemplate
from tests.factories import World, at, make_appointment, make_patient
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")
REMINDER = "/clinic/mails/reminder/en"
WORDS = {"subject": "See you {{ when }}", "lead": "Dear {{ name }},", "closing": "", "version": "0"}


@pytest.fixture
def admin(app: Flask, world: World) -> Browser:
    browser = Browser(app)
    browser.sign_in("admin")
    browser.get(REMINDER)
    return browser


def stored(app: Flask) -> list[tuple[str, str, str, int]]:
    with app.app_context():
        rows = db.session.scalars(select(MailTemplate))
        return [(row.kind, row.locale, row.subject, row.version) for row in rows]


@pytest.mark.parametrize("role", ["reception", "practitioner"])
def test_others_read_the_words_and_cannot_change_them(app: Flask, world: World, role: str) -> None:
    browser = Browser(app)
    browser.sign_in(role)
    assert browser.get("/clinic/mails").status_code == 200
    assert browser.get(REMINDER).status_code == 200
    for path in (REMINDER, f"{REMINDER}/reset", f"{REMINDER}/preview", f"{REMINDER}/html"):
        assert browser.post(path, WORDS).status_code == 403
    assert stored(app) == []


@pytest.mark.parametrize("path", ["/clinic/mails/nothing/en", "/clinic/mails/reminder/xx"])
def test_what_is_no_mail_is_not_found(admin: Browser, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_words_are_kept_marked_and_thrown_away(app: Flask, admin: Browser) -> None:
    assert admin.post(REMINDER, WORDS).status_code == 303
    assert stored(app) == [("reminder", "en", "See you {{ when }}", 1)]
    assert admin.get("/clinic/mails").text.count("own words</span>") == 1
    assert admin.post(f"{REMINDER}/reset", {"version": "1"}).status_code == 303
    assert stored(app) == []


def test_a_broken_text_says_where_and_why_and_nothing_typed_is_lost(app: Flask, admin: Browser) -> None:
    page = admin.post(REMINDER, WORDS | {"lead": "Dear all,\n{{ diagnosis }}"})
    assert page.status_code == 422
    assert "Line 2: there is no field called diagnosis in this mail." in page.text
    assert "Dear all,\n{{ diagnosis }}</textarea>" in page.text
    assert stored(app) == []


def test_a_stale_edit_shows_both(app: Flask, admin: Browser) -> None:
    admin.post(REMINDER, WORDS)
    page = admin.post(REMINDER, WORDS | {"subject": "Late"})
    assert page.status_code == 409
    assert "Stored meanwhile: See you {{ when }}" in page.text
    assert 'value="Late"' in page.text
    assert stored(app) == [("reminder", "en", "See you {{ when }}", 1)]


def test_the_mail_is_shown_with_what_is_entered_and_nothing_is_kept(app: Flask, admin: Browser) -> None:
    part = admin.post(f"{REMINDER}/preview", WORDS).text
    assert "Dear Anna," in part
    frame = admin.post(f"{REMINDER}/html", WORDS)
    assert "Dear Anna," in frame.text
    assert frame.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert stored(app) == []


def test_markup_in_words_stays_text(admin: Browser) -> None:
    frame = admin.post(f"{REMINDER}/html", WORDS | {"lead": "<script>alert(1)</script>"}).text
    assert ("<script>" in frame, "&lt;script&gt;alert(1)" in frame) == (False, True)


def test_a_look_at_a_real_patient_is_noted_once(app: Flask, admin: Browser, world: World) -> None:
    with app.app_context():
        patient_id = make_patient("Petra", "Pain").id
        make_appointment(world, at(9), patient_id=patient_id)
    words = WORDS | {"patient_id": str(patient_id)}
    assert "Dear Petra," in admin.post(f"{REMINDER}/preview", words).text
    assert "Dear Petra," in admin.post(f"{REMINDER}/html", words).text
    with app.app_context():
        looks = select(func.count()).where(
            AuditEntry.patient_id == patient_id, AuditEntry.action == "mail_previewed"
        )
        assert db.session.scalar(looks) == 1


@pytest.mark.parametrize("path", ["confirmation", "series_confirmation", "change", "series_changed"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_shipped_words_can_be_looked_at_and_kept(admin: Browser, path: str, language: str) -> None:
    assert admin.get(f"/clinic/mails/{path}/{language}").status_code == 200
    assert admin.get(f"/clinic/mails/{path}/{language}/html").status_code == 200


@pytest.mark.parametrize(
    "kind", ["cancellation", "offer", "offer_expired", "check_in", "weekly_summary", "day_list"]
)
def test_every_other_kind_has_a_mail_to_look_at(admin: Browser, kind: str) -> None:
    assert admin.get(f"/clinic/mails/{kind}/en").status_code == 200
    assert admin.get(f"/clinic/mails/{kind}/en/html").status_code == 200
