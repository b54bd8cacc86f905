"""The page that shows the API's document, in Chromium under the strict content security policy."""

from playwright.sync_api import Page, expect

from scheduler.models.staff import Role
from tests.api.support import make_key
from tests.browser.conftest import Live


def test_requests_can_be_tried_on_the_page(page: Page, live: Live) -> None:
    key = make_key(live.app, Role.RECEPTION)
    page.goto("/api/v1/docs")
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("auth-bearer-value").fill(key)
    page.get_by_label("Apply credentials").click()
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_text("Practitioners, by family name").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table .response .response-col_status")).to_have_text("200")
    expect(page.locator(".live-responses-table")).to_contain_text("Petra Pin")
