"""What the tests of the clinic's screens share: sending a form as its page carries it, and what is stored."""

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from scheduler.extensions import db
from tests.web.browser import Browser


def stored(app: Flask, model: type[Any], number: int = 1) -> Any:
    """A row by its number; None where there is none."""
    with app.app_context():
        return db.session.get(model, number)


def send(browser: Browser, path: str, form: dict[str, Any], to: str | None = None) -> TestResponse:
    """Open a form and send it with what it carried and what was changed in it."""
    seen = carried(browser.get(path)).get("seen", "")
    return browser.post(to or path, {"seen": seen, **form})


def carried(page: TestResponse) -> dict[str, str]:
    """What a page's first form carries unseen to the next request: what was stored, and what was agreed to."""
    return dict(reversed(re.findall(r'name="(seen|confirmed)" value="([^"]*)"', page.text)))


def shown_once(page: TestResponse, name: str) -> str:
    """A made-up secret, which only this page shows."""
    (secret,) = re.findall(rf'id="{name}">([^<]+)<', page.text)
    return str(secret)
