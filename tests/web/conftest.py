"""Browsers for the screens' tests."""

import pytest
from flask import Flask

from scheduler.models.staff import Role
from tests.factories import World, make_staff, make_world
from tests.web.browser import Browser


@pytest.fixture
def world(app: Flask) -> World:
    """The small clinic, with a person in every role."""
    with app.app_context():
        world = make_world()
        for role in Role:
            make_staff(role, practitioner_id=world.practitioner_id if role == Role.PRACTITIONER else None)
        return world


@pytest.fixture
def stranger(app: Flask, world: World) -> Browser:
    """A browser at which nobody is signed in."""
    return Browser(app)


@pytest.fixture
def desk(stranger: Browser) -> Browser:
    """A browser at which the receptionist is signed in."""
    stranger.sign_in()
    return stranger
