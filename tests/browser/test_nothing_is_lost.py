"""What was typed survives a network that is cut in the middle of a save, and a sign-in that ran out."""

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import delete, select

from scheduler.extensions import db
from scheduler.models import Appointment, BrowserSession, Patient
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from tests.browser.conftest import Live
from tests.factories import NOW, PASSWORD, at, make_appointment

pytestmark = pytest.mark.usefixtures("monday")
TUESDAY = "/diary?on=2026-03-03"
UNREACHED = "The server is not reached. Nothing was changed; please try again."
BACK = "What you had entered is back."


@pytest.fixture
def booking(live: Live, desk: Page) -> Page:
    """The panel with Karl chosen, on Wednesday at half past one."""
    with live.app.app_context():
        register_patient(PatientDetails("Karl", "Kaiser"), actor=COMMAND, now=NOW)
    desk.goto(TUESDAY)
    desk.keyboard.press("n")
    expect(desk.get_by_role("searchbox")).to_be_focused()
    desk.keyboard.type("kais")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="Book", exact=True)).to_be_focused()
    desk.locator("#on").fill("2026-03-04")
    desk.locator("#at").fill("13:30")
    desk.locator("#when").fill("after lunch")
    expect(desk.locator("#free")).to_contain_text("Not understood: after, lunch")
    desk.locator("#on").fill("2026-03-04")
    desk.locator("#at").fill("13:30")
    return desk


def end_every_session(live: Live) -> None:
    with live.app.app_context():
        db.session.execute(delete(BrowserSession))
        db.session.commit()


def sign_in_here(page: Page) -> None:
    page.get_by_label("Email or name").fill("reception")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def booked(live: Live) -> list[object]:
    with live.app.app_context():
        return list(db.session.scalars(select(Appointment.starts_at)))


def still_typed(page: Page) -> tuple[str, str, str]:
    fields = ("#on", "#at", "#when")
    on, time, when = (page.locator(field).input_value() for field in fields)
    return on, time, when


TYPED = ("2026-03-04", "13:30", "after lunch")


@pytest.mark.parametrize("arrives", [False, True], ids=["the request is lost", "the answer is lost"])
def test_a_network_cut_while_saving_keeps_everything_and_books_once(
    live: Live, booking: Page, arrives: bool
) -> None:
    def cut(route: Route) -> None:
        if arrives:
            route.fetch()
        route.abort("connectionfailed")

    booking.route("**/appointments/new", cut)
    button = booking.get_by_role("button", name="Book", exact=True)
    button.click()
    expect(booking.locator("#panel .unreached")).to_have_text(UNREACHED)
    expect(button).to_be_focused()
    assert still_typed(booking) == TYPED
    assert len(booked(live)) == int(arrives)
    booking.unroute("**/appointments/new")
    booking.keyboard.press("Enter")
    expect(booking.locator(".toast")).to_contain_text("Booked for Wed, 4 Mar 2026, 13:30.")
    assert booked(live) == [at(4, 13, 30)]


def test_what_was_refused_is_brought_back_after_escape(booking: Page) -> None:
    booking.locator("#at").fill("22:00")
    booking.get_by_role("button", name="Book", exact=True).click()
    expect(booking.get_by_label("Reason to do it all the same")).to_be_focused()
    booking.keyboard.press("Escape")
    booking.get_by_role("button", name="Bring it back").click()
    expect(booking.locator("#at")).to_have_value("22:00")


def test_a_sign_in_that_ran_out_gives_the_booking_back(live: Live, booking: Page) -> None:
    end_every_session(live)
    booking.get_by_role("button", name="Book", exact=True).click()
    booking.wait_for_url("**/sign-in**")
    sign_in_here(booking)
    expect(booking.locator("#panel .notice.good")).to_have_text(BACK)
    expect(booking.locator("#panel .chosen")).to_contain_text("Karl Kaiser")
    assert still_typed(booking) == TYPED
    expect(booking.get_by_role("button", name="Book", exact=True)).to_be_focused()
    booking.keyboard.press("Enter")
    expect(booking.locator(".toast")).to_contain_text("Booked for")
    assert booked(live) == [at(4, 13, 30)]


def test_a_long_form_is_given_back_too_and_only_to_the_same_person(live: Live, desk: Page) -> None:
    for who, kept in (("admin", False), ("reception", True)):
        desk.goto("/patients/new")
        desk.get_by_label("Given name").fill("Zita")
        desk.get_by_label("Family name").fill("Zuckmeyer")
        end_every_session(live)
        desk.get_by_role("button", name="Register").click()
        desk.wait_for_url("**/sign-in**")
        desk.get_by_label("Email or name").fill(who)
        desk.get_by_label("Password").fill(PASSWORD)
        desk.get_by_role("button", name="Sign in").click()
        desk.wait_for_url("**/patients/new**")
        desk.wait_for_load_state()
        expect(desk.get_by_label("Family name")).to_have_value("Zuckmeyer" if kept else "")
        if not kept:
            end_every_session(live)
            desk.goto("/sign-in")
            sign_in_here(desk)
            desk.wait_for_url("**/diary**")
    expect(desk.locator(".notice.good")).to_have_text(BACK)
    desk.get_by_role("button", name="Register").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Zita Zuckmeyer")
    desk.goto("/patients/new")
    expect(desk.get_by_label("Family name")).to_have_value("")
    with live.app.app_context():
        assert db.session.scalars(select(Patient.family_name).where(Patient.given_name == "Zita")).all() == [
            "Zuckmeyer"
        ]


@pytest.mark.parametrize("lost", ["the sign-in", "the network"])
def test_any_form_gives_back_what_was_typed(live: Live, desk: Page, lost: str) -> None:
    desk.goto("/absences/new")
    desk.get_by_label("Who or what").select_option(label="Petra Pin")
    desk.get_by_label("Reason").fill("the dentist")
    button = desk.get_by_role("button", name="See what it displaces")
    if lost == "the sign-in":
        end_every_session(live)
        button.click()
        desk.wait_for_url("**/sign-in**")
        sign_in_here(desk)
    else:
        desk.context.set_offline(True)
        with desk.expect_event("requestfailed"):
            button.click()
        desk.context.set_offline(False)
        desk.goto("/absences/new")
    expect(desk.locator(".draft-note")).to_have_text(BACK)
    expect(desk.get_by_label("Who or what").locator(":checked")).to_have_text("Petra Pin")
    expect(desk.get_by_label("Reason")).to_have_value("the dentist")


def test_every_form_of_a_page_gives_back_what_was_typed(live: Live, desk: Page) -> None:
    with live.app.app_context():
        make_appointment(live.world, at(3))
    desk.goto(f"/patients/{live.world.patient_id}")
    desk.locator("summary", has_text="Move or cancel").first.click()
    desk.get_by_label("Reason").first.fill("Flu")
    desk.locator("summary", has_text="Record a consent").click()
    desk.get_by_label("Edition of the text").fill("2026-01")
    end_every_session(live)
    desk.get_by_role("button", name="Record", exact=True).click()
    sign_in_here(desk)
    expect(desk.locator(".draft-note")).to_have_text([BACK, BACK])
    expect(desk.get_by_label("Reason").first).to_have_value("Flu")
    expect(desk.get_by_label("Edition of the text")).to_have_value("2026-01")
    desk.get_by_role("button", name="Record", exact=True).click()
    expect(desk.locator("#notices")).not_to_be_empty()
    expect(desk.locator(".draft-note")).to_have_text([BACK])
    expect(desk.get_by_label("Reason").first).to_have_value("Flu")


def test_a_reload_by_mistake_takes_nothing_and_the_next_page_forgets(live: Live, desk: Page) -> None:
    desk.goto("/patients/new")
    desk.get_by_label("Given name").fill("Zita")
    desk.reload()
    expect(desk.locator(".draft-note")).to_have_text(BACK)
    expect(desk.get_by_label("Given name")).to_have_value("Zita")
    desk.goto("/patients")
    desk.goto("/patients/new")
    expect(desk.get_by_label("Given name")).to_have_value("")
    expect(desk.locator(".draft-note")).to_have_count(0)


def test_who_signs_out_leaves_nothing_in_the_tab(desk: Page) -> None:
    desk.goto("/patients/new")
    desk.get_by_label("Given name").fill("Zita")
    desk.evaluate("sessionStorage.setItem('in-hand', 'Zita Zuckmeyer')")
    desk.locator("details.menu.person summary").click()
    desk.get_by_role("button", name="Sign out").click()
    expect(desk.get_by_label("Password")).to_be_visible()
    assert desk.evaluate("sessionStorage.length") == 0


def test_an_absence_looked_at_for_long_is_back_in_its_form_after_signing_in(live: Live, desk: Page) -> None:
    desk.goto("/absences/new")
    desk.get_by_label("Who or what").select_option(label="Petra Pin")
    desk.get_by_label("First day").fill("2026-03-03")
    desk.get_by_label("Reason").fill("At a course")
    desk.get_by_role("button", name="See what it displaces").click()
    expect(desk.get_by_role("heading", name="Nothing is saved yet. It would displace:")).to_be_visible()
    end_every_session(live)
    desk.get_by_role("button", name="Save").click()
    sign_in_here(desk)
    expect(desk.get_by_text(BACK).first).to_be_visible()
    expect(desk.get_by_label("Reason")).to_have_value("At a course")
    expect(desk.get_by_label("First day")).to_have_value("2026-03-03")
    assert desk.get_by_label("Who or what").locator("option:checked").text_content() == "Petra Pin"
