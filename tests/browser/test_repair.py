"""A drag that breaks a window, in Chromium: what is asked, what is repaired, what goes back."""

from datetime import datetime
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, Message
from tests.browser.conftest import Live
from tests.browser.hands import drag, entry, listed
from tests.browser.looks import faults
from tests.usecases.repairs.support import march, series

pytestmark = pytest.mark.usefixtures("monday")
WEEK = "/diary?on=2026-03-10&view=week"


@pytest.fixture
def plan_id(live: Live) -> int:
    """Four weekly sessions, booked on Tuesdays at ten from 3 March on."""
    with live.app.app_context():
        return series(live.world, 3, 10, 17, 24)[0].id


def starts(live: Live) -> list[datetime]:
    with live.app.app_context():
        return list(
            db.session.scalars(
                select(Appointment.starts_at)
                .where(Appointment.status == "booked")
                .order_by(Appointment.starts_at)
            )
        )


def told(live: Live) -> list[tuple[str, int]]:
    """Kind and number of dates of the mails that are owed at once."""
    with live.app.app_context():
        rows = db.session.scalars(select(Message).where(Message.kind != "reminder", Message.state == "due"))
        return [(row.kind, len(row.items)) for row in rows]


@pytest.mark.usefixtures("plan_id")
def test_a_drag_that_breaks_a_window_is_repaired_with_its_series(live: Live, desk: Page) -> None:
    desk.goto(WEEK)
    drag(desk, "Pain", to="11:00", column=4)
    panel = desk.locator("#panel")
    expect(panel.get_by_role("heading", name="Move session 2?")).to_be_focused()
    expect(panel).to_contain_text("2 sessions of “Individual plan” would be outside their windows.")
    expect(panel).to_contain_text("4 days after the session before: too short, at least 5")
    assert starts(live) == [march(day) for day in (3, 10, 17, 24)]
    desk.keyboard.press("Tab")
    expect(panel.get_by_role("button", name="Move and repair the series")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator(".toast")).to_have_text("3 sessions have new dates.")
    expect(entry(desk, "Pain")).to_contain_text("11:00–11:30")
    found = starts(live)
    assert found[1] == march(13, 11)
    assert told(live) == [("series_changed", 3)]
    gaps = [(later.date() - earlier.date()).days for earlier, later in pairwise(found)]
    assert all(5 <= gap <= 9 for gap in gaps)
    for at in found:
        desk.goto(f"/diary?on={at.date()}")
        expect(listed(desk, "Pain")).to_have_count(1)


@pytest.mark.usefixtures("plan_id")
def test_closing_the_question_gives_the_appointment_back(live: Live, desk: Page) -> None:
    desk.goto(WEEK)
    for leave in ("Leave it as it was", ""):
        drag(desk, "Pain", to="11:00", column=4)
        expect(desk.get_by_role("heading", name="Move session 2?")).to_be_visible()
        if leave:
            desk.get_by_role("link", name=leave).click()
        else:
            desk.keyboard.press("Escape")
        expect(desk.locator("#panel")).to_be_hidden()
        expect(entry(desk, "Pain")).to_contain_text("10:00–10:30")
    assert (starts(live)[1], told(live)) == (march(10), [])


@pytest.mark.usefixtures("plan_id")
def test_only_this_one_may_be_moved(live: Live, desk: Page) -> None:
    desk.goto(WEEK)
    drag(desk, "Pain", to="11:00", column=4)
    desk.get_by_role("button", name="Move only this one").click()
    expect(desk.locator(".toast")).to_contain_text("Moved to")
    assert starts(live) == [march(3), march(13, 11), march(17), march(24)]
    assert told(live) == [("change", 1)]


@pytest.mark.usefixtures("plan_id")
def test_a_drag_inside_its_window_asks_nothing(live: Live, desk: Page) -> None:
    desk.goto(WEEK)
    drag(desk, "Pain", to="11:00", column=2)
    expect(desk.locator(".toast")).to_contain_text("Moved to")
    expect(desk.locator("#panel")).to_be_hidden()
    assert starts(live)[1] == march(11, 11)


@pytest.mark.usefixtures("plan_id")
def test_the_panels_form_asks_too_and_a_cancelled_session_finds_a_new_date(live: Live, desk: Page) -> None:
    desk.goto(WEEK)
    entry(desk, "Pain").click()
    desk.get_by_text("Move to…").click()
    desk.locator("#move-on").fill("2026-03-13")
    desk.get_by_role("button", name="Move", exact=True).click()
    expect(desk.get_by_role("heading", name="Move session 2?")).to_be_focused()
    desk.keyboard.press("Escape")
    entry(desk, "Pain").click()
    desk.get_by_role("link", name="Cancel the appointment…").click()
    expect(desk.get_by_role("heading", name="Cancel session 2?")).to_be_focused()
    desk.get_by_label("Reason").fill("Patient is ill")
    desk.get_by_role("button", name="Cancel and find a new date").click()
    expect(desk.locator(".toast")).to_contain_text("The new date is")
    found = starts(live)
    assert (len(found), found[1] != march(10)) == (4, True)
    assert told(live) == [("series_changed", 1)]


def test_the_question_and_the_repair_page_are_accessible_and_fit(
    live: Live, desk: Page, plan_id: int
) -> None:
    with live.app.app_context():
        first = db.session.scalars(select(Appointment.id).order_by(Appointment.starts_at)).all()[1]
    for path in (f"/appointments/{first}/move?on=2026-03-16&at=10:00", f"/appointments/{first}/cancel"):
        desk.goto(path)
        assert faults(desk) == ()
    desk.get_by_role("button", name="Cancel only").click()
    desk.goto(f"/plans/{plan_id}/repair")
    expect(desk.get_by_role("button", name="Accept the repair")).to_be_visible()
    assert faults(desk) == ()
    desk.get_by_role("button", name="Accept the repair").click()
    expect(desk.locator("#notices")).to_contain_text("1 session has a new date.")
