"""What every page has in common: headers, error pages, languages, static files, health."""

import gzip
import re
from collections.abc import Callable, Iterable

import pytest
from flask import Flask
from sqlalchemy import text

from scheduler import create_app
from scheduler.extensions import db
from scheduler.health import GUARDS_HOLD
from scheduler.models import overlap_guard
from scheduler.web import static_files
from tests.conftest import settings_for
from tests.web.browser import Browser


def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(desk: Browser) -> None:
    answer = desk.get("/patients")
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_pages_are_kept_by_nobody(desk: Browser) -> None:
    headers = desk.get("/patients").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


def test_https_is_insisted_on_where_the_desk_is_opened_by_it() -> None:
    app = create_app(settings_for("sqlite:///:memory:", BASE_URL="https://desk.example.org"))
    answer = app.test_client().get("/healthz")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    with app.test_request_context():
        from scheduler.web import session

        assert session.cookie_name() == "__Host-desk"
        assert app.config["SESSION_COOKIE_SECURE"] is True


def test_unknown_pages_are_told_in_the_desks_look(desk: Browser) -> None:
    answer = desk.get("/nothing")
    assert answer.status_code == 404
    assert "There is no such page." in answer.text
    assert 'aria-label="Main"' in answer.text


def test_strangers_see_errors_without_the_navigation(stranger: Browser) -> None:
    answer = stranger.get("/nothing")
    assert answer.status_code == 404
    assert 'aria-label="Main"' not in answer.text


def test_htmx_gets_an_error_as_a_fragment(desk: Browser) -> None:
    answer = desk.get("/patients/4711", HX_Request="true")
    assert answer.status_code == 404
    assert "There is no patient with that number." in answer.text
    assert "<html" not in answer.text


def test_a_surprise_in_a_page_is_told_calmly(desk: Browser, app: Flask) -> None:
    with app.app_context():
        db.session.execute(text("ALTER TABLE patient_terms RENAME TO patient_terms_away"))
        db.session.commit()
    try:
        answer = desk.get("/patients?q=pain")
    finally:
        with app.app_context():
            db.session.execute(text("ALTER TABLE patient_terms_away RENAME TO patient_terms"))
            db.session.commit()
    assert answer.status_code == 500
    assert "Something went wrong here." in answer.text
    assert "patient_terms" not in answer.text


def test_static_files_are_kept_for_ever_under_their_hash(stranger: Browser) -> None:
    page = stranger.get("/sign-in").text
    (address,) = re.findall(r'href="(/static/css/tokens\.css\?v=[0-9a-f]{12})"', page)
    answer = stranger.get(address)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_type == "text/css; charset=utf-8"
    assert stranger.get(address.split("?")[0]).headers["Cache-Control"] == "public, max-age=60"


def test_static_files_are_compressed_for_who_can_read_that(stranger: Browser) -> None:
    plain = stranger.get("/static/css/parts.css")
    packed = stranger.get("/static/css/parts.css", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    again = stranger.get("/static/css/parts.css", If_None_Match=plain.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path", ["../static_files.py", "..%2f__init__.py", "css/../../words.py", "css", "nothing.css"]
)
def test_nothing_outside_the_static_folder_is_served(stranger: Browser, path: str) -> None:
    assert stranger.get(f"/static/{path}").status_code == 404
    assert static_files.load(path) is None


def test_a_living_process_needs_no_database_to_say_so() -> None:
    app = create_app(settings_for("postgresql://nobody@127.0.0.1:1/nothing"))
    client = app.test_client()
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 503)
    client.set_cookie("desk", "x")
    page = client.get("/patients")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    assert page.text == "The system is very busy. Nothing was changed; please try again.\n"


def test_readiness_needs_the_newest_migration(stranger: Browser, app: Flask) -> None:
    assert stranger.get("/readyz").status_code == 200
    with app.app_context():
        newest = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
        db.session.execute(text("UPDATE alembic_version SET version_num = 'old'"))
        db.session.commit()
        answer = stranger.get("/readyz")
        db.session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})
        db.session.commit()
    assert (answer.status_code, "db upgrade" in answer.text) == (503, True)


def test_readiness_needs_the_guard_against_double_booking(app: Flask) -> None:
    app.config.pop(GUARDS_HOLD, None)
    with app.app_context():
        _set_guards(overlap_guard.drop_statements)
        answer = app.test_client().get("/readyz")
        _set_guards(overlap_guard.create_statements)
    assert (answer.status_code, "double bookings" in answer.text) == (503, True)
    assert app.test_client().get("/readyz").status_code == 200


def _set_guards(statements: Callable[[str], Iterable[str]]) -> None:
    with db.engine.begin() as connection:
        for statement in statements(connection.dialect.name):
            connection.exec_driver_sql(statement)
