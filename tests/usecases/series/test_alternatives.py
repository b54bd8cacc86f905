"""Other slots for one session: in its window, and not in its neighbours' way."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from scheduler.errors import Conflict, InvalidInput
from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.alternatives import (
    Alternatives,
    appointment_alternatives,
    session_alternatives,
)
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from tests.factories import BERLIN, NOW, RECEPTIONIST, World, at, make_appointment, make_patient, make_world
from tests.query_counter import count_queries


def prescribe(world: World, *, sessions: int = 3, days: tuple[int, int, int] = (3, 4, 6)) -> int:
    plan = prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=date(2026, 3, 3),
        phases=[PhaseWish(sessions, *days)],
        actor=RECEPTIONIST,
        now=NOW,
    )
    return plan.id


def slot(world: World, number: int, starts_at: datetime) -> ChosenSlot:
    return ChosenSlot(number, starts_at, world.practitioner_id, world.location_id)


def days(found: Alternatives) -> list[int]:
    return sorted({other.on.day for other in found.slots})


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def test_a_session_keeps_its_window_and_its_neighbours_theirs(world: World) -> None:
    plan_id = prescribe(world)
    chosen = [slot(world, 1, at(3)), slot(world, 2, at(9)), slot(world, 3, at(12))]
    found = session_alternatives(plan_id, 2, chosen=chosen, now=NOW)
    assert (found.first_on, found.last_on) == (date(2026, 3, 6), date(2026, 3, 9))
    assert days(found) == [6, 9]
    assert {other.days_since_previous for other in found.slots} == {3, 6}


def test_the_first_session_may_start_while_its_window_and_the_second_let_it(world: World) -> None:
    plan_id = prescribe(world)
    chosen = [slot(world, 1, at(3)), slot(world, 2, at(9))]
    found = session_alternatives(plan_id, 1, chosen=chosen, now=NOW)
    assert days(found) == [3, 4, 5, 6]


def test_the_last_session_has_its_whole_window(world: World) -> None:
    plan_id = prescribe(world)
    chosen = [slot(world, 1, at(3)), slot(world, 2, at(9))]
    assert days(session_alternatives(plan_id, 3, chosen=chosen, now=NOW)) == [12, 13]


def test_over_neighbours_without_a_slot_the_gaps_add_up(world: World) -> None:
    plan_id = prescribe(world)
    found = session_alternatives(plan_id, 3, chosen=[slot(world, 1, at(3))], now=NOW)
    assert (found.first_on, found.last_on) == (date(2026, 3, 9), date(2026, 3, 15))
    first = session_alternatives(plan_id, 3, chosen=[], now=NOW)
    assert (first.first_on, first.last_on) == (date(2026, 3, 9), date(2026, 3, 21))


def test_the_minimum_rest_is_kept_on_both_sides(world: World) -> None:
    plan_id = prescribe(world, days=(2, 2, 4))
    chosen = [slot(world, 1, at(3, 14)), slot(world, 2, at(5, 14)), slot(world, 3, at(9, 10))]
    found = session_alternatives(plan_id, 2, chosen=chosen, now=NOW).slots
    on_thursday = [other.starts_at for other in found if other.on.day == 5]
    assert min(on_thursday) == at(5, 14)
    assert max(other.starts_at for other in found) == at(6, 16, 30)


def test_a_booked_session_is_offered_what_its_own_length_fits_into(world: World) -> None:
    row = make_appointment(world, at(4, 15), 60)
    make_appointment(world, at(4, 10), patient_id=make_patient("Other").id)
    db.session.commit()
    found = appointment_alternatives(row.id, now=NOW).slots
    mornings = [other for other in found if other.starts_at < at(4, 12) and other.on.day == 4]
    assert min(other.starts_at for other in mornings) == at(4, 9)
    assert not [other for other in mornings if at(4, 9) < other.starts_at < at(4, 10, 30)]
    assert {other.ends_at - other.starts_at for other in found} == {timedelta(hours=1)}


def test_what_others_have_booked_is_not_offered(world: World) -> None:
    plan_id = prescribe(world)
    make_appointment(world, at(6, 9), patient_id=make_patient("Other").id)
    chosen = [slot(world, 1, at(3)), slot(world, 2, at(9))]
    found = session_alternatives(plan_id, 2, chosen=chosen, now=NOW).slots
    assert [other.starts_at for other in found][:2] == [at(6, 9, 30), at(6, 9, 45)]
    assert found[0].ends_at - found[0].starts_at == timedelta(minutes=30)


def test_a_placed_session_counts_where_it_is_booked(world: World) -> None:
    plan_id = prescribe(world)
    place_plan(plan_id, sessions=[slot(world, 1, at(4))], actor=RECEPTIONIST, now=NOW)
    found = session_alternatives(plan_id, 2, chosen=[], now=NOW)
    assert (found.first_on, found.last_on) == (date(2026, 3, 7), date(2026, 3, 10))
    with pytest.raises(Conflict):
        session_alternatives(plan_id, 1, chosen=[], now=NOW)


def test_a_window_that_the_neighbours_close_offers_nothing(world: World) -> None:
    plan_id = prescribe(world)
    chosen = [slot(world, 1, at(3)), slot(world, 3, at(4))]
    assert session_alternatives(plan_id, 2, chosen=chosen, now=NOW).slots == []


@pytest.mark.parametrize("number", [0, 4, 10**30])
def test_a_session_that_is_not_there_is_refused(world: World, number: int) -> None:
    with pytest.raises(InvalidInput):
        session_alternatives(prescribe(world), number, chosen=[], now=NOW)


def test_an_appointment_of_a_plan_moves_within_its_window(world: World) -> None:
    plan_id = prescribe(world)
    chosen = [slot(world, 1, at(3)), slot(world, 2, at(9)), slot(world, 3, at(12))]
    rows = place_plan(plan_id, sessions=chosen, actor=RECEPTIONIST, now=NOW)
    found = appointment_alternatives(rows[1].id, now=NOW)
    assert days(found) == [6, 9]
    starts = [other.starts_at for other in found.slots]
    assert at(9) not in starts
    assert at(9, 10, 15) in starts


def test_an_appointment_of_no_plan_moves_two_weeks_around(world: World) -> None:
    row = make_appointment(world, at(20))
    found = appointment_alternatives(row.id, now=NOW)
    assert (found.first_on, found.last_on) == (date(2026, 3, 6), date(2026, 4, 3))
    assert found.slots[0].starts_at == at(6, 9)


def test_nothing_is_offered_before_now(world: World) -> None:
    row = make_appointment(world, at(2, 16))
    found = appointment_alternatives(row.id, now=at(2, 15).astimezone(BERLIN))
    assert found.slots[0].starts_at == at(2, 15)


def test_more_sessions_cost_no_more_queries(world: World) -> None:
    counts = []
    for sessions in (3, 6):
        plan_id = prescribe(world, sessions=sessions)
        db.session.expunge_all()
        with count_queries() as counter:
            session_alternatives(plan_id, 2, chosen=[slot(world, 1, at(3))], now=NOW)
        counts.append(counter.total)
    assert counts[0] == counts[1]
    assert db.session.query(Appointment).count() == 0
