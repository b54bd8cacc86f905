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
        self.document = read_document(app)
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


class Document:
    """An OpenAPI document, ready to be held against many answers: that takes longer than most requests."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self._operations = [
            (re.compile(PREFIX + re.sub(r"{\w+}", r"[0-9]+", template.removeprefix(PREFIX))), operations)
            for template, operations in content["paths"].items()
        ]
        self._closed = deepcopy(content["components"])
        for schema in self._closed["schemas"].values():
            schema["additionalProperties"] = False
        self._validators: dict[tuple[str, bool], Draft202012Validator] = {}

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """What is documented of a method of a path below the prefix."""
        for pattern, operations in self._operations:
            if pattern.fullmatch(PREFIX + path):
                found: dict[str, Any] = operations[method.lower()]
                return found
        raise AssertionError(f"{path} is not documented")

    def problems(self, ref: str, body: Any, *, closed: bool) -> list[str]:
        """What in a body is not as a schema says; in a closed one members that are not named count as wrong."""
        if (ref, closed) not in self._validators:
            components = self._closed if closed else self.content["components"]
            self._validators[ref, closed] = Draft202012Validator({"$ref": ref, "components": components})
        return [error.message for error in self._validators[ref, closed].iter_errors(body)]


def read_document(app: Flask) -> Document:
    """The document that the application serves."""
    return _parsed(app.test_client().get(f"{PREFIX}/openapi.json").text)


@lru_cache(maxsize=4)
def _parsed(text: str) -> Document:
    return Document(json.loads(text))


def assert_documented(document: Document, method: str, path: str, response: TestResponse) -> None:
    """The status, content type and body must be as the document says; undocumented members count as wrong."""
    if response.status_code >= 400:
        assert response.content_type == "application/problem+json", response.text
        assert response.get_json()["detail"], response.text
        problem = "#/components/schemas/Problem"
        assert document.problems(problem, response.get_json(), closed=False) == []
        return
    responses = document.operation(method, path)["responses"]
    assert str(response.status_code) in responses, f"{response.status_code} is not documented"
    content = responses[str(response.status_code)].get("content")
    if content is None:
        assert response.data == b""
        return
    assert response.content_type in content
    schema = content[response.content_type]["schema"]["$ref"]
    assert document.problems(schema, response.get_json(), closed=True) == []
