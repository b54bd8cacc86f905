"""A clinic whose clock stands still, and a way to book in it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import time_machine
from flask import Flask

from tests.factories import NOW, World, make_appointment, make_world
from tests.feeds.support import tell


@pytest.fixture
def travel() -> Iterator[time_machine.Traveller]:
    """The clock, standing still at NOW until it is moved."""
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def world(app: Flask, travel: time_machine.Traveller) -> World:
    """The small clinic; no context stays pushed."""
    with app.app_context():
        return make_world()


@pytest.fixture
def book(app: Flask, world: World) -> Callable[..., str]:
    """Write an appointment as a booking does, feeds told; gives its uid."""

    def write(starts_at: datetime, **changes: Any) -> str:
        with app.app_context():
            uid = make_appointment(world, starts_at, **changes).uid
            tell(world)
        return uid

    return write
