"""The small clinic and a program that calls its API as the receptionist's role."""

from collections.abc import Iterator

import pytest
from flask import Flask

from scheduler import clock
from scheduler.models.staff import Role
from tests.api.standing import Standing, make_standing
from tests.api.support import Caller, make_key
from tests.conftest import DATABASES, empty_database
from tests.factories import NOW, World, make_world


@pytest.fixture(autouse=True)
def present(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Monday morning, 2 March 2026, in Berlin."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def world(app: Flask) -> World:
    """The small clinic."""
    with app.app_context():
        return make_world()


@pytest.fixture
def desk(app: Flask, world: World) -> Caller:
    """A program with the receptionist's role."""
    return Caller(app, make_key(app))


@pytest.fixture
def practitioner(app: Flask, world: World) -> Caller:
    """A program with the practitioner's role."""
    return Caller(app, make_key(app, Role.PRACTITIONER))


@pytest.fixture(scope="module", params=DATABASES)
def standing(request: pytest.FixtureRequest) -> Iterator[Standing]:
    """A clinic on each database that is made once for a module: for requests that must change nothing."""
    app: Flask = request.getfixturevalue(f"{request.param}_app")
    with app.app_context():
        empty_database()
    yield make_standing(app)
