"""Staff, keys of programs, and one's own password: made-up secrets are shown once."""

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import ApiKey, Staff
from tests.factories import PASSWORD
from tests.web.browser import Browser
from tests.web.settings.support import send, shown_once, stored

pytestmark = pytest.mark.usefixtures("monday")


def test_staff_are_added_with_a_password_that_is_shown_once(app: Flask, admin: Browser) -> None:
    form = {"name": "Rosa", "email": "rosa", "role": "reception"}
    password = shown_once(send(admin, "/clinic/staff/new", form), "password")
    assert Browser(app).sign_in("rosa", password).status_code == 303
    assert password not in admin.get("/clinic/staff").text


def test_staff_are_changed_disabled_and_let_in_again(app: Flask, admin: Browser) -> None:
    with app.app_context():
        number = db.session.scalar(select(Staff.id).where(Staff.email == "reception"))
    path = f"/clinic/staff/{number}"
    form = {"name": "Rita", "email": "rita", "role": "admin", "locale": "de"}
    assert send(admin, path, {**form, "role": "queen"}).status_code == 422
    assert send(admin, path, form).status_code == 303
    assert stored(app, Staff, number).role == "admin"
    admin.post(f"{path}/disable")
    assert stored(app, Staff, number).archived_at is not None
    password = shown_once(admin.post(f"{path}/password"), "password")
    assert Browser(app).sign_in("rita", password).status_code == 303


def test_the_last_administrator_stays(app: Flask, admin: Browser) -> None:
    with app.app_context():
        number = db.session.scalar(select(Staff.id).where(Staff.email == "admin"))
    form = {"name": "Ada", "email": "admin", "role": "reception"}
    answer = send(admin, f"/clinic/staff/{number}", form)
    assert answer.status_code == 409
    assert 'id="role-error"' in answer.text
    admin.post(f"/clinic/staff/{number}/disable")
    assert "is the last administrator" in admin.get("/clinic/staff").text


def test_keys_are_shown_once_and_revoked(app: Flask, admin: Browser) -> None:
    key = shown_once(send(admin, "/clinic/keys", {"name": "till", "role": "reception"}), "key")
    headers = {"Authorization": f"Bearer {key}"}
    assert app.test_client().get("/api/v1/patients", headers=headers).status_code == 200
    assert key not in admin.get("/clinic/keys").text
    assert send(admin, "/clinic/keys", {"name": "till", "role": "reception"}).status_code == 409
    assert send(admin, "/clinic/keys", {"name": "", "role": "nobody"}).status_code == 422
    admin.post("/clinic/keys/revoke", {"name": "till"})
    assert stored(app, ApiKey).revoked_at is not None
    assert app.test_client().get("/api/v1/patients", headers=headers).status_code == 401


def test_ones_own_password_is_changed_on_the_account_page(app: Flask, desk: Browser) -> None:
    other = Browser(app)
    other.sign_in()
    form = {"present": PASSWORD, "password": "another password", "repeated": "another password"}
    wrong = desk.post("/account/password", {**form, "present": "wrong"})
    assert wrong.status_code == 422
    assert 'id="present-hint" class="error"' in wrong.text
    differs = desk.post("/account/password", {**form, "repeated": "an other password"})
    assert 'id="repeated-hint" class="error"' in differs.text
    assert desk.post("/account/password", form).location == "/account"
    assert desk.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert Browser(app).sign_in("reception", "another password").status_code == 303
