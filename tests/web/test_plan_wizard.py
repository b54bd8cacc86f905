"""Going forth and back in the wizard, adjusting phases and single sessions, and what is sent."""

import html
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, TreatmentPlan
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from tests.factories import BERLIN, World, save
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")
ROWS = {"sessions": ["4"], "min_days": ["3"], "ideal_days": ["4"], "max_days": ["6"]}


@pytest.fixture
def taper_id(app: Flask, world: World) -> int:
    """The shipped protocol with three phases."""
    with app.app_context():
        rows = load_shipped_protocols()
        save(*rows)
        return next(row.id for row in rows if row.name == "Weekly course with taper")


def form(world: World, protocol_id: int | str, **changes: Any) -> dict[str, Any]:
    return {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "protocol_id": protocol_id,
        "starts_on": "2026-03-03",
        "time_of_day": "morning",
        "weekdays": ["1", "3"],
        "muscles": ["temporalis"],
        "condition": "since the fall",
        "first_visit": "yes",
        "first_type_id": world.assessment_id,
        **changes,
    }


def plan_of(app: Flask) -> TreatmentPlan:
    with app.app_context():
        (row,) = db.session.scalars(select(TreatmentPlan)).all()
        assert row.phases and row.sessions
        db.session.expunge_all()
        return row


def phases(plan: TreatmentPlan) -> list[tuple[int, int, int, int]]:
    return [(row.sessions, row.min_days, row.ideal_days, row.max_days) for row in plan.phases]


def choices(page: str) -> list[list[str]]:
    """What each proposal's form would place."""
    cards = page.split('class="card proposal"')[1:]
    return [re.findall(r'<input type="hidden" name="slot" value="([^"]+)"', card) for card in cards]


def test_a_protocols_phases_are_adjusted_for_the_patient(
    app: Flask, desk: Browser, world: World, taper_id: int
) -> None:
    rows = {
        "sessions": ["5", "3", "1", ""],
        "min_days": ["5", "11", "24", ""],
        "ideal_days": ["7", "14", "28", ""],
        "max_days": ["9", "17", "35", ""],
    }
    desk.post("/plans/new", form(world, taper_id, phases_of=taper_id, **rows))
    plan = plan_of(app)
    assert (plan.name, plan.protocol_id) == ("Weekly course with taper", taper_id)
    assert phases(plan) == [(5, 5, 7, 9), (3, 11, 14, 17), (1, 24, 28, 35)]


def test_rows_of_another_protocol_than_the_chosen_one_say_nothing(
    app: Flask, desk: Browser, world: World, taper_id: int
) -> None:
    desk.post("/plans/new", form(world, taper_id, phases_of="1", **ROWS))
    assert phases(plan_of(app)) == [(6, 5, 7, 9), (3, 11, 14, 17), (3, 24, 28, 35)]


def test_going_back_shows_the_begun_plan_and_changes_it(
    app: Flask, desk: Browser, world: World, taper_id: int
) -> None:
    desk.post("/plans/new", form(world, "own", **ROWS))
    back = desk.get(f"/plans/new?patient_id={world.patient_id}")
    assert (back.status_code, back.location) == (303, "/plans/1/prescription")
    page = desk.get(back.location).text
    for mark in (
        'name="muscles" value="temporalis" checked',
        'name="weekdays" value="3" checked',
        '<option value="morning" selected>',
        'name="condition" type="text" value="since the fall"',
        'name="first_visit" value="yes" checked',
        'value="own" checked',
        'name="ideal_days" min="0" max="366" inputmode="numeric" value="4"',
    ):
        assert mark in page
    changed = form(world, taper_id, muscles=["masseter"], weekdays=[], version=1)
    answer = desk.post("/plans/1/prescription", changed)
    assert (answer.status_code, answer.location) == (303, "/plans/1/place")
    plan = plan_of(app)
    assert (plan.name, plan.target_muscles, len(plan.sessions)) == (
        "Weekly course with taper",
        ["masseter"],
        12,
    )


def test_a_refused_change_loses_nothing(app: Flask, desk: Browser, world: World, taper_id: int) -> None:
    desk.post("/plans/new", form(world, "own", **ROWS))
    answer = desk.post(
        "/plans/1/prescription",
        form(world, "own", version=1, muscles=["masseter"], **ROWS | {"min_days": ["9"]}),
    )
    assert answer.status_code == 422
    assert 'name="muscles" value="masseter" checked' in answer.text
    assert 'name="min_days" min="0" max="366" inputmode="numeric" value="9"' in answer.text
    assert phases(plan_of(app)) == [(4, 3, 4, 6)]


def test_another_plan_is_written_when_asked_for(desk: Browser, world: World, taper_id: int) -> None:
    desk.post("/plans/new", form(world, "own", **ROWS))
    page = desk.get(f"/plans/new?patient_id={world.patient_id}&another=1")
    assert page.status_code == 200
    assert "was begun" not in page.text


def test_once_something_is_placed_a_new_plan_is_a_new_one(desk: Browser, world: World, taper_id: int) -> None:
    desk.post("/plans/new", form(world, "own", **ROWS))
    desk.post("/plans/1/place", {"slot": choices(desk.get("/plans/1/place").text)[0]})
    assert desk.get(f"/plans/new?patient_id={world.patient_id}").status_code == 200
    late = desk.post("/plans/1/prescription", form(world, "own", version=2, **ROWS))
    assert late.status_code == 409
    assert "Something of this plan is placed or decided." in html.unescape(late.text)


def test_one_session_gets_another_time_and_the_rest_stays(
    app: Flask, desk: Browser, world: World, taper_id: int
) -> None:
    desk.post("/plans/new", form(world, "own", **ROWS))
    page = desk.get("/plans/1/place?tried=1&time_of_day=any").text
    best = choices(page)[0]
    links = [html.unescape(link) for link in re.findall(r'<a href="(/plans/1/other[^"]+)"', page)]
    second = links[1]
    part = desk.get(second, HX_Request="true").text
    assert "<html" not in part
    offered = re.findall(r'<button class="start" name="slot" value="([^"]+)"', part)
    kept = re.findall(r'<input type="hidden" name="slot" value="([^"]+)"', part)
    assert kept == [slot for slot in best if not slot.startswith("2|")]
    assert ("tried", "1") in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)"', part)
    assert best[1] not in offered
    taken = offered[-1]
    adjusted = desk.get("/plans/1/place?" + "&".join(f"slot={slot}" for slot in [*kept, taken])).text
    assert "As adjusted" in adjusted
    first_card = choices(adjusted)[0]
    assert first_card == [best[0], taken, *best[2:]]
    assert desk.post("/plans/1/place", {"slot": first_card}).status_code == 303
    with app.app_context():
        found = list(db.session.scalars(select(Appointment.starts_at).order_by(Appointment.starts_at)))
    assert found == [datetime.fromtimestamp(int(slot.split("|")[1]), UTC) for slot in first_card]


def test_an_adjusted_series_names_what_is_off_its_ideal(desk: Browser, world: World, taper_id: int) -> None:
    desk.post("/plans/new", form(world, "own", **ROWS))
    starts = [datetime(2026, 3, day, 10, tzinfo=BERLIN) for day in (3, 9, 13)]
    slots = "&".join(
        f"slot={number}|{start.timestamp():.0f}|{world.practitioner_id}|{world.location_id}"
        for number, start in enumerate(starts, start=1)
    )
    card = html.unescape(desk.get(f"/plans/1/place?{slots}").text).split('class="card proposal"')[1]
    assert re.findall(r'class="compromise">([^<]+)<', card) == [
        "6 days after the session before, ideal are 4"
    ]
    assert "3 of 4 sessions placed" in card


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/plans/1/other?number=9", 422),
        ("/plans/1/other?number=1&slot=x", 422),
        ("/plans/1/place?slot=x", 422),
        ("/plans/1/place?slot=9|1772524800|1|1", 422),
        ("/plans/4711/other?number=1", 404),
        ("/plans/4711/prescription", 404),
    ],
)
def test_addresses_that_make_no_sense_are_answered_plainly(
    desk: Browser, world: World, taper_id: int, path: str, status: int
) -> None:
    desk.post("/plans/new", form(world, "own", **ROWS))
    assert desk.get(path).status_code == status


def test_the_page_after_placing_says_what_is_sent_to_whom(desk: Browser, world: World, taper_id: int) -> None:
    desk.post("/plans/new", form(world, "own", **ROWS))
    desk.post("/plans/1/place", {"slot": choices(desk.get("/plans/1/place").text)[0]})
    page = html.unescape(desk.get("/plans/1").text)
    sent = page.split('aria-labelledby="mails-title"')[1]
    assert "Confirmation of a series" in sent
    assert "to paul.pain@mail.example" in sent
    assert re.findall(r"(\d+) reminders", sent) == ["6"]
