"""What the diary says of an appointment, as calendar and as list."""

import re
from datetime import date

import pytest
from flask import Flask

from scheduler.models import Location, Role
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.holds import hold_slots
from scheduler.usecases.series.placement import ChosenSlot
from scheduler.usecases.tasks import add_task
from tests.factories import (
    NOW,
    RECEPTIONIST,
    World,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_staff,
    save,
)
from tests.web.browser import Browser
from tests.web.diary.support import book, times
from tests.web.drawn import drawn

pytestmark = pytest.mark.usefixtures("monday")


def test_an_appointment_comes_with_all_that_the_calendar_shows(
    app: Flask, desk: Browser, world: World
) -> None:
    number = book(app, world, at(3), status="confirmed")
    shown = drawn(desk, "on=2026-03-03")
    (event,) = (event for event in shown["events"] if "title" in event)
    assert event == {
        "id": str(number),
        "resourceIds": [world.practitioner_id],
        "start": "2026-03-03T10:00",
        "end": "2026-03-03T10:30",
        "title": "Paul Pain",
        "editable": True,
        "durationEditable": False,
        "classNames": ["entry", "confirmed"],
        "extendedProps": {
            "version": 1,
            "code": "confirmed",
            "status": "Confirmed",
            "colour": event["extendedProps"]["colour"],
            "detail": "Dry needling · Room 1",
            "time": "10:00–10:30",
        },
    }
    assert re.fullmatch("#[0-9a-f]{6}", event["extendedProps"]["colour"])
    assert (shown["view"], shown["date"], shown["now"]) == ("day", "2026-03-03", "2026-03-02T08:00")
    assert [column["title"] for column in shown["resources"]] == ["Petra Pin"]


def test_a_day_on_which_nobody_treats_says_so(desk: Browser) -> None:
    page = desk.get("/diary?on=2026-03-07").text
    assert "Nobody treats here on this day." in page
    assert 'id="calendar"' not in page


@pytest.mark.parametrize(
    ("status", "shown", "draggable"),
    [
        ("booked", 1, True),
        ("confirmed", 1, True),
        ("arrived", 1, False),
        ("completed", 1, False),
        ("no_show", 1, False),
        ("cancelled", 0, False),
    ],
)
def test_what_happened_already_is_not_dragged_and_what_is_cancelled_not_shown(
    app: Flask, desk: Browser, world: World, status: str, shown: int, draggable: bool
) -> None:
    book(app, world, at(3), status=status)
    events = [event for event in drawn(desk, "on=2026-03-03")["events"] if "title" in event]
    assert [event["editable"] for event in events] == [draggable] * shown


def test_the_list_says_the_same_without_scripts(app: Flask, desk: Browser, world: World) -> None:
    number = book(app, world, at(3), status="arrived")
    page = desk.get("/diary?on=2026-03-03").text
    fragment = desk.get("/diary/list?on=2026-03-03", HX_Request="true").text
    assert fragment in page
    assert f'href="/appointments/{number}">Paul Pain</a>' in fragment
    assert "10:00–10:30" in fragment
    assert "Arrived" in fragment
    assert "Nothing is booked." in desk.get("/diary/list?on=2026-03-04").text


def test_a_long_list_is_a_link_to_a_page_that_can_be_printed(
    app: Flask, desk: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.web.diary.LISTED_AT_ONCE", 0)
    book(app, world, at(3))
    page = desk.get("/diary?on=2026-03-03&view=team").text
    link = 'href="/diary/list?on=2026-03-03&amp;view=team"'
    assert (page.count(link), page.count("Paul Pain</a>")) == (1, 0)
    assert "Show the list (1 appointment)" in page
    listed = desk.get("/diary/list?on=2026-03-03&view=team").text
    assert (listed.count("<h1>2"), listed.count("Paul Pain</a>"), listed.count("data-print")) == (1, 1, 1)


def test_only_what_happens_at_the_location_is_shown(app: Flask, desk: Browser, world: World) -> None:
    with app.app_context():
        other = Location(name="Pankow", address="", zone="Europe/Berlin")
        save(other)
        make_practitioner(other.id, given_name="Olga", family_name="Ort")
        make_appointment(world, at(3), location_id=other.id, room_id=None, patient_id=make_patient("Else").id)
        other_id = other.id
    assert times(drawn(desk, "on=2026-03-03")) == []
    desk.client.set_cookie("place", str(other_id))
    shown = drawn(desk, "on=2026-03-03")
    assert times(shown) == [("2026-03-03T10:00", "2026-03-03T10:30")]
    assert [column["title"] for column in shown["resources"]] == ["Olga Ort", "Petra Pin"]


def test_strangers_are_asked_to_sign_in(stranger: Browser) -> None:
    for path in ("/diary", "/diary/data", "/diary/list", "/appointments/1", "/appointments/new", "/plans"):
        answer = stranger.get(path)
        assert (answer.status_code, "/sign-in" in answer.location) == (303, True)


def open_tasks(page: str) -> list[str]:
    """What the navigation says waits, where it is not hidden."""
    return re.findall(r"data-open-tasks(?! hidden)><b>(\w+)<", page)


def test_the_navigation_and_the_diary_tell_how_many_tasks_wait(
    app: Flask, desk: Browser, stranger: Browser, world: World
) -> None:
    assert open_tasks(desk.get("/diary").text) == []
    with app.app_context():
        make_staff(Role.PRACTITIONER, email="petra", practitioner_id=world.practitioner_id)
        for _ in range(2):
            add_task(kind="call", patient_id=world.patient_id, note="Call.", actor=RECEPTIONIST, now=NOW)
    assert open_tasks(desk.get("/reports").text) == ["2", "2"]
    assert drawn(desk, "on=2026-03-03")["open_tasks"] == 2
    stranger.sign_in("petra")
    assert open_tasks(stranger.get("/diary").text) == []
    assert drawn(stranger, "on=2026-03-03")["open_tasks"] is None


def test_the_list_shows_kept_slots_among_the_appointments_in_order(
    app: Flask, desk: Browser, world: World
) -> None:
    with app.app_context():
        plan = prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=date(2026, 3, 5),
            phases=[PhaseWish(2, 5, 7, 9)],
            actor=RECEPTIONIST,
            now=NOW,
        )
        make_appointment(world, at(5, 9), patient_id=make_patient("Early").id)
        make_appointment(world, at(5, 16), patient_id=make_patient("Other").id)
        kept = [ChosenSlot(1, at(5, 12), world.practitioner_id)]
        hold_slots(plan.id, sessions=kept, actor=RECEPTIONIST, now=NOW)
    rows = desk.get("/diary?on=2026-03-05").text.split('<td class="nowrap time">')[1:]
    assert [row[:5] for row in rows] == ["09:00", "12:00", "16:00"]
