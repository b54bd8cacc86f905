"""The OpenAPI document, and the page that shows it."""

from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask_smorest import Api
from flask_smorest.spec.plugins import FlaskPlugin

from scheduler.access import public
from scheduler.api.answers import KIND, encode
from scheduler.api.routes import BLUEPRINT_PREFIX, PREFIX, heading

PROBLEM_KIND = "application/problem+json"
BEARER = "api_key"
DESCRIPTION = """\
Send `Authorization: Bearer <key>` with every request; `flask --app wsgi api-key issue NAME --role ROLE` makes a key.
Instants are UTC with `Z`, dates `YYYY-MM-DD`; text holds no control characters. Lists come in pages. Errors are
problem documents (RFC 9457) whose `code` is stable. A POST that makes something takes an `Idempotency-Key`.
"""
OPTIONS: dict[str, Any] = {
    "title": "Needletime",
    "version": "1",
    "openapi_version": "3.1.0",
    "info": {"description": DESCRIPTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
    "security": [{BEARER: []}],
}
DOCUMENT = "needletime_openapi"

pages = Blueprint("api_document", __name__, url_prefix=PREFIX, template_folder="templates")


def register(app: Flask, api: Api) -> None:
    """Serve the document of everything that is registered with ``api`` by now."""
    api.spec.components.security_scheme(BEARER, {"type": "http", "scheme": "bearer"})
    app.extensions[DOCUMENT] = encode(_completed(api.spec.to_dict(), _operation_ids(app)))
    app.register_blueprint(pages)


@pages.get("/openapi.json")
@public
def openapi() -> Response:
    """The OpenAPI document."""
    response = Response(current_app.extensions[DOCUMENT], content_type=KIND)
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    return response.make_conditional(request)


@pages.get("/docs")
@public
def docs() -> str:
    """The document as a page on which requests can be tried."""
    return render_template("api_docs.html")


def _completed(document: dict[str, Any], operation_ids: dict[tuple[str, str], str]) -> dict[str, Any]:
    """The document with what flask-smorest does not say: names of operations, headings, how errors are sent."""
    components = document["components"]
    components["schemas"].pop("PaginationMetadata")
    components["responses"]["DEFAULT_ERROR"]["description"] = "What went wrong, as a problem document."
    for response in components["responses"].values():
        response["content"][PROBLEM_KIND] = response["content"].pop(KIND)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                operation["operationId"] = operation_ids[path, method]
                operation["tags"] = [heading(name) for name in operation["tags"]]
    for tag in document["tags"]:
        tag["name"] = heading(tag["name"])
    return document


def _operation_ids(app: Flask) -> dict[tuple[str, str], str]:
    """(path, method) -> the name of the function that answers."""
    return {
        (FlaskPlugin.flaskpath2openapi(rule.rule), method.lower()): rule.endpoint.partition(".")[2]
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(BLUEPRINT_PREFIX)
        for method in rule.methods or ()
    }
