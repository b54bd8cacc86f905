"""An administrator's browser for the clinic's screens."""

import pytest
from flask import Flask

from tests.factories import World
from tests.web.browser import Browser


@pytest.fixture
def admin(app: Flask, world: World) -> Browser:
    """A browser at which the administrator is signed in."""
    browser = Browser(app)
    browser.sign_in("admin")
    return browser
