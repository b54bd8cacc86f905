"""A telephone in the hand: hours are painted with a finger, appointments moved, marked and carried by touch."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

from scheduler.extensions import db
from scheduler.models import Appointment
from tests.browser.conftest import Live, sign_in
from tests.browser.hands import entry, spot
from tests.factories import at, make_appointment

pytestmark = [
    pytest.mark.usefixtures("monday"),
    pytest.mark.parametrize("app", ["sqlite"], indirect=True),
]
MONDAY, TUESDAY = "/diary?on=2026-03-02", "/diary?on=2026-03-03"


class Finger:
    """One finger on the glass."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session: CDPSession = page.context.new_cdp_session(page)

    def down(self, x: float, y: float) -> None:
        """Touch a point of the window."""
        self._touch("touchStart", x, y)

    def drag(self, *points: tuple[float, float]) -> None:
        """Go over points and leave the glass at the last one."""
        for x, y in points:
            self._touch("touchMove", x, y)
        self.session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def _touch(self, kind: str, x: float, y: float) -> None:
        points = [{"x": x, "y": y}]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def middle(target: Locator) -> tuple[float, float]:
    box = target.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture
def phone(live: Live, chromium: Browser) -> Iterator[Page]:
    """A telephone at which the administrator is signed in."""
    context = chromium.new_context(
        base_url=live.address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    sign_in(page, "admin")
    yield page
    context.close()


def test_a_finger_paints_hours_and_scrolls_beside_them(phone: Page) -> None:
    phone.goto("/clinic/practitioners/1/hours/new")
    start, end = (
        phone.locator(f"td[data-day='{day}'][data-cell='{number}']") for day, number in ((0, 18), (4, 23))
    )
    end.scroll_into_view_if_needed()
    finger = Finger(phone)
    finger.down(*middle(start))
    (x0, y0), (x1, y1) = middle(start), middle(end)
    finger.drag(*((x0 + (x1 - x0) * step / 8, y0 + (y1 - y0) * step / 8) for step in range(1, 9)))
    lines = [phone.locator(f"[name=hours_{day}]").input_value() for day in range(7)]
    assert lines == ["09:00–12:00"] * 5 + ["", ""]
    x, y = middle(phone.locator(".paint tbody th").nth(9))
    seen = phone.evaluate("scrollY")
    finger.down(x, y)
    finger.drag(*((x, y - 20 * step) for step in range(1, 9)))
    phone.wait_for_function(f"scrollY > {seen}")
    assert [phone.locator(f"[name=hours_{day}]").input_value() for day in range(7)] == lines


def test_a_long_press_takes_an_appointment_and_a_tap_marks_who_arrived(live: Live, phone: Page) -> None:
    with live.app.app_context():
        number = make_appointment(live.world, at(2, 11)).id
    phone.goto(MONDAY)
    entry(phone, "Pain").scroll_into_view_if_needed()
    x, y = middle(entry(phone, "Pain"))
    down = spot(phone, "12:00")[1] - spot(phone, "11:00")[1]
    finger = Finger(phone)
    finger.down(x, y)
    expect(phone.locator(".ec-event.ec-preview, .ec-event.ec-ghost").first).to_be_visible()
    finger.drag(*((x, y + down * step / 6) for step in range(1, 7)))
    expect(entry(phone, "Pain")).to_contain_text("12:00–12:30")
    phone.get_by_role("button", name="Mark as arrived: Paul Pain").tap()
    expect(entry(phone, "Pain")).to_contain_text("Arrived")
    with live.app.app_context():
        row = db.session.get_one(Appointment, number)
        assert (row.starts_at, row.status) == (at(2, 12), "arrived")


def test_an_appointment_is_carried_to_another_week_by_taps(live: Live, phone: Page) -> None:
    with live.app.app_context():
        number = make_appointment(live.world, at(3)).id
    phone.goto(TUESDAY)
    entry(phone, "Pain").get_by_role("link").tap()
    phone.get_by_role("button", name="Take in hand").tap()
    expect(phone.locator("#panel")).to_be_hidden()
    phone.goto("/diary?on=2026-03-12")
    phone.locator("#in-hand").get_by_role("button", name="Paul Pain, Tue 3 Mar, 10:00", exact=True).tap()
    x, y = spot(phone, "09:30")
    phone.touchscreen.tap(x + 20, y + 6)
    expect(entry(phone, "Pain")).to_contain_text("09:30–10:00")
    with live.app.app_context():
        assert db.session.get_one(Appointment, number).starts_at == at(12, 9, 30)
