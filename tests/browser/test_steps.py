"""How many keys and clicks the ten commonest tasks take, measured as a receptionist does them; docs/steps.md says so.

A key, a click and a drag count one each, and so does a word or a number that is typed. Looking and pointing are free.
``STEPS=docs/steps.md`` in the environment writes the table anew.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, Patient
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.appointments.changing import book_appointment, cancel_appointment
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.gaps.waitlist import EntryWish, add_to_waitlist
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from tests.browser import hands
from tests.browser.conftest import Live
from tests.browser.hands import entry
from tests.factories import NOW, RECEPTIONIST, at, make_appointment, make_patient, save
from tests.usecases.repairs.support import series

pytestmark = pytest.mark.usefixtures("monday")
TABLE = Path(__file__).parents[2] / "docs" / "steps.md"
WRITTEN = os.environ.get("STEPS", "")
MONDAY, TUESDAY = "/diary?on=2026-03-02", "/diary?on=2026-03-03"
TOAST = ".toast"


class Desk:
    """A page whose keys, words, clicks and drags are counted and told."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.done: list[str] = []

    def press(self, key: str) -> None:
        """One key."""
        self.page.keyboard.press(key)
        self.done.append(f"`{key}`")

    def write(self, what: str, text: str) -> None:
        """A word into what has the focus, as fast as it goes."""
        self.page.keyboard.type(text)
        self.done.append(what)

    def click(self, target: Locator, name: str) -> None:
        """One click."""
        target.click()
        self.done.append(f"click “{name}”")

    def drag(self, name: str, to: str, column: int = 0) -> None:
        """Take an appointment and drop it."""
        hands.drag(self.page, name, to=to, column=column)
        self.done.append("drag")


@dataclass(frozen=True)
class Task:
    """Something done many times a day, where it begins, and how many steps it may take."""

    name: str
    begins: str
    most: int
    do: Callable[[Live, Desk], None]


def rows(live: Live) -> list[Appointment]:
    with live.app.app_context():
        found = list(db.session.scalars(select(Appointment).order_by(Appointment.id)))
        db.session.expunge_all()
        return found


def begin(live: Live, desk: Desk, path: str, *, booked: bool = False, day: int = 3) -> None:
    if booked:
        with live.app.app_context():
            make_appointment(live.world, at(day, 11))
    desk.page.goto(path)


def know_karl(live: Live) -> int:
    with live.app.app_context():
        return register_patient(PatientDetails("Karl", "Kaiser"), actor=COMMAND, now=NOW).id


def book(live: Live, desk: Desk) -> None:
    know_karl(live)
    begin(live, desk, TUESDAY)
    desk.press("n")
    expect(desk.page.get_by_role("searchbox")).to_be_focused()
    desk.write("type a name", "kais")
    desk.press("Enter")
    expect(desk.page.get_by_role("button", name="Book")).to_be_focused()
    desk.press("Enter")
    expect(desk.page.locator(TOAST)).to_contain_text("Booked for")
    assert len(rows(live)) == 1


def book_new_patient(live: Live, desk: Desk) -> None:
    begin(live, desk, TUESDAY)
    desk.press("n")
    expect(desk.page.get_by_role("searchbox")).to_be_focused()
    desk.write("type the name", "Zita Zuckmeyer")
    desk.press("Enter")
    expect(desk.page.locator("#panel").get_by_label("Phone")).to_be_focused()
    desk.write("type the number", "030 445566")
    desk.press("Enter")
    expect(desk.page.get_by_role("button", name="Book")).to_be_focused()
    desk.press("Enter")
    expect(desk.page.locator(TOAST)).to_contain_text("Booked for")
    with live.app.app_context():
        known = db.session.get_one(Patient, rows(live)[0].patient_id)
        assert (known.given_name, known.family_name) == ("Zita", "Zuckmeyer")


def first_free_afternoon(live: Live, desk: Desk) -> None:
    know_karl(live)
    begin(live, desk, TUESDAY)
    desk.press("n")
    expect(desk.page.get_by_role("searchbox")).to_be_focused()
    desk.write("type a name", "kais")
    desk.press("Enter")
    expect(desk.page.get_by_role("button", name="Book")).to_be_focused()
    desk.click(desk.page.get_by_role("button", name="Afternoon"), "Afternoon")
    first = desk.page.locator("#free [name=slot]").first
    expect(first).to_be_focused()
    expect(desk.page.locator("#at")).to_have_value("12:00")


def move(live: Live, desk: Desk) -> None:
    begin(live, desk, TUESDAY, booked=True)
    desk.drag("Pain", to="14:00")
    expect(desk.page.locator(TOAST)).to_contain_text("Moved to")
    assert rows(live)[0].starts_at == at(3, 14)


def arrived(live: Live, desk: Desk) -> None:
    begin(live, desk, MONDAY, booked=True, day=2)
    entry(desk.page, "Pain").hover()
    desk.click(desk.page.get_by_role("button", name="Mark as arrived"), "●")
    expect(entry(desk.page, "Pain")).to_contain_text("Arrived")


def cancel(live: Live, desk: Desk) -> None:
    begin(live, desk, TUESDAY, booked=True)
    desk.click(entry(desk.page, "Pain"), "the appointment")
    desk.click(desk.page.get_by_text("Cancel the appointment…"), "Cancel the appointment…")
    expect(desk.page.get_by_label("Reason")).to_be_focused()
    desk.write("type the reason", "ill")
    desk.press("Enter")
    expect(desk.page.locator(TOAST)).to_have_text("Cancelled.")


def place_series(live: Live, desk: Desk) -> None:
    with live.app.app_context():
        save(*load_shipped_protocols())
    begin(live, desk, f"/patients/{live.world.patient_id}")
    desk.click(desk.page.get_by_role("link", name="New plan"), "New plan")
    desk.click(desk.page.get_by_role("button", name="Find appointments"), "Find appointments")
    desk.click(desk.page.get_by_role("button", name="Place this series (Best fit)"), "Place this series")
    expect(desk.page.locator("#notices")).to_contain_text("6 sessions are booked.")


def next_appointment(live: Live, desk: Desk) -> None:
    karl = know_karl(live)
    with live.app.app_context():
        make_appointment(live.world, at(3, 11), patient_id=karl)
    begin(live, desk, MONDAY)
    desk.press("/")
    expect(desk.page.get_by_role("searchbox")).to_be_focused()
    desk.write("type a name", "kais")
    desk.click(desk.page.locator("#results").get_by_role("link", name="Kaiser, Karl"), "the patient")
    expect(desk.page.locator("main")).to_contain_text("11:00")


def fill_gap(live: Live, desk: Desk) -> None:
    world = live.world
    with live.app.app_context():
        row = book_appointment(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            appointment_type_id=world.needling_id,
            starts_at=at(9),
            actor=RECEPTIONIST,
            now=NOW,
        )
        cancel_appointment(row.id, version=1, actor=RECEPTIONIST, now=NOW)
        wish = EntryWish(world.needling_id, NOW.date(), at(30).date())
        add_to_waitlist(make_patient("Ann", locale="en").id, wish, actor=COMMAND, now=NOW)
    begin(live, desk, MONDAY)
    desk.click(desk.page.get_by_role("link", name="Gaps"), "Gaps")
    desk.click(desk.page.get_by_role("link", name="Who could use it?"), "Who could use it?")
    desk.click(desk.page.get_by_role("checkbox", name="Ann Pain"), "the patient")
    desk.click(desk.page.get_by_role("button", name="Show the chain"), "Show the chain")
    desk.click(desk.page.get_by_role("button", name="Offer in turn"), "Offer in turn")
    expect(desk.page.get_by_text("The slot is kept, and the first is asked.")).to_be_visible()


def repair(live: Live, desk: Desk) -> None:
    with live.app.app_context():
        series(live.world, 3, 10, 17, 24)
    begin(live, desk, "/diary?on=2026-03-10&view=week")
    desk.drag("Pain", to="11:00", column=4)
    button = desk.page.get_by_role("button", name="Move and repair the series")
    desk.click(button, "Move and repair the series")
    expect(desk.page.locator(TOAST)).to_have_text("3 sessions have new dates.")


TASKS = (
    Task("Book a known patient", "the diary", 6, book),
    Task("Register a new patient and book", "the diary", 8, book_new_patient),
    Task("Find the first free afternoon slot", "the diary", 4, first_free_afternoon),
    Task("Move an appointment", "the diary", 2, move),
    Task("Mark a patient as arrived", "the diary", 1, arrived),
    Task("Cancel with a reason", "the diary", 5, cancel),
    Task("Place a plan of six sessions", "the patient's page", 8, place_series),
    Task("Find a patient's next appointment", "any screen", 4, next_appointment),
    Task("Offer a freed slot to who waits", "any screen", 6, fill_gap),
    Task("Move a session and repair its series", "the diary", 3, repair),
)


def line(task: Task, desk: Desk) -> str:
    """The task's row of the table."""
    return f"| {task.name} | {task.begins} | {len(desk.done)} | {task.most} | {', '.join(desk.done)} |"


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.do.__name__)
def test_a_common_task_takes_as_few_steps_as_the_table_says(live: Live, desk: Page, task: Task) -> None:
    counted = Desk(desk)
    task.do(live, counted)
    assert len(counted.done) <= task.most
    if WRITTEN:
        path = Path(WRITTEN)
        path.write_text(
            re.sub(rf"(?m)^\| {re.escape(task.name)} \|.*$", line(task, counted), path.read_text())
        )
    assert line(task, counted) in TABLE.read_text().splitlines()
