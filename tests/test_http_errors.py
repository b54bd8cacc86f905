"""Every error as the one who asked can use it: problem documents, pages, fragments, plain lines."""

import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, TooManyRequests

from scheduler import errors
from scheduler.access import public
from scheduler.http_errors import STATUSES
from tests.conftest import settings_for

FAILURES: dict[str, Exception] = {
    "taken": errors.SlotTaken(busy="room"),
    "unknown": errors.NotFound(what="patient"),
    "wrong": errors.InvalidInput("That is no date.", field="born_on"),
    "busy": errors.DatabaseBusy(),
    "wait": errors.SignInBackOff(retry_after_seconds=8),
    "forbidden": errors.NotAllowed(),
    "surprise": RuntimeError("the secret is 12345"),
    "method": MethodNotAllowed(valid_methods=["GET", "HEAD"]),
    "limited": TooManyRequests(retry_after=30),
    "percent": errors.Conflict("100 % is taken."),
}


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    """An application without a database whose routes do nothing but fail."""
    from scheduler import create_app

    app = create_app(settings_for("sqlite:///:memory:"))

    @public
    def fail(name: str) -> None:
        raise FAILURES[name]

    app.add_url_rule("/api/v1/fail/<name>", "api_fail", fail)
    app.add_url_rule("/feeds/fail/<name>", "feed_fail", fail)
    yield app


def every_error(parent: type[errors.SchedulerError] = errors.SchedulerError) -> Iterator[type]:
    for child in parent.__subclasses__():
        yield child
        yield from every_error(child)


def test_every_error_has_a_status() -> None:
    assert {error.code for error in every_error()} == set(STATUSES)


def test_programs_get_a_problem_document(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/fail/taken")
    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")
    assert answer.get_json() == {
        "type": "urn:needletime:error:slot_taken",
        "title": "Conflict",
        "status": 409,
        "detail": "The room is already busy at that time.",
        "code": "slot_taken",
        "busy": "room",
    }


@pytest.mark.parametrize(
    ("name", "status", "code", "header"),
    [
        ("unknown", 404, "not_found", {}),
        ("wrong", 422, "invalid_input", {}),
        ("busy", 503, "database_busy", {"Retry-After": "2"}),
        ("wait", 429, "sign_in_back_off", {"Retry-After": "8"}),
        ("forbidden", 403, "not_allowed", {}),
        ("method", 405, "method_not_allowed", {"Allow": "GET, HEAD"}),
        ("limited", 429, "too_many_requests", {"Retry-After": "30"}),
        ("percent", 409, "conflict", {}),
    ],
)
def test_statuses_and_headers_are_kept(
    app: Flask, name: str, status: int, code: str, header: dict[str, str]
) -> None:
    answer = app.test_client().get(f"/api/v1/fail/{name}")
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert {key: answer.headers[key] for key in header} == header
    assert answer.headers["Cache-Control"] == "no-store"


def test_unknown_addresses_of_the_api_are_problems_too(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/nothing")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_field_errors_name_the_field(app: Flask) -> None:
    problem = app.test_client().get("/api/v1/fail/wrong").get_json()
    assert (problem["detail"], problem["field"]) == ("That is no date.", "born_on")
    assert problem["errors"] == {"born_on": ["That is no date."]}


def test_a_surprise_is_logged_with_its_route_and_told_calmly(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="scheduler.http_errors"):
        answer = app.test_client().get("/api/v1/fail/surprise?q=Pain")
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal_error")
    assert "12345" not in answer.text
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.__dict__["fields"] == {"method": "GET", "route": "/api/v1/fail/<name>"}


def test_calendar_clients_get_a_line_and_never_html(app: Flask) -> None:
    answer = app.test_client().get("/feeds/fail/busy")
    assert (answer.status_code, answer.content_type) == (503, "text/plain; charset=utf-8")
    assert answer.text == "The system is very busy. Nothing was changed; please try again.\n"
