"""Unknown links are slowed by network address, what is sent by one link by that link: good links stay open."""

from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from scheduler import clock, create_app
from scheduler.extensions import db
from scheduler.models import Patient
from scheduler.usecases.feeds.tokens import issue_feed_token
from scheduler.usecases.patient_side.links import issue_link
from scheduler.usecases.tries import POSTS, UNKNOWN_LINKS
from tests.conftest import settings_for
from tests.factories import NOW, RECEPTIONIST, World
from tests.web.browser import Browser
from tests.web.test_gaps import offered

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"
UNKNOWN = ("/p/unknown", "/o/unknown", "/feeds/unknown.ics")


@pytest.fixture(autouse=True)
def hands() -> Iterator[time_machine.Traveller]:
    """A clock that stands still until it is told otherwise."""
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


def get(app: Flask, path: str, source: str = HERE, **headers: str) -> TestResponse:
    return app.test_client().get(path, environ_base={"REMOTE_ADDR": source}, headers=headers)


def page_of(app: Flask, world: World) -> str:
    with app.app_context():
        key = app.config["SETTINGS"].secret_key
        return f"/p/{issue_link(world.patient_id, key=key, actor=RECEPTIONIST, now=clock.now())}"


def guess(app: Flask, source: str = HERE, **headers: str) -> None:
    """As many unknown links as make the next one wait."""
    answers = [get(app, UNKNOWN[number % 3], source, **headers) for number in range(UNKNOWN_LINKS.free + 1)]
    assert {answer.status_code for answer in answers} == {404}


def test_who_opens_many_unknown_links_waits_and_nobody_else_does(
    app: Flask, world: World, hands: time_machine.Traveller
) -> None:
    page = page_of(app, world)
    with app.app_context():
        token = issue_feed_token(patient_id=world.patient_id, actor=RECEPTIONIST, now=NOW).secret
    guess(app)
    refused = [get(app, path) for path in UNKNOWN]
    assert [(each.status_code, each.headers["Retry-After"]) for each in refused] == [(429, "2")] * 3
    assert [each.headers["Referrer-Policy"] for each in refused] == ["no-referrer"] * 3
    assert "Please wait a little" in refused[0].text
    assert refused[2].mimetype == "text/plain"
    assert [get(app, path).status_code for path in (page, f"/feeds/{token}.ics")] == [200, 200]
    assert [get(app, path, ELSEWHERE).status_code for path in UNKNOWN] == [404, 404, 404]
    hands.shift(2)
    assert [get(app, "/p/unknown").status_code for _ in range(2)] == [404, 429]
    hands.shift(UNKNOWN_LINKS.forgotten_after.total_seconds() + 5)
    guess(app)


def test_behind_a_proxy_each_visitor_counts_alone(app: Flask, world: World) -> None:
    url = str(app.config["SETTINGS"].database_url)
    behind = create_app(settings_for(url, TRUSTED_PROXIES="1"))
    guess(behind, "10.0.0.9", **{"X-Forwarded-For": HERE})
    seen = [
        get(behind, "/p/unknown", "10.0.0.9", **{"X-Forwarded-For": source}).status_code
        for source in (HERE, ELSEWHERE, f"{ELSEWHERE}, {HERE}")
    ]
    assert seen == [429, 404, 429]
    with behind.app_context():
        db.engine.dispose()


def test_what_is_sent_by_one_link_is_limited_and_looking_is_not(app: Flask, world: World) -> None:
    page, client = page_of(app, world), app.test_client()
    for _ in range(POSTS.free + 1):
        assert client.post(f"{page}/preferences", data={"locale": "en"}).status_code == 303
    refused = client.post(f"{page}/preferences", data={"locale": "de"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    assert "Much was sent from this page" in refused.text
    assert get(app, page).status_code == 200
    with app.app_context():
        assert db.session.get_one(Patient, world.patient_id).locale == "en"


def test_answers_to_an_offer_are_limited(app: Flask, world: World, desk: Browser) -> None:
    path, client = offered(app, world, desk, "Ann"), app.test_client()
    answers = [client.post(f"{path}/decline") for _ in range(POSTS.free + 2)]
    assert (answers[0].status_code, answers[-1].status_code) == (200, 429)
    assert answers[-1].headers["Cache-Control"] == "no-store"
