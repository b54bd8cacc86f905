"""Capacity on screen: charts with tables, filters, warnings in sentences, and the hint for a plan."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from scheduler.models import TimeOff
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.factories import NOW, RECEPTIONIST, World, at, make_practitioner, save
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")


def prescribe(app: Flask, world: World, count: int = 1, *, sessions: int = 1, days: int = 4) -> int:
    """So many plans that must have their sessions in the week of 9 March; the last one's number."""
    with app.app_context():
        for _ in range(count):
            plan = prescribe_plan(
                patient_id=world.patient_id,
                practitioner_id=world.practitioner_id,
                starts_on=date(2026, 3, 9),
                phases=[PhaseWish(sessions, 0, 0, days)],
                actor=RECEPTIONIST,
                now=NOW,
            )
        return plan.id


def leave(app: Flask, world: World, first: int, end: int) -> None:
    with app.app_context():
        save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(first, 0), ends_at=at(end, 0)))


def sentences(page: str) -> list[str]:
    """What the page says in notices and lists, without the drawings and the tables."""
    bare = re.sub(r"<svg.*?</svg>|<table.*?</table>", "", page, flags=re.DOTALL)
    return [
        re.sub(r"<[^>]+>", "", text).strip() for text in re.findall(r"<(?:li|span)>(.*?)</(?:li|span)>", bare)
    ]


def wish(desk: Browser, world: World, **fields: Any) -> str:
    asked = {
        "protocol_id": "own",
        "sessions": 2,
        "min_days": 0,
        "ideal_days": 0,
        "max_days": 4,
        "practitioner_id": world.practitioner_id,
        "starts_on": "2026-03-09",
    } | fields
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return desk.get(f"/capacity/wish?{query}", HX_Request="true").text


def test_page_shows_the_weeks_as_picture_and_table(world: World, desk: Browser) -> None:
    page = desk.get("/capacity").text
    assert "Every session that waits finds room in its window." in page
    assert page.count('role="img"') == 1
    assert '<th scope="row">9 Mar</th><td>40</td><td>80</td><td>0</td><td>80</td><td>0</td>' in page


def test_several_are_shown_together_and_each(app: Flask, world: World, desk: Browser) -> None:
    with app.app_context():
        other = make_practitioner(world.location_id, family_name="Other").id
    assert desk.get("/capacity").text.count('role="img"') == 3
    page = desk.get(f"/capacity?practitioner_id={other}").text
    assert (page.count('role="img"'), page.count("Petra Other</title>")) == (1, 1)


def test_demand_beyond_supply_is_said(app: Flask, world: World, desk: Browser) -> None:
    leave(app, world, 10, 14)
    prescribe(app, world, 18)
    assert (
        "In the week of 9 Mar, Petra Pin has 8 hours free, enough for 16 sessions, and 18 sessions waiting."
        in sentences(desk.get("/capacity").text)
    )


def test_no_room_at_all_on_some_days_is_said(app: Flask, world: World, desk: Browser) -> None:
    leave(app, world, 9, 12)
    prescribe(app, world, days=2)
    said = sentences(desk.get("/capacity").text)
    assert "From Mon 9 Mar to Wed 11 Mar, Petra Pin has 0 hours free and 1 session waiting." in said


@pytest.mark.parametrize("address", ["?from=2020-01-01", "?from=x&practitioner_id=999&location_id=y", ""])
def test_senseless_address_shows_this_week_on(world: World, desk: Browser, address: str) -> None:
    page = desk.get(f"/capacity{address}")
    assert (page.status_code, page.text.count('<th scope="row">2 Mar</th>')) == (200, 1)


def test_weeks_can_be_walked_through(world: World, desk: Browser) -> None:
    first = desk.get("/capacity").text
    assert "4 weeks earlier" not in first
    later = re.search(r'href="([^"]+)">4 weeks later', first)
    assert later is not None
    page = desk.get(later[1].replace("&amp;", "&")).text
    assert ("4 weeks earlier" in page, '<th scope="row">30 Mar</th>' in page) == (True, True)
    furthest = date(2026, 3, 2) + timedelta(days=364)
    assert "4 weeks later" not in desk.get(f"/capacity?from={furthest}").text


def test_plan_is_told_whether_it_fits(app: Flask, world: World, desk: Browser) -> None:
    leave(app, world, 10, 14)
    plan_id = prescribe(app, world, 17)
    page = desk.get(f"/capacity/plans/{plan_id}", HX_Request="true").text
    assert "1 of 1 session of this plan finds no room in its window." in page
    assert "8 hours free, enough for 16 sessions, and 17 sessions waiting." in page


def test_plan_that_fits_is_told_so_without_the_troubles_of_others(
    app: Flask, world: World, desk: Browser
) -> None:
    plan_id = prescribe(app, world, sessions=2)
    page = desk.get(f"/capacity/plans/{plan_id}", HX_Request="true").text
    assert "The coming weeks can carry all 2 sessions of this plan." in page
    assert "waiting" not in page


def test_unknown_plan_is_not_found(world: World, desk: Browser) -> None:
    assert desk.get("/capacity/plans/999").status_code == 404


def test_plan_being_written_is_judged_before_it_is(app: Flask, world: World, desk: Browser) -> None:
    leave(app, world, 10, 14)
    assert "The coming weeks can carry all 2 sessions" in wish(desk, world)
    prescribe(app, world, 15)
    assert "1 of 2 sessions of this plan find no room" in wish(desk, world)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"sessions": "many"}, "Sessions and days are whole numbers."),
        ({"sessions": 61}, "A plan has at most 60 sessions."),
        ({"sessions": ""}, "A plan needs at least one phase."),
        ({"protocol_id": ""}, "A plan needs a protocol or phases."),
        ({"practitioner_id": ""}, "There is no practitioner with that number."),
        ({"starts_on": ""}, "Please enter the day on which the plan starts."),
    ],
)
def test_half_written_plan_gets_a_sentence(
    world: World, desk: Browser, fields: dict[str, str], sentence: str
) -> None:
    assert sentence in wish(desk, world, **fields)


def test_only_who_may_write_plans_gets_the_hint(world: World, stranger: Browser) -> None:
    assert stranger.get("/capacity/wish").status_code == 303
