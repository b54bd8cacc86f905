"""Time off and closures: wall clocks become instants, and nothing is offered then."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, InvalidInput, NotFound
from scheduler.extensions import db
from scheduler.models import AuditEntry, Closure, Location, TimeOff, WorkingHours
from scheduler.usecases.absences.entering import (
    Absence,
    WallTime,
    add_closure,
    add_time_off,
    list_time_off,
)
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.availability.slots import find_slots
from tests.factories import NOW, World, at, make_appointment, make_practitioner, make_world, save
from tests.query_counter import count_queries


@pytest.fixture
def world(context: Flask) -> World:
    """The small clinic."""
    return make_world()


def day(number: int, minute: int | None = None, month: int = 3) -> WallTime:
    return WallTime(date(2026, month, number), minute)


def away(world: World, starts: WallTime, until: WallTime, location: str | None = None) -> Absence:
    return add_time_off(
        world.practitioner_id, starts, until, reason="Sun", location=location, actor=COMMAND, now=NOW
    )


def free_days(world: World) -> set[int]:
    slots = find_slots(
        appointment_type_id=world.needling_id, from_on=date(2026, 3, 3), to_on=date(2026, 3, 6), now=NOW
    )
    return {slot.starts_at.day for slot in slots}


def test_a_date_as_the_end_is_the_last_day_away(world: World) -> None:
    absence = away(world, day(4), day(5))
    assert (absence.starts_at, absence.ends_at) == (at(4, 0), at(6, 0))
    assert free_days(world) == {3, 6}


def test_times_are_those_of_the_location(world: World) -> None:
    away(world, day(4, 13 * 60), day(4, 15 * 60 + 30))
    row = db.session.scalars(select(TimeOff)).one()
    assert (row.starts_at, row.ends_at, row.reason) == (at(4, 13), at(4, 15, 30), "Sun")


def test_a_closed_location_offers_nothing(world: World) -> None:
    add_closure("Mitte", day(3), day(4), actor=COMMAND, now=NOW)
    assert free_days(world) == {5, 6}
    assert [row.location_id for row in db.session.scalars(select(Closure))] == [world.location_id]


def test_the_same_time_is_written_once(world: World) -> None:
    away(world, day(3), day(6))
    with pytest.raises(Conflict) as caught:
        away(world, day(4), day(5))
    assert str(caught.value) == "Petra Pin is away then already."
    add_closure("Mitte", day(3), day(6), actor=COMMAND, now=NOW)
    with pytest.raises(Conflict):
        add_closure("Mitte", day(3), day(6), actor=COMMAND, now=NOW)
    away(world, day(6), day(7))


@pytest.mark.parametrize(
    ("starts", "until"),
    [(day(5), day(4)), (day(4, 600), day(4, 600)), (day(4, 601), day(4, 600))],
)
def test_an_end_that_is_not_later_is_refused(world: World, starts: WallTime, until: WallTime) -> None:
    with pytest.raises(InvalidInput) as caught:
        away(world, starts, until)
    assert str(caught.value) == "The end must be later than the beginning."
    assert list(db.session.scalars(select(TimeOff))) == []


def test_a_time_that_the_clock_skips_is_refused_with_the_ones_beside_it(world: World) -> None:
    with pytest.raises(InvalidInput) as caught:
        away(world, day(29, 150), day(30))
    assert str(caught.value) == (
        "The clocks go forward then: 2026-03-29 02:30 does not exist. Take 01:55 or 03:00."
    )


def test_an_hour_that_comes_twice_is_covered_whole(world: World) -> None:
    absence = away(world, day(25, 120, month=10), day(25, 165, month=10))
    assert absence.ends_at - absence.starts_at == timedelta(minutes=45 + 60)


def test_what_is_still_booked_then_is_counted(world: World) -> None:
    for starts_at in (at(3), at(4), at(5, 16, 45)):
        make_appointment(world, starts_at)
    make_appointment(world, at(4, 12), status="cancelled")
    assert away(world, day(4), day(5, 17 * 60)).appointments == 2
    assert add_closure("Mitte", day(1), day(31), actor=COMMAND, now=at(4, 10, 30)).appointments == 1


def test_in_several_zones_the_location_must_be_named(world: World) -> None:
    save(lisbon := Location(name="Lisboa", zone="Europe/Lisbon"))
    assert away(world, day(3), day(3)).starts_at == at(3, 0)
    save(
        WorkingHours(
            practitioner_id=world.practitioner_id,
            location_id=lisbon.id,
            weekday=0,
            starts_minute=0,
            ends_minute=60,
            valid_from=date(2025, 1, 6),
        )
    )
    with pytest.raises(InvalidInput) as caught:
        away(world, day(4), day(4))
    assert caught.value.details["field"] == "location"
    assert away(world, day(4), day(4), location="Lisboa").starts_at == at(4, 1)


def test_nobody_is_away_and_nothing_closed_that_is_not_there(world: World) -> None:
    with pytest.raises(NotFound):
        add_time_off(99, day(4), day(5), actor=COMMAND, now=NOW)
    with pytest.raises(NotFound):
        add_closure("Spandau", day(4), day(5), actor=COMMAND, now=NOW)


def test_the_trail_tells_when_but_not_why(world: World) -> None:
    away(world, day(4), day(4))
    row = db.session.scalars(select(AuditEntry)).one()
    assert (row.action, row.entity_id) == ("time_off_added", world.practitioner_id)
    assert {name: datetime.fromisoformat(at) for name, at in row.detail.items()} == {
        "starts_at": at(4, 0),
        "ends_at": at(5, 0),
    }


def test_dates_far_away_are_refused() -> None:
    with pytest.raises(InvalidInput):
        WallTime(date(202, 3, 4))


def test_time_off_is_listed_in_as_many_queries_whoever_is_away(world: World) -> None:
    def queries() -> tuple[int, int]:
        db.session.expire_all()
        with count_queries() as counter:
            listed = len(list_time_off(now=NOW).items)
        return listed, counter.total

    away(world, day(3), day(3))
    _, alone = queries()
    for name in ("Anna", "Nina", "Otto"):
        other = make_practitioner(world.location_id, given_name=name)
        add_time_off(other.id, day(4), day(5), actor=COMMAND, now=NOW)
    assert queries() == (4, alone)
