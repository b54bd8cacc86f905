"""The OpenAPI document and its page."""

import re
from pathlib import Path

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.routing import Rule

from scheduler.access import DESK, EVERYBODY, PERMISSIONS
from scheduler.models.staff import Role
from tests.api.support import PREFIX, Caller, read_document

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""The document knows nothing of databases."""
DOCS = Path(__file__).parent.parent.parent / "docs" / "api.md"


def test_document_is_valid_openapi(app: Flask) -> None:
    assert [
        error.message for error in OpenAPIV31SpecValidator(read_document(app).content).iter_errors()
    ] == []


def test_every_route_of_the_api_is_documented(app: Flask) -> None:
    routes = {
        (re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX) and not rule.endpoint.startswith("api_document.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    documented = {
        (path, method)
        for path, operations in read_document(app).content["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert documented == routes


def test_every_operation_has_a_name_of_its_own_and_a_summary(app: Flask) -> None:
    operations = [
        operation
        for path in read_document(app).content["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    ]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert [operation for operation in operations if not operation["summary"]] == []


def test_document_is_revalidated_by_etag(app: Flask) -> None:
    client = app.test_client()
    first = client.get(f"{PREFIX}/openapi.json")
    again = client.get(f"{PREFIX}/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")


def test_docs_page_loads_everything_from_here_and_holds_no_inline_script(app: Flask) -> None:
    page = app.test_client().get(f"{PREFIX}/docs").text
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == ["", ""]
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert [address for address in addresses if not address.startswith("/")] == []
    assert "style=" not in page


def test_each_answer_of_a_caller_is_held_against_the_document(desk: Caller) -> None:
    assert desk.get("/practitioners").status_code == 200


def test_docs_list_every_operation_and_who_may_call_it(app: Flask) -> None:
    listed = re.findall(r"^\| `(\w+) (/\S+)` \| .+ \| (\w+) \|$", DOCS.read_text(), re.MULTILINE)
    names = {EVERYBODY: "everybody", DESK: "desk", PERMISSIONS["clinic.write"]: "admin"}
    offered = [
        (method, re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule.removeprefix(PREFIX)), names[_roles(app, rule)])
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX) and not rule.endpoint.startswith("api_document.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    ]
    assert sorted(listed) == sorted(offered)


def _roles(app: Flask, rule: Rule) -> frozenset[Role]:
    return PERMISSIONS[vars(app.view_functions[rule.endpoint])["guarded_by"]]
