"""One Chromium per test process, and the application as a live server that it can open."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from werkzeug.serving import make_server

from scheduler.models.staff import Role
from tests.conftest import emptied_app
from tests.factories import PASSWORD, World, make_staff, make_world
from tools.browser import ensure_chromium

expect.set_options(timeout=30_000)
"""Milliseconds; five seconds, as it comes, are not enough where several test processes share a slow machine."""
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]


@dataclass(frozen=True)
class Live:
    """An application that listens on this machine."""

    app: Flask
    address: str
    world: World


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=ensure_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=["sqlite"])
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application on SQLite: what Chromium shows and does is the same on both databases.

    The use cases and pages behind it are tested on both; the whole main job, which asks for both, is too.
    """
    yield from emptied_app(request, request.param)


@pytest.fixture
def live(app: Flask) -> Iterator[Live]:
    """The application with the small clinic and a person in every role, on a port of its own."""
    with app.app_context():
        world = make_world()
        for role in Role:
            make_staff(role, practitioner_id=world.practitioner_id if role == Role.PRACTITIONER else None)
    with served(app) as address:
        yield Live(app, address, world)


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address at which an application listens on this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def page(chromium: Browser, live: Live) -> Iterator[Page]:
    """A page of a fresh browser profile, nobody signed in; the test fails if a page logs an error."""
    context = chromium.new_context(base_url=live.address, viewport={"width": 1280, "height": 860})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.extend(_complaint(message)))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def desk(page: Page) -> Page:
    """A page at which the receptionist is signed in."""
    sign_in(page)
    return page


def sign_in(page: Page, name: str = "reception", password: str = PASSWORD) -> None:
    """Sign in with a role's name."""
    page.goto("/sign-in")
    page.get_by_label("Email or name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def _complaint(message: ConsoleMessage) -> list[str]:
    """What the console holds against the page; that an answer was an error is no mistake of the page's."""
    if message.type != "error" or message.text.startswith("Failed to load resource"):
        return []
    return [message.text]
