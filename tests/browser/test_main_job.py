"""The main job, whole and in order: from signing in to the reminder in the mailbox."""

from datetime import datetime, timedelta

import icalendar
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from tests.browser.conftest import Live, sign_in
from tests.browser.hands import click_free, drag, entry, listed, tab_to
from tests.conftest import DATABASES
from tests.factories import BERLIN, make_practitioner, save
from tests.mail.smtp_server import Mail, ScriptedServer
from tests.mail.support import dispatch

pytestmark = [
    pytest.mark.usefixtures("monday"),
    pytest.mark.parametrize("app", DATABASES, indirect=True),
]
PAULA, KARL = "Paula Müller", "Karl Kaiser"
TOAST = ".toast"


@pytest.fixture
def clinic(live: Live) -> Live:
    """With the shipped protocols, a second practitioner and two patients."""
    with live.app.app_context():
        save(*load_shipped_protocols())
        make_practitioner(live.world.location_id, given_name="Wanda", family_name="Zweig")
        for name in (PAULA, KARL):
            given_name, family_name = name.split()
            email = f"{given_name.lower()}@mail.example"
            details = PatientDetails(given_name=given_name, family_name=family_name, email=email)
            register_patient(details, actor=COMMAND, now=clock.now())
    return live


def appointments(live: Live, family_name: str) -> list[Appointment]:
    """A patient's appointments in order, as stored now."""
    with live.app.app_context():
        query = select(Appointment).join(Appointment.patient).filter_by(family_name=family_name)
        rows = list(db.session.scalars(query.order_by(Appointment.starts_at)))
        db.session.expunge_all()
        return rows


def wall(row: Appointment) -> str:
    """When it starts on the clinic's clock: 14:30."""
    return f"{row.starts_at.astimezone(BERLIN):%H:%M}"


def test_the_main_job(clinic: Live, page: Page, chromium: Browser) -> None:
    page.set_viewport_size({"width": 1280, "height": 1200})
    sign_in(page)
    find_patient(page)
    place_a_series(page)
    first = appointments(clinic, "Müller")[0]
    on = first.starts_at.astimezone(BERLIN).date().isoformat()
    see_it_in_the_diary(page, on, wall(first))
    move_it_by_mouse(clinic, page)
    book_a_free_time(clinic, page)
    be_refused(clinic, page, chromium, on)
    move_it_by_keyboard(clinic, page)
    follow_and_cancel(clinic, page)
    subscribe(clinic, page, first.patient_id)
    find_the_mails(clinic)


def find_patient(page: Page) -> None:
    page.get_by_role("link", name="Patients").click()
    page.get_by_role("searchbox").press_sequentially("mül")
    page.locator("#results").get_by_role("link", name="Müller, Paula").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PAULA)


def place_a_series(page: Page) -> None:
    page.get_by_role("link", name="New plan").click()
    page.get_by_role("radio", name="Tension-type headache 6 sessions").check()
    page.get_by_role("button", name="Find appointments").click()
    cards = page.locator(".proposal")
    expect(cards.first).to_contain_text("All 6 sessions placed")
    assert cards.count() > 1
    page.get_by_role("button", name="Place this series (Best fit)").click()
    expect(page.locator("#notices")).to_contain_text("6 sessions are booked.")
    expect(page.get_by_text("Placed", exact=True)).to_have_count(6)


def see_it_in_the_diary(page: Page, on: str, at: str) -> None:
    page.get_by_role("link", name="Diary").click()
    page.get_by_label("Day", exact=True).fill(on)
    expect(entry(page, PAULA)).to_contain_text(f"First visit 1/6 · Room 1{at}")
    expect(listed(page, PAULA)).to_contain_text(at)


def move_it_by_mouse(live: Live, page: Page) -> None:
    drag(page, PAULA, to="11:00")
    expect(page.locator(TOAST)).to_contain_text("Moved to")
    expect(entry(page, PAULA)).to_contain_text("11:00–12:00")
    expect(listed(page, PAULA)).to_contain_text("11:00–12:00")
    assert wall(appointments(live, "Müller")[0]) == "11:00"


def book_a_free_time(live: Live, page: Page) -> None:
    click_free(page, "14:00")
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", name="New appointment")).to_be_visible()
    panel.get_by_role("searchbox").press_sequentially("kais")
    expect(panel.get_by_role("link", name="Kaiser, Karl")).to_be_visible()
    page.keyboard.press("Enter")
    expect(panel.get_by_label("Time")).to_have_value("14:00")
    panel.get_by_role("button", name="Book").click()
    expect(page.locator(TOAST)).to_contain_text("Booked for Tue, 3 Mar 2026, 14:00.")
    expect(entry(page, KARL)).to_contain_text("14:00–14:30")
    assert [wall(row) for row in appointments(live, "Kaiser")] == ["14:00"]


def be_refused(live: Live, page: Page, chromium: Browser, on: str) -> None:
    """A busy time, and one that somebody else moved in between: it goes back and says why."""
    drag(page, PAULA, to="14:00")
    expect(page.locator(TOAST)).to_have_text("The practitioner is already busy at that time.")
    expect(entry(page, PAULA)).to_contain_text("11:00–12:00")
    other = chromium.new_context(base_url=live.address)
    elsewhere = other.new_page()
    sign_in(elsewhere, "admin")
    elsewhere.goto(f"/appointments/{appointments(live, 'Müller')[0].id}")
    elsewhere.get_by_text("Move to…").click()
    elsewhere.get_by_label("Time").fill("12:30")
    page.reload()
    expect(entry(page, PAULA)).to_contain_text("11:00–12:00")
    elsewhere.get_by_role("button", name="Move", exact=True).click()
    elsewhere.wait_for_url(f"**/diary?on={on}")
    other.close()
    drag(page, PAULA, to="15:00")
    expect(page.locator(TOAST)).to_contain_text("The admin moved this to Tue, 3 Mar 2026, 12:30")
    expect(entry(page, PAULA)).to_contain_text("12:30–13:30")
    assert wall(appointments(live, "Müller")[0]) == "12:30"


def move_it_by_keyboard(live: Live, page: Page) -> None:
    link = listed(page, PAULA).get_by_role("link")
    page.get_by_role("link", name="Book", exact=True).focus()
    tab_to(page, link)
    page.keyboard.press("Enter")
    expect(page.locator("#visit-title")).to_be_focused()
    tab_to(page, page.locator("summary", has_text="Move to…"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Time"))
    page.keyboard.type("0330PM")
    page.keyboard.press("Enter")
    expect(page.locator(TOAST)).to_contain_text("15:30")
    expect(listed(page, PAULA)).to_contain_text("15:30–16:30")
    expect(link).to_be_focused()
    assert wall(appointments(live, "Müller")[0]) == "15:30"


def follow_and_cancel(live: Live, page: Page) -> None:
    entry(page, PAULA).click()
    page.get_by_role("button", name="Confirmed").click()
    expect(page.locator(TOAST)).to_have_text(f"{PAULA}: Confirmed")
    expect(listed(page, PAULA)).to_contain_text("Confirmed")
    entry(page, KARL).click()
    page.get_by_text("Cancel the appointment…").click()
    page.get_by_label("Reason").fill("Patient is ill")
    page.get_by_role("button", name="Cancel the appointment").click()
    expect(page.locator(TOAST)).to_have_text("Cancelled.")
    expect(entry(page, KARL)).to_have_count(0)
    (karl,) = appointments(live, "Kaiser")
    assert (karl.status, karl.cancel_reason) == ("cancelled", "Patient is ill")


def subscribe(live: Live, page: Page, patient_id: int) -> None:
    page.goto(f"/patients/{patient_id}")
    page.get_by_text("New calendar address").click()
    page.get_by_role("button", name="Make the address").click()
    address = page.locator("#address").inner_text()
    answer = page.request.get("/feeds/" + address.rpartition("/")[2])
    calendar = icalendar.Calendar.from_ical(answer.body())
    events = sorted(event.start for event in calendar.events)
    assert events == [row.starts_at for row in appointments(live, "Müller")]
    assert f"{events[0].astimezone(BERLIN):%a %H:%M}" == "Tue 15:30"


def find_the_mails(live: Live) -> None:
    first, *_ = rows = appointments(live, "Müller")
    said = mails_at(live, clock.now() + timedelta(minutes=1))
    assert sorted((mail.recipients, str(mail.parsed["Subject"])) for mail in said) == [
        (["karl@mail.example"], "Cancelled: your appointment on Tuesday, 3 March, 14:00"),
        (["paula@mail.example"], "Changed: your appointment on Tuesday, 3 March, 15:30"),
        (["paula@mail.example"], "Your 6 appointments from Tuesday, 3 March"),
    ]
    (confirmation,) = (text(mail) for mail in said if "6 appointments" in mail.parsed["Subject"])
    assert [written(row) in confirmation for row in rows] == [True] * 6
    assert mails_at(live, clock.now() + timedelta(minutes=2)) == []
    (reminder,) = mails_at(live, first.starts_at - timedelta(hours=23, minutes=59))
    assert (reminder.recipients, written(first) in text(reminder)) == (["paula@mail.example"], True)


def mails_at(live: Live, now: datetime) -> list[Mail]:
    """What one run of the dispatcher brings into the mailbox."""
    with ScriptedServer() as server, live.app.app_context():
        dispatch(server, now)
    return server.taken


def text(mail: Mail) -> str:
    """The mail's plain text."""
    part = mail.parsed.get_body(preferencelist=("plain",))
    assert part is not None
    return str(part.get_content())


def written(row: Appointment) -> str:
    """How a mail writes when it starts."""
    return f"{row.starts_at.astimezone(BERLIN):%-d March 2026, %H:%M}"
