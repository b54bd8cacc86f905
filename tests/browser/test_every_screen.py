"""Every screen there is, found by walking the routes: nothing that axe minds in either theme, no sideways scrolling."""

from collections.abc import Iterable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.routing import Rule

from scheduler.extensions import db
from scheduler.models import AuditEntry, Closure, TimeOff
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.gaps.waitlist import EntryWish, add_to_waitlist
from scheduler.usecases.plans.prescribing import prescribe_plan
from tests.browser.conftest import Live, sign_in
from tests.browser.looks import HEIGHT, faults, overflow
from tests.factories import NOW, at, make_appointment, save

pytestmark = pytest.mark.usefixtures("monday")
NO_SCREENS = ("/api/", "/static/", "/feeds/", "/dev/")
VIEWS = tuple(f"/diary?on=2026-03-03&view={view}" for view in ("day", "team", "week", "rooms", "month"))
WIDE, SMALL = 1280, 320
SMALLEST = 24
PARTS = 6
"""The screens are shared out, so that they can be looked at side by side."""
KNOWN = {
    "/absences",
    "/absences/closures/1",
    "/behind",
    "/capacity",
    "/clinic",
    "/gaps",
    "/plans/new",
    "/waitlist",
}
TARGETS = """() => [...document.querySelectorAll('button, summary, select, input:not([type=hidden])')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && getComputedStyle(one).display !== 'inline')
  .filter((one) => !one.closest('.unseen, .skip') && !['checkbox', 'radio'].includes(one.type))
  .map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 120)])
  .filter(([box]) => box.width > 1 && (box.width < 23.5 || box.height < 23.5))
  .map(([box, html]) => `${Math.round(box.width)}x${Math.round(box.height)} ${html}`)"""
"""Buttons and the like smaller than 24 pixels; links, which may be smaller where nothing is near, axe looks at."""


@pytest.fixture
def clinic(live: Live) -> Live:
    """Something on every screen: appointments, leave, a room out of use, a plan, a wish on the waiting list."""
    world = live.world
    with live.app.app_context():
        protocols = load_shipped_protocols()
        flood = Closure(location_id=world.location_id, room_id=world.room_ids[0], reason="Flood")
        flood.starts_at, flood.ends_at = at(3, 0), at(4, 14)
        leave = TimeOff(practitioner_id=world.practitioner_id, starts_at=at(5, 9), ends_at=at(5, 12))
        save(*protocols, leave, flood)
        make_appointment(world, at(3))
        make_appointment(world, at(2, 9))
        prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            protocol_id=protocols[0].id,
            starts_on=at(3).date(),
            target_muscles=["suboccipitals", "obliquus_capitis_inferior"],
            actor=COMMAND,
            now=NOW,
        )
        wish = EntryWish(world.needling_id, NOW.date(), at(30).date())
        add_to_waitlist(world.patient_id, wish, actor=COMMAND, now=NOW)
        assert db.session.query(AuditEntry).count() > 0
    return live


def addresses(app: Flask) -> Iterator[str]:
    """What can be opened: every address without a variable part, and the first of whatever has a number."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "GET" in (rule.methods or ()) and not rule.rule.startswith(NO_SCREENS) and _numbered(rule):
            with app.test_request_context():
                yield app.url_map.bind("").build(rule.endpoint, dict.fromkeys(rule.arguments, 1))


def _numbered(rule: Rule) -> bool:
    return all(f"<int:{name}>" in rule.rule for name in rule.arguments)


def screens(page: Page, paths: Iterable[str]) -> list[str]:
    """Those addresses that answer with a whole page of their own."""
    found = []
    for path in paths:
        answer = page.request.get(path, max_redirects=0)
        html = answer.ok and answer.headers["content-type"].startswith("text/html")
        # A mail in its frame is no screen, and no script runs in it.
        html = html and "sandbox" not in answer.headers.get("content-security-policy", "")
        if html and answer.text().lstrip().lower().startswith("<!doctype"):
            found.append(path)
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_every_screen_is_accessible_and_fits(clinic: Live, page: Page, part: int) -> None:
    sign_in(page, "admin")
    everything = [*addresses(clinic.app), *VIEWS]
    assert set(everything) >= KNOWN
    mine = everything[part::PARTS]
    paths = screens(page, mine)
    assert KNOWN & set(mine) <= set(paths)
    found = {}
    for path in paths:
        page.goto(path)
        found[path] = faults(page, (WIDE, SMALL)) + small_targets(page)
    assert found == dict.fromkeys(found, ())


def test_the_list_of_keys_is_accessible_and_fits(clinic: Live, desk: Page) -> None:
    desk.goto("/diary")
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog")).to_be_visible()
    assert faults(desk, (WIDE, SMALL)) == ()


def small_targets(page: Page) -> tuple[str, ...]:
    """What is too small to be pressed, in both widths."""
    found = []
    for width in (SMALL, WIDE):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        found += [f"{width} {line}" for line in page.evaluate(TARGETS)]
    return tuple(found)


def test_twice_as_large_everything_is_still_there(clinic: Live, page: Page) -> None:
    """200 % on a screen of 1280 pixels is a screen of 640 with twice the pixels."""
    sign_in(page)
    page.set_viewport_size({"width": 640, "height": 430})
    for path in (
        *VIEWS,
        "/patients/1",
        "/plans/1/place",
        f"/appointments/new?patient_id={clinic.world.patient_id}",
    ):
        page.goto(path)
        assert (path, overflow(page)) == (path, 0)
    page.get_by_role("button", name="Book", exact=True).focus()
    box = page.get_by_role("button", name="Book", exact=True).bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 430 - SMALLEST
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Messages").click()
    page.wait_for_url("**/messages")
