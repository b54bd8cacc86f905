"""The clinic's screens in the browser: from nothing to the first booking, and weeks painted by mouse and by keys."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Practitioner
from scheduler.readiness import SET_UP
from scheduler.usecases.clinic.first_setup import setup_code
from tests.browser.conftest import Live, served, sign_in
from tests.browser.looks import faults

HOURS = "/clinic/practitioners/1/hours"


@pytest.fixture
def empty(app: Flask, chromium: Browser) -> Iterator[Page]:
    """A page at a service without a clinic."""
    app.config[SET_UP] = False
    with served(app) as address:
        context = chromium.new_context(
            base_url=address, viewport={"width": 1280, "height": 860}, timezone_id="Europe/Vienna"
        )
        yield context.new_page()
        context.close()


@pytest.fixture
def admin(page: Page) -> Page:
    """A page at which the administrator is signed in."""
    sign_in(page, "admin")
    return page


def fill(page: Page, entries: dict[str, str]) -> None:
    """Type into fields by their labels."""
    for label, value in entries.items():
        page.get_by_label(label, exact=False).first.fill(value)


def lines(page: Page) -> list[str]:
    """What the seven lines hold."""
    return [page.locator(f"#hours_{day}").input_value() for day in range(7)]


def test_from_nothing_to_the_first_booking(app: Flask, empty: Page) -> None:
    empty.goto("/diary")
    expect(empty.get_by_role("heading", level=1)).to_have_text("Set up the clinic")
    expect(empty.get_by_label("Time zone")).to_have_value("Europe/Vienna")
    assert faults(empty) == ()
    fill(
        empty,
        {
            "Code": setup_code(app.config["SETTINGS"].secret_key),
            "Name of the clinic": "Nadelpunkt",
            "Email of the desk": "desk@nadel.example",
            "Phone of the desk": "030 1234",
            "Name of the location": "Mitte",
            "How many treatment rooms": "1",
            "Your name": "Ada",
            "Sign-in name": "ada",
            "The password again": "a good password",
        },
    )
    empty.get_by_label("Password", exact=True).fill("a good password")
    empty.get_by_label("Time zone").select_option("Europe/Berlin")
    empty.get_by_role("button", name="Set up").click()
    expect(empty.get_by_text("Nadelpunkt is set up.")).to_be_visible()
    empty.get_by_role("link", name="Somebody who treats").click()
    fill(empty, {"Given name": "Nina", "Family name": "Nadel", "Holds since": "2020-01-01"})
    empty.get_by_role("button", name="Save").click()
    expect(empty.get_by_text("Nina Nadel can be booked from now on.")).to_be_visible()
    empty.goto("/patients/new")
    fill(empty, {"Given name": "Paul", "Family name": "Pain"})
    empty.get_by_role("button", name="Register").click()
    today = clock.now().date()
    monday = today + timedelta(days=7 - today.weekday())
    empty.goto(f"/appointments/new?on={monday}&at=10:00&patient_id={empty.url.rsplit('/', 1)[1]}")
    expect(empty.get_by_label("With")).to_contain_text("Nina Nadel")
    empty.get_by_role("button", name="Book").click()
    row = empty.locator("#day-list tbody tr", has_text="Paul Pain")
    expect(row).to_contain_text("10:00–10:30")


def test_names_without_an_end_widen_no_page(live: Live, admin: Page) -> None:
    with live.app.app_context():
        db.session.get_one(Practitioner, 1).given_name = "x" * 150
        db.session.commit()
    admin.set_viewport_size({"width": 390, "height": 844})
    admin.goto("/clinic/staff/new")
    fill(admin, {"Name": "Z" * 150, "Sign-in name": "zoe"})
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_role("heading", level=1)).to_contain_text("Password of")
    wider = [admin.evaluate("document.documentElement.scrollWidth - innerWidth")]
    for path in ("/clinic/staff", "/clinic/practitioners", "/clinic/practitioners/1"):
        admin.goto(path)
        wider.append(admin.evaluate("document.documentElement.scrollWidth - innerWidth"))
    assert wider == [0, 0, 0, 0]


def test_hours_are_painted_with_the_mouse(live: Live, admin: Page) -> None:
    admin.goto(f"{HOURS}/new")
    start, end = (
        admin.locator(f"td[data-day='{day}'][data-cell='{number}']") for day, number in ((0, 18), (4, 23))
    )
    admin.get_by_label("Sunday", exact=True).fill("by phone")
    admin.get_by_role("grid").scroll_into_view_if_needed()
    end.scroll_into_view_if_needed()
    start.hover()
    admin.mouse.down()
    end.hover()
    assert lines(admin) == ["09:00–12:00"] * 5 + ["", "by phone"]
    admin.locator("td[data-day='1'][data-cell='23']").hover()
    admin.mouse.up()
    assert lines(admin) == ["09:00–12:00"] * 2 + [""] * 4 + ["by phone"]
    admin.locator("td[data-day='1'][data-cell='20']").click()
    assert lines(admin)[1] == "09:00–10:00, 10:30–12:00"


def test_hours_are_painted_with_the_keys_alone_and_kept(live: Live, admin: Page) -> None:
    admin.goto(f"{HOURS}/1_2025-01-06__1")
    first = admin.get_by_role("gridcell", name="Monday 09:00–09:30, works")
    first.focus()
    for _ in range(5):
        admin.keyboard.press("ArrowRight")
    expect(admin.get_by_role("gridcell", name="Saturday 09:00–09:30, free")).to_be_focused()
    admin.keyboard.press("Space")
    for _ in range(3):
        admin.keyboard.press("Shift+ArrowDown")
    assert lines(admin)[5] == "09:00–11:00"
    expect(admin.get_by_role("gridcell", name="Saturday 10:30–11:00, works")).to_be_focused()
    admin.keyboard.press("ArrowDown")
    admin.keyboard.press("ArrowUp")
    admin.keyboard.press("Space")
    assert lines(admin)[5] == "09:00–10:30"
    admin.get_by_role("button", name="Save").press("Enter")
    expect(admin.get_by_text("The hours are kept.")).to_be_visible()
    expect(admin.get_by_text("09:00–10:30")).to_be_visible()


def test_typing_repaints_the_grid(live: Live, admin: Page) -> None:
    admin.goto(f"{HOURS}/new")
    admin.get_by_label("Tuesday", exact=True).fill("6-7:10")
    admin.get_by_label("Wednesday", exact=True).focus()
    expect(admin.get_by_role("gridcell", name="Tuesday 06:00–06:30, works")).to_be_visible()
    expect(admin.get_by_role("gridcell", name="Tuesday 07:00–07:30, works partly")).to_be_visible()
    admin.get_by_role("button", name="Show the whole day").click()
    expect(admin.get_by_role("gridcell", name="Sunday 23:30–24:00, free")).to_be_visible()


def test_without_scripts_hours_are_typed(live: Live, chromium: Browser) -> None:
    context = chromium.new_context(base_url=live.address, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "admin")
    page.goto(f"{HOURS}/new")
    page.get_by_label("Saturday").fill("9-12")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The hours are kept.")).to_be_visible()
    context.close()
