"""When a feed counts as unchanged: ETag, Last-Modified, and what a 304 costs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.http import http_date

from scheduler.extensions import db
from scheduler.models import Clinic, Patient
from tests.factories import NOW, World, at
from tests.feeds.support import again, events_of, issue, statements


def test_an_unchanged_feed_is_304_and_costs_one_statement(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    book(at(3))
    path = issue(app, patient_id=world.patient_id)
    first = client.get(path)
    with app.app_context():
        engine = db.engine
        with statements(engine) as seen:
            response = again(client, path, first)
    assert (response.status_code, response.data) == (304, b"")
    assert len(seen) == 1
    assert dict(response.headers) == {
        "ETag": first.headers["ETag"],
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
    }


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ("*", 304),
        ("{etag}", 304),
        ('"x", {etag}, "y"', 304),
        ("{strong}", 304),
        ('"x", W/"y"', 200),
        ("nonsense", 200),
    ],
)
def test_if_none_match_takes_lists_stars_and_weak_tags(
    app: Flask, client: FlaskClient, world: World, known: str, status: int
) -> None:
    path = issue(app, patient_id=world.patient_id)
    etag = client.get(path).headers["ETag"]
    header = known.format(etag=etag, strong=etag.removeprefix("W/"))
    assert client.get(path, headers={"If-None-Match": header}).status_code == status


def test_a_change_makes_another_etag(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    path = issue(app, patient_id=world.patient_id)
    first = client.get(path)
    book(at(3))
    second = again(client, path, first)
    assert (len(events_of(second)), again(client, path, second).status_code) == (1, 304)


def test_another_day_makes_another_etag(
    app: Flask, client: FlaskClient, world: World, travel: time_machine.Traveller
) -> None:
    path = issue(app, patient_id=world.patient_id)
    first = client.get(path)
    travel.move_to(datetime(2026, 3, 3, tzinfo=UTC) - timedelta(seconds=1))
    assert again(client, path, first).status_code == 304
    travel.shift(timedelta(seconds=1))
    assert again(client, path, first).status_code == 200


def test_another_language_or_clinic_name_makes_another_etag(
    app: Flask, client: FlaskClient, world: World
) -> None:
    path = issue(app, patient_id=world.patient_id)
    etags = [client.get(path).headers["ETag"]]
    for model, changes in ((Clinic, {"name": "Other"}), (Patient, {"locale": "fr"})):
        with app.app_context():
            db.session.execute(update(model).values(**changes))
            db.session.commit()
        etags.append(client.get(path).headers["ETag"])
    assert len(set(etags)) == 3


def test_each_token_has_its_own_etag(app: Flask, client: FlaskClient, world: World) -> None:
    paths = [issue(app, patient_id=world.patient_id) for _ in range(2)]
    assert len({client.get(path).headers["ETag"] for path in paths}) == 2


def test_last_modified_is_the_last_change_or_midnight(
    app: Flask,
    client: FlaskClient,
    world: World,
    travel: time_machine.Traveller,
) -> None:
    path = issue(app, patient_id=world.patient_id)
    travel.shift(timedelta(hours=1))
    assert client.get(path).headers["Last-Modified"] == http_date(NOW)
    travel.shift(timedelta(days=1))
    assert client.get(path).headers["Last-Modified"] == "Tue, 03 Mar 2026 00:00:00 GMT"


def test_if_modified_since_counts_where_no_etag_is_given(
    app: Flask, client: FlaskClient, world: World, travel: time_machine.Traveller
) -> None:
    path = issue(app, patient_id=world.patient_id)
    travel.shift(timedelta(hours=1))
    since = {"If-Modified-Since": client.get(path).headers["Last-Modified"]}
    assert client.get(path, headers=since).status_code == 304
    assert client.get(path, headers=since | {"If-None-Match": '"other"'}).status_code == 200
    assert client.get(path, headers={"If-Modified-Since": http_date(NOW - timedelta(1))}).status_code == 200
    assert client.get(path, headers={"If-Modified-Since": "yesterday"}).status_code == 200


def test_a_change_of_the_same_second_is_not_missed(
    app: Flask,
    client: FlaskClient,
    world: World,
    book: Callable[..., str],
    travel: time_machine.Traveller,
) -> None:
    path = issue(app, patient_id=world.patient_id)
    first = client.get(path)
    assert "Last-Modified" not in first.headers
    book(at(3))
    response = client.get(path, headers={"If-Modified-Since": http_date(NOW)})
    assert len(events_of(response)) == 1
