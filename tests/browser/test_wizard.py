"""The plan wizard and the patient's page with the keyboard alone, back and forth, and for everybody."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, TreatmentPlan
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.feeds.tokens import issue_feed_token
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from tests.browser.conftest import Live
from tests.browser.hands import tab_to
from tests.browser.looks import faults
from tests.factories import NOW, PASSWORD, World, at, make_practitioner, save

pytestmark = pytest.mark.usefixtures("monday")
MOST_STEPS = 8


@pytest.fixture
def clinic(live: Live) -> Live:
    """With the shipped protocols and a second practitioner."""
    with live.app.app_context():
        save(*load_shipped_protocols())
        make_practitioner(live.world.location_id, given_name="Wanda", family_name="Zweig")
    return live


class Keyboard:
    """Presses keys and counts them; a Tab counts as any other."""

    def __init__(self, page: Page) -> None:
        self.page, self.steps = page, 0

    def press(self, key: str) -> None:
        """One key."""
        self.page.keyboard.press(key)
        self.steps += 1

    def reach(self, target: Locator, most: int = 25) -> None:
        """Tab until something has the focus."""
        for _ in range(most):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.press("Tab")
        raise AssertionError(f"{target} is not reached with Tab")


def plan_of(live: Live) -> TreatmentPlan:
    with live.app.app_context():
        row = db.session.scalars(select(TreatmentPlan).order_by(TreatmentPlan.id.desc()).limit(1)).one()
        assert row.phases
        db.session.expunge_all()
        return row


def booked(live: Live) -> int:
    with live.app.app_context():
        return len(db.session.scalars(select(Appointment.id)).all())


def make_series(world: World) -> None:
    """Four sessions, two of them booked."""
    plan = prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=at(3).date(),
        phases=[PhaseWish(4, 3, 4, 6)],
        preferences={"weekdays": [1, 3]},
        actor=COMMAND,
        now=NOW,
    )
    slots = [
        ChosenSlot(number, start, world.practitioner_id, world.location_id)
        for number, start in ((1, at(3)), (2, at(9)))
    ]
    place_plan(plan.id, sessions=slots, actor=COMMAND, now=NOW)


def test_a_series_of_six_is_placed_in_a_few_keys(clinic: Live, desk: Page) -> None:
    desk.goto(f"/patients/{clinic.world.patient_id}")
    keys = Keyboard(desk)
    keys.press("p")
    expect(desk.get_by_role("radio", name="Tension-type headache 6 sessions")).to_be_focused()
    keys.press("Enter")
    expect(desk.get_by_role("heading", name="Best fit")).to_be_focused()
    keys.press("Tab")
    expect(desk.get_by_role("button", name="Place this series (Best fit)")).to_be_focused()
    keys.press("Enter")
    expect(desk.locator("#notices")).to_contain_text("6 sessions are booked.")
    expect(desk.locator(".mails")).to_contain_text("Confirmation of a series")
    assert booked(clinic) == 6
    assert keys.steps <= MOST_STEPS


def test_a_series_of_six_is_placed_in_three_clicks(clinic: Live, desk: Page) -> None:
    desk.goto(f"/patients/{clinic.world.patient_id}")
    desk.get_by_role("link", name="New plan").click()
    desk.get_by_role("button", name="Find appointments").click()
    desk.get_by_role("button", name="Place this series (Best fit)").click()
    expect(desk.locator("#notices")).to_contain_text("6 sessions are booked.")


def test_the_whole_wizard_by_keyboard(clinic: Live, desk: Page) -> None:
    desk.clock.set_fixed_time(NOW)
    desk.goto(f"/plans/new?patient_id={clinic.world.patient_id}")
    keys = Keyboard(desk)
    for _ in range(4):
        keys.press("ArrowDown")
    expect(desk.get_by_role("radio", name="Weekly course with taper")).to_be_checked()
    keys.reach(desk.locator(".phases summary"))
    keys.press("Enter")
    first = desk.locator(".phase-row").first.get_by_label("Sessions")
    keys.reach(first)
    desk.keyboard.type("4")
    muscle = desk.get_by_role("checkbox", name="Temporalis")
    keys.reach(muscle, most=40)
    keys.press("Space")
    expect(desk.locator(".m-temporalis").first).to_have_css("fill", "rgb(11, 107, 99)")
    keys.reach(desk.get_by_role("checkbox", name="Tuesday"), most=40)
    keys.press("Space")
    keys.reach(desk.get_by_role("button", name="Find appointments"), most=40)
    keys.press("Enter")
    expect(desk.get_by_role("heading", name="Best fit")).to_be_visible()
    plan = plan_of(clinic)
    assert [phase.sessions for phase in plan.phases] == [4, 3, 3]
    assert (plan.target_muscles, plan.preferences) == (["temporalis"], {"weekdays": [1]})
    keys.reach(desk.locator(".other summary").first)
    keys.press("Enter")
    other = desk.locator(".other .start").first
    expect(other).to_be_visible()
    keys.reach(other)
    label = other.get_attribute("aria-label") or ""
    keys.press("Enter")
    expect(desk.get_by_role("heading", name="As adjusted")).to_be_visible()
    when = ", ".join(label.split(", ")[:-1])
    expect(desk.locator(".proposal").first.locator(".slot-when b").first).to_have_text(when)
    keep = desk.locator(".proposal").first.get_by_role("button", name="Keep for")
    keys.reach(keep)
    keys.press("Enter")
    place = desk.get_by_role("button", name="Place what is kept")
    keys.reach(place, most=40)
    keys.press("Enter")
    expect(desk.locator("#notices")).to_contain_text("10 sessions are booked.")
    assert booked(clinic) == 10


def test_going_back_keeps_everything_and_makes_no_second_plan(clinic: Live, desk: Page) -> None:
    desk.goto(f"/plans/new?patient_id={clinic.world.patient_id}")
    desk.get_by_role("radio", name="Cervicogenic headache").check()
    desk.get_by_label("Condition").fill("since the fall")
    desk.get_by_role("checkbox", name="Masseter").check()
    desk.get_by_role("button", name="Find appointments").click()
    expect(desk.locator(".proposal").first).to_be_visible()
    desk.go_back()
    expect(desk.get_by_role("radio", name="Cervicogenic headache")).to_be_checked()
    expect(desk.get_by_label("Condition")).to_have_value("since the fall")
    expect(desk.get_by_role("checkbox", name="Masseter")).to_be_checked()
    desk.get_by_role("checkbox", name="Frontalis").check()
    desk.get_by_role("button", name="Find appointments").click()
    expect(desk.locator(".proposal").first).to_be_visible()
    plan = plan_of(clinic)
    assert (plan.id, plan.version, plan.target_muscles) == (1, 2, ["masseter", "frontalis"])


def test_a_form_that_was_never_left_says_of_nothing_that_it_is_back(clinic: Live, desk: Page) -> None:
    desk.goto(f"/plans/new?patient_id={clinic.world.patient_id}")
    expect(desk.get_by_role("radio", name="Tension-type headache 6 sessions")).to_be_visible()
    expect(desk.get_by_text("What you had entered is back.")).to_be_hidden()


def test_what_was_sent_with_an_expired_sign_in_is_back_after_signing_in(clinic: Live, desk: Page) -> None:
    desk.goto(f"/plans/new?patient_id={clinic.world.patient_id}")
    desk.get_by_role("radio", name="Own phases").check()
    first = desk.locator(".phase-row").first
    for word, number in (("Sessions", "3"), ("Least", "4"), ("Ideal", "5"), ("Most", "6")):
        first.get_by_label(word).fill(number)
    desk.get_by_role("checkbox", name="Masseter").check()
    desk.get_by_role("checkbox", name="Tuesday").check()
    desk.get_by_label("Condition").fill("since the fall")
    desk.context.clear_cookies(name="desk")
    desk.get_by_role("button", name="Find appointments").click()
    desk.get_by_label("Email or name").fill("reception")
    desk.get_by_label("Password").fill(PASSWORD)
    desk.get_by_role("button", name="Sign in").click()
    expect(desk.get_by_text("What you had entered is back.").first).to_be_visible()
    desk.get_by_role("button", name="Find appointments").click()
    expect(desk.locator(".proposal").first).to_be_visible()
    plan = plan_of(clinic)
    assert [(row.sessions, row.min_days, row.ideal_days, row.max_days) for row in plan.phases] == [
        (3, 4, 5, 6)
    ]
    assert (plan.target_muscles, plan.preferences, plan.condition) == (
        ["masseter"],
        {"weekdays": [1]},
        "since the fall",
    )
    assert desk.evaluate("sessionStorage.getItem('draft')") is None


def test_phases_typed_for_a_protocol_are_back_when_it_is_chosen_again(clinic: Live, desk: Page) -> None:
    desk.goto(f"/plans/new?patient_id={clinic.world.patient_id}")
    desk.locator(".phases summary").click()
    sessions = desk.locator(".phase-row").first.get_by_label("Sessions")
    expect(sessions).to_have_value("6")
    sessions.fill("5")
    desk.get_by_role("radio", name="Cervicogenic headache").check()
    expect(sessions).to_have_value("8")
    desk.get_by_role("radio", name="Tension-type headache 6 sessions").check()
    expect(sessions).to_have_value("5")


def test_a_press_on_the_chart_ticks_the_muscle(clinic: Live, desk: Page) -> None:
    desk.goto(f"/plans/new?patient_id={clinic.world.patient_id}")
    desk.locator(".views figure").nth(1).locator(".m-masseter").click()
    expect(desk.get_by_role("checkbox", name="Masseter")).to_be_checked()
    desk.locator(".views figure").first.locator(".m-masseter").first.click()
    expect(desk.get_by_role("checkbox", name="Masseter")).not_to_be_checked()


def test_an_appointment_is_moved_and_cancelled_on_the_patients_page(clinic: Live, desk: Page) -> None:
    with clinic.app.app_context():
        make_series(clinic.world)
    desk.goto(f"/patients/{clinic.world.patient_id}")
    row = desk.locator("[aria-labelledby='appointments-title'] .row", has_text="9 Mar")
    row.locator(".change > summary").focus()
    desk.keyboard.press("Enter")
    free = row.get_by_role("button", name="Fri 6 Mar, 09:00, Petra Pin")
    expect(free).to_be_visible()
    tab_to(desk, free)
    desk.keyboard.press("Enter")
    expect(desk.locator("#notices")).to_contain_text("Moved to Fri, 6 Mar 2026, 09:00.")
    row = desk.locator("[aria-labelledby='appointments-title'] .row", has_text="6 Mar")
    row.locator(".change > summary").focus()
    desk.keyboard.press("Enter")
    reason = row.get_by_label("Reason")
    tab_to(desk, reason, most=80)
    desk.keyboard.type("Patient is ill")
    desk.keyboard.press("Enter")
    expect(desk.locator("#notices")).to_contain_text("Cancelled.")
    expect(desk.locator(".deeds")).to_contain_text("Cancelled an appointment: Patient is ill")


def patient(page: Page) -> None:
    page.goto("/patients/1")
    page.locator("[aria-labelledby='appointments-title'] .change > summary").first.click()
    expect(page.locator(".start").first).to_be_visible()
    page.get_by_text("New calendar address").click()
    page.get_by_text("Record a consent").click()
    page.get_by_text("Archive this patient…").click()


def issued(page: Page) -> None:
    page.goto("/patients/1")
    page.get_by_text("New calendar address").click()
    page.get_by_role("button", name="Make the address").click()
    expect(page.locator(".qr svg")).to_be_visible()


def form(page: Page) -> None:
    page.goto("/plans/new?patient_id=1&another=1")
    page.locator(".phases summary").click()
    page.get_by_role("checkbox", name="Temporalis").check()


def comparison(page: Page) -> None:
    page.goto("/plans/1/place")
    page.get_by_text("Change what suits the patient").click()
    page.locator(".other summary").first.click()
    expect(page.locator(".start").first).to_be_visible()


def mails(page: Page) -> None:
    page.goto("/plans/1")
    expect(page.locator(".mails")).to_be_visible()


STATES: tuple[Callable[[Page], None], ...] = (patient, issued, form, comparison, mails)
"""What its address alone does not show; what it does, test_every_screen.py looks at."""


def test_every_state_is_accessible_and_fits(clinic: Live, desk: Page) -> None:
    with clinic.app.app_context():
        make_series(clinic.world)
        issue_feed_token(patient_id=clinic.world.patient_id, name="phone", actor=COMMAND, now=NOW)
    found = {}
    for state in STATES:
        state(desk)
        found[state.__name__] = faults(desk)
    assert found == dict.fromkeys(found, ())
