"""The small clinic."""

import pytest
from flask import Flask

from tests.factories import World, make_world


@pytest.fixture
def world(context: Flask) -> World:
    return make_world(asks_check_in=True)
