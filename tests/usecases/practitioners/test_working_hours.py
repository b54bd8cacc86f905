"""Working hours: the past stays, rhythms go on, nobody works twice at once, and what falls outside is told first."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InvalidInput, StaleVersion
from scheduler.extensions import db
from scheduler.models import AuditEntry, Location, WorkingHours
from scheduler.planning.hours import WeeklyHours
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.availability.slots import find_slots
from scheduler.usecases.practitioners.adding import DayHours
from scheduler.usecases.practitioners.hours_blocks import (
    Displaced,
    HoursBlock,
    WouldDisplace,
    in_rhythm,
    meet,
)
from scheduler.usecases.practitioners.working_hours import end_hours, read_hours, set_hours
from tests.factories import NOW, World, at, make_appointment, make_world, save

TODAY = date(2026, 3, 2)
FULL = "1_2025-01-06__1"
"""The key of the hours that make_world gives: Monday to Friday, 9 to 17."""
MORNINGS = tuple(DayHours(weekday, 9 * 60, 12 * 60) for weekday in range(5))


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def hours_of(world: World) -> list[tuple[str, int]]:
    return [(block.key, block.minutes) for block in read_hours(world.practitioner_id, today=TODAY).blocks]


def change(world: World, days: tuple[DayHours, ...] = MORNINGS, **changes: Any) -> list[Displaced]:
    asked = {"replaces": FULL, "confirmed": "", "seen": read_hours(world.practitioner_id, today=TODAY).seen}
    asked |= {name: changes.pop(name) for name in list(changes) if name in asked}
    block = {"location_id": world.location_id, "days": days, "valid_from": date(2026, 3, 9)} | changes
    return set_hours(world.practitioner_id, HoursBlock(**block), **asked, actor=COMMAND, now=NOW)


def end(world: World, last_on: date, **changes: Any) -> list[Displaced]:
    asked = {
        "key": FULL,
        "seen": read_hours(world.practitioner_id, today=TODAY).seen,
        "confirmed": "",
    } | changes
    key = asked.pop("key")
    return end_hours(world.practitioner_id, key, last_on, **asked, actor=COMMAND, now=NOW)


def test_a_change_leaves_the_past_as_it_was(world: World) -> None:
    change(world)
    assert hours_of(world) == [("1_2025-01-06_2026-03-08_1", 2400), ("1_2026-03-09__1", 900)]
    found = find_slots(
        appointment_type_id=world.needling_id, from_on=date(2026, 3, 6), to_on=date(2026, 3, 9), now=NOW
    )
    assert (found[0].starts_at, found[-1].starts_at) == (at(6, 9), at(9, 11, 30))
    row = db.session.scalars(select(AuditEntry)).one()
    assert (row.action, row.detail["ended"], row.detail["added"]) == ("hours_changed", 5, 5)


def test_hours_that_hold_already_cannot_change_before_today(world: World) -> None:
    with pytest.raises(InvalidInput) as caught:
        change(world, valid_from=date(2026, 3, 1))
    assert caught.value.details["field"] == "valid_from"
    change(world, valid_from=TODAY)
    assert hours_of(world) == [("1_2026-03-02__1", 900), ("1_2025-01-06_2026-03-01_1", 2400)]


def test_hours_to_come_are_replaced_altogether(world: World) -> None:
    change(world)
    change(world, MORNINGS[:1], replaces="1_2026-03-09__1", valid_from=date(2026, 3, 9))
    assert hours_of(world) == [("1_2025-01-06_2026-03-08_1", 2400), ("1_2026-03-09__1", 180)]


def test_every_second_week_goes_on_to_be_the_same_one(world: World) -> None:
    end(world, date(2026, 3, 8))
    change(world, replaces=None, valid_from=date(2026, 3, 9), every_n_weeks=2)
    change(world, MORNINGS[:2], replaces="1_2026-03-09__2", valid_from=date(2026, 3, 18), every_n_weeks=2)
    assert hours_of(world)[1:] == [("1_2026-03-09_2026-03-17_2", 900), ("1_2026-03-23__2", 360)]


@pytest.mark.parametrize(
    ("on", "found"),
    [
        (date(2026, 3, 9), date(2026, 3, 9)),
        (date(2026, 3, 12), date(2026, 3, 12)),
        (date(2026, 3, 16), date(2026, 3, 23)),
        (date(2026, 3, 22), date(2026, 3, 23)),
        (date(2026, 3, 25), date(2026, 3, 25)),
    ],
)
def test_days_of_a_rhythm(on: date, found: date) -> None:
    assert in_rhythm(date(2026, 3, 11), 2, on) == found


@pytest.mark.parametrize(
    ("one", "other", "do"),
    [
        ((0, 540, 720, date(2026, 3, 2), None, 1), (0, 660, 780, date(2026, 3, 2), None, 1), True),
        ((0, 540, 720, date(2026, 3, 2), None, 1), (0, 720, 780, date(2026, 3, 2), None, 1), False),
        ((0, 540, 720, date(2026, 3, 2), None, 1), (1, 540, 720, date(2026, 3, 2), None, 1), False),
        ((0, 540, 720, date(2026, 3, 2), None, 2), (0, 540, 720, date(2026, 3, 9), None, 2), False),
        ((0, 540, 720, date(2026, 3, 2), None, 2), (0, 540, 720, date(2026, 3, 9), None, 3), True),
        (
            (0, 540, 720, date(2026, 3, 2), date(2026, 3, 20), 2),
            (0, 540, 720, date(2026, 3, 9), None, 3),
            False,
        ),
        (
            (0, 540, 720, date(2026, 3, 2), date(2026, 3, 8), 1),
            (0, 540, 720, date(2026, 3, 3), None, 1),
            False,
        ),
    ],
)
def test_when_two_hours_meet(one: Any, other: Any, do: bool) -> None:
    assert meet(WeeklyHours(*one), WeeklyHours(*other)) == do
    assert meet(WeeklyHours(*other), WeeklyHours(*one)) == do


def test_nobody_works_at_two_places_at_once(world: World) -> None:
    wedding = Location(name="Wedding", zone="Europe/Berlin")
    save(wedding)
    with pytest.raises(InvalidInput) as caught:
        change(world, (DayHours(2, 16 * 60, 18 * 60),), replaces=None, location_id=wedding.id)
    assert caught.value.details["field"] == "hours_2"
    assert "Mitte already at 09:00" in str(caught.value)
    change(world, (DayHours(2, 17 * 60, 18 * 60),), replaces=None, location_id=wedding.id)
    assert len(hours_of(world)) == 2


def test_what_would_fall_outside_is_told_before_anything_is_saved(world: World) -> None:
    inside = make_appointment(world, at(10, 9)).id
    outside = make_appointment(world, at(10, 15)).id
    with pytest.raises(WouldDisplace) as caught:
        change(world)
    assert [item.appointment_id for item in caught.value.displaced] == [outside]
    assert hours_of(world) == [(FULL, 2400)]
    told = str(caught.value.details["token"])
    assert [item.appointment_id for item in change(world, confirmed=told)] == [outside]
    assert inside != outside


def test_a_confirmation_counts_only_for_what_was_told(world: World) -> None:
    make_appointment(world, at(10, 15))
    with pytest.raises(WouldDisplace) as caught:
        change(world)
    make_appointment(world, at(10, 16))
    with pytest.raises(WouldDisplace) as again:
        change(world, confirmed=str(caught.value.details["token"]))
    assert len(again.value.displaced) == 2


def test_what_lay_outside_before_is_not_told_again(world: World) -> None:
    make_appointment(world, at(10, 19))
    assert change(world) == []


def test_cancelled_past_and_earlier_appointments_do_not_count(world: World) -> None:
    make_appointment(world, at(10, 15), status="cancelled")
    make_appointment(world, at(5, 15))
    assert change(world) == []


def test_hours_end_on_a_day_and_tell_what_falls_outside(world: World) -> None:
    make_appointment(world, at(20, 10))
    with pytest.raises(WouldDisplace) as caught:
        end(world, date(2026, 3, 13))
    end(world, date(2026, 3, 13), confirmed=str(caught.value.details["token"]))
    assert hours_of(world) == [("1_2025-01-06_2026-03-13_1", 2400)]


def test_hours_that_held_end_yesterday_at_the_earliest(world: World) -> None:
    with pytest.raises(InvalidInput):
        end(world, date(2026, 2, 28))
    end(world, date(2026, 3, 1))
    assert hours_of(world) == [("1_2025-01-06_2026-03-01_1", 2400)]


def test_hours_that_would_not_have_begun_are_taken_away(world: World) -> None:
    change(world)
    end(world, date(2026, 3, 8), key="1_2026-03-09__1")
    assert hours_of(world) == [("1_2025-01-06_2026-03-08_1", 2400)]


def test_a_stale_edit_is_refused(world: World) -> None:
    seen = read_hours(world.practitioner_id, today=TODAY).seen
    change(world)
    with pytest.raises(StaleVersion):
        change(world, replaces=None, seen=seen)
    with pytest.raises(StaleVersion):
        end(world, date(2026, 3, 20), seen=seen)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("valid_from", {"valid_from": date(1970, 1, 1)}),
        ("valid_until", {"valid_until": date(2026, 3, 8)}),
        ("every_n_weeks", {"every_n_weeks": 53}),
        ("hours", {"days": ()}),
        ("hours", {"days": (DayHours(0, 540, 720), DayHours(0, 600, 780))}),
        ("valid_from", {"replaces": "1_2020-01-01__1"}),
    ],
)
def test_nonsense_is_refused_beside_its_field(world: World, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        change(world, **changes)
    assert caught.value.details["field"] == field
    assert len(list(db.session.scalars(select(WorkingHours)))) == 5
