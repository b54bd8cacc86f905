"""The diary in Chromium: whose clock counts, what keys do, what happens to a drag that cannot be."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from tests.browser.conftest import Live, sign_in
from tests.browser.hands import click_free, drag, entry, listed, spot
from tests.factories import NOW, at, make_appointment, make_patient, make_practitioner

pytestmark = pytest.mark.usefixtures("monday")
TUESDAY = "/diary?on=2026-03-03"


def starts(live: Live) -> list[datetime]:
    with live.app.app_context():
        return list(db.session.scalars(select(Appointment.starts_at).order_by(Appointment.starts_at)))


def booked(live: Live, starts_at: datetime, name: str = "", **changes: int) -> int:
    """An appointment of the world's patient or of a new one."""
    with live.app.app_context():
        if name:
            changes["patient_id"] = make_patient(*name.split()).id
        return make_appointment(live.world, starts_at, **changes).id


@contextmanager
def desk_in(zone: str, live: Live, chromium: Browser) -> Iterator[Page]:
    """A receptionist at a computer whose clock is set to a zone."""
    context = chromium.new_context(base_url=live.address, timezone_id=zone)
    page = context.new_page()
    sign_in(page)
    yield page
    context.close()


def test_a_computer_in_another_zone_books_and_moves_by_the_clinics_clock(
    live: Live, chromium: Browser
) -> None:
    """On that Sunday clocks in New York skip the hour from two to three; Berlin's do not."""
    with live.app.app_context():
        treats = make_practitioner(
            live.world.location_id, given_name="Nina", family_name="Nacht", weekdays=(6,), hours=(60, 360)
        ).id
        patient = PatientDetails(given_name="Karl", family_name="Kaiser")
        register_patient(patient, actor=COMMAND, now=NOW)
    booked(live, at(8, 1, 30), practitioner_id=treats)
    with desk_in("America/New_York", live, chromium) as page:
        page.goto("/diary?on=2026-03-08")
        expect(page.locator("#other-clock")).to_have_text(
            "All times are Berlin time; the clock of this computer shows another one."
        )
        expect(entry(page, "Pain")).to_contain_text("01:30–02:00")
        drag(page, "Pain", to="02:30")
        expect(entry(page, "Pain")).to_contain_text("02:30–03:00")
        click_free(page, "02:15")
        page.get_by_role("searchbox").press_sequentially("kais")
        expect(page.locator("#suggestions").get_by_role("link", name="Kaiser")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Time")).to_have_value("02:15")
        expect(page.locator("#on")).to_have_value("2026-03-08")
    assert starts(live) == [at(8, 2, 30)]


@pytest.mark.parametrize(
    ("zone", "differs"),
    [("Europe/Berlin", False), ("Europe/Paris", False), ("UTC", True), ("Asia/Tokyo", True)],
)
def test_a_hint_tells_when_the_computers_clock_is_another(
    live: Live, chromium: Browser, zone: str, differs: bool
) -> None:
    with desk_in(zone, live, chromium) as page:
        page.goto(TUESDAY)
        expect(page.locator("#calendar .ec")).to_be_visible()
        assert page.locator("#other-clock").is_visible() == differs


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Chatham", "America/New_York"])
def test_the_line_of_the_present_follows_the_clinics_clock(live: Live, chromium: Browser, zone: str) -> None:
    with live.app.app_context():
        make_practitioner(live.world.location_id, given_name="Early", family_name="Bird", hours=(360, 720))
    with desk_in(zone, live, chromium) as page:
        page.goto("/diary")
        lines = page.locator(".ec-bg-event.now")
        expect(lines).to_have_count(2)
        box = lines.first.bounding_box()
        assert box is not None
        assert abs(box["y"] - spot(page, "08:00")[1]) < 5
        page.goto(TUESDAY)
        expect(page.locator("#calendar .ec")).to_be_visible()
        expect(lines).to_have_count(0)
        page.goto("/diary?view=week&practitioner_id=1")
        expect(page.locator(".ec-header .ec-highlight")).to_have_text("Mon 2 Mar")


def test_against_a_rule_a_drag_asks_for_a_reason(live: Live, desk: Page) -> None:
    booked(live, at(3))
    desk.set_viewport_size({"width": 1280, "height": 1200})
    desk.goto(TUESDAY)
    drag(desk, "Pain", to="17:15")
    panel = desk.locator("#panel")
    expect(panel.get_by_label("Reason to do it all the same")).to_be_focused()
    expect(panel).to_contain_text("The practitioner does not work there at that time.")
    expect(panel.get_by_label("Time")).to_have_value("17:15")
    expect(entry(desk, "Pain")).to_contain_text("10:00–10:30")
    panel.get_by_label("Reason to do it all the same").fill("her only evening")
    desk.keyboard.press("Enter")
    expect(entry(desk, "Pain")).to_contain_text("17:15–17:45")
    assert starts(live) == [at(3, 17, 15)]


def test_a_drag_to_another_column_changes_the_practitioner(live: Live, desk: Page) -> None:
    with live.app.app_context():
        make_practitioner(live.world.location_id, given_name="Wanda", family_name="Zweig")
    number = booked(live, at(3))
    desk.goto(TUESDAY)
    drag(desk, "Pain", to="10:00", column=1)
    expect(listed(desk, "Pain")).to_contain_text("Wanda Zweig")
    with live.app.app_context():
        assert db.session.get_one(Appointment, number).practitioner_id != live.world.practitioner_id


def test_where_to_move_is_offered_in_the_panel_and_drawn_behind_it(live: Live, desk: Page) -> None:
    booked(live, at(3))
    desk.goto(TUESDAY)
    for press_in in ("the panel", "the diary"):
        entry(desk, "Pain").click()
        desk.locator("summary", has_text="Move to…").click()
        if press_in == "the panel":
            desk.get_by_role("button", name="Tue 3 Mar, 09:30, Petra Pin").click()
            expect(entry(desk, "Pain")).to_contain_text("09:30–10:00")
        else:
            expect(desk.locator(".ec-bg-event.free").first).to_be_visible()
            click_free(desk, "11:30")
            expect(entry(desk, "Pain")).to_contain_text("11:30–12:00")
    assert starts(live) == [at(3, 11, 30)]


def test_a_drag_in_the_week_changes_the_day(live: Live, desk: Page) -> None:
    booked(live, at(3))
    desk.goto(f"{TUESDAY}&view=week")
    drag(desk, "Pain", to="11:15", column=3)
    expect(listed(desk, "Pain")).to_contain_text("Thu 5 Mar")
    assert starts(live) == [at(5, 11, 15)]


def test_what_happened_already_cannot_be_dragged(live: Live, desk: Page) -> None:
    number = booked(live, at(3))
    with live.app.app_context():
        db.session.get_one(Appointment, number).status = "arrived"
        db.session.commit()
    desk.goto(TUESDAY)
    drag(desk, "Pain", to="11:00")
    expect(entry(desk, "Pain")).to_contain_text("10:00–10:30 · Arrived")
    assert starts(live) == [at(3)]


def test_without_the_server_a_drag_goes_back_and_nothing_entered_is_lost(live: Live, desk: Page) -> None:
    booked(live, at(3))
    desk.goto(TUESDAY)
    entry(desk, "Pain").click()
    desk.get_by_text("Cancel the appointment…").click()
    desk.get_by_label("Reason").fill("Patient is ill")
    desk.context.set_offline(True)
    desk.get_by_role("button", name="Cancel the appointment").click()
    expect(desk.locator("#panel [role=alert]")).to_contain_text("The server is not reached.")
    expect(desk.get_by_label("Reason")).to_have_value("Patient is ill")
    desk.keyboard.press("Escape")
    drag(desk, "Pain", to="11:00")
    expect(desk.locator(".toast")).to_contain_text("The server is not reached.")
    expect(entry(desk, "Pain")).to_contain_text("10:00–10:30")
    desk.context.set_offline(False)
    assert starts(live) == [at(3)]


def test_when_the_session_ended_a_drag_leads_to_the_sign_in_page(live: Live, desk: Page) -> None:
    booked(live, at(3))
    desk.goto(TUESDAY)
    desk.context.clear_cookies(name="desk")
    drag(desk, "Pain", to="11:00")
    desk.wait_for_url(lambda url: "/sign-in" in url)
    assert starts(live) == [at(3)]


def test_keys_lead_through_the_diary(live: Live, desk: Page) -> None:
    booked(live, at(3))
    desk.goto(TUESDAY)
    heading = desk.get_by_role("heading", level=1)
    for key, title in (
        ("ArrowRight", "Wednesday, 4 March 2026"),
        ("w", "2–8 Mar 2026"),
        ("ArrowLeft", "23 Feb – 1 Mar 2026"),
        ("t", "2–8 Mar 2026"),
        ("d", "Monday, 2 March 2026"),
    ):
        desk.keyboard.press(key)
        expect(heading).to_have_text(title)
    desk.keyboard.press("n")
    expect(desk.get_by_role("searchbox")).to_be_focused()
    desk.keyboard.type("wtn")
    expect(desk.get_by_role("searchbox")).to_have_value("wtn")
    desk.keyboard.press("Escape")
    desk.keyboard.press("Escape")
    expect(desk.locator("#panel")).to_be_hidden()
    expect(heading).to_have_text("Monday, 2 March 2026")


@pytest.mark.parametrize("place", ["calendar", "list"])
def test_the_panel_gives_the_focus_back(live: Live, desk: Page, place: str) -> None:
    booked(live, at(3))
    desk.goto(TUESDAY)
    where = entry(desk, "Pain") if place == "calendar" else listed(desk, "Pain")
    link = where.get_by_role("link")
    link.focus()
    desk.keyboard.press("Enter")
    expect(desk.locator("#visit-title")).to_be_focused()
    desk.keyboard.press("Escape")
    expect(desk.locator("#panel")).to_be_hidden()
    expect(link).to_be_focused()
    desk.keyboard.press("Enter")
    desk.get_by_role("button", name="Confirmed").press("Enter")
    expect(desk.locator(".toast")).to_have_text("Paul Pain: Confirmed")
    expect(where).to_contain_text("Confirmed")
    expect(link).to_be_focused()


def test_what_others_do_appears_by_itself_and_leaves_the_focus_where_it_is(live: Live, desk: Page) -> None:
    booked(live, at(3))
    desk.goto(TUESDAY)
    link = listed(desk, "Pain").get_by_role("link")
    link.focus()
    desk.locator(".ec-main").evaluate("element => { element.scrollTop = 40; }")
    booked(live, at(3, 14), "Karl Kaiser")
    desk.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(entry(desk, "Kaiser")).to_contain_text("14:00–14:30")
    expect(link).to_be_focused()
    assert desk.locator(".ec-main").evaluate("element => element.scrollTop") == 40


def test_a_click_opens_an_appointment_and_with_control_its_page(live: Live, desk: Page) -> None:
    number = booked(live, at(3))
    desk.goto(TUESDAY)
    with desk.context.expect_page() as opened:
        entry(desk, "Pain").click(modifiers=["Control"])
    opened.value.wait_for_url(f"**/appointments/{number}")
    expect(desk.locator("#panel")).to_be_hidden()
    entry(desk, "Pain").click()
    expect(desk.locator("#visit-title")).to_have_text("Paul Pain")
    desk.mouse.click(40, 400)
    expect(desk.locator("#panel")).to_be_hidden()


def test_the_diary_works_without_scripts(live: Live, chromium: Browser) -> None:
    booked(live, at(3))
    context = chromium.new_context(base_url=live.address, java_script_enabled=False)
    page = context.new_page()
    sign_in(page)
    page.goto(TUESDAY)
    listed(page, "Pain").get_by_role("link").click()
    page.get_by_text("Move to…").click()
    page.get_by_label("Time").fill("15:30")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("Moved to Tue, 3 Mar 2026, 15:30.")
    expect(listed(page, "Pain")).to_contain_text("15:30–16:00")
    context.close()
    assert starts(live) == [at(3, 15, 30)]
