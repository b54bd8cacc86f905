"""Whether one plan still fits, after all the others."""

from datetime import date, timedelta
from typing import Any

from flask import Flask

from scheduler.extensions import db
from scheduler.models import TreatmentPlan
from scheduler.usecases.capacity.weeks import Fit, load_plan_capacity, load_wish_capacity
from scheduler.usecases.plans.prescribing import PhaseWish
from tests.factories import NOW, make_world
from tests.usecases.capacity.support import TODAY, leave, prescribe


def test_a_plan_is_told_whether_it_fits_after_all_others(context: Flask) -> None:
    world = make_world()
    leave(world, 10, 14)
    plan = prescribe(world, PhaseWish(2, 0, 0, 4))
    for _ in range(15):
        prescribe(world)
    found = load_plan_capacity(plan.id, weeks=2, today=TODAY, now=NOW)
    assert found.fit == Fit(2, 1)
    assert [tight.left_over for tight in found.shortfalls] == [1]


def test_a_plan_is_not_told_of_the_troubles_of_others(context: Flask) -> None:
    world = make_world()
    leave(world, 10, 14)
    for _ in range(17):
        prescribe(world)
    plan = prescribe(world, starts_on=date(2026, 3, 16))
    found = load_plan_capacity(plan.id, weeks=3, today=TODAY, now=NOW)
    assert (found.fit, found.shortfalls) == (Fit(1, 0), [])


def test_a_plan_that_is_only_thought_of_is_judged_like_one_written(context: Flask) -> None:
    world = make_world()
    leave(world, 10, 14)
    for _ in range(15):
        prescribe(world)
    asked: dict[str, Any] = {"practitioner_id": world.practitioner_id, "phases": [PhaseWish(2, 0, 0, 4)]}
    starts_on = TODAY + timedelta(days=7)
    thought = load_wish_capacity(starts_on=starts_on, weeks=2, today=TODAY, now=NOW, **asked)
    written = prescribe(world, *asked["phases"])
    found = load_plan_capacity(written.id, weeks=2, today=TODAY, now=NOW)
    assert (thought.fit, thought.desks) == (found.fit, found.desks)
    assert db.session.query(TreatmentPlan).count() == 16


def test_a_plan_that_is_changed_does_not_stand_in_its_own_way(context: Flask) -> None:
    world = make_world()
    leave(world, 10, 14)
    plan = prescribe(world, PhaseWish(16, 0, 0, 4))
    asked: dict[str, Any] = {"practitioner_id": world.practitioner_id, "phases": [PhaseWish(16, 0, 0, 4)]}
    asked |= {"starts_on": TODAY + timedelta(days=7), "weeks": 2, "today": TODAY, "now": NOW}
    assert load_wish_capacity(**asked).fit == Fit(16, 16)
    assert load_wish_capacity(**asked, instead_of=plan.id).fit == Fit(16, 0)
    longer = load_wish_capacity(**asked, instead_of=plan.id, first_appointment_type_id=world.assessment_id)
    assert longer.fit == Fit(16, 1)
