"""The protocol that the tests prescribe."""

import pytest
from flask import Flask

from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from tests.factories import World, save


@pytest.fixture
def protocol_id(app: Flask, world: World) -> int:
    """The shipped protocol for tension-type headache: six sessions, two days apart."""
    with app.app_context():
        rows = load_shipped_protocols()
        save(*rows)
        return next(row.id for row in rows if row.name == "Tension-type headache")
