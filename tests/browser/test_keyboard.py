"""Booking, moving, placing a series and cancelling with the keyboard alone, wide and narrow."""

from datetime import datetime

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from tests.browser.conftest import Live
from tests.browser.hands import entry, listed, tab_to
from tests.factories import NOW, at, make_appointment, save

pytestmark = pytest.mark.usefixtures("monday")
TUESDAY = "/diary?on=2026-03-03"
TOAST = ".toast"


@pytest.fixture(params=[1280, 390])
def keyboard(live: Live, desk: Page, request: pytest.FixtureRequest) -> Page:
    """A desk without a mouse, on a screen of either width."""
    with live.app.app_context():
        register_patient(PatientDetails("Karl", "Kaiser"), actor=COMMAND, now=NOW)
    desk.set_viewport_size({"width": request.param, "height": 860})
    return desk


def starts(live: Live) -> list[tuple[datetime, str]]:
    with live.app.app_context():
        found = db.session.execute(
            select(Appointment.starts_at, Appointment.status).order_by(Appointment.starts_at)
        )
        return [(row.starts_at, row.status) for row in found]


def test_an_appointment_is_booked(live: Live, keyboard: Page) -> None:
    keyboard.goto(TUESDAY)
    keyboard.keyboard.press("n")
    expect(keyboard.get_by_role("searchbox")).to_be_focused()
    keyboard.keyboard.type("kais")
    keyboard.keyboard.press("Enter")
    expect(keyboard.get_by_role("button", name="Book", exact=True)).to_be_focused()
    keyboard.keyboard.press("Enter")
    expect(keyboard.locator(TOAST)).to_contain_text("Booked for")
    assert [status for _, status in starts(live)] == ["booked"]


def test_words_find_a_time_and_arrows_choose_another(live: Live, keyboard: Page) -> None:
    keyboard.goto(TUESDAY)
    keyboard.keyboard.press("n")
    expect(keyboard.get_by_role("searchbox")).to_be_focused()
    keyboard.keyboard.type("kais")
    keyboard.keyboard.press("Enter")
    expect(keyboard.get_by_role("button", name="Book", exact=True)).to_be_focused()
    afternoon = keyboard.get_by_role("button", name="Afternoon")
    for _ in range(12):
        if afternoon.evaluate("element => element === document.activeElement"):
            break
        keyboard.keyboard.press("Shift+Tab")
    keyboard.keyboard.press("Enter")
    slots = keyboard.locator("#free [name=slot]")
    expect(slots.first).to_be_focused()
    keyboard.keyboard.press("ArrowDown")
    expect(slots.nth(1)).to_be_checked()
    chosen = slots.nth(1).get_attribute("data-at")
    keyboard.keyboard.press("Enter")
    expect(keyboard.locator(TOAST)).to_contain_text(f"{chosen}.")
    assert len(starts(live)) == 1


def test_an_appointment_is_moved(live: Live, keyboard: Page) -> None:
    with live.app.app_context():
        make_appointment(live.world, at(3))
    keyboard.goto(TUESDAY)
    expect(entry(keyboard, "Pain")).to_be_visible()
    tab_to(keyboard, entry(keyboard, "Pain").get_by_role("link"), most=40)
    keyboard.keyboard.press("m")
    expect(keyboard.locator("#move-on")).to_be_focused()
    keyboard.keyboard.type("03052026")
    tab_to(keyboard, keyboard.locator("#move-at"))
    keyboard.keyboard.type("0330PM")
    keyboard.keyboard.press("Enter")
    expect(keyboard.locator(TOAST)).to_contain_text("Moved to Thu, 5 Mar 2026, 15:30.")
    assert starts(live) == [(at(5, 15, 30), "booked")]


def test_an_appointment_is_cancelled(live: Live, keyboard: Page) -> None:
    with live.app.app_context():
        make_appointment(live.world, at(3))
    keyboard.goto(TUESDAY)
    expect(entry(keyboard, "Pain")).to_be_visible()
    tab_to(keyboard, listed(keyboard, "Pain").get_by_role("link"), most=40)
    keyboard.keyboard.press("Enter")
    expect(keyboard.locator("#visit-title")).to_be_focused()
    tab_to(keyboard, keyboard.locator("summary", has_text="Cancel the appointment…"))
    keyboard.keyboard.press("Enter")
    tab_to(keyboard, keyboard.get_by_label("Reason"))
    keyboard.keyboard.type("ill")
    keyboard.keyboard.press("Enter")
    expect(keyboard.locator(TOAST)).to_have_text("Cancelled.")
    assert starts(live) == [(at(3), "cancelled")]


def test_a_series_is_placed(live: Live, keyboard: Page) -> None:
    with live.app.app_context():
        save(*load_shipped_protocols())
    keyboard.goto(f"/patients/{live.world.patient_id}")
    keyboard.keyboard.press("p")
    expect(keyboard.get_by_role("radio", name="Tension-type headache 6 sessions")).to_be_focused()
    keyboard.keyboard.press("Enter")
    expect(keyboard.get_by_role("heading", name="Best fit")).to_be_focused()
    keyboard.keyboard.press("Tab")
    expect(keyboard.get_by_role("button", name="Place this series (Best fit)")).to_be_focused()
    keyboard.keyboard.press("Enter")
    expect(keyboard.locator("#notices")).to_contain_text("6 sessions are booked.")
    assert len(starts(live)) == 6
