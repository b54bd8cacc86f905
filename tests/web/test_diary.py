"""The diary's pages and data: wall times of the location, hours worth showing, who and what is in it."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from scheduler.models import Closure, Location, Practitioner, Role, TimeOff
from scheduler.usecases.absences.entering import add_closure, add_time_off
from scheduler.usecases.appointments.changing import change_status
from scheduler.usecases.diary.chosen import Chosen
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.holds import hold_slots
from scheduler.usecases.series.placement import ChosenSlot
from scheduler.usecases.tasks import add_task, finish_task
from scheduler.web.diary_range import whose_week
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
from tests.query_counter import count_queries
from tests.web.browser import Browser
from tests.web.drawn import drawn

pytestmark = pytest.mark.usefixtures("monday")
CHATHAM = ZoneInfo("Pacific/Chatham")


def times(shown: Any) -> list[tuple[str, str]]:
    return [(event["start"], event["end"]) for event in shown["events"] if "title" in event]


def backgrounds(shown: Any) -> list[tuple[str, str, str]]:
    return [
        (event["classNames"][1], event["start"], event["end"])
        for event in shown["events"]
        if event.get("display") == "background"
    ]


def book(app: Flask, world: World, starts_at: datetime, **changes: Any) -> int:
    with app.app_context():
        return make_appointment(world, starts_at, **changes).id


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


@pytest.mark.parametrize("view", ["day", "week", "rooms"])
def test_what_is_kept_free_around_an_appointment_is_shown(
    app: Flask, desk: Browser, world: World, view: str
) -> None:
    book(app, world, at(3), busy_from=at(3, 9, 50), busy_until=at(3, 10, 45))
    shown = drawn(desk, f"on=2026-03-03&view={view}&practitioner_id={world.practitioner_id}")
    buffers = [event for event in shown["events"] if event["classNames"] == ["buffer"]]
    owner = world.room_ids[0] if view == "rooms" else world.practitioner_id
    assert [(event["start"], event["end"], event["resourceIds"]) for event in buffers] == [
        ("2026-03-03T09:50", "2026-03-03T10:00", [owner]),
        ("2026-03-03T10:30", "2026-03-03T10:45", [owner]),
    ]
    assert buffers[0]["extendedProps"]["title"] == "Kept free for Paul Pain"


def test_a_week_of_somebody_who_never_treats_here_is_shut(app: Flask, desk: Browser, world: World) -> None:
    with app.app_context():
        elsewhere = Location(name="Elsewhere", address="", zone="Europe/Berlin")
        save(elsewhere)
        stranger = make_practitioner(elsewhere.id, given_name="Sue", family_name="Stranger").id
    shown = drawn(desk, f"on=2026-03-03&view=week&practitioner_id={stranger}")
    assert backgrounds(shown) == [("hours", "2026-03-02T00:00", "2026-03-09T00:00")]


def test_times_are_the_wall_clocks_on_both_sides_of_a_clock_change(
    app: Flask, desk: Browser, world: World
) -> None:
    for day in (27, 30):
        book(app, world, at(day, 14, 15))
    shown = drawn(desk, f"view=week&on=2026-03-27&practitioner_id={world.practitioner_id}")
    assert times(shown) == [("2026-03-27T14:15", "2026-03-27T14:45")]
    shown = drawn(desk, f"view=week&on=2026-03-30&practitioner_id={world.practitioner_id}")
    assert times(shown) == [("2026-03-30T14:15", "2026-03-30T14:45")]


def test_what_lies_across_the_hour_that_is_repeated_is_drawn_as_long_as_it_is(
    app: Flask, desk: Browser, world: World
) -> None:
    book(app, world, datetime(2026, 10, 25, 0, 45, tzinfo=UTC))
    shown = drawn(desk, "on=2026-10-25")
    assert times(shown) == [("2026-10-25T02:45", "2026-10-25T03:15")]
    assert shown["events"][0]["extendedProps"]["time"] == "02:45–02:15"


@pytest.mark.parametrize(("month", "offset"), [(6, 765), (12, 825)])
def test_times_are_those_of_a_place_at_the_other_end_of_the_world(
    app: Flask, desk: Browser, world: World, month: int, offset: int
) -> None:
    with app.app_context():
        place = Location(name="Waitangi", address="", zone="Pacific/Chatham")
        save(place)
        treats = make_practitioner(place.id, given_name="Wiremu", family_name="Weka").id
        starts_at = at(2, 9, 15, month=month, zone=CHATHAM)
        make_appointment(world, starts_at, practitioner_id=treats, location_id=place.id, room_id=None)
        place_id = place.id
    desk.client.set_cookie("place", str(place_id))
    shown = drawn(desk, f"on=2026-{month:02}-02")
    assert times(shown) == [(f"2026-{month:02}-02T09:15", f"2026-{month:02}-02T09:45")]
    assert shown["now"] == "2026-03-02T20:45"
    noon = datetime(2026, month, 2, 12, tzinfo=UTC) - timedelta(minutes=offset)
    assert datetime.fromtimestamp(shown["noon"], UTC) == noon
    assert backgrounds(shown)[0] == ("hours", f"2026-{month:02}-02T00:00", f"2026-{month:02}-02T09:00")
    assert "Chatham time" in desk.get("/diary").text


@pytest.mark.parametrize(
    ("booked_at", "first", "last"),
    [
        (None, "08:00", "18:00"),
        ((7, 0), "06:00", "18:00"),
        ((19, 30), "08:00", "21:00"),
        ((23, 45), "08:00", "24:00"),
    ],
)
def test_hours_and_appointments_are_shown_with_half_an_hour_around(
    app: Flask, desk: Browser, world: World, booked_at: tuple[int, int] | None, first: str, last: str
) -> None:
    if booked_at:
        book(app, world, at(3, *booked_at))
    shown = drawn(desk, "on=2026-03-03")
    assert (shown["first"], shown["last"]) == (first, last)


def test_a_day_on_which_nobody_treats_says_so(desk: Browser) -> None:
    page = desk.get("/diary?on=2026-03-07").text
    assert "Nobody treats here on this day." in page
    assert 'id="calendar"' not in page


def test_a_weekend_without_hours_takes_no_room_in_the_week_unless_somebody_is_booked(
    app: Flask, desk: Browser, world: World
) -> None:
    week = f"view=week&on=2026-03-04&practitioner_id={world.practitioner_id}"
    assert drawn(desk, week)["left_out"] == [6, 0]
    book(app, world, at(7))
    assert drawn(desk, week)["left_out"] == [0]


def test_leave_and_closures_are_told_from_the_end_of_hours(app: Flask, desk: Browser, world: World) -> None:
    with app.app_context():
        save(
            TimeOff(practitioner_id=world.practitioner_id, starts_at=at(3, 12), ends_at=at(3, 14)),
            Closure(location_id=world.location_id, starts_at=at(3, 16), ends_at=at(3, 17), reason="Party"),
        )
    assert sorted(backgrounds(drawn(desk, "on=2026-03-03"))) == [
        ("away", "2026-03-03T12:00", "2026-03-03T14:00"),
        ("closed", "2026-03-03T16:00", "2026-03-03T17:00"),
        ("hours", "2026-03-03T00:00", "2026-03-03T09:00"),
        ("hours", "2026-03-03T17:00", "2026-03-04T00:00"),
    ]


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


def named(shown: Any) -> list[str]:
    return [column["title"] for column in shown["resources"]]


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


def version(desk: Browser, query: str = "on=2026-03-03") -> str:
    answer = desk.get(f"/diary/version?{query}")
    assert answer.status_code == 200
    return answer.headers["ETag"]


def test_nothing_new_is_answered_with_304(app: Flask, desk: Browser, world: World) -> None:
    book(app, world, at(3))
    known = version(desk)
    again = desk.get("/diary/version?on=2026-03-03", If_None_Match=known)
    assert (again.status_code, again.data) == (304, b"")


def test_asking_whether_anything_is_new_reads_who_asks_and_the_version_alone(
    app: Flask, desk: Browser, world: World
) -> None:
    known = version(desk)
    with app.app_context(), count_queries() as counter:
        desk.get("/diary/version?on=2026-03-03", If_None_Match=known)
    assert counter.total == 2


def test_whatever_changes_in_these_days_changes_the_version(app: Flask, desk: Browser, world: World) -> None:
    seen = [version(desk)]
    number = book(app, world, at(3))
    seen.append(version(desk))
    with app.app_context():
        change_status(number, version=1, status="confirmed", actor=RECEPTIONIST, now=NOW)
    seen.append(version(desk))
    with app.app_context():
        add_time_off(world.practitioner_id, at(3, 12), at(3, 14), actor=RECEPTIONIST, now=NOW)
    seen.append(version(desk))
    with app.app_context():
        add_closure(world.location_id, at(3, 16), at(3, 17), actor=RECEPTIONIST, now=NOW)
    seen.append(version(desk))
    with app.app_context():
        task = add_task(
            kind="call", patient_id=world.patient_id, note="Call back.", actor=RECEPTIONIST, now=NOW
        )
    seen.append(version(desk))
    with app.app_context():
        finish_task(task.id, actor=RECEPTIONIST, now=NOW)
    seen.append(version(desk))
    assert len(set(seen)) == len(seen)
    assert version(desk) == seen[-1] == f'"{drawn(desk, "on=2026-03-03")["version"]}"'
    book(app, world, at(24))
    assert version(desk) == seen[-1]


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
