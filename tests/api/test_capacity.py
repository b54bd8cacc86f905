"""Capacity over the API."""

from datetime import date
from typing import Any

import pytest
from flask import Flask

from scheduler.models import TimeOff
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.api.support import Caller
from tests.factories import NOW, RECEPTIONIST, World, at, make_practitioner, save


def weeks(desk: Caller, **query: Any) -> list[dict[str, Any]]:
    """The weeks of the only practitioner."""
    (found,) = desk.get("/capacity", **query).get_json()["desks"]
    listed: list[dict[str, Any]] = found["weeks"]
    return listed


def test_twelve_weeks_from_this_one(world: World, desk: Caller) -> None:
    found = weeks(desk)
    assert [week["monday"] for week in found][::11] == ["2026-03-02", "2026-05-18"]
    assert len(found) == 12
    assert found[1] == {
        "monday": "2026-03-09",
        "open_minutes": 2400,
        "free_minutes": 2400,
        "fits": 80,
        "needed": 0,
        "short": 0,
    }


def test_weeks_can_be_chosen(world: World, desk: Caller) -> None:
    assert [week["monday"] for week in weeks(desk, from_="2026-04-03", weeks=2)] == [
        "2026-03-30",
        "2026-04-06",
    ]


def test_shortfall_is_told_with_its_weeks(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(10, 0), ends_at=at(14, 0)))
        for _ in range(18):
            prescribe_plan(
                patient_id=world.patient_id,
                practitioner_id=world.practitioner_id,
                starts_on=date(2026, 3, 9),
                phases=[PhaseWish(1, 0, 0, 4)],
                actor=RECEPTIONIST,
                now=NOW,
            )
    answer = desk.get("/capacity", weeks=2).get_json()
    assert (answer["usual_type"], answer["usual_minutes"]) == ("Dry needling", 30)
    assert answer["shortfalls"] == [
        {
            "practitioner_ids": [world.practitioner_id],
            "from_on": "2026-03-09",
            "to_on": "2026-03-13",
            "mondays": ["2026-03-09"],
            "free_minutes": 480,
            "fits": 16,
            "sessions": 18,
            "left_over": 2,
        }
    ]


def test_practitioner_and_location_narrow(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        other = make_practitioner(world.location_id, family_name="Other").id
    everybody = desk.get("/capacity", location_id=world.location_id).get_json()["desks"]
    assert [one["practitioner_id"] for one in everybody] == [other, world.practitioner_id]
    assert desk.get("/capacity", practitioner_id=other).get_json()["desks"] == everybody[:1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from_": "2026-02-20"}, "from"),
        ({"from_": "2028-02-20"}, "from"),
        ({"from_": "soon"}, "from"),
        ({"weeks": "27"}, "weeks"),
        ({"weeks": "0"}, "weeks"),
        ({"practitioner_id": "*"}, "practitioner_id"),
    ],
)
def test_senseless_question_is_refused_by_its_parameter(
    world: World, desk: Caller, query: dict[str, Any], field: str
) -> None:
    problem = desk.get("/capacity", **query).get_json()
    assert (problem["status"], problem.get("field", next(iter(problem.get("errors", [""]))))) == (422, field)


@pytest.mark.parametrize("name", ["practitioner_id", "location_id"])
def test_unknown_filter_is_not_found(world: World, desk: Caller, name: str) -> None:
    assert desk.get("/capacity", **{name: 99999}).status_code == 404
