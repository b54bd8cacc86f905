"""The overview and the clinic's details: who may change them, and that nothing typed is lost."""

from datetime import date

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import Clinic, Credential, WorkingHours
from tests.factories import World
from tests.web.browser import Browser
from tests.web.settings.support import carried, send, stored

pytestmark = pytest.mark.usefixtures("monday")
READ = ("", "/details", "/locations", "/practitioners", "/practitioners/1", "/practitioners/1/hours")
READ += ("/types", "/protocols", "/holidays", "/reminders", "/reminders/mail")


@pytest.mark.parametrize("role", ["reception", "practitioner"])
def test_others_read_what_they_may_not_change(app: Flask, world: World, role: str) -> None:
    browser = Browser(app)
    browser.sign_in(role)
    pages = {path: browser.get(f"/clinic{path}") for path in READ}
    assert {path: page.status_code for path, page in pages.items()} == dict.fromkeys(READ, 200)
    texts = "".join(page.text for page in pages.values())
    assert 'class="button primary"' not in texts
    assert ">Staff<" not in texts
    assert browser.get("/clinic/staff").status_code == 403
    assert browser.post("/clinic/details", {"name": "Mine"}).status_code == 403


def test_the_overview_says_what_is_missing_and_what_ends(app: Flask, admin: Browser, world: World) -> None:
    with app.app_context():
        db.session.execute(db.update(Credential).values(expires_on=date(2026, 4, 1)))
        db.session.execute(db.delete(WorkingHours))
        db.session.commit()
    page = admin.get("/clinic").text
    assert "ends on 1 Apr 2026" in page
    assert '<a href="/clinic/practitioners">Working hours of everybody who treats</a>' in page
    assert "ends on 1 Apr 2026" in admin.get("/clinic/practitioners").text


def details(**changes: str) -> dict[str, str]:
    return {
        "name": "Nadelpunkt",
        "email": "desk@nadel.example",
        "phone": "030 1",
        "locale": "en",
        "slot_minutes": "20",
        "hold_minutes": "15",
        "offer_minutes": "60",
        "min_rest_hours": "72",
        "summary_recipients": "a@b.example\nc@d.example",
        "summary_weekday": "4",
        "summary_at": "06:30",
        "cancel_notice_hours": "48",
        "rebooking": "request",
        "asks_check_in": "yes",
    } | changes


def test_the_details_are_changed(app: Flask, admin: Browser) -> None:
    assert send(admin, "/clinic/details", details()).status_code == 303
    row = stored(app, Clinic)
    assert (row.name, row.slot_minutes, row.offer_minutes, row.summary_minute) == ("Nadelpunkt", 20, 60, 390)
    assert row.summary_recipients == ["a@b.example", "c@d.example"]
    assert (row.cancel_notice_hours, row.rebooking, row.asks_check_in) == (48, "request", True)


@pytest.mark.parametrize(
    ("field", "entered"), [("email", "desk"), ("hold_minutes", "ten"), ("summary_at", "noon"), ("phone", "")]
)
def test_what_was_typed_stays_beside_what_is_wrong(admin: Browser, field: str, entered: str) -> None:
    answer = send(admin, "/clinic/details", details(**{field: entered}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="Nadelpunkt"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1


def test_a_stale_form_shows_both_and_is_kept_the_second_time(app: Flask, admin: Browser) -> None:
    admin.get("/clinic/details")
    answer = admin.post("/clinic/details", details(seen="an old one"))
    assert answer.status_code == 409
    assert "Stored meanwhile: Needle Point" in answer.text
    assert admin.post("/clinic/details", details(**carried(answer))).status_code == 303
    assert stored(app, Clinic).name == "Nadelpunkt"
