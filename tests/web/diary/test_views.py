"""Day, team, week, rooms and month: their columns, their titles, and what somebody filters away."""

import re

import pytest
from flask import Flask

from scheduler.models import Closure, Location, Practitioner
from scheduler.usecases.diary.chosen import Chosen
from scheduler.web.diary_range import whose_week
from tests.factories import World, at, make_patient, make_practitioner, make_staff, save
from tests.web.browser import Browser
from tests.web.diary.support import book, named, times
from tests.web.drawn import drawn

pytestmark = pytest.mark.usefixtures("monday")


def test_the_week_is_ones_own_where_one_treats(app: Flask, stranger: Browser, world: World) -> None:
    with app.app_context():
        make_practitioner(world.location_id, given_name="Anton", family_name="Acker")
    stranger.sign_in("practitioner")
    page = stranger.get("/diary?view=week&on=2026-03-04").text
    assert f'<option value="{world.practitioner_id}" selected>Petra Pin</option>' in page
    with app.app_context():
        elsewhere = Location(name="Elsewhere", address="", zone="Europe/Berlin")
        save(elsewhere)
        make_practitioner(elsewhere.id, given_name="Ada", family_name="Abroad")
    stranger.sign_in("reception")
    page = stranger.get("/diary?view=week&on=2026-03-04").text
    assert "selected>Anton Acker</option>" in page
    others = re.findall(r'<optgroup label="Without hours here">(.*?)</optgroup>', page)
    assert [re.sub("<[^>]+>", "", names) for names in others] == ["Ada Abroad"]


@pytest.mark.parametrize(
    ("here", "filtered", "own", "whose"),
    [
        ({2, 3}, (), None, 2),
        ({2, 3}, (1, 3), None, 3),
        ({2, 3}, (1,), None, 2),
        ({2, 3}, (3,), 1, 1),
        ({2, 3}, (), 9, 2),
        (set(), (), None, 1),
    ],
)
def test_a_week_is_opened_of_oneself_or_of_who_works_there(
    here: set[int], filtered: tuple[int, ...], own: int | None, whose: int
) -> None:
    people = [Practitioner(id=number) for number in (1, 2, 3)]
    assert whose_week(people, here, Chosen(filtered), own) == whose
    assert whose_week([], here, Chosen(filtered), own) is None


@pytest.mark.parametrize(
    ("locale", "view", "title"),
    [
        ("en", "day", "Wednesday, 4 March 2026"),
        ("en", "week", "2–8 Mar 2026"),
        ("en-US", "day", "Wednesday, March 4, 2026"),
        ("de", "day", "Mittwoch, 4. März 2026"),
        ("de", "week", "2.–8. März 2026"),
    ],
)
def test_days_are_written_in_the_readers_language(
    app: Flask, stranger: Browser, world: World, locale: str, view: str, title: str
) -> None:
    with app.app_context():
        make_staff(email="reader", locale=locale)
    stranger.sign_in("reader")
    page = stranger.get(f"/diary?view={view}&on=2026-03-04").text.replace("\u2009", "")
    assert f'<h1 id="diary-title">{title}</h1>' in page


def test_an_address_that_makes_no_sense_is_not_found(desk: Browser, world: World) -> None:
    for query in (
        "view=year",
        "view=week&practitioner_id=4711",
        "practitioner_id=-1",
        f"view=week&practitioner_id={10**30}",
    ):
        assert desk.get(f"/diary?{query}").status_code == 404
        assert desk.get(f"/diary/data?{query}").status_code == 404


@pytest.mark.parametrize("on", ["", "soon", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_a_date_that_is_none_means_today(desk: Browser, on: str) -> None:
    assert drawn(desk, f"on={on}")["date"] == "2026-03-02"


def test_the_day_by_room_has_a_column_for_each_room(app: Flask, desk: Browser, world: World) -> None:
    book(app, world, at(3), room_id=world.room_ids[1])
    shown = drawn(desk, "view=rooms&on=2026-03-03")
    assert named(shown) == ["Room 1", "Room 2"]
    (event,) = shown["events"]
    assert event["resourceIds"] == [world.room_ids[1]]
    assert event["extendedProps"]["detail"] == "Dry needling · Petra Pin"


def test_what_needs_no_room_has_a_column_of_its_own(app: Flask, desk: Browser, world: World) -> None:
    book(app, world, at(3), room_id=None)
    shown = drawn(desk, "view=rooms&on=2026-03-03")
    assert named(shown) == ["Room 1", "Room 2", "Without a room"]
    assert shown["events"][0]["resourceIds"] == [0]


def test_the_week_of_the_team_has_a_row_for_each_practitioner(
    app: Flask, desk: Browser, world: World
) -> None:
    with app.app_context():
        make_practitioner(world.location_id, given_name="Anna", family_name="Acu")
    book(app, world, at(3))
    shown = drawn(desk, "view=team&on=2026-03-05")
    assert (shown["date"], named(shown)) == ("2026-03-02", ["Anna Acu", "Petra Pin"])
    assert times(shown) == [("2026-03-03T10:00", "2026-03-03T10:30")]
    assert shown["left_out"] == [6, 0]


def cell(page: str, day: int) -> str:
    """What the month says of a day of March."""
    cells = re.findall(r"<td class=\"([^\"]*)\">(.*?)</td>", page, re.S)
    inside = [text for classes, text in cells if "other" not in classes]
    return " ".join(re.sub(r"<[^>]+>", " ", inside[day - 1]).split())


def test_the_month_says_how_full_each_day_is(app: Flask, desk: Browser, world: World) -> None:
    for hour in (9, 10, 11, 12):
        book(app, world, at(3, hour), minutes=60)
    with app.app_context():
        closed = {"starts_at": at(4, 0), "ends_at": at(5, 0), "reason": "Open day"}
        save(Closure(location_id=world.location_id, **closed))
    page = desk.get("/diary?view=month&on=2026-03-17").text
    assert cell(page, 3) == "3 4 visits 50 % full"
    assert cell(page, 4) == "4 Open day"
    assert cell(page, 5) == "5 0 visits 0 % full"
    assert cell(page, 7) == "7 –"
    assert 'href="/diary?on=2026-02-01&amp;view=month"' in page
    assert 'href="/diary?on=2026-04-01&amp;view=month"' in page


def test_filters_are_remembered_for_the_person(app: Flask, desk: Browser, world: World) -> None:
    with app.app_context():
        other = make_practitioner(world.location_id, given_name="Anna", family_name="Acu").id
        patient = make_patient("Otto", "Other").id
    book(app, world, at(3))
    book(app, world, at(3, 11), practitioner_id=other, room_id=world.room_ids[1], patient_id=patient)
    answer = desk.post("/diary/filters", {"practitioner": [other], "next": "/diary?on=2026-03-03"})
    assert (answer.status_code, answer.location) == (303, "/diary?on=2026-03-03")
    elsewhere = Browser(app)
    elsewhere.sign_in()
    shown = drawn(elsewhere, "on=2026-03-03")
    assert (named(shown), times(shown)) == (["Anna Acu"], [("2026-03-03T11:00", "2026-03-03T11:30")])
    desk.post("/diary/filters", {"type": [world.review_id]})
    shown = drawn(desk, "on=2026-03-03")
    assert (named(shown), times(shown)) == (["Anna Acu", "Petra Pin"], [])
    desk.post("/diary/filters", {})
    assert len(times(drawn(desk, "on=2026-03-03"))) == 2
