"""The first start in the browser: everything leads to the set-up page, and the set-up page leads on."""

import pytest
from flask import Flask

from scheduler.readiness import SET_UP
from scheduler.usecases.clinic.first_setup import setup_code
from tests.factories import make_clinic
from tests.web.browser import Browser

ENTERED = {
    "clinic": "Nadelpunkt",
    "email": "desk@nadel.example",
    "phone": "030 1234",
    "locale": "en",
    "location": "Mitte",
    "rooms": "2",
    "address": "Torstraße 1",
    "zone": "Europe/Berlin",
    "admin_name": "Ada",
    "admin_email": "ada",
    "password": "a good password",
    "repeated": "a good password",
}


@pytest.fixture
def nowhere(app: Flask) -> Browser:
    """A browser at a service without a clinic."""
    app.config[SET_UP] = False
    return Browser(app)


def code(app: Flask) -> str:
    return setup_code(app.config["SETTINGS"].secret_key)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/diary", "/clinic/staff", "/patients/1"])
def test_every_screen_leads_to_the_set_up(nowhere: Browser, path: str) -> None:
    answer = nowhere.get(path)
    assert (answer.status_code, answer.location) == (303, "/setup")
    assert nowhere.get(path, HX_Request="true").headers["HX-Redirect"] == "/setup"


def test_programs_are_told_where_it_is_set_up(nowhere: Browser) -> None:
    answer = nowhere.client.get("/api/v1/patients")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "not_set_up")
    assert answer.get_json()["address"] == "http://127.0.0.1:8000/setup"


def test_health_is_answered_as_ever(nowhere: Browser) -> None:
    assert [nowhere.client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_setting_up_signs_the_administrator_in(app: Flask, nowhere: Browser) -> None:
    nowhere.get("/setup")
    answer = nowhere.post("/setup", {**ENTERED, "code": code(app)})
    assert (answer.status_code, answer.location) == (303, "/clinic")
    page = nowhere.get("/clinic")
    assert page.status_code == 200
    assert "Nadelpunkt is set up." in page.text


def test_what_was_typed_is_kept_but_for_passwords(app: Flask, nowhere: Browser) -> None:
    nowhere.get("/setup")
    answer = nowhere.post("/setup", {**ENTERED, "code": code(app), "zone": "Nowhere"})
    assert answer.status_code == 422
    assert 'value="Nadelpunkt"' in answer.text
    assert "Torstraße 1" in answer.text
    assert 'id="zone-error"' in answer.text
    assert "a good password" not in answer.text


@pytest.mark.parametrize(
    ("field", "changes"),
    [("code", {"code": "wrong"}), ("repeated", {"repeated": "another"}), ("rooms", {"rooms": "many"})],
)
def test_what_is_wrong_stands_beside_its_field(
    app: Flask, nowhere: Browser, field: str, changes: dict[str, str]
) -> None:
    nowhere.get("/setup")
    answer = nowhere.post("/setup", {**ENTERED, "code": code(app), **changes})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert nowhere.get("/").location == "/setup"


def test_guessing_has_to_wait(nowhere: Browser) -> None:
    nowhere.get("/setup")
    statuses = [nowhere.post("/setup", {**ENTERED, "code": "guess"}) for _ in range(6)]
    assert [answer.status_code for answer in statuses] == [422] * 5 + [429]
    assert 1 <= int(statuses[-1].headers["Retry-After"]) <= 2


def test_another_process_notices_the_clinic_and_the_code_is_dead(app: Flask, nowhere: Browser) -> None:
    nowhere.get("/setup")
    with app.app_context():
        make_clinic()
    answer = nowhere.post("/setup", {**ENTERED, "code": code(app)})
    assert (answer.status_code, answer.location) == (303, "/")
    assert nowhere.get("/sign-in").status_code == 200


def test_a_forged_form_sets_nothing_up(app: Flask, nowhere: Browser) -> None:
    answer = nowhere.client.post("/setup", data={**ENTERED, "code": code(app)})
    assert answer.status_code == 400
    assert nowhere.get("/").location == "/setup"
