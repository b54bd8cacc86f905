"""Who may call: keys, not cookies; roles as the table of permissions says (see also test_guards.py)."""

import pytest
from flask import Flask

from scheduler.models.staff import Role
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.staff.api_keys import revoke_api_key
from tests.api.support import Caller, make_key
from tests.factories import NOW, World


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer ntk_unknown",
        "Basic dXNlcjpwYXNz",
        "ntk_bare",
        "Bearer \xe9\xff",
    ],
)
def test_without_a_known_key_nothing_is_shown(app: Flask, world: World, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = Caller(app).call("GET", "/patients", headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (401, "not_signed_in")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_scheme_is_read_without_regard_to_case(app: Flask, world: World) -> None:
    headers = {"Authorization": f"bearer   {make_key(app)}"}
    assert Caller(app).call("GET", "/patients", headers=headers).status_code == 200


def test_revoked_key_opens_nothing(app: Flask, desk: Caller) -> None:
    with app.app_context():
        revoke_api_key("program of reception", actor=COMMAND, now=NOW)
    assert desk.get("/patients").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/patients"),
        ("PATCH", "/patients/1"),
        ("POST", "/patients/1/feed-tokens"),
        ("GET", "/patients/1/feed-tokens"),
        ("DELETE", "/feed-tokens/1"),
        ("GET", "/messages"),
    ],
)
def test_practitioners_leave_the_desk_its_work(practitioner: Caller, method: str, path: str) -> None:
    response = practitioner.call(method, path)
    assert (response.status_code, response.get_json()["code"]) == (403, "not_allowed")


def test_input_is_not_looked_at_before_the_key(app: Flask, world: World) -> None:
    response = Caller(app).call("POST", "/appointments", data="{", content_type="application/json")
    assert response.status_code == 401


@pytest.mark.parametrize("role", Role)
def test_every_role_reads_the_diary(app: Flask, world: World, role: Role) -> None:
    assert Caller(app, make_key(app, role)).get("/appointments").status_code == 200
