"""Charts for everybody: capacity as a page and beside a plan, reports, in both themes, wide and narrow."""

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from scheduler.models import Location, TimeOff
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.browser.conftest import Live
from tests.browser.looks import faults
from tests.factories import NOW, at, make_appointment, make_patient, make_practitioner, save

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def clinic(live: Live) -> Live:
    """Two practitioners at two places, one of them away, and eighteen plans that want the other's last free day."""
    world = live.world
    with live.app.app_context():
        save(*load_shipped_protocols())
        make_patient("Ann", "Ache")
        nord = Location(name="Nord-Reinickendorf", zone="Europe/Berlin")
        save(nord)
        make_practitioner(nord.id, given_name="Annegret-Rosemarie", family_name="Wolkenbruch-Zweig")
        save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(10, 0), ends_at=at(14, 0)))
        for day, status in ((23, "completed"), (24, "no_show"), (25, "completed")):
            make_appointment(world, at(day, month=2), status=status)
        for _ in range(18):
            prescribe_plan(
                patient_id=world.patient_id,
                practitioner_id=world.practitioner_id,
                phases=[PhaseWish(1, 0, 0, 4)],
                starts_on=date(2026, 3, 9),
                actor=COMMAND,
                now=NOW,
            )
    return live


def capacity(page: Page) -> None:
    page.goto("/capacity")


def beside_a_plan(page: Page) -> None:
    page.goto("/plans/18/place")
    page.locator("summary", has_text="Capacity of the coming weeks").click()
    expect(page.get_by_role("img")).to_be_visible()


def beside_the_form(page: Page) -> None:
    page.goto("/plans/new?patient_id=2")
    page.locator("summary", has_text="Capacity of the coming weeks").click()
    expect(page.get_by_role("img")).to_be_visible()


def reports(page: Page) -> None:
    page.goto("/reports?from=2026-02-23&to=2026-03-15")
    page.get_by_text("By practitioner").click()
    expect(page.get_by_role("img", name="By weekday")).to_be_visible()


def refused_reports(page: Page) -> None:
    page.goto("/reports?from=2026-03-15&to=2026-02-23")
    expect(page.get_by_role("alert")).to_be_visible()


SCREENS: tuple[Callable[[Page], None], ...] = (
    capacity,
    beside_a_plan,
    beside_the_form,
    reports,
    refused_reports,
)


def test_every_chart_is_accessible_and_fits(clinic: Live, desk: Page) -> None:
    found = {}
    for screen in SCREENS:
        screen(desk)
        found[screen.__name__] = faults(desk)
    assert found == dict.fromkeys(found, ())


def test_form_says_whether_the_plan_fits_as_it_is_written(clinic: Live, desk: Page) -> None:
    desk.goto("/plans/new?patient_id=2")
    starts_on = desk.get_by_label("From", exact=True)
    starts_on.fill("2026-03-20")
    starts_on.blur()
    expect(desk.get_by_text("The coming weeks can carry all 6 sessions of this plan.")).to_be_visible()
    starts_on.fill("2026-03-09")
    desk.get_by_label("Prescribed by").select_option("Petra Pin")
    expect(desk.get_by_text("find no room in their windows")).to_be_visible()


def test_what_does_not_fit_is_said_beside_the_proposals(clinic: Live, desk: Page) -> None:
    desk.goto("/plans/18/place")
    expect(desk.get_by_text("1 of 1 session of this plan finds no room in its window.")).to_be_visible()


def test_report_is_downloaded_as_a_file(clinic: Live, desk: Page) -> None:
    desk.goto("/reports?from=2026-02-23&to=2026-03-15")
    with desk.expect_download() as started:
        desk.get_by_role("link", name="CSV : attendance").click()
    assert started.value.suggested_filename == "attendance-2026-02-23-2026-03-15.csv"
