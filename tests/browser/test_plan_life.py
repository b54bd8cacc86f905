"""A plan's page in the browser: what can be done about it is found, usable by everybody, and done."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from scheduler import clock
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.browser.conftest import Live
from tests.browser.looks import faults
from tests.factories import RECEPTIONIST


@pytest.fixture
def plan_page(live: Live, desk: Page) -> Page:
    """The page of a plan of three weekly sessions that begins tomorrow."""
    with live.app.app_context():
        now = clock.now()
        plan = prescribe_plan(
            patient_id=live.world.patient_id,
            practitioner_id=live.world.practitioner_id,
            starts_on=now.date() + timedelta(days=1),
            phases=[PhaseWish(3, 5, 7, 9)],
            actor=RECEPTIONIST,
            now=now,
        )
    desk.goto(f"/plans/{plan.id}")
    return desk


def test_everything_unfolded_is_accessible_and_fits(plan_page: Page) -> None:
    plan_page.evaluate("document.querySelectorAll('.life, .life details').forEach(part => part.open = true)")
    plan_page.get_by_label("Session 2: decide").click()
    expect(plan_page.get_by_role("button", name="Skip it")).to_be_visible()
    assert faults(plan_page, (1280, 375)) == ()


def test_session_is_skipped_and_the_plan_paused_by_clicking(plan_page: Page) -> None:
    plan_page.get_by_label("Session 2: decide").click()
    plan_page.locator(".session-menu[open] select").select_option("patient")
    plan_page.get_by_role("button", name="Skip it").click()
    expect(plan_page.get_by_text("The session is skipped.")).to_be_visible()
    expect(plan_page.get_by_role("row").nth(2)).to_contain_text("Patient's wish")
    plan_page.get_by_text("Change this plan").click()
    plan_page.get_by_text("Pause…").click()
    plan_page.get_by_role("button", name="Pause").click()
    expect(plan_page.get_by_text("The plan is paused.")).to_be_visible()
