"""A program that calls the API, and holds every answer against the OpenAPI document."""

import json
import re
from copy import deepcopy
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from scheduler.models.staff import Role
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.staff.api_keys import issue_api_key
from tests.factories import NOW

PREFIX = "/api/v1"


def make_key(app: Flask, role: Role = Role.RECEPTION) -> str:
    """A key of a role."""
    with app.app_context():
        return issue_api_key(f"program of {role.value}", role, actor=COMMAND, now=NOW).key


class Caller:
    """A thin layer over Flask's test client. ``call`` and its shorthands check the answer's shape."""

    def __init__(self, app: Flask, key: str | None = None) -> None:
        self.client = app.test_client()
        self.document = load_document(app)
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str, **query: Any) -> TestResponse:
        """GET with these query parameters."""
        return self.call("GET", path, query_string={name.rstrip("_"): value for name, value in query.items()})

    def post(self, path: str, body: Any = None, *, once: str | None = None) -> TestResponse:
        """POST; ``once`` is the Idempotency-Key."""
        headers = {} if once is None else {"Idempotency-Key": once}
        return self.call("POST", path, json=body, headers=headers)

    def patch(self, path: str, body: Any) -> TestResponse:
        """PATCH."""
        return self.call("PATCH", path, json=body)

    def delete(self, path: str) -> TestResponse:
        """DELETE."""
        return self.call("DELETE", path)

    def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        """Any request below the prefix."""
        if options.get("json", "") is None:
            del options["json"]
        response = self.client.open(
            PREFIX + path, method=method, headers={**self.headers, **(headers or {})}, **options
        )
        assert_documented(self.document, method, path, response)
        return response


def utc(instant: datetime) -> str:
    """As the API writes instants."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def load_document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document that the application serves."""
    return _parsed(app.test_client().get(f"{PREFIX}/openapi.json").text)


@lru_cache(maxsize=4)
def _parsed(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document


def assert_documented(document: dict[str, Any], method: str, path: str, response: TestResponse) -> None:
    """The status, content type and body must be as the document says; undocumented members count as wrong."""
    if response.status_code >= 400:
        assert response.content_type == "application/problem+json", response.text
        assert response.get_json()["detail"], response.text
        _validate(document, "#/components/schemas/Problem", response.get_json(), closed=False)
        return
    responses = _operation(document, method, path)["responses"]
    assert str(response.status_code) in responses, f"{response.status_code} is not documented"
    content = responses[str(response.status_code)].get("content")
    if content is None:
        assert response.data == b""
        return
    assert response.content_type in content
    _validate(document, content[response.content_type]["schema"]["$ref"], response.get_json(), closed=True)


def _operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    for template, operations in document["paths"].items():
        if re.fullmatch(PREFIX + re.sub(r"{\w+}", r"[0-9]+", template.removeprefix(PREFIX)), PREFIX + path):
            found: dict[str, Any] = operations[method.lower()]
            return found
    raise AssertionError(f"{path} is not documented")


def _validate(document: dict[str, Any], ref: str, body: Any, *, closed: bool) -> None:
    components = _closed(document) if closed else document["components"]
    schema = {"$ref": ref, "components": components}
    problems = [error.message for error in Draft202012Validator(schema).iter_errors(body)]
    assert problems == []


def _closed(document: dict[str, Any]) -> dict[str, Any]:
    components: dict[str, Any] = deepcopy(document["components"])
    for schema in components["schemas"].values():
        schema["additionalProperties"] = False
    return components
