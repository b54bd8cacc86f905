"""The patient's side on a phone-sized screen: from the link in a mail to everything that the page lets them do."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler import clock
from scheduler.extensions import db
from scheduler.mail.render import render_letter
from scheduler.mail.site import Site
from scheduler.models import Appointment, AppointmentType, Clinic, FeedToken, Outcome, Task
from scheduler.usecases.messages.claims import claim_messages
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from tests.browser.conftest import Live, sign_in
from tests.browser.looks import faults, overflow, violations
from tests.factories import BERLIN, RECEPTIONIST

WIDTHS = (320, 390, 1280)


def in_days(days: int, hour: int = 10) -> datetime:
    """So many working days ahead."""
    day = clock.now().astimezone(BERLIN).replace(hour=hour, minute=0, second=0, microsecond=0)
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


@pytest.fixture
def planned(live: Live) -> int:
    """The first appointment of a plan, in three working days; its confirmation is owed."""
    world = live.world
    with live.app.app_context():
        kind = db.session.get_one(AppointmentType, world.needling_id)
        clinic = db.session.get_one(Clinic, 1)
        clinic.rebooking, clinic.asks_check_in, kind.patients_may_move = "book", True, True
        db.session.commit()
        now = clock.now()
        plan = prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=now.date(),
            phases=[PhaseWish(3, 3, 7, 12, world.needling_id)],
            actor=RECEPTIONIST,
            now=now,
        )
        chosen = [
            ChosenSlot(1, in_days(3), world.practitioner_id),
            ChosenSlot(2, in_days(8), world.practitioner_id),
        ]
        number = place_plan(plan.id, sessions=chosen, actor=RECEPTIONIST, now=now)[0].id
        db.session.remove()
    return number


@pytest.fixture
def phone(chromium: Browser, live: Live, planned: int) -> Iterator[Page]:
    """A phone on which the link of the confirmation was opened."""
    yield from opened(chromium, live, with_script=True)


@pytest.fixture
def plain_phone(chromium: Browser, live: Live, planned: int) -> Iterator[Page]:
    """The same with scripts switched off."""
    yield from opened(chromium, live, with_script=False)


def opened(chromium: Browser, live: Live, with_script: bool) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=live.address, viewport={"width": 320, "height": 640}, java_script_enabled=with_script
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(link_in_mail(live))
    yield page
    context.close()
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


def link_in_mail(live: Live) -> str:
    """The address of the page in the mail that is about to be sent."""
    with live.app.app_context():
        key = live.app.config["SETTINGS"].secret_key
        now = clock.now()
        (letter,) = claim_messages(limit=1, now=now, link_key=key).letters
        mail = render_letter(letter, "desk@clinic.example", Site(live.address, key), now=now).decode()
        db.session.remove()
    found = re.search(
        rf"Your appointments: ({re.escape(live.address)}/p/[\w-]{{43}})", mail.replace("=\r\n", "")
    )
    assert found is not None
    return found[1]


def status_of(live: Live, number: int) -> tuple[str, datetime]:
    with live.app.app_context():
        row = db.session.get_one(Appointment, number)
        db.session.refresh(row)
        found = row.status, row.starts_at
        db.session.remove()
    return found


def change_clinic(live: Live, **values: object) -> None:
    with live.app.app_context():
        for name, value in values.items():
            setattr(db.session.get_one(Clinic, 1), name, value)
        db.session.commit()
        db.session.remove()


def test_the_link_of_a_mail_opens_the_page_and_confirming_is_one_tap(
    live: Live, plain_phone: Page, planned: int
) -> None:
    expect(plain_phone.get_by_role("heading", name="Hello Paul")).to_be_visible()
    expect(plain_phone.get_by_text("0 of 3 sessions done")).to_be_visible()
    plain_phone.get_by_role("button", name="I will come").first.click()
    expect(plain_phone.get_by_role("status")).to_have_text("Thank you. We look forward to seeing you.")
    expect(plain_phone.get_by_text("You said that you will come.")).to_have_count(1)
    assert status_of(live, planned)[0] == "confirmed"


def test_cancelling_asks_once_more_and_then_is_done(live: Live, plain_phone: Page, planned: int) -> None:
    plain_phone.get_by_text("I cannot come").first.click()
    plain_phone.get_by_role("button", name="Cancel this appointment").first.click()
    expect(plain_phone.get_by_role("status")).to_contain_text("Your appointment is cancelled.")
    assert status_of(live, planned)[0] == "cancelled"


def test_too_late_to_cancel_shows_whom_to_call(live: Live, phone: Page, planned: int) -> None:
    change_clinic(live, cancel_notice_hours=336)
    phone.reload()
    expect(phone.get_by_text("I cannot come")).to_have_count(0)
    call = phone.get_by_text("If you cannot come, please call us:").first
    expect(call.get_by_role("link")).to_have_attribute("href", "tel:+49301234567")


def test_another_time_is_booked_in_two_taps(live: Live, phone: Page, planned: int) -> None:
    before = status_of(live, planned)[1]
    phone.get_by_role("link", name="Another time").first.click()
    expect(phone.get_by_role("radio").first).to_be_visible()
    assert (overflow(phone), violations(phone)) == (0, [])
    phone.get_by_role("radio").first.check()
    phone.get_by_role("button", name="Move my appointment").click()
    expect(phone.get_by_role("status")).to_contain_text("Your appointment is moved.")
    assert status_of(live, planned)[1] != before


def test_another_time_is_asked_for_and_reception_accepts(
    live: Live, phone: Page, page: Page, planned: int
) -> None:
    change_clinic(live, rebooking="request")
    before = status_of(live, planned)[1]
    phone.reload()
    phone.get_by_role("link", name="Ask for another time").first.click()
    for number in (0, 1):
        phone.get_by_role("checkbox").nth(number).check()
    phone.get_by_label("Anything we should know?").fill("I work late on Mondays.")
    phone.get_by_role("button", name="Ask for these times").click()
    expect(phone.get_by_role("status")).to_contain_text("We look at your wish")
    assert status_of(live, planned)[1] == before
    sign_in(page)
    page.goto("/tasks")
    expect(page.get_by_text("I work late on Mondays.")).to_be_visible()
    page.set_viewport_size({"width": 320, "height": 640})
    assert (overflow(page), violations(page)) == (0, [])
    page.get_by_role("button", name="Move to").first.click()
    expect(page.get_by_text("Nothing to do.")).to_be_visible()
    assert status_of(live, planned)[1] != before
    with live.app.app_context():
        assert db.session.query(Task).one().done_at is not None
        db.session.remove()


def test_check_in_is_two_taps_and_shows_at_the_desk(
    live: Live, phone: Page, page: Page, planned: int
) -> None:
    with live.app.app_context():
        row = db.session.get_one(Appointment, planned)
        starts_at = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=5)
        row.starts_at = row.busy_from = starts_at
        row.ends_at = row.busy_until = starts_at + timedelta(minutes=30)
        db.session.commit()
        db.session.remove()
    phone.reload()
    assert (overflow(phone), violations(phone)) == (0, [])
    phone.get_by_role("group", name="How strong is your pain today?").get_by_label("6", exact=True).check()
    phone.get_by_role("group", name="headache").get_by_role("button", name="12", exact=True).click()
    expect(phone.get_by_role("status")).to_contain_text("Thank you, that helps us")
    with live.app.app_context():
        values = {row.measure: row.value for row in db.session.query(Outcome)}
        db.session.remove()
    assert values == {"nprs": 6, "headache_days": 12}
    sign_in(page)
    page.goto(f"/patients/{live.world.patient_id}")
    expect(page.get_by_role("img", name="Pain, 0 to 10")).to_be_visible()
    page.get_by_text("Enter a value").click()
    page.get_by_label("What was measured").select_option("hit6")
    page.get_by_label("Value", exact=True).fill("60")
    page.get_by_role("button", name="Keep the value").click()
    expect(page.get_by_role("img", name="HIT-6, 36 to 78")).to_be_visible()
    assert violations(page) == []


def test_language_and_mails_are_chosen(live: Live, phone: Page) -> None:
    phone.get_by_text("Mails and language").click()
    phone.get_by_label("Language").select_option("de")
    phone.get_by_label("to remind me of appointments").uncheck()
    phone.get_by_role("button", name="Save").click()
    expect(phone.locator("html")).to_have_attribute("lang", "de")
    phone.locator("summary").filter(has=phone.locator("h2")).click()
    expect(phone.locator("input[name=reminders]")).not_to_be_checked()
    phone.get_by_role("button", name="English").click()
    expect(phone.locator("html")).to_have_attribute("lang", "en-GB")


def names_of_calendars(live: Live) -> list[str]:
    with live.app.app_context():
        found = [row.name for row in db.session.query(FeedToken)]
        db.session.remove()
    return found


def test_a_calendar_is_one_tap(live: Live, phone: Page) -> None:
    with phone.expect_request("https://calendar.google.com/**") as asked:
        phone.get_by_role("button", name="Google").click()
    assert asked.value.url.partition("?")[0] == "https://calendar.google.com/calendar/r"
    assert names_of_calendars(live) == ["Google"]


def test_other_calendars_get_a_code(live: Live, phone: Page) -> None:
    phone.get_by_role("button", name="Other, QR code").click()
    expect(phone.get_by_role("img", name="QR code of the calendar address")).to_be_visible()
    assert (overflow(phone), violations(phone)) == (0, [])
    assert names_of_calendars(live) == ["Other"]


def test_the_page_can_be_used_by_everybody_on_small_screens(phone: Page) -> None:
    for details in phone.locator("details").all():
        details.evaluate("each => { each.open = true }")
    assert faults(phone, WIDTHS) == ()
