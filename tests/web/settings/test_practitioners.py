"""Practitioners and their credentials: added with hours, changed, archived, brought back."""

from datetime import date

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import Credential, Practitioner
from tests.web.browser import Browser
from tests.web.settings.support import send, stored

pytestmark = pytest.mark.usefixtures("monday")


def test_a_practitioner_is_added_and_can_be_booked(app: Flask, admin: Browser) -> None:
    form = {"given_name": "Nina", "family_name": "Nadel", "location_id": "1", "hours_from": "2026-03-02"}
    form |= {"hours_0": "9-12, 13.00–17:30", "issued_on": "2020-01-01", "issuer": "Board"}
    answer = send(admin, "/clinic/practitioners/new", form)
    assert answer.location == "/clinic/practitioners/2"
    with app.app_context():
        row = db.session.get_one(Practitioner, 2)
        spans = sorted((hours.starts_minute, hours.ends_minute) for hours in row.working_hours)
        assert (row.name, [held.issuer for held in row.credentials]) == ("Nina Nadel", ["Board"])
    assert spans == [(540, 720), (780, 1050)]


def test_a_form_sent_twice_adds_one(app: Flask, admin: Browser) -> None:
    person = {"given_name": "Nina", "family_name": "Nadel", "location_id": "1", "hours_0": "9-12"}
    credential = {"kind": "dry_needling", "issued_on": "2026-01-01"}
    for _ in range(2):
        answer = send(admin, "/clinic/practitioners/new", {**person, "form_key": "one"})
        assert answer.location == "/clinic/practitioners/2"
        send(admin, "/clinic/practitioners/2/credentials/new", {**credential, "form_key": "two"})
    with app.app_context():
        assert db.session.query(Practitioner).count() == 2
        assert db.session.query(Credential).where(Credential.practitioner_id == 2).count() == 1


@pytest.mark.parametrize(
    ("field", "line"),
    [("hours_2", "morning"), ("hours_2", "12:00-09:00"), ("hours_2", "09:01-12"), ("hours_2", "9-12, 11-13")],
)
def test_hours_that_cannot_be_read_are_told_beside_their_day(admin: Browser, field: str, line: str) -> None:
    form = {"given_name": "Nina", "family_name": "Nadel", "location_id": "1", field: line}
    answer = send(admin, "/clinic/practitioners/new", form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert f'value="{line}"' in answer.text
    assert 'value="Nina"' in answer.text


def test_a_practitioner_is_changed_archived_and_brought_back(app: Flask, admin: Browser) -> None:
    form = {"given_name": "Petra", "family_name": "Nadel", "email": "", "colour": "#112233", "locale": ""}
    assert send(admin, "/clinic/practitioners/1", {**form, "day_list_at": "early"}).status_code == 422
    assert send(admin, "/clinic/practitioners/1", form).status_code == 303
    row = stored(app, Practitioner)
    assert (row.name, row.email, row.colour, row.locale) == ("Petra Nadel", None, "#112233", None)
    admin.post("/clinic/practitioners/1/archive")
    assert stored(app, Practitioner).archived_at is not None
    admin.post("/clinic/practitioners/1/restore")
    assert stored(app, Practitioner).archived_at is None


def test_credentials_are_added_changed_and_deleted(app: Flask, admin: Browser) -> None:
    path = "/clinic/practitioners/1/credentials/new"
    form = {"kind": "dry_needling", "issued_on": "2026-01-01", "training_hours": "80"}
    assert send(admin, path, {**form, "issued_on": "yesterday"}).status_code == 422
    assert send(admin, path, form).status_code == 303
    assert send(admin, "/clinic/credentials/2", {**form, "expires_on": "2028-01-01"}).status_code == 303
    assert stored(app, Credential, 2).expires_on == date(2028, 1, 1)
    admin.post("/clinic/credentials/2/delete")
    assert stored(app, Credential, 2) is None
