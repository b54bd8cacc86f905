"""Every route has a guard, and lets in exactly those whom the table of permissions names."""

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from scheduler import clock, create_app
from scheduler.access import PERMISSIONS
from scheduler.extensions import db
from scheduler.models import ApiKey, BrowserSession
from scheduler.models.staff import Role
from tests.conftest import settings_for, skip_flushing
from tests.factories import NOW, make_staff, make_world, save

SECRETS = {role: f"the secret of {role.value}" for role in Role}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def make_app(database_url: str) -> Flask:
    app = create_app(settings_for(database_url, DEV_INBOX="/nonexistent"))
    app.config["TESTING"] = True
    return app


def views(app: Flask) -> Iterator[tuple[Rule, str, Callable[..., Any]]]:
    """Every (rule, method, view) of the application; the methods of a class count one by one."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        for method in sorted(rule.methods & set(METHODS)):
            handler = getattr(getattr(view, "view_class", None), method.lower(), view)
            yield rule, method, handler


ROUTES = [
    pytest.param(rule, method, getattr(view, "guarded_by", None), id=f"{method} {rule.rule}")
    for rule, method, view in views(make_app("sqlite:///:memory:"))
]


@pytest.fixture(scope="module")
def guarded_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application with the small clinic and a person and a key in every role."""
    app = make_app(f"sqlite:///{tmp_path_factory.mktemp('guards')}/test.db")
    with app.app_context():
        event.listen(db.engine, "connect", skip_flushing)
        upgrade()
        make_world()
        for role in Role:
            make_staff(role)
            hashed = hashlib.sha256(SECRETS[role].encode()).hexdigest()
            save(ApiKey(name=role.value, key_hash=hashed, role=role.value, created_at=NOW))
    return app


@pytest.fixture
def client(guarded_app: Flask) -> FlaskClient:
    now = clock.now()
    with guarded_app.app_context():
        db.session.query(BrowserSession).delete()
        sessions = [
            BrowserSession(
                token_hash=hashlib.sha256(SECRETS[role].encode()).hexdigest(),
                staff_id=number,
                created_at=now,
                expires_at=now + timedelta(hours=1),
                last_seen_at=now,
            )
            for number, role in enumerate(Role, start=1)
        ]
        save(*sessions)
    return guarded_app.test_client()


def call(client: FlaskClient, rule: Rule, method: str, role: Role | None) -> TestResponse:
    """Call a route as somebody, with 1 for every number and x for every word in its address."""
    path = re.sub(r"<(int|row):[^>]+>", "1", rule.rule)
    path = re.sub(r"<[^>]+>", "x", path)
    headers = {}
    client.delete_cookie("desk")
    if method != "GET":
        form = client.get("/sign-in").text
        headers["X-CSRFToken"] = form.split('name="csrf_token" value="')[1].split('"')[0]
    if role is not None and path.startswith("/api/"):
        headers["Authorization"] = f"Bearer {SECRETS[role]}"
    elif role is not None:
        client.set_cookie("desk", SECRETS[role])
    return client.open(path, method=method, headers=headers)


def test_every_route_is_guarded_or_marked_public() -> None:
    unguarded = [route.id for route in ROUTES if route.values[2] not in {*PERMISSIONS, "public"}]
    assert (unguarded, len(ROUTES) > 300) == ([], True)


@pytest.mark.parametrize(("rule", "method", "permission"), ROUTES)
def test_a_route_lets_in_exactly_those_whom_the_table_names(
    client: FlaskClient, rule: Rule, method: str, permission: str
) -> None:
    """Nobody is sent to sign in or told to; a role is refused with 403 or gets an answer of the view."""
    nobody = call(client, rule, method, None)
    answers = {role: call(client, rule, method, role) for role in Role}
    statuses = {role: answer.status_code for role, answer in answers.items()}
    if permission == "public":
        assert nobody.status_code != 403
        assert [role for role, status in statuses.items() if status in {403, 500}] == []
        return
    if rule.rule.startswith("/api/"):
        assert (nobody.status_code, nobody.get_json()["code"]) == (401, "not_signed_in")
    else:
        assert (nobody.status_code, nobody.location.split("?")[0]) == (303, "/sign-in")
    assert {role for role, status in statuses.items() if status != 403} == PERMISSIONS[permission]
    assert {401, 500}.isdisjoint(statuses.values())
    assert [role for role, answer in answers.items() if (answer.location or "").startswith("/sign-in")] == []


def test_the_desk_cookie_opens_nothing_of_the_api(client: FlaskClient) -> None:
    client.set_cookie("desk", SECRETS[Role.ADMIN])
    assert {client.open("/api/v1/patients", method=method).status_code for method in ("GET", "POST")} <= {
        401,
        404,
        405,
    }


def test_public_routes_are_few_and_known() -> None:
    public = {
        f"{method} {rule.rule}"
        for rule, method, view in views(make_app("sqlite:///:memory:"))
        if getattr(view, "guarded_by", None) == "public"
    }
    assert public == {
        "GET /api/v1/docs",
        "GET /api/v1/openapi.json",
        "GET /feeds/<token>.ics",
        "GET /healthz",
        "GET /o/<secret>",
        "GET /p/<secret>",
        "GET /p/<secret>/appointments/<int:appointment_id>.ics",
        "GET /p/<secret>/appointments/<int:appointment_id>/times",
        "GET /p/<secret>/stop/<name>",
        "POST /p/<secret>/appointments/<int:appointment_id>/cancel",
        "POST /p/<secret>/appointments/<int:appointment_id>/check-in",
        "POST /p/<secret>/appointments/<int:appointment_id>/confirm",
        "POST /p/<secret>/appointments/<int:appointment_id>/times",
        "POST /p/<secret>/calendar/<any(Google, Apple, Outlook, Other):name>",
        "POST /p/<secret>/offers/<int:turn_id>/<any(accept, decline):answer>",
        "POST /p/<secret>/language",
        "POST /p/<secret>/preferences",
        "POST /p/<secret>/stop/<name>",
        "GET /readyz",
        "GET /setup",
        "GET /sign-in",
        "GET /static/<path:filename>",
        "POST /choices",
        "POST /o/<secret>/accept",
        "POST /o/<secret>/decline",
        "POST /setup",
        "POST /sign-in",
        "POST /sign-out",
    }
