"""Error code -> HTTP status, and how an error is told: a problem document, a page, or a part of a page.

Programs (/api) get application/problem+json (RFC 9457), calendar clients and probes one line of text, people a
page in the desk's look, and htmx a fragment that it puts where the result would have been.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from scheduler.errors import DatabaseBusy, NotSetUp, NotSignedIn, SchedulerError
from scheduler.extensions import db
from scheduler.readiness import SETUP_PATH, clinic_is_set_up
from scheduler.wording.errors import error_sentence

log = logging.getLogger(__name__)

STATUSES: dict[str, int] = {
    "not_found": 404,
    "invalid_input": 422,
    "not_allowed": 403,
    "not_signed_in": 401,
    "not_set_up": 503,
    "sign_in_refused": 401,
    "sign_in_back_off": 429,
    "too_many_tries": 429,
    "slot_taken": 409,
    "slot_held": 409,
    "no_room_free": 409,
    "series_taken": 409,
    "needs_override": 409,
    "stale_version": 409,
    "illegal_transition": 409,
    "conflict": 409,
    "idempotency_key_reused": 422,
    "database_busy": 503,
}
"""error code -> status; a code that is missing here is our mistake and answered with 500."""

SENTENCES = {
    400: _l("The browser sent something that cannot be understood. Go back, reload the page and try again."),
    404: _l("There is no such page."),
    405: _l("That page cannot be used in this way."),
    413: _l("That is more than one form may hold."),
}
"""status -> what people read; programs get the technical words."""

RETRY = {"Retry-After": "2"}
OUR_SQL = "SQLITE_ERROR"
"""How SQLite calls a mistake in a statement, which is an OperationalError all the same."""
SURPRISE = "Something went wrong here. It has been noted; please try again."
PROGRAM_PREFIX = "/api/"
PLAIN_PREFIXES = ("/feeds/", "/healthz", "/readyz", "/static/")


@dataclass(frozen=True)
class Problem:
    """An error on its way out; ``sentence`` is already in the reader's language."""

    status: int
    code: str
    sentence: str
    details: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The short English name of the status."""
        return HTTPStatus(self.status).phrase


def register(app: Flask) -> None:
    """Answer every error of this application. Call after flask-smorest's Api(app), whose handler this replaces."""
    app.register_error_handler(SchedulerError, _on_scheduler_error)
    app.register_error_handler(HTTPException, _on_http_exception)
    app.register_error_handler(Exception, _on_surprise)


def _on_scheduler_error(error: SchedulerError) -> Response:
    if isinstance(error, NotSignedIn) and not _for_programs():
        return _ask_to_sign_in()
    if isinstance(error, NotSignedIn) and not clinic_is_set_up():
        error = NotSetUp(address=current_app.config["SETTINGS"].base_url + SETUP_PATH)
    problem = problem_of(error)
    if problem.status >= 500:
        log.warning("%s", error.code, extra={"fields": _where()})
    return answer(problem)


def problem_of(error: SchedulerError) -> Problem:
    """The problem to show for a domain error; ``details`` become extension members, a ``field`` one of ``errors``."""
    headers: dict[str, str] = {}
    if error.code == "database_busy":
        headers |= RETRY
    if "retry_after_seconds" in error.details:
        headers["Retry-After"] = str(error.details["retry_after_seconds"])
    if error.code == "not_signed_in":
        headers["WWW-Authenticate"] = "Bearer"
    details = dict(error.details)
    if "field" in details:
        details.setdefault("errors", {str(details["field"]): [say(error)]})
    return Problem(STATUSES.get(error.code, 500), error.code, say(error), details, headers)


def say(error: SchedulerError) -> str:
    """The error's sentence in the reader's language (English for programs)."""
    if _for_programs():
        return str(error)
    return error_sentence(error, gettext)


def _on_http_exception(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    headers = {
        name: value
        for name, value in error.get_headers()
        if name.lower() not in {"content-type", "content-length"}
    }
    code = error.name.lower().replace(" ", "_")
    return answer(Problem(error.code, code, _sentence_for(error), {}, headers))


def _sentence_for(error: HTTPException) -> str:
    if isinstance(error, CSRFError):
        return gettext("This form is out of date. Go back, reload the page and try again.")
    technical = str(error.description or error.name)
    return technical if _for_programs() else str(SENTENCES.get(error.code or 0, technical))


def _on_surprise(error: Exception) -> Response:
    """Our own mistake (500), or a database that does not answer (503). The page must not need the database then."""
    log.error("unexpected error", exc_info=error, extra={"fields": _where()})
    away = isinstance(error, OperationalError) and getattr(error.orig, "sqlite_errorname", "") != OUR_SQL
    status, code, headers = (503, "database_busy", RETRY) if away else (500, "internal_error", {})
    sentence = DatabaseBusy.sentence if away else SURPRISE
    try:
        db.session.rollback()
        return answer(Problem(status, code, sentence if _for_programs() else gettext(sentence), {}, headers))
    except SQLAlchemyError:
        return Response(sentence + "\n", status, headers, content_type="text/plain; charset=utf-8")


def _where() -> dict[str, object]:
    """Which route was asked for: the pattern, never the address."""
    return {"method": request.method, "route": str(request.url_rule)}


def _for_programs() -> bool:
    return request.path.startswith(PROGRAM_PREFIX)


def _ask_to_sign_in() -> Response:
    """Send a browser to the sign-in page and, afterwards, back to the page it was on."""
    address = url_for("sign_in.form", next=_page_shown())
    if "HX-Request" in request.headers:
        return Response("", 401, {"HX-Redirect": address, "Cache-Control": "no-store"})
    return make_response(redirect(address, 303))


def _page_shown() -> str | None:
    """The page that was asked for; for a form or htmx, the one that they are on."""
    if request.method == "GET" and "HX-Request" not in request.headers:
        return request.full_path.removesuffix("?")
    shown = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    return f"{shown.path}?{shown.query}".removesuffix("?") if shown.netloc == request.host else None


def answer(problem: Problem) -> Response:
    """The problem in the form that who asks can use."""
    if _for_programs():
        members = {
            "type": f"urn:needletime:error:{problem.code}",
            "title": problem.title,
            "status": problem.status,
            "detail": problem.sentence,
            "code": problem.code,
        }
        body = json.dumps({**problem.details, **members}, default=str)
        response = Response(body, content_type="application/problem+json")
    elif request.path.startswith(PLAIN_PREFIXES):
        response = Response(problem.sentence + "\n", content_type="text/plain; charset=utf-8")
    elif "HX-Request" in request.headers:
        response = make_response(render_template("error_fragment.html", problem=problem))
    else:
        response = make_response(render_template("error.html", problem=problem))
    response.status_code = problem.status
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response
