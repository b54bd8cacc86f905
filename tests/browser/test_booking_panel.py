"""The booking panel over the diary: free times in both, a new patient from what was typed, no closing by mistake."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, Patient
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from tests.browser.conftest import Live
from tests.browser.hands import spot
from tests.browser.looks import HEIGHT, faults
from tests.factories import NOW, at, make_practitioner

pytestmark = pytest.mark.usefixtures("monday")
TUESDAY = "/diary?on=2026-03-03"


@pytest.fixture
def panel(live: Live, desk: Page) -> Page:
    """The panel over a Tuesday of two practitioners, Karl Kaiser chosen."""
    with live.app.app_context():
        register_patient(PatientDetails("Karl", "Kaiser"), actor=COMMAND, now=NOW)
        make_practitioner(live.world.location_id, given_name="Wanda", family_name="Zweig")
    desk.set_viewport_size({"width": 1500, "height": 1100})
    desk.goto(TUESDAY)
    choose(desk, "kais")
    expect(desk.get_by_role("button", name="Book", exact=True)).to_be_focused()
    return desk


def choose(page: Page, typed: str) -> None:
    page.keyboard.press("n")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(typed)
    page.keyboard.press("Enter")


def test_free_times_are_drawn_in_the_diary_and_taken_there_by_a_click(live: Live, panel: Page) -> None:
    panel.locator("#when").fill("tuesday afternoon")
    drawn = panel.locator(".ec-bg-event.free")
    expect(panel.locator("#at")).to_have_value("12:00")
    expect(drawn).to_have_count(4)
    x, y = spot(panel, "12:15")
    panel.mouse.click(x + 30, y + 4)
    expect(panel.locator("#at")).to_have_value("12:15")
    expect(panel.locator(".ec-bg-event.free.chosen")).to_have_count(1)
    expect(panel.get_by_role("button", name="Book", exact=True)).to_be_focused()
    panel.keyboard.press("Enter")
    expect(panel.locator(".toast")).to_contain_text("Booked for Tue, 3 Mar 2026, 12:15.")
    expect(drawn).to_have_count(0)
    with live.app.app_context():
        assert db.session.scalars(select(Appointment.starts_at)).all() == [at(3, 12, 15)]


def test_a_click_beside_the_panel_closes_it_only_while_nothing_is_typed(panel: Page) -> None:
    panel.locator("#when").fill("friday")
    panel.mouse.click(30, 700)
    expect(panel.locator("#panel")).to_be_visible()
    panel.keyboard.press("Escape")
    expect(panel.locator("#panel")).to_be_hidden()
    expect(panel.locator(".ec-bg-event.free")).to_have_count(0)
    panel.keyboard.press("n")
    expect(panel.get_by_role("searchbox")).to_be_focused()
    panel.mouse.click(30, 700)
    expect(panel.locator("#panel")).to_be_hidden()


def test_what_escape_closed_by_mistake_is_brought_back_by_one_press(panel: Page) -> None:
    panel.locator("#when").fill("tuesday afternoon")
    expect(panel.locator("#at")).to_have_value("12:00")
    panel.keyboard.press("Escape")
    expect(panel.locator("#panel")).to_be_hidden()
    panel.get_by_role("button", name="Bring it back").click()
    expect(panel.locator("#panel .chosen")).to_contain_text("Karl Kaiser")
    expect(panel.locator("#when")).to_have_value("tuesday afternoon")
    expect(panel.locator("#at")).to_have_value("12:00")


def test_a_screen_reader_is_told_how_many_times_are_free_and_which_is_the_first(panel: Page) -> None:
    panel.get_by_role("button", name="Afternoon").click()
    expect(panel.locator("#panel [data-live]")).to_have_text("8 free times, the first: Mon 2 Mar, 12:00")


def test_somebody_like_the_new_patient_is_shown_first(live: Live, panel: Page) -> None:
    panel.keyboard.press("Escape")
    choose(panel, "Karl Kayser")
    dialog = panel.locator("#panel")
    expect(dialog.get_by_label("Phone")).to_be_focused()
    expect(dialog.get_by_label("Given name")).to_have_value("Karl")
    dialog.get_by_label("Family name").fill("Kaiser")
    panel.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("Is it one of these?")
    expect(dialog.get_by_role("searchbox")).to_be_hidden()
    assert faults(panel) == ()
    dialog.get_by_role("link", name="Kaiser, Karl").click()
    expect(panel.get_by_role("button", name="Book", exact=True)).to_be_focused()
    with live.app.app_context():
        assert db.session.query(Patient).filter_by(family_name="Kaiser").count() == 1


def test_the_panel_is_accessible_and_fits(panel: Page) -> None:
    panel.get_by_role("button", name="Afternoon").click()
    expect(panel.locator("#free [name=slot]").first).to_be_focused()
    assert faults(panel, (320, 390, 1280)) == ()
    wider = panel.locator("#panel").evaluate("element => element.scrollWidth - element.clientWidth")
    assert (panel.viewport_size, wider) == ({"width": 320, "height": HEIGHT}, 0)
