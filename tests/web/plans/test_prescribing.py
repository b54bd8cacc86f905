"""Prescribing on screen: the form, its phases, and that nothing typed is lost."""

from typing import Any

import pytest
from flask import Flask

from tests.factories import World, make_practitioner
from tests.web.browser import Browser, alert
from tests.web.plans.support import form, plans, prescribe

pytestmark = pytest.mark.usefixtures("monday")


def test_a_plan_is_prescribed_and_leads_to_its_proposals(
    app: Flask, desk: Browser, world: World, protocol_id: int
) -> None:
    entered = form(
        world,
        protocol_id,
        muscles=["suboccipitals", "upper_trapezius", "unheard_of"],
        weekdays=["1", "3", "9"],
        time_of_day="morning",
        first_visit="yes",
        first_type_id=world.assessment_id,
        condition="since the fall",
    )
    answer = desk.post("/plans/new", entered)
    assert (answer.status_code, answer.location) == (303, "/plans/1/place")
    (plan,) = plans(app)
    assert (plan.name, plan.condition) == ("Tension-type headache", "since the fall")
    assert plan.target_muscles == ["suboccipitals", "upper_trapezius"]
    assert plan.preferences == {"weekdays": [1, 3], "until_minute": 720}
    kinds = [session.appointment_type_id for session in plan.sessions]
    assert kinds == [world.assessment_id] + [world.needling_id] * 5


def test_own_phases_are_taken_row_by_row(app: Flask, desk: Browser, world: World) -> None:
    rows = {
        "sessions": ["4", "2", ""],
        "min_days": ["5", "12", ""],
        "ideal_days": ["7", "14", ""],
        "max_days": ["9", "16", ""],
    }
    prescribe(desk, world, "own", **rows)
    (plan,) = plans(app)
    phases = [(phase.sessions, phase.min_days, phase.ideal_days, phase.max_days) for phase in plan.phases]
    assert phases == [(4, 5, 7, 9), (2, 12, 14, 16)]


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"starts_on": "soon"}, 422, "Please enter the day on which the plan starts."),
        ({"protocol_id": "own", "sessions": [""]}, 422, "A plan needs at least one phase."),
        (
            {
                "protocol_id": "own",
                "sessions": ["six"],
                "min_days": ["2"],
                "ideal_days": ["3"],
                "max_days": ["4"],
            },
            422,
            "Sessions and days are whole numbers.",
        ),
        (
            {
                "protocol_id": "own",
                "sessions": ["6"],
                "min_days": ["5"],
                "ideal_days": ["3"],
                "max_days": ["4"],
            },
            422,
            "Days between sessions must rise from smallest over ideal to largest, at most 366.",
        ),
        ({"protocol_id": "4711"}, 404, "There is no protocol with that number."),
        ({"practitioner_id": "x"}, 404, "There is no practitioner with that number."),
    ],
)
def test_what_cannot_be_prescribed_is_told_with_nothing_lost(
    app: Flask,
    desk: Browser,
    world: World,
    protocol_id: int,
    changes: dict[str, Any],
    status: int,
    sentence: str,
) -> None:
    kept = {"condition": "since the fall", "muscles": "masseter", "weekdays": "2", "time_of_day": "evening"}
    answer = desk.post("/plans/new", form(world, protocol_id) | kept | changes)
    assert (answer.status_code, alert(answer)) == (status, sentence)
    assert plans(app) == []
    page = answer.text
    assert 'name="condition" type="text" value="since the fall"' in page
    for mark in (
        'name="muscles" value="masseter" checked',
        'name="weekdays" value="2" checked',
        '<option value="evening" selected>',
    ):
        assert mark in page
    for number in changes.get("min_days", []):
        assert f'name="min_days" min="0" max="366" inputmode="numeric" value="{number}"' in page


def test_a_form_sent_twice_prescribes_once(app: Flask, desk: Browser, world: World, protocol_id: int) -> None:
    entered = form(world, protocol_id, form_key="k1")
    first, again = (desk.post("/plans/new", entered) for _ in range(2))
    assert first.location == again.location == "/plans/1/place"
    assert len(plans(app)) == 1


def test_who_treats_prescribes_as_themselves_at_first(
    app: Flask, stranger: Browser, world: World, protocol_id: int
) -> None:
    with app.app_context():
        make_practitioner(world.location_id, given_name="Anton", family_name="Acker")
    stranger.sign_in("practitioner")
    page = stranger.get(f"/plans/new?patient_id={world.patient_id}").text
    assert f'<option value="{world.practitioner_id}" selected>Petra Pin</option>' in page


def test_what_is_not_there_is_not_found(desk: Browser, world: World, protocol_id: int) -> None:
    for path in ("/plans/4711", f"/plans/{10**30}", "/plans/4711/place", "/plans/new?patient_id=4711"):
        assert desk.get(path).status_code == 404
    assert desk.post("/plans/4711/place", {"slot": "1|1772524800|1|1"}).status_code == 404
    assert desk.post("/plans/new", form(world, protocol_id, patient_id=4711)).status_code == 404
    assert "open the patient first" in desk.get("/plans/new").text
