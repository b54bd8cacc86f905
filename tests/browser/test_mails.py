"""HTML mails as a small phone shows them, light and dark: nothing is cut off, everything can be read."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from scheduler.usecases.messages.letters import DayLine, DayList, OwnLink
from tests.browser.looks import overflow, violations
from tests.factories import at
from tests.mail.letters import KINDS, OF_OFFERS, rendered, text_of, visit

FOLDER = os.environ.get("PICTURES", "")
"""Where `make pictures` wants pictures; "" takes none."""
ALL_KINDS = (*KINDS, "check_in", "day_list")
OF_WHOLE_PAGES = ("landmark-one-main", "page-has-heading-one", "region")
"""Rules about pages; a mail is shown within the page of a mail program."""
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle" * 3
DAY = DayList(True, at(3).date(), (DayLine(at(3), at(3) + timedelta(minutes=30), "UTC", "Paul P.", "Mitte"),))


@pytest.fixture(params=["light", "dark"])
def phone(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """A page as narrow as the smallest phones."""
    page = chromium.new_page(viewport={"width": 320, "height": 640}, color_scheme=request.param)
    yield page
    page.close()


def html_of(kind: str) -> str:
    """A mail of a kind with all that may stand in it; those about series with three dates."""
    if kind == "day_list":
        return text_of(rendered(kind, visits=(), day=DAY, given_name="Petra"), "html")
    if kind in (*OF_OFFERS, "weekly_summary"):
        return text_of(rendered(kind), "html")
    visits = [visit()]
    if "series" in kind:
        moved = visit(at(3), previous_at=at(2, 9, 30), last_told_sequence=0)
        visits = [moved, visit(at(10)), visit(at(17))]
    if kind == "change":
        visits = [visit(previous_at=at(2, 9, 30), last_told_sequence=0)]
    return text_of(rendered(kind, *visits, page=OwnLink(1, "any"), asks_check_in=True), "html")


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_mail_fits_a_small_phone_and_can_be_read(phone: Page, kind: str) -> None:
    phone.set_content(html_of(kind))
    assert overflow(phone) == 0
    assert [line for line in violations(phone) if not line.startswith(OF_WHOLE_PAGES)] == []
    if FOLDER:
        dark = phone.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        name = f"mail-{kind.replace('_', '-')}-{'dark' if dark else 'light'}.png"
        phone.screenshot(path=str(Path(FOLDER) / name), full_page=True)


def test_long_names_are_broken_not_cut_off(phone: Page) -> None:
    phone.set_content(text_of(rendered("confirmation", visit(location=LONG, practitioner=LONG)), "html"))
    assert overflow(phone) == 0
