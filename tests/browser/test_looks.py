"""Diary, panel, booking and plans for everybody: nothing that axe minds, nothing that overflows, wide and narrow."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from scheduler.models import AppointmentStatus, TimeOff
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from scheduler.usecases.plans.prescribing import prescribe_plan
from tests.browser.conftest import Live, sign_in
from tests.browser.hands import entry
from tests.browser.looks import faults, overflow
from tests.factories import NOW, at, make_appointment, make_patient, make_practitioner, save

pytestmark = pytest.mark.usefixtures("monday")
TUESDAY = "/diary?on=2026-03-03"


@pytest.fixture
def clinic(live: Live) -> Live:
    """An appointment in every status, leave, and a plan of six sessions to place."""
    with live.app.app_context():
        protocols = load_shipped_protocols()
        save(*protocols)
        wanda = make_practitioner(live.world.location_id, given_name="Wanda", family_name="Zweig").id
        save(TimeOff(practitioner_id=wanda, starts_at=at(3, 11), ends_at=at(3, 12)))
        lives = [status for status in AppointmentStatus if status != AppointmentStatus.HELD]
        for hour, status in enumerate(lives, start=9):
            patient = make_patient("Annegret-Rosemarie", f"Wolkenbruch-{status.value}").id
            make_appointment(live.world, at(3, hour), patient_id=patient, status=status.value)
        details = PatientDetails(given_name="Karl", family_name="Kaiser", cautions=("epilepsy",))
        karl = register_patient(details, actor=COMMAND, now=NOW).id
        make_appointment(live.world, at(3, 15), patient_id=karl)
        prescribe_plan(
            patient_id=live.world.patient_id,
            practitioner_id=live.world.practitioner_id,
            protocol_id=protocols[0].id,
            starts_on=at(3).date(),
            target_muscles=["suboccipitals", "obliquus_capitis_inferior"],
            actor=COMMAND,
            now=NOW,
        )
    return live


def day(page: Page) -> None:
    page.goto(TUESDAY)
    expect(entry(page, "Kaiser")).to_be_visible()


def week(page: Page) -> None:
    page.goto(f"{TUESDAY}&view=week")
    expect(entry(page, "Kaiser")).to_be_visible()


def day_off(page: Page) -> None:
    page.goto("/diary?on=2026-03-08")


def panel(page: Page) -> None:
    day(page)
    page.locator("#day-list").get_by_role("link", name="Kaiser").click()
    page.get_by_text("Move to…").click()
    page.get_by_text("Cancel the appointment…").click()


def booking_panel(page: Page) -> None:
    day(page)
    page.keyboard.press("n")
    page.get_by_role("searchbox").press_sequentially("kais")
    expect(page.locator("#suggestions").get_by_role("link", name="Kaiser")).to_be_visible()


def refused_booking(page: Page) -> None:
    page.goto("/appointments/new?on=2026-03-03&at=20:00&patient_id=1")
    page.get_by_role("button", name="Book").click()
    expect(page.get_by_role("alert")).to_be_visible()


def plan_form(page: Page) -> None:
    page.goto("/plans/new?patient_id=1")
    page.get_by_role("radio", name="Own phases").check()
    page.get_by_text("Target muscles").first.click()


STATES: tuple[Callable[[Page], None], ...] = (
    day,
    week,
    day_off,
    panel,
    booking_panel,
    refused_booking,
    plan_form,
)
"""What its address alone does not show; what it does, test_every_screen.py looks at."""
STRETCH = "/clinic/practitioners/1/hours/1_2025-01-06__1"


def test_hours_that_leave_something_outside_are_accessible_and_fit(clinic: Live, page: Page) -> None:
    sign_in(page, "admin")
    page.goto(STRETCH)
    assert faults(page) == ()
    page.get_by_label("Tuesday", exact=True).fill("8-9")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save all the same")).to_be_visible()
    assert faults(page) == ()


def test_every_state_is_accessible_and_fits(clinic: Live, desk: Page) -> None:
    found = {}
    for state in STATES:
        state(desk)
        found[state.__name__] = faults(desk)
    assert found == dict.fromkeys(found, ())


def test_on_a_small_screen_the_calendar_scrolls_in_its_own_box(clinic: Live, desk: Page) -> None:
    desk.set_viewport_size({"width": 390, "height": 860})
    week(desk)
    box = desk.locator(".ec-main")
    wider = box.evaluate("element => element.scrollWidth - element.clientWidth")
    assert (wider > 0, overflow(desk)) == (True, 0)
    height = box.evaluate("element => element.clientHeight")
    assert height < 860
    box.focus()
    desk.keyboard.press("ArrowRight")
    expect(desk.get_by_role("heading", level=1)).to_have_text("2–8 Mar 2026")


def test_what_has_the_focus_is_seen(clinic: Live, desk: Page) -> None:
    day(desk)
    for place in (
        desk.get_by_role("link", name="Today"),
        entry(desk, "Kaiser").get_by_role("link"),
        desk.locator("#day-list").get_by_role("link", name="Kaiser"),
        desk.locator(".ec-main"),
    ):
        place.focus()
        desk.keyboard.press("Shift+Tab")
        desk.keyboard.press("Tab")
        expect(place).to_be_focused()
        expect(place).to_have_css("outline-style", "solid")
        expect(place).to_have_css("outline-width", "3px")
