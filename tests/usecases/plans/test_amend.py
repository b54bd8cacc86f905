"""Going back in the wizard: the plan that is still being written is changed, and no second one is made."""

from datetime import date, timedelta

import pytest
from flask import Flask

from scheduler.errors import Conflict, InvalidInput, StaleVersion
from scheduler.extensions import db
from scheduler.models import Appointment, Hold, TreatmentPlan
from scheduler.usecases.appointments.changing import cancel_appointment
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.plans.amend import FRESH_HOURS, amend_plan, find_begun_plan
from scheduler.usecases.plans.prescribing import PhaseWish, get_plan, prescribe_plan
from scheduler.usecases.plans.sessions import skip_session
from scheduler.usecases.series.holds import hold_slots
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from tests.factories import NOW, RECEPTIONIST, World, at, make_practitioner, make_world, save

START = date(2026, 3, 3)


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def prescribe(world: World, sessions: int = 3) -> TreatmentPlan:
    return prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=START,
        phases=[PhaseWish(sessions, 2, 3, 5)],
        target_muscles=["masseter"],
        first_appointment_type_id=world.assessment_id,
        actor=RECEPTIONIST,
        now=NOW,
    )


def amend(world: World, plan_id: int, version: int = 1, **changes: object) -> TreatmentPlan:
    values = {
        "practitioner_id": world.practitioner_id,
        "starts_on": START,
        "phases": [PhaseWish(2, 7, 7, 9), PhaseWish(1, 14, 14, 20)],
    }
    return amend_plan(plan_id, version=version, **values | changes, actor=RECEPTIONIST, now=NOW)  # type: ignore[arg-type]


def slot(world: World) -> ChosenSlot:
    return ChosenSlot(1, at(3), world.practitioner_id, world.location_id)


def test_everything_of_an_unplaced_plan_is_written_anew(world: World) -> None:
    wanda = make_practitioner(world.location_id, given_name="Wanda", family_name="Zweig").id
    plan_id = prescribe(world).id
    amend(
        world,
        plan_id,
        practitioner_id=wanda,
        starts_on=date(2026, 3, 10),
        target_muscles=["temporalis"],
        preferences={"weekdays": [1]},
        condition="since the fall",
    )
    view = get_plan(plan_id)
    plan = view.plan
    assert (plan.practitioner_id, plan.starts_on, plan.condition) == (
        wanda,
        date(2026, 3, 10),
        "since the fall",
    )
    assert (plan.target_muscles, plan.preferences, plan.version) == (["temporalis"], {"weekdays": [1]}, 2)
    assert [(row.position, row.sessions, row.ideal_days) for row in plan.phases] == [(1, 2, 7), (2, 1, 14)]
    kinds = [(line.session.number, line.session.appointment_type_id) for line in view.lines]
    assert kinds == [(1, world.needling_id), (2, world.needling_id), (3, world.needling_id)]


def test_a_protocol_gives_its_phases_and_name(world: World) -> None:
    protocols = load_shipped_protocols()
    save(*protocols)
    plan = amend(world, prescribe(world).id, phases=None, protocol_id=protocols[0].id)
    assert (plan.name, plan.protocol_id) == (protocols[0].name, protocols[0].id)
    assert len(plan.sessions) == sum(phase.sessions for phase in protocols[0].phases)


def test_what_is_held_for_it_is_let_go(world: World) -> None:
    plan_id = prescribe(world).id
    hold_slots(plan_id, sessions=[slot(world)], actor=RECEPTIONIST, now=NOW)
    amend(world, plan_id)
    assert (db.session.query(Hold).count(), db.session.query(Appointment).count()) == (0, 0)


def test_a_plan_with_something_placed_or_decided_is_left_alone(world: World) -> None:
    placed, cancelled, skipped = (prescribe(world).id for _ in range(3))
    place_plan(placed, sessions=[slot(world)], actor=RECEPTIONIST, now=NOW)
    wednesday = ChosenSlot(1, at(4), world.practitioner_id, world.location_id)
    (row,) = place_plan(cancelled, sessions=[wednesday], actor=RECEPTIONIST, now=NOW)
    cancel_appointment(row.id, version=row.version, actor=RECEPTIONIST, now=NOW)
    skip_session(skipped, 3, version=1, actor=RECEPTIONIST, now=NOW)
    for plan_id in (placed, cancelled, skipped):
        with pytest.raises(Conflict):
            amend(world, plan_id, version=get_plan(plan_id).plan.version)
        assert len(get_plan(plan_id).lines) == 3


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"version": 7}, StaleVersion),
        ({"phases": []}, InvalidInput),
        ({"phases": [PhaseWish(61, 1, 1, 1)]}, InvalidInput),
        ({"starts_on": date(2201, 1, 1)}, InvalidInput),
        ({"preferences": {"weekdays": [9]}}, InvalidInput),
    ],
)
def test_a_refusal_leaves_the_plan_as_it_was(
    world: World, changes: dict[str, object], error: type[Exception]
) -> None:
    plan_id = prescribe(world).id
    with pytest.raises(error):
        amend(world, plan_id, **changes)  # type: ignore[arg-type]
    plan = get_plan(plan_id).plan
    assert (plan.version, plan.target_muscles, len(plan.sessions)) == (1, ["masseter"], 3)


def test_the_begun_plan_is_the_newest_untouched_one_of_these_hours(world: World) -> None:
    assert find_begun_plan(world.patient_id, now=NOW) is None
    first, second = prescribe(world).id, prescribe(world).id
    assert find_begun_plan(world.patient_id, now=NOW) == second
    place_plan(second, sessions=[slot(world)], actor=RECEPTIONIST, now=NOW)
    assert find_begun_plan(world.patient_id, now=NOW) is None
    assert find_begun_plan(first, now=NOW + timedelta(hours=FRESH_HOURS)) is None
