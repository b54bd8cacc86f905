"""How much a browser loads before the desk can be used: everything of the first pages, as it goes over the wire."""

import pytest
from playwright.sync_api import Page, Response

from tests.browser.conftest import Live, sign_in
from tests.factories import at, make_appointment

pytestmark = pytest.mark.usefixtures("monday")
MOST_BYTES = 150_000


def test_sign_in_and_diary_load_less_than_150_kb_in_all(live: Live, page: Page) -> None:
    with live.app.app_context():
        for hour in range(8, 12):
            make_appointment(live.world, at(2, hour))
    loaded: dict[str, Response] = {}
    page.on("response", lambda response: loaded.setdefault(response.url.partition("?")[0], response))
    sign_in(page)
    page.goto("/diary")
    page.locator(".ec-event.entry").first.wait_for()
    sizes = {
        url.removeprefix(live.address): response.request.sizes()["responseBodySize"]
        for url, response in loaded.items()
        if response.status == 200
    }
    assert {"/sign-in", "/diary", "/static/vendor/event-calendar.min.js"} <= set(sizes)
    assert sum(sizes.values()) < MOST_BYTES, sizes
