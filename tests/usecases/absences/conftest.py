"""The small clinic, and somebody beside whoever is away."""

import pytest
from flask import Flask

from tests.factories import World, make_practitioner, make_world


@pytest.fixture
def world(context: Flask) -> World:
    """The small clinic; a second practitioner, Nina Nadel, is there from 9 to 17 too."""
    world = make_world()
    make_practitioner(world.location_id, given_name="Nina", family_name="Nadel")
    return world
