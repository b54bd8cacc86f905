"""GET /healthz: the process answers. GET /readyz: it can do its work."""

from flask import Flask, Response, current_app
from sqlalchemy.exc import SQLAlchemyError

from scheduler.access import public
from scheduler.usecases.doctor import missing_guards, newest_revision, stored_revision

GUARDS_HOLD = "OVERLAP_GUARDS_HOLD"


def register(app: Flask) -> None:
    """Add both routes."""
    app.add_url_rule("/healthz", "healthz", public(healthz))
    app.add_url_rule("/readyz", "readyz", public(readyz))


def healthz() -> Response:
    """200 while the process lives; looks at nothing else."""
    return _line("ok", 200)


def readyz() -> Response:
    """200 when the database is reached, its migrations are the newest and its guards hold, else 503 with why."""
    try:
        revision = stored_revision()
    except SQLAlchemyError:
        return _line("the database is not reached", 503)
    if revision != newest_revision():
        return _line("the database needs migrations: flask --app wsgi db upgrade", 503)
    if not _guards_hold():
        return _line("the database would accept double bookings: flask --app wsgi doctor says more", 503)
    return _line("ready", 200)


def _guards_hold() -> bool:
    """Whether the database refuses double bookings; tried out once per process, as a try costs a write."""
    if not current_app.config.get(GUARDS_HOLD):
        current_app.config[GUARDS_HOLD] = not missing_guards()
    return bool(current_app.config[GUARDS_HOLD])


def _line(sentence: str, status: int) -> Response:
    return Response(sentence + "\n", status, content_type="text/plain; charset=utf-8")
