"""How /feeds/<token>.ics answers: headers, HEAD, gzip, refusals, outages, logs."""

import gzip
import logging
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from scheduler import create_app
from scheduler.extensions import db
from scheduler.models import (
    FeedToken,
    Patient,
    Practitioner,
)
from scheduler.usecases.feeds.tokens import revoke_feed_token
from tests.conftest import JANITOR, empty_database, settings_for
from tests.factories import NOW, RECEPTIONIST, World, at, make_world
from tests.feeds.support import again, issue

SECRET = "A" * 43


def test_the_answer_can_be_subscribed_to_and_tells_nobody_else(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    book(at(3))
    response = client.get(issue(app, patient_id=world.patient_id))
    ours = {
        name: response.headers.get(name)
        for name in (
            "Content-Type",
            "Content-Length",
            "Content-Disposition",
            "Cache-Control",
            "Referrer-Policy",
            "X-Robots-Tag",
            "Vary",
            "Content-Encoding",
            "Set-Cookie",
            "Access-Control-Allow-Origin",
        )
    }
    assert ours == {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Length": str(len(response.data)),
        "Content-Disposition": 'inline; filename="appointments.ics"',
        "Cache-Control": "private, no-cache",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "Vary": "Accept-Encoding",
        "Content-Encoding": None,
        "Set-Cookie": None,
        "Access-Control-Allow-Origin": None,
    }


def test_head_is_get_without_the_body(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    book(at(3))
    path = issue(app, patient_id=world.patient_id)
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.data, dict(head.headers)) == (200, b"", dict(got.headers))
    unchanged = client.head(path, headers={"If-None-Match": got.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br", "gzip"), ("*", "gzip"), ("gzip;q=0", None), ("br", None), ("", None)],
)
def test_a_feed_is_compressed_where_that_is_understood(
    app: Flask,
    client: FlaskClient,
    world: World,
    book: Callable[..., str],
    accepted: str,
    encoding: str | None,
) -> None:
    for day in range(3, 7):
        book(at(day))
    path = issue(app, patient_id=world.patient_id)
    plain = client.get(path)
    response = client.get(path, headers={"Accept-Encoding": accepted})
    assert response.headers.get("Content-Encoding") == encoding
    assert response.headers["Content-Length"] == str(len(response.data))
    assert (gzip.decompress(response.data) if encoding else response.data) == plain.data
    assert response.headers["ETag"] == plain.headers["ETag"]
    assert again(client, path, response).status_code == 304


def test_a_revoked_address_is_gone(app: Flask, client: FlaskClient, world: World) -> None:
    path = issue(app, patient_id=world.patient_id)
    first = client.get(path)
    with app.app_context():
        revoke_feed_token(1, actor=RECEPTIONIST, now=NOW)
    for response in (client.get(path), again(client, path, first)):
        assert (response.status_code, response.content_type) == (410, "text/plain; charset=utf-8")
        assert response.text == "This calendar address is no longer valid. Ask the clinic for a new one.\n"


@pytest.mark.parametrize(("owner", "model"), [("patient_id", Patient), ("practitioner_id", Practitioner)])
def test_an_archived_persons_address_is_gone(
    app: Flask, client: FlaskClient, world: World, owner: str, model: type[Patient] | type[Practitioner]
) -> None:
    path = issue(app, **{owner: getattr(world, owner)})
    with app.app_context():
        db.session.execute(update(model).values(archived_at=NOW))
        db.session.commit()
    assert client.get(path).status_code == 410


@pytest.mark.parametrize("secret", [SECRET, "short", "%00", "ü", "..%2f..%2fetc", "a" * 5000])
def test_an_address_never_given_out_is_not_there(client: FlaskClient, secret: str) -> None:
    response = client.get(f"/feeds/{secret}.ics")
    assert (response.status_code, response.mimetype) == (404, "text/plain")
    assert "<" not in response.text


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_a_feed_cannot_be_written(app: Flask, client: FlaskClient, world: World, method: str) -> None:
    response = getattr(client, method)(issue(app, patient_id=world.patient_id))
    assert (response.status_code, response.mimetype) == (405, "text/plain")


@pytest.mark.parametrize("url", ["sqlite:////nonexistent/needletime.db", "postgresql://127.0.0.1:1/nothing"])
def test_an_unreachable_database_keeps_every_copy(url: str) -> None:
    client = create_app(settings_for(url)).test_client()
    for headers in ({}, {"If-None-Match": 'W/"1-1-1-20260302-00000000"'}):
        response = client.get(f"/feeds/{SECRET}.ics", headers=headers)
        assert (response.status_code, response.content_type) == (503, "text/plain; charset=utf-8")
        assert response.headers["Retry-After"] == "300"
        assert response.text == "The calendar cannot be read at the moment.\n"


def test_feeds_come_back_after_the_database_dropped_its_connections(
    postgresql_app: Flask, travel: time_machine.Traveller
) -> None:
    with postgresql_app.app_context():
        empty_database()
        path = issue(postgresql_app, patient_id=make_world().patient_id)
        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    client = postgresql_app.test_client()
    assert client.get(path).status_code == 200
    with psycopg.connect(url) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> %s",
            [JANITOR],
        )
    statuses = [client.get(path).status_code for _ in range(10)]
    assert statuses == sorted(statuses, reverse=True)
    assert (statuses[0], statuses[-1]) == (503, 200)


def test_a_table_that_cannot_be_read_keeps_every_copy(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    book(at(3))
    path = issue(app, patient_id=world.patient_id)
    with app.app_context():
        db.session.execute(text("ALTER TABLE appointments RENAME TO elsewhere"))
        db.session.commit()
    try:
        assert client.get(path).status_code == 503
    finally:
        with app.app_context():
            db.session.execute(text("ALTER TABLE elsewhere RENAME TO appointments"))
            db.session.commit()
    assert client.get(path).status_code == 200


def test_a_fetch_is_noted_to_the_hour(
    app: Flask, client: FlaskClient, world: World, travel: time_machine.Traveller
) -> None:
    path = issue(app, patient_id=world.patient_id)
    noted = []
    first = client.get(path)
    for minutes in (0, 59, 1):
        travel.shift(timedelta(minutes=minutes))
        assert again(client, path, first).status_code == 304
        with app.app_context():
            noted.append(db.session.scalar(select(FeedToken.last_fetched_at)))
    assert noted == [NOW, NOW, NOW + timedelta(hours=1)]


def test_the_secret_is_never_logged(
    app: Flask,
    client: FlaskClient,
    world: World,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    path = issue(app, patient_id=world.patient_id)
    secret = path.removeprefix("/feeds/").removesuffix(".ics")
    again(client, path, client.get(path))
    client.post(path)
    with app.app_context():
        revoke_feed_token(1, actor=RECEPTIONIST, now=NOW)
    client.get(path)
    broken = create_app(settings_for("sqlite:////nonexistent/needletime.db")).test_client()
    assert broken.get(path).status_code == 503
    said = caplog.text + "".join(capfd.readouterr())
    assert "a calendar feed failed" in said
    assert secret not in said
