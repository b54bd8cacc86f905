"""The desk in Chromium: every screen for everybody, search as one types, keyboard, no scripts."""

from datetime import timedelta

from playwright.sync_api import Browser, Page, expect

from scheduler import clock
from scheduler.models import MessageState
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.patients import registry as patients
from scheduler.usecases.patients.registry import PatientDetails
from tests.browser.conftest import Live, sign_in
from tests.browser.looks import faults, violations
from tests.factories import PASSWORD, make_appointment, make_message

UNFOLDED = ("/patients/new", "/patients/1", "/patients/1/edit", "/messages", "/account", "/nothing")
"""Screens that have more to show than test_every_screen.py sees, and the one for what is not there."""


def register(live: Live, *names: str) -> None:
    with live.app.app_context():
        for name in names:
            given_name, family_name = name.split()
            details = PatientDetails(given_name=given_name, family_name=family_name)
            patients.register_patient(details, actor=COMMAND, now=clock.now())


def test_everything_unfolded_is_accessible_and_fits(live: Live, page: Page) -> None:
    with live.app.app_context():
        soon = clock.now().replace(minute=0, second=0) + timedelta(days=1)
        appointment = make_appointment(live.world, soon)
        for state in MessageState:
            make_message(appointment, state=state.value)
    page.goto("/sign-in")
    found = {"/sign-in": faults(page, (1280, 320))}
    sign_in(page)
    for path in UNFOLDED:
        page.goto(path)
        for summary in page.locator("main details > summary").all():
            summary.click()
        found[path] = faults(page, (1280, 320))
    page.locator("details.person summary").click()
    found["menu"] = faults(page, (1280, 320))
    assert found == dict.fromkeys(found, ())


def test_patients_are_found_while_typing_and_enter_opens_the_only_one(live: Live, desk: Page) -> None:
    register(live, "Paula Müller", "Karl Kaiser")
    desk.goto("/patients")
    desk.get_by_role("searchbox").press_sequentially("mül")
    expect(desk.locator("#results .row-link")).to_have_text(["Müller, Paula"])
    expect(desk.locator("#live")).to_have_text("1 patient")
    assert desk.url.endswith("/patients?q=m%C3%BCl")
    desk.get_by_role("searchbox").fill("kais")
    expect(desk.locator("#results .row-link")).to_have_text(["Kaiser, Karl"])
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Karl Kaiser")


def test_the_result_is_the_same_after_reload_and_back(live: Live, desk: Page) -> None:
    register(live, "Paula Müller", "Karl Kaiser")
    desk.goto("/patients")
    desk.get_by_role("searchbox").press_sequentially("mül")
    expect(desk.locator("#live")).to_have_text("1 patient")
    desk.locator("#results .row-link").click()
    expect(desk.get_by_role("heading", name="Paula Müller")).to_be_visible()
    desk.go_back()
    expect(desk.get_by_role("searchbox")).to_have_value("mül")
    expect(desk.locator("#results .row-link")).to_have_text(["Müller, Paula"])


def test_the_desk_works_without_scripts(live: Live, chromium: Browser) -> None:
    register(live, "Paula Müller", "Karl Kaiser")
    context = chromium.new_context(base_url=live.address, java_script_enabled=False)
    page = context.new_page()
    sign_in(page)
    page.goto("/patients")
    page.get_by_role("searchbox").fill("mül")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("#results .row-link")).to_have_text(["Müller, Paula"])
    page.locator("details.person summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    context.close()


def test_the_keyboard_reaches_everything(live: Live, desk: Page) -> None:
    desk.goto("/account")
    desk.keyboard.press("Tab")
    expect(desk.get_by_text("Skip to the content")).to_be_focused()
    desk.keyboard.press("Enter")
    assert desk.evaluate("document.activeElement.id") == "main"
    summary = desk.locator("details.person summary")
    summary.focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="Sign out")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(summary).to_be_focused()


def test_a_session_that_ended_leads_from_typing_to_the_sign_in_page(live: Live, desk: Page) -> None:
    desk.goto("/patients")
    desk.context.clear_cookies(name="desk")
    desk.get_by_role("searchbox").press_sequentially("mül")
    desk.wait_for_url("**/sign-in?next=/patients")
    desk.get_by_label("Email or name").fill("reception")
    desk.get_by_label("Password").fill(PASSWORD)
    desk.get_by_role("button", name="Sign in").click()
    expect(desk.get_by_role("heading", name="Patients")).to_be_visible()


def test_a_patient_is_registered_and_found(live: Live, desk: Page) -> None:
    desk.goto("/patients")
    desk.get_by_role("link", name="New patient").click()
    desk.get_by_label("Given name").fill("Paula")
    desk.get_by_label("Family name").fill("Müller")
    desk.get_by_label("Phone").fill("call me")
    desk.get_by_role("button", name="Register").click()
    expect(desk.get_by_label("Phone")).to_be_focused()
    desk.get_by_label("Phone").fill("+49 30 555 1234")
    desk.get_by_role("button", name="Register").click()
    expect(desk.get_by_role("heading", name="Paula Müller")).to_be_visible()
    expect(desk.locator("#notices")).to_contain_text("Paula Müller is registered.")


def test_an_address_of_a_calendar_can_be_copied(live: Live, desk: Page) -> None:
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.goto("/patients/1")
    desk.get_by_text("New calendar address").click()
    desk.get_by_role("button", name="Make the address").click()
    desk.get_by_role("button", name="Copy").click()
    expect(desk.get_by_role("button", name="Copied")).to_be_visible()
    assert desk.evaluate("navigator.clipboard.readText()") == desk.locator("#address").inner_text()
    assert violations(desk) == []
