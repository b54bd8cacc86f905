"""Outcomes: what may be entered, whether a plan helps, and what patients are asked before a session."""

from datetime import timedelta

import pytest

from scheduler.errors import Conflict, InvalidInput, NotFound
from scheduler.extensions import db
from scheduler.models import AuditEntry, Outcome, TreatmentPlan
from scheduler.usecases.outcomes.courses import is_better, plans_no_better, review_points
from scheduler.usecases.outcomes.values import hit6_totals, list_outcomes, record_outcome
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_patient
from tests.query_counter import count_queries
from tests.usecases.outcomes.support import TODAY, fill, make_plan, say, treated


@pytest.mark.parametrize(
    ("measure", "value"),
    [("nprs", 11), ("nprs", -1), ("headache_days", 29), ("hit6", 35), ("hit6", 37), ("ndi", 101), ("x", 1)],
)
def test_values_that_cannot_be_are_refused(world: World, measure: str, value: int) -> None:
    with pytest.raises(InvalidInput):
        say(world, measure, value)
    assert db.session.query(Outcome).count() == 0


def test_six_answers_of_the_hit6_add_up_to_36_to_78_but_not_to_everything_between() -> None:
    assert (min(hit6_totals()), max(hit6_totals())) == (36, 78)
    assert {37, 39, 77} & hit6_totals() == set()


def test_a_value_belongs_to_the_days_appointment_and_its_plan(world: World) -> None:
    plan = make_plan(world)
    row = fill(world, plan, 1, 0, "booked")
    said = say(world, "nprs", 6)
    assert (said.appointment_id, said.plan_id, said.source) == (row.id, plan.id, "clinic")
    assert say(world, "nprs", 5, days=-1).appointment_id is None


def test_the_same_day_corrects_and_never_doubles(world: World) -> None:
    fill(world, make_plan(world), 1, 0, "booked")
    assert say(world, "nprs", 6).id == say(world, "nprs", 4).id
    assert [row.value for row in list_outcomes(world.patient_id)] == [4]
    assert db.session.query(AuditEntry).filter_by(action="outcome_recorded").count() == 2


def test_what_was_recorded_on_an_earlier_day_stays(world: World) -> None:
    row = fill(world, make_plan(world), 1, 0, "booked")
    say(world, "nprs", 6)
    with pytest.raises(Conflict):
        record_outcome(
            world.patient_id,
            measure="nprs",
            value=1,
            measured_on=TODAY + timedelta(days=1),
            appointment_id=row.id,
            actor=RECEPTIONIST,
            now=NOW + timedelta(days=1),
        )


def test_nobody_elses_appointment_and_no_future_day(world: World) -> None:
    other = make_patient("Ann", "Other")
    row = make_appointment(world, at(2, 15), patient_id=other.id)
    with pytest.raises(InvalidInput):
        record_outcome(
            world.patient_id,
            measure="nprs",
            value=1,
            measured_on=TODAY,
            appointment_id=row.id,
            actor=RECEPTIONIST,
            now=NOW,
        )
    with pytest.raises(InvalidInput):
        say(world, "nprs", 1, days=5)
    with pytest.raises(NotFound):
        list_outcomes(99)


@pytest.mark.parametrize(
    ("measure", "first", "latest", "better"),
    [
        ("nprs", 7, 5, False),
        ("nprs", 7, 4, True),
        ("nprs", 2, 1, False),
        ("nprs", 2, 0, True),
        ("nprs", 0, 0, False),
        ("headache_days", 16, 9, False),
        ("headache_days", 16, 8, True),
        ("headache_days", 0, 0, False),
        ("hit6", 60, 52, True),
        ("hit6", 60, 53, False),
        ("ndi", 40, 29, True),
        ("rotation", 30, 0, False),
    ],
)
def test_the_smallest_change_that_matters(measure: str, first: int, latest: int, better: bool) -> None:
    assert is_better(measure, first, latest) == better


def test_no_better_after_four_sessions_is_flagged(world: World) -> None:
    plan = treated(world, [7, 7, 6, 6, 6])
    (line,) = plans_no_better()
    assert (line.plan_id, line.held, line.patient) == (plan.id, 5, "Paul Pain")
    assert [(course.measure, course.first, course.latest) for course in line.courses] == [("nprs", 7, 6)]
    assert [line.plan_id for line in plans_no_better(patient_id=world.patient_id)] == [plan.id]
    assert plans_no_better(patient_id=99) == []


@pytest.mark.parametrize("pain", [[7, 7, 7, 7], [7, 7, 6, 6, 4], [7, 7, 7]])
def test_not_before_the_value_after_the_fourth_and_not_when_it_helps(world: World, pain: list[int]) -> None:
    treated(world, pain)
    assert plans_no_better() == []


def test_who_had_little_to_lose_is_flagged_only_when_it_got_worse(world: World) -> None:
    treated(world, [2, 2, 1, 1, 1])
    assert plans_no_better() == []
    say(world, "nprs", 3, days=-7)
    (line,) = plans_no_better()
    assert [(course.first, course.latest) for course in line.courses] == [(2, 3)]


def test_one_measure_that_gets_better_is_enough(world: World) -> None:
    treated(world, [7, 7, 7, 7, 7])
    say(world, "headache_days", 20, days=-35)
    say(world, "headache_days", 6, days=-7)
    assert plans_no_better() == []


def test_plans_that_are_over_are_not_flagged_and_one_query_does(world: World) -> None:
    plan = treated(world, [7, 7, 7, 7, 7])
    with count_queries() as seen:
        assert len(plans_no_better()) == 1
    assert seen.total == 1
    db.session.get_one(TreatmentPlan, plan.id).status = "discontinued"
    db.session.commit()
    assert plans_no_better() == []


def test_the_fourth_session_and_the_reviews_after_the_last_are_points(world: World) -> None:
    plan = treated(world, [7, 6, 5, 4, 3])
    (points,) = review_points(world.patient_id).values()
    assert (points.plan_id, points.fourth_on, points.review_on) == (plan.id, TODAY - timedelta(days=14), ())
