"""Two desks at one diary: what one does the other sees within seconds; hands, keys and clipboard."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType
from scheduler.usecases.tasks import add_task
from tests.browser.conftest import Live, sign_in
from tests.browser.hands import drag, entry, spot
from tests.factories import RECEPTIONIST, at, make_appointment, make_patient

pytestmark = pytest.mark.usefixtures("monday")
MONDAY, TUESDAY = "/diary?on=2026-03-02", "/diary?on=2026-03-03"
SECONDS = 1000


@contextmanager
def another_desk(live: Live, chromium: Browser) -> Iterator[Page]:
    """A second receptionist's browser, signed in."""
    context = chromium.new_context(base_url=live.address, viewport={"width": 1280, "height": 860})
    page = context.new_page()
    sign_in(page)
    yield page
    context.close()


def only(live: Live) -> Appointment:
    with live.app.app_context():
        row = db.session.scalars(select(Appointment)).one()
        db.session.expunge_all()
        return row


def test_what_one_desk_does_the_other_sees_without_reloading(
    live: Live, desk: Page, chromium: Browser
) -> None:
    with live.app.app_context():
        make_appointment(live.world, at(3))
    with another_desk(live, chromium) as other:
        desk.goto(TUESDAY)
        other.goto(TUESDAY)
        expect(entry(other, "Pain")).to_contain_text("Booked")
        entry(desk, "Pain").locator("a").focus()
        desk.keyboard.press("a")
        expect(entry(desk, "Pain")).to_contain_text("Arrived")
        expect(entry(other, "Pain")).to_contain_text("Arrived")
        with live.app.app_context():
            wish = {"kind": "request", "patient_id": live.world.patient_id, "note": "Mondays are better."}
            add_task(**wish, actor=RECEPTIONIST, now=clock.now())
        expect(other.get_by_role("link", name="Tasks 1 to do")).to_be_visible()
    assert only(live).status == "arrived"


def test_nothing_is_asked_while_the_tab_is_hidden(live: Live, desk: Page) -> None:
    desk.clock.install(time=0)
    desk.goto(TUESDAY)
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url) if "/diary/version" in request.url else None)
    desk.clock.run_for(9 * SECONDS)
    seen = len(asked)
    desk.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    desk.clock.run_for(60 * SECONDS)
    assert (seen >= 1, len(asked)) == (True, seen)


def test_one_click_marks_who_arrived_today(live: Live, desk: Page) -> None:
    with live.app.app_context():
        make_appointment(live.world, at(2, 11))
    desk.goto(MONDAY)
    entry(desk, "Pain").hover()
    desk.get_by_role("button", name="Mark as arrived: Paul Pain").click()
    expect(entry(desk, "Pain")).to_contain_text("Arrived")
    assert only(live).status == "arrived"


def test_an_appointment_in_hand_is_carried_to_another_week(live: Live, desk: Page) -> None:
    with live.app.app_context():
        make_appointment(live.world, at(3))
    desk.goto(TUESDAY)
    entry(desk, "Pain").locator("a").focus()
    desk.keyboard.press("x")
    desk.goto("/diary?on=2026-03-10")
    chip = desk.get_by_role("button", name="Paul Pain, Tue 3 Mar, 10:00", exact=True)
    x, y = spot(desk, "14:00")
    place = desk.locator("#calendar").bounding_box()
    assert place is not None
    chip.drag_to(desk.locator("#calendar"), target_position={"x": x - place["x"], "y": y - place["y"] + 4})
    expect(entry(desk, "Pain")).to_contain_text("14:00–14:30")
    expect(desk.locator("#in-hand")).to_be_hidden()
    assert only(live).starts_at == at(10, 14)


def test_by_keyboard_and_click_the_clipboard_is_put_down_too(live: Live, desk: Page) -> None:
    with live.app.app_context():
        make_appointment(live.world, at(3))
    desk.goto(TUESDAY)
    entry(desk, "Pain").locator("a").focus()
    desk.keyboard.press("x")
    desk.goto("/diary?on=2026-03-12")
    desk.get_by_role("button", name="Paul Pain, Tue 3 Mar, 10:00", exact=True).press("Enter")
    desk.mouse.click(*spot(desk, "09:30"))
    expect(entry(desk, "Pain")).to_contain_text("09:30–10:00")
    assert only(live).starts_at == at(12, 9, 30)


def test_what_was_put_on_another_day_is_told_with_a_way_there(live: Live, desk: Page) -> None:
    with live.app.app_context():
        make_appointment(live.world, at(3))
    desk.goto(TUESDAY)
    entry(desk, "Pain").locator("a").focus()
    desk.keyboard.press("m")
    desk.locator("#move-on").fill("2026-03-05")
    desk.keyboard.press("Enter")
    desk.locator(".toast").get_by_role("link", name="Show that day").click()
    expect(entry(desk, "Pain")).to_contain_text("10:00–10:30")
    assert "on=2026-03-05" in desk.url


def test_what_is_not_drawn_on_the_page_is_taken_in_hand_from_its_panel(live: Live, desk: Page) -> None:
    with live.app.app_context():
        number = make_appointment(live.world, at(3)).id
    desk.goto("/diary?on=2026-03-12")
    desk.evaluate(f"panel.open('/appointments/{number}')")
    desk.get_by_role("button", name="Take in hand, to put it down elsewhere").click()
    expect(desk.locator(".toast")).to_contain_text("In hand: Paul Pain.")
    desk.get_by_role("button", name="Paul Pain, Tue 3 Mar, 10:00", exact=True).press("Enter")
    desk.mouse.click(*spot(desk, "09:30"))
    expect(entry(desk, "Pain")).to_contain_text("09:30–10:00")
    assert only(live).starts_at == at(12, 9, 30)


def test_the_team_week_moves_to_another_day_at_the_same_time(live: Live, desk: Page) -> None:
    with live.app.app_context():
        make_appointment(live.world, at(3))
    desk.goto("/diary?view=team&on=2026-03-03")
    card = desk.locator("#calendar .ec-event.entry", has_text="Pain")
    box = card.bounding_box()
    assert box is not None
    desk.mouse.move(box["x"] + 20, box["y"] + 10)
    desk.mouse.down()
    desk.mouse.move(box["x"] + box["width"] + 40, box["y"] + 12, steps=12)
    desk.mouse.up()
    expect(desk.locator(".toast")).to_contain_text("Moved to")
    assert only(live).starts_at == at(4)


def test_a_question_mark_lists_the_keys_of_the_page_and_they_can_be_switched_off(
    live: Live, desk: Page
) -> None:
    with live.app.app_context():
        make_patient("Otto", "Other")
    desk.goto(MONDAY)
    desk.keyboard.press("?")
    help_ = desk.get_by_role("dialog", name="Keys")
    expect(help_).to_contain_text("Find a patient")
    expect(help_).to_contain_text("Today")
    help_.get_by_role("button", name="Switch single keys off").click()
    desk.keyboard.press("w")
    desk.wait_for_timeout(300)
    assert "view=week" not in desk.url
    desk.locator("details.person summary").click()
    desk.locator("[data-keys-help]").click()
    desk.get_by_role("button", name="Switch single keys on").click()
    desk.wait_for_load_state()
    desk.keyboard.press("w")
    desk.wait_for_url("**view=week**")


def test_a_stale_drag_goes_back_and_says_who_changed_what(live: Live, desk: Page, chromium: Browser) -> None:
    with live.app.app_context():
        number = make_appointment(live.world, at(3)).id
    with another_desk(live, chromium) as other:
        other.route("**/diary/version**", lambda route: route.abort())
        desk.goto(TUESDAY)
        other.goto(TUESDAY)
        expect(entry(other, "Pain")).to_contain_text("Booked")
        entry(desk, "Pain").click()
        desk.get_by_role("button", name="Confirmed").click()
        expect(entry(desk, "Pain")).to_contain_text("Confirmed")
        drag(other, "Pain", to="14:00")
        expect(other.locator(".toast")).to_have_text(
            "The reception set this to “Confirmed” (just now). Nothing of yours was done; please look again."
        )
        expect(entry(other, "Pain")).to_contain_text("10:00–10:30 · Confirmed")
    assert (only(live).id, only(live).starts_at) == (number, at(3))


def test_where_the_type_allows_it_an_appointment_is_made_longer_by_mouse_and_by_keys(
    live: Live, desk: Page
) -> None:
    with live.app.app_context():
        db.session.get_one(AppointmentType, live.world.needling_id).may_resize = True
        make_appointment(live.world, at(3))
    desk.goto(TUESDAY)
    box = entry(desk, "Pain").bounding_box()
    assert box is not None
    desk.mouse.move(box["x"] + 40, box["y"] + box["height"] - 3)
    desk.mouse.down()
    desk.mouse.move(box["x"] + 40, box["y"] + box["height"] + 21, steps=6)
    desk.mouse.up()
    expect(entry(desk, "Pain")).to_contain_text("10:00–10:45")
    entry(desk, "Pain").get_by_role("link").focus()
    desk.keyboard.press("m")
    desk.get_by_label("Minutes").fill("60")
    desk.keyboard.press("Enter")
    expect(entry(desk, "Pain")).to_contain_text("10:00–11:00")
    assert only(live).ends_at == at(3, 11)
