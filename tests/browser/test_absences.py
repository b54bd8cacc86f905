"""An absence in the browser: previewed, saved, its displaced appointments moved line by line with visible progress."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Appointment
from tests.browser.conftest import Live, sign_in
from tests.browser.looks import faults
from tests.factories import BERLIN, make_appointment, make_patient


@pytest.fixture
def away_on(live: Live) -> date:
    """A Tuesday in two weeks, on which Paul is booked at 10:00 and Ann at 11:00."""
    today = clock.now().astimezone(BERLIN).date()
    on = today + timedelta(days=14 + (1 - today.weekday()) % 7)
    with live.app.app_context():
        ann = make_patient("Ann", "Ache", phone="+49 30 55").id
        for hour, patient_id in ((10, live.world.patient_id), (11, ann)):
            starts_at = datetime(on.year, on.month, on.day, hour, tzinfo=ZoneInfo("Europe/Berlin"))
            make_appointment(live.world, starts_at.astimezone(ZoneInfo("UTC")), patient_id=patient_id)
    return on


@pytest.fixture
def preview(desk: Page, away_on: date) -> Page:
    """What that day's absence would displace, entered by hand."""
    desk.get_by_role("link", name="Absences").click()
    desk.get_by_role("link", name="Enter an absence").click()
    desk.get_by_label("Who or what").select_option(label="Petra Pin")
    desk.get_by_label("First day").fill(away_on.isoformat())
    desk.get_by_role("button", name="See what it displaces").click()
    expect(desk.get_by_text("Nothing is saved yet. It would displace:")).to_be_visible()
    return desk


@pytest.fixture
def repair_page(preview: Page) -> Page:
    """The repair page of that absence."""
    preview.get_by_role("button", name="Save and go on to repair").click()
    expect(preview.get_by_role("heading", name="Still booked for that time")).to_be_visible()
    return preview


def test_preview_is_accessible_and_fits(preview: Page) -> None:
    assert faults(preview) == ()


def line_of(page: Page, name: str) -> str:
    number = page.locator(".patient-card", has_text=name).locator("[data-line]").get_attribute("data-line")
    return f'[data-line="{number}"]'


def test_repair_page_with_slots_unfolded_is_accessible_and_fits(repair_page: Page) -> None:
    line = repair_page.locator(line_of(repair_page, "Ann"))
    line.get_by_role("radio", name="Call first").check()
    expect(line.get_by_role("link", name="+49 30 55")).to_be_visible()
    line.get_by_role("link", name="Other slots").click()
    expect(line.locator(".choice")).to_have_count(12)
    assert faults(repair_page) == ()


def test_another_slot_is_chosen_and_all_is_applied_with_progress(live: Live, repair_page: Page) -> None:
    line = repair_page.locator(line_of(repair_page, "Ann"))
    line.get_by_role("link", name="Other slots").click()
    choice = line.locator(".choice input").last
    choice.focus()
    repair_page.keyboard.press("Space")
    wanted = int((choice.get_attribute("value") or "").split("|")[0])
    assert line.locator("[data-will] b").inner_text() == choice.locator("..").locator("b").inner_text()
    repair_page.get_by_role("button", name="Apply selected (2)").click()
    expect(repair_page.locator("#progress")).to_have_text("Done: 2 changed, 0 not.")
    expect(repair_page.get_by_text("Moved.")).to_have_count(2)
    with live.app.app_context():
        starts = {row.patient.given_name: row.starts_at for row in db.session.query(Appointment)}
        assert starts["Ann"].timestamp() == wanted
    repair_page.reload()
    expect(repair_page.get_by_text("Nothing is booked for that time any more.")).to_be_visible()


def test_slot_taken_meanwhile_is_said_on_its_line_and_the_others_are_kept(
    live: Live, repair_page: Page
) -> None:
    line = repair_page.locator(line_of(repair_page, "Paul"))
    code = line.locator('[type="hidden"][name^="slot-"]').get_attribute("value") or ""
    with live.app.app_context():
        starts_at = datetime.fromtimestamp(int(code.split("|")[0]), ZoneInfo("UTC"))
        make_appointment(
            live.world, starts_at, patient_id=make_patient("Bea").id, room_id=live.world.room_ids[1]
        )
    repair_page.get_by_role("button", name="Apply selected (2)").click()
    expect(repair_page.locator("#progress")).to_have_text("Done: 1 changed, 1 not.")
    expect(line.get_by_text("Somebody else has this slot meanwhile.")).to_be_visible()
    expect(repair_page.locator(line_of(repair_page, "Ann")).get_by_text("Moved.")).to_be_visible()


def test_none_and_all_are_selected_by_keyboard(repair_page: Page) -> None:
    repair_page.get_by_role("button", name="Select none").focus()
    repair_page.keyboard.press("Enter")
    expect(repair_page.get_by_role("button", name="Apply selected (0)")).to_be_disabled()
    repair_page.get_by_role("button", name="Select all").focus()
    repair_page.keyboard.press("Enter")
    expect(repair_page.get_by_role("button", name="Apply selected (2)")).to_be_enabled()


def test_room_that_floods_is_shut_for_everybody_and_emptied_into_another(
    live: Live, desk: Page, away_on: date, chromium: Browser
) -> None:
    context = chromium.new_context(base_url=live.address, viewport={"width": 1280, "height": 860})
    other = context.new_page()
    sign_in(other, "practitioner")
    other.goto(f"/diary?on={away_on}&view=rooms")
    expect(other.locator(".ec-event.entry")).to_have_count(2)
    desk.goto("/absences/new")
    desk.get_by_label("Who or what").select_option(label="Room 1, Mitte")
    desk.get_by_label("First day").fill(away_on.isoformat())
    desk.get_by_label("Reason").fill("Water damage")
    desk.get_by_role("button", name="See what it displaces").click()
    expect(desk.get_by_text("can stay at their time in another room")).to_be_visible()
    desk.get_by_role("button", name="Save and go on to repair").click()
    shut = other.locator(".ec-bg-event.closed")
    expect(shut).to_contain_text("Water damage")
    assert faults(desk) == ()
    assert faults(other) == ()
    desk.get_by_role("button", name="Apply selected (2)").click()
    expect(desk.locator("#progress")).to_have_text("Done: 2 changed, 0 not.")
    with live.app.app_context():
        rooms = {row.room_id for row in db.session.query(Appointment)}
        assert rooms == {live.world.room_ids[1]}
    desk.goto("/absences")
    desk.once("dialog", lambda dialog: dialog.accept())
    desk.get_by_role("button", name="Take back").click()
    expect(shut).to_have_count(0)
    context.close()
