"""The sign-in page, the session cookie, and what it protects."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from scheduler import clock
from scheduler.models.staff import Role
from scheduler.web.links import local_path
from tests.factories import PASSWORD
from tests.web.browser import Browser


def test_signing_in_leads_to_where_one_wanted_to_go(stranger: Browser) -> None:
    asked = stranger.get("/patients?q=pin")
    assert (asked.status_code, asked.location) == (303, "/sign-in?next=/patients?q%3Dpin")
    assert 'name="next" value="/patients?q=pin"' in stranger.get(asked.location).text
    answer = stranger.post(
        "/sign-in", {"email": "reception", "password": PASSWORD, "next": "/patients?q=pin"}
    )
    assert (answer.status_code, answer.location) == (303, "/patients?q=pin")
    assert stranger.get("/patients?q=pin").status_code == 200


@pytest.mark.parametrize(
    ("target", "followed"),
    [
        ("/patients?q=a%20b", "/patients?q=a%20b"),
        ("/", "/"),
        (None, "/"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example", "/"),
        ("/%2f\r\nSet-Cookie: a=b", "/"),
        ("javascript:alert(1)", "/"),
        ("patients", "/"),
        ("/\u2028", "/"),
    ],
)
def test_only_paths_of_this_site_are_followed(target: str | None, followed: str) -> None:
    assert local_path(target) == followed


def test_a_refusal_shows_the_form_again_without_the_password(stranger: Browser) -> None:
    answer = stranger.sign_in("reception", "a wrong secret")
    assert answer.status_code == 401
    assert "That email address and password do not belong together." in answer.text
    assert 'value="reception"' in answer.text
    assert "a wrong secret" not in answer.text


def test_too_many_failures_are_told_when_to_try_again(stranger: Browser) -> None:
    for _ in range(5):
        stranger.sign_in("reception", "wrong")
    answer = stranger.sign_in()
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) in {1, 2}


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(stranger: Browser) -> None:
    (cookie,) = [
        line for line in stranger.sign_in().headers.getlist("Set-Cookie") if line.startswith("desk=")
    ]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert len(cookie.split(";")[0].removeprefix("desk=")) == 43


def test_every_sign_in_gets_a_new_secret(stranger: Browser, app: Flask) -> None:
    secrets = set()
    for _ in range(2):
        stranger.sign_in()
        secrets.add(stranger.client.get_cookie("desk").value)
        stranger.post("/sign-out")
    assert len(secrets) == 2


def test_an_unknown_secret_is_nobody(stranger: Browser) -> None:
    stranger.client.set_cookie("desk", "x" * 43)
    assert stranger.get("/patients").status_code == 303


def test_signing_out_ends_the_session_at_the_server(desk: Browser, app: Flask) -> None:
    stolen = Browser(app)
    stolen.client.set_cookie("desk", desk.client.get_cookie("desk").value)
    assert stolen.get("/account").status_code == 200
    assert desk.post("/sign-out").status_code == 303
    assert desk.client.get_cookie("desk") is None
    assert stolen.get("/account").status_code == 303


def test_a_session_unused_for_twelve_hours_is_over(desk: Browser) -> None:
    with time_machine.travel(clock.now() + timedelta(hours=12, seconds=2), tick=False):
        assert desk.get("/account").status_code == 303


def test_one_sees_and_revokes_ones_other_browsers(desk: Browser, app: Flask) -> None:
    other = Browser(app)
    other.sign_in()
    page = desk.get("/account").text
    assert page.count("This browser") == 1
    (path,) = {part.split('"')[0] for part in page.split('action="')[1:] if "/revoke" in part.split('"')[0]}
    assert desk.post(path).status_code == 303
    assert "That browser is signed out." in desk.get("/account").text
    assert other.get("/account").status_code == 303
    assert desk.get("/account").status_code == 200


def test_a_form_without_its_token_changes_nothing(desk: Browser) -> None:
    answer = desk.post("/sign-out", {"csrf_token": ""})
    assert (answer.status_code, desk.get("/account").status_code) == (400, 200)
    assert "This form is out of date." in answer.text


@pytest.mark.parametrize(
    ("referrer", "location"),
    [
        ("http://localhost/patients/new?q=Paula", "/sign-in?next=/patients/new?q%3DPaula"),
        ("http://evil.example/patients/new", "/sign-in"),
        ("", "/sign-in"),
    ],
)
def test_a_form_sent_after_the_session_ended_asks_to_sign_in(
    desk: Browser, referrer: str, location: str
) -> None:
    desk.client.delete_cookie("desk")
    answer = desk.post("/patients/new", {"given_name": "Paula"}, Referer=referrer)
    assert (answer.status_code, answer.location) == (303, location)


def test_htmx_is_sent_to_the_sign_in_page_as_a_whole(stranger: Browser) -> None:
    answer = stranger.get("/patients?q=p", HX_Request="true", HX_Current_URL="http://localhost/patients?q=")
    assert (answer.status_code, answer.text) == (401, "")
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/patients?q%3D"


@pytest.mark.parametrize("role", Role)
def test_everybody_starts_at_the_first_page_of_their_navigation(stranger: Browser, role: Role) -> None:
    stranger.sign_in(role.value)
    first = stranger.get("/")
    assert first.status_code == 302
    assert stranger.get(first.location).status_code == 200


def test_choices_of_theme_and_location_stay_in_the_browser(desk: Browser) -> None:
    answer = desk.post("/choices", {"theme": "dark", "next": "/account"})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert 'data-theme="dark"' in desk.get("/account").text
    desk.post("/choices", {"theme": "<script>", "place": "²", "next": "//evil.example"})
    assert 'data-theme="dark"' in desk.get("/account").text


def test_a_person_chooses_the_language_of_their_screens(desk: Browser) -> None:
    answer = desk.post("/account/language", {"locale": "de"})
    assert (answer.status_code, answer.location) == (303, "/account")
    page = desk.get("/account").text
    assert ('lang="de"' in page, "Ihre Sprache ist geändert." in page) == (True, True)
    desk.post("/account/language", {"locale": ""})
    assert 'lang="en-GB"' in desk.get("/account").text
    assert desk.post("/account/language", {"locale": "xx"}).status_code == 422
