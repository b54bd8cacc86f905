"""GET /healthz: the process answers. GET /readyz: it can do its work."""

from functools import lru_cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from scheduler.access import public
from scheduler.extensions import db


def register(app: Flask) -> None:
    """Add both routes."""
    app.add_url_rule("/healthz", "healthz", public(healthz))
    app.add_url_rule("/readyz", "readyz", public(readyz))


def healthz() -> Response:
    """200 while the process lives; looks at nothing else."""
    return _line("ok", 200)


def readyz() -> Response:
    """200 when the database is reached and its migrations are the newest, else 503 with the reason."""
    try:
        revision = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError:
        return _line("the database is not reached, or holds no migrations", 503)
    if revision != newest_revision():
        return _line("the database needs migrations: flask --app wsgi db upgrade", 503)
    return _line("ready", 200)


@lru_cache(maxsize=1)
def newest_revision() -> str | None:
    """The revision that the code's newest migration leads to."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    return ScriptDirectory.from_config(config).get_current_head()


def _line(sentence: str, status: int) -> Response:
    return Response(sentence + "\n", status, content_type="text/plain; charset=utf-8")
