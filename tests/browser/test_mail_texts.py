"""The words of the mails in the browser: chips, the mail while one types, what is broken, and back again."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.browser.looks import faults

REMINDER = "/clinic/mails/reminder/en"


@pytest.fixture
def admin(page: Page) -> Page:
    """A page at which the administrator is signed in."""
    sign_in(page, "admin")
    return page


def test_words_are_tried_out_kept_and_thrown_away(admin: Page) -> None:
    admin.goto(REMINDER)
    mail = admin.frame_locator("iframe[name=mail]")
    expect(mail.get_by_text("We look forward to seeing you:")).to_be_visible()
    admin.get_by_label("Above the dates").fill("See you soon, ")
    admin.get_by_role("button", name="name", exact=True).click()
    expect(admin.get_by_label("Above the dates")).to_have_value("See you soon, {{ name }}")
    expect(mail.get_by_text("See you soon, Anna")).to_be_visible()
    expect(admin.get_by_label("Above the dates")).to_be_focused()
    admin.get_by_label("Subject").fill("{{ diagnosis }}")
    expect(admin.locator("#preview")).to_contain_text("there is no field called diagnosis in this mail")
    admin.get_by_label("Subject").fill("Soon: {{ when }}")
    expect(admin.locator("#preview")).to_contain_text("Soon: ")
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_text("The words are kept.")).to_be_visible()
    admin.on("dialog", lambda dialog: dialog.accept())
    admin.get_by_role("button", name="Back to the shipped words").click()
    expect(admin.get_by_label("Above the dates")).to_have_value("We look forward to seeing you:")


@pytest.mark.parametrize("path", [REMINDER, "/clinic/mails/series_confirmation/de"])
def test_the_words_and_their_mail_fit_and_can_be_read_by_everybody(admin: Page, path: str) -> None:
    admin.goto(path)
    expect(admin.frame_locator("iframe[name=mail]").get_by_text("Needle Point")).to_be_visible()
    assert faults(admin) == ()
