"""Capacity: what still fits against what waits, week by week; nothing counted twice, and warnings that are true."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from scheduler.errors import InvalidInput, NotFound
from scheduler.models import Closure, WorkingHours
from scheduler.usecases.capacity.match import Load
from scheduler.usecases.plans.life import pause_plan
from scheduler.usecases.plans.prescribing import PhaseWish
from tests.factories import (
    NOW,
    RECEPTIONIST,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_world,
    save,
)
from tests.query_counter import count_queries
from tests.usecases.capacity.support import TODAY, capacity, leave, make_second_location, prescribe, weeks_of


def test_an_empty_week_fits_its_hours(context: Flask) -> None:
    make_world()
    found = capacity()
    assert found.mondays == [date(2026, 3, 2), date(2026, 3, 9)]
    assert (found.usual_type, found.usual_minutes) == ("Dry needling", 30)
    assert weeks_of(found) == [Load(2400, 2400, 80, 0, 0)] * 2


def test_what_has_passed_of_this_week_is_not_offered(context: Flask) -> None:
    make_world()
    assert weeks_of(capacity(now=at(4, 12), today=date(2026, 3, 4)))[0] == Load(1260, 1260, 42)


def test_absences_closures_and_bookings_with_their_buffers_are_taken_off(context: Flask) -> None:
    world = make_world()
    leave(world, 9, 11)
    closed = Closure(location_id=world.location_id, starts_at=at(12, 0), ends_at=at(13, 0))
    save(closed)
    make_appointment(world, at(11, 10), busy_from=at(11, 9, 45), busy_until=at(11, 10, 45))
    # Wednesday is left with 9:00 to 9:45 and 10:45 to 17:00, Friday with all day.
    assert weeks_of(capacity())[1] == Load(960, 900, 1 + 12 + 16)


def test_gaps_too_short_for_a_session_are_hours_but_no_sessions(context: Flask) -> None:
    world = make_world()
    leave(world, 10, 14)
    for hour in range(9, 17):
        make_appointment(world, at(9, hour), minutes=45)
    assert weeks_of(capacity())[1] == Load(480, 120, 0)


def test_a_room_is_not_counted_twice(context: Flask) -> None:
    world = make_world()
    make_practitioner(world.location_id, family_name="Second")
    make_practitioner(world.location_id, family_name="Third")
    found = capacity(weeks=1)
    assert sum(desk.weeks[0].fits for desk in found.desks) == 2 * 80
    assert {desk.weeks[0].free_minutes for desk in found.desks} == {2400}


def test_a_practitioner_at_two_places_at_once_is_counted_once(context: Flask) -> None:
    world = make_world()
    nord = make_second_location(world)
    save(
        *(
            WorkingHours(
                practitioner_id=world.practitioner_id,
                location_id=nord,
                weekday=weekday,
                starts_minute=9 * 60,
                ends_minute=18 * 60,
                valid_from=date(2025, 1, 6),
            )
            for weekday in range(5)
        )
    )
    found = capacity(weeks=1)
    assert sum(desk.weeks[0].free_minutes for desk in found.desks) == 5 * 9 * 60
    assert sum(desk.weeks[0].fits for desk in found.desks) == 5 * 18


def test_sessions_that_wait_need_places_in_their_windows(context: Flask) -> None:
    world = make_world()
    prescribe(world, PhaseWish(2, 5, 7, 9))
    assert [week.needed for week in weeks_of(capacity(weeks=3))] == [0, 1, 1]


def test_longer_sessions_count_as_several(context: Flask) -> None:
    world = make_world()
    prescribe(world, PhaseWish(3, 1, 1, 2), first_appointment_type_id=world.assessment_id)
    assert [week.needed for week in weeks_of(capacity())] == [0, 4]


def test_only_active_and_draft_plans_count(context: Flask) -> None:
    world = make_world()
    plan = prescribe(world)
    pause_plan(plan.id, version=1, release=True, reason="", actor=RECEPTIONIST, now=NOW)
    assert weeks_of(capacity())[1].needed == 0


def test_too_many_for_the_weeks_they_must_be_in_are_said(context: Flask) -> None:
    world = make_world()
    leave(world, 10, 14)
    for _ in range(18):
        prescribe(world)
    found = capacity()
    assert weeks_of(found)[1] == Load(480, 480, 16, 16, 2)
    (tight,) = found.shortfalls
    assert (tight.practitioner_ids, tight.mondays) == ((world.practitioner_id,), (date(2026, 3, 9),))
    assert (tight.free_minutes, tight.fits, tight.sessions, tight.left_over) == (480, 16, 18, 2)


def test_sessions_that_can_be_in_another_week_make_no_warning(context: Flask) -> None:
    world = make_world()
    leave(world, 10, 14)
    for _ in range(18):
        prescribe(world, PhaseWish(1, 0, 0, 7))
    found = capacity(weeks=3)
    assert [week.needed for week in weeks_of(found)] == [0, 16, 2]
    assert found.shortfalls == []


def test_warning_names_days_where_the_rest_of_the_week_is_free(context: Flask) -> None:
    world = make_world()
    for _ in range(17):
        prescribe(world, PhaseWish(1, 0, 0, 0))
    (tight,) = capacity().shortfalls
    assert (tight.mondays, tight.from_on, tight.to_on) == ((), date(2026, 3, 9), date(2026, 3, 9))
    assert (tight.free_minutes, tight.fits, tight.sessions) == (480, 16, 17)


def test_leave_of_weeks_makes_one_warning_not_one_a_session(context: Flask) -> None:
    world = make_world()
    leave(world, 2, 30)
    for later in range(0, 20, 3):
        prescribe(world, starts_on=TODAY + timedelta(days=later))
    (tight,) = capacity(weeks=4).shortfalls
    assert (tight.sessions, tight.left_over, tight.fits, tight.free_minutes) == (7, 7, 0, 0)


def test_waiting_for_one_is_no_demand_on_another(context: Flask) -> None:
    world = make_world()
    make_practitioner(world.location_id, family_name="Second")
    prescribe(world)
    needed = {desk.practitioner: desk.weeks[1].needed for desk in capacity().desks}
    assert needed == {"Petra Pin": 1, "Petra Second": 0}


def test_anybody_may_where_none_of_those_wanted_can(context: Flask) -> None:
    world = make_world()
    novice = make_practitioner(world.location_id, family_name="Novice", credentialed=False)
    prescribe(world, practitioner_id=novice.id)
    needed = {desk.practitioner: desk.weeks[1].needed for desk in capacity().desks}
    assert needed == {"Petra Pin": 1, "Petra Novice": 0}


def test_everything_that_waits_is_counted_once(context: Flask) -> None:
    world = make_world()
    make_practitioner(world.location_id, family_name="Second", weekdays=(1, 3), hours=(540, 600))
    leave(world, 9, 16)
    for number in range(12):
        prescribe(
            world,
            PhaseWish(3, 2, 3, 4),
            starts_on=TODAY + timedelta(days=number),
            practitioner_id=1 + number % 2,
        )
    found = capacity(weeks=8)
    assert found.shortfalls != []
    assert sum(week.needed + week.short for desk in found.desks for week in desk.weeks) == 36
    assert sum(week.short for desk in found.desks for week in desk.weeks) == sum(
        tight.left_over for tight in found.shortfalls
    )
    assert all(week.needed <= week.fits for desk in found.desks for week in desk.weeks)


def test_a_location_has_its_own_weeks(context: Flask) -> None:
    world = make_world()
    auckland = make_second_location(world, "Pacific/Auckland")
    make_practitioner(auckland, family_name="South", weekdays=(0,))
    # It is Monday, 20:00 in Auckland: this week's Monday is over there.
    south = next(desk for desk in capacity().desks if desk.practitioner == "Petra South")
    assert [week.fits for week in south.weeks] == [0, 16]


def test_filters_hide_but_do_not_change_the_figures(context: Flask) -> None:
    world = make_world()
    make_practitioner(world.location_id, family_name="Second")
    everything = capacity()
    for desk in everything.desks:
        assert capacity(practitioner_id=desk.practitioner_id).desks == [desk]
    assert capacity(location_id=world.location_id).desks == everything.desks
    assert capacity(location_id=make_second_location(world)).desks == []


def test_later_weeks_know_what_waits_before_them(context: Flask) -> None:
    world = make_world()
    prescribe(world)
    early, late = capacity(), capacity(from_on=date(2026, 3, 11), weeks=1)
    assert late.mondays == [date(2026, 3, 9)]
    assert weeks_of(late) == weeks_of(early)[1:]


@pytest.mark.parametrize(
    "asked",
    [{"weeks": 0}, {"weeks": 27}, {"from_on": date(2026, 3, 1)}, {"from_on": date(2027, 3, 20)}],
)
def test_weeks_out_of_range_are_refused(context: Flask, asked: dict[str, Any]) -> None:
    make_world()
    with pytest.raises(InvalidInput):
        capacity(**asked)


@pytest.mark.parametrize("name", ["practitioner_id", "location_id"])
def test_unknown_filter_is_not_found(context: Flask, name: str) -> None:
    make_world()
    with pytest.raises(NotFound):
        capacity(**{name: 999})


def test_queries_do_not_grow_with_plans_and_practitioners(context: Flask) -> None:
    world = make_world()
    prescribe(world)
    capacity()
    with count_queries() as for_one:
        capacity()
    for number in range(5):
        make_practitioner(world.location_id, family_name=f"P{number}")
        prescribe(world, patient_id=make_patient(f"P{number}").id)
    with count_queries() as for_many:
        capacity()
    assert for_many.total == for_one.total
