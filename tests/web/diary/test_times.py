"""Where and how long the diary draws what it draws: wall clocks, hours, leave, closures, around clock changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from scheduler.models import Closure, Location, TimeOff
from tests.factories import World, at, make_appointment, make_practitioner, save
from tests.web.browser import Browser
from tests.web.diary.support import backgrounds, book, times
from tests.web.drawn import drawn

pytestmark = pytest.mark.usefixtures("monday")
CHATHAM = ZoneInfo("Pacific/Chatham")


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
