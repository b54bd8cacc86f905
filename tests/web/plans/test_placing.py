"""Comparing proposals, keeping and placing them on screen, and the list of running plans."""

import html
import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from scheduler.extensions import db
from scheduler.models import AuditEntry, Closure
from tests.factories import BERLIN, World, at, make_appointment, make_patient, save
from tests.web.browser import Browser, alert
from tests.web.plans.support import choices, prescribe, starts

pytestmark = pytest.mark.usefixtures("monday")


def test_the_series_is_placed_in_one_step(app: Flask, desk: Browser, world: World, protocol_id: int) -> None:
    path = prescribe(desk, world, protocol_id)
    page = desk.get(path).text
    assert "All 6 sessions placed" in page
    best = choices(page)[0]
    answer = desk.post(path, best)
    assert (answer.status_code, answer.location) == (303, "/plans/1")
    chosen = [datetime.fromtimestamp(int(slot.split("|")[1]), UTC) for slot in best["slot"]]
    assert starts(app) == chosen
    page = desk.get("/plans/1").text
    assert "6 sessions are booked. The confirmation goes to paul.pain@mail.example." in html.unescape(page)
    assert page.count(">Placed</span>") == 6
    again = desk.post(path, best)
    assert (again.status_code, len(starts(app))) == (303, 6)


def test_proposals_are_clearly_different_and_fit_what_is_tried(
    desk: Browser, world: World, protocol_id: int
) -> None:
    path = prescribe(desk, world, protocol_id)
    found = choices(desk.get(path).text)
    assert 1 < len(found) <= 3
    assert len({tuple(choice["slot"]) for choice in found}) == len(found)
    tried = choices(desk.get(f"{path}?tried=1&weekdays=1&weekdays=3&time_of_day=evening").text)[0]
    walls = [datetime.fromtimestamp(int(slot.split("|")[1]), BERLIN) for slot in tried["slot"]]
    assert min(wall.hour for wall in walls) >= 16


def test_a_series_of_which_some_was_taken_meanwhile_is_not_placed(
    app: Flask, desk: Browser, world: World, protocol_id: int
) -> None:
    path = prescribe(desk, world, protocol_id)
    best = choices(desk.get(path).text)[0]
    second = datetime.fromtimestamp(int(best["slot"][1].split("|")[1]), UTC)
    with app.app_context():
        make_appointment(world, second, patient_id=make_patient("Other").id)
    answer = desk.post(path, best)
    assert (answer.status_code, starts(app)) == (409, [second])
    assert alert(answer) == "Taken meanwhile: session 2. Nothing was booked; ask for new proposals."
    anew = choices(answer.text)[0]
    assert best["slot"][1] not in anew["slot"]
    assert desk.post(path, anew).status_code == 303


def test_a_series_against_a_rule_is_placed_once_a_reason_is_given(
    app: Flask, desk: Browser, world: World
) -> None:
    own = {"sessions": ["1"], "min_days": ["2"], "ideal_days": ["2"], "max_days": ["4"]}
    path = prescribe(desk, world, "own", **own)
    late = f"1|{at(3, 19).timestamp():.0f}|{world.practitioner_id}|{world.location_id}"
    asked = desk.post(path, {"slot": [late], "form_key": "k1"})
    assert (asked.status_code, starts(app)) == (409, [])
    assert alert(asked).startswith("The practitioner does not work there at that time.")
    (reason_form,) = re.findall(r'<form class="card form narrow".*?</form>', asked.text, re.S)
    assert f'name="slot" value="{late}"' in reason_form
    placed = desk.post(path, {"slot": [late], "form_key": "k2", "override_reason": "her only evening"})
    assert (placed.status_code, starts(app)) == (303, [at(3, 19)])


@pytest.mark.parametrize("slot", [[], ["x"], ["1|2|3"], ["1|99999999999999999999|1|1"], ["1|0|1|1"]])
def test_a_choice_that_cannot_be_read_places_nothing(
    app: Flask, desk: Browser, world: World, protocol_id: int, slot: list[str]
) -> None:
    path = prescribe(desk, world, protocol_id)
    answer = desk.post(path, MultiDict([("slot", text) for text in slot]))
    assert (answer.status_code, starts(app)) == (422, [])
    assert len(choices(answer.text)) > 1


def test_when_everything_is_placed_there_is_nothing_to_compare(
    desk: Browser, world: World, protocol_id: int
) -> None:
    path = prescribe(desk, world, protocol_id)
    desk.post(path, choices(desk.get(path).text)[0])
    answer = desk.get(path)
    assert (answer.status_code, alert(answer)) == (409, "Every session of this plan has its appointment.")
    assert 'href="/plans/1">' in answer.text


def test_a_session_without_a_slot_says_why_in_its_place(app: Flask, desk: Browser, world: World) -> None:
    with app.app_context():
        save(Closure(location_id=world.location_id, starts_at=at(9, 0), ends_at=at(14, 0)))
    own = {"sessions": ["3"], "min_days": ["7"], "ideal_days": ["7"], "max_days": ["8"]}
    path = prescribe(desk, world, "own", **own)
    page = html.unescape(desk.get(path).text)
    card = page.split('class="card proposal"')[1]
    numbers = re.findall(r'<span class="number">(\d+)</span>', card)
    assert numbers == ["1", "2", "3"]
    (left_over,) = re.findall(r'<li class="left-over">.*?</li>', card, re.S)
    assert re.findall("<p>(.*)</p>", left_over) == ["The location is closed in its window."]
    assert desk.post(path, choices(page)[0]).status_code == 303
    assert "1 to place" in desk.get("/plans").text


def test_running_plans_are_listed_with_what_is_to_place(
    desk: Browser, world: World, protocol_id: int
) -> None:
    assert "No active plan yet." in desk.get("/plans").text
    path = prescribe(desk, world, protocol_id)
    page = desk.get("/plans").text
    assert "6 to place" in page
    assert "none booked" in page
    desk.post(path, choices(desk.get(path).text)[0])
    assert 'class="badge warn"' not in desk.get("/plans").text
    assert "No plan is waiting for anything." in desk.get("/plans?only=to_place").text


def test_looking_at_a_plan_is_noted(app: Flask, desk: Browser, world: World, protocol_id: int) -> None:
    prescribe(desk, world, protocol_id)
    desk.get("/plans/1")
    with app.app_context():
        looked = select(func.count(AuditEntry.id)).where(AuditEntry.action == "patient_viewed")
        assert db.session.scalar(looked) == 1


def kept(page: str) -> list[str]:
    """The hidden choice of what is kept."""
    section = page.split('class="card kept"')[1].split("</section>")[0]
    return re.findall(r'name="slot" value="([^"]+)"', section)


def test_a_proposal_is_kept_then_placed_as_kept(
    app: Flask, desk: Browser, world: World, protocol_id: int
) -> None:
    path = prescribe(desk, world, protocol_id)
    choice = choices(desk.get(path).text)[0]["slot"]
    held = desk.post(f"{path.removesuffix('/place')}/hold", {"slot": choice})
    assert (held.status_code, held.location) == (303, path)
    page = desk.get(path).text
    assert re.search(r"by [^<]+ until 08:10", page)
    assert kept(page) == choice
    hold_id = re.findall(r'name="hold_id" value="(\d+)"', page)[0]
    placed = desk.post(path, {"hold_id": hold_id, "slot": kept(page)})
    assert placed.status_code == 303
    assert len(starts(app)) == len(choice)


def test_what_is_kept_can_be_let_go(desk: Browser, world: World, protocol_id: int) -> None:
    path = prescribe(desk, world, protocol_id)
    plan = path.removesuffix("/place")
    desk.post(f"{plan}/hold", choices(desk.get(path).text)[0])
    hold_id = re.findall(r'name="hold_id" value="(\d+)"', desk.get(path).text)[0]
    for _ in range(2):  # a second click finds nothing left, which is what it wanted
        assert desk.post(f"{plan}/hold/{hold_id}/release", {}).status_code == 303
    assert 'class="card kept"' not in desk.get(path).text
