"""How plans stand in a period: behind, waiting, and how long until the first session."""

from datetime import date

from flask import Flask

from scheduler.extensions import db
from scheduler.models import PlannedSession
from scheduler.usecases.appointments.changing import cancel_appointment
from scheduler.usecases.plans.life import discontinue_plan, pause_plan
from scheduler.usecases.plans.prescribing import PhaseWish
from scheduler.usecases.reports.period import Period
from tests.factories import NOW, RECEPTIONIST, at, make_patient, make_world
from tests.usecases.reports.support import MARCH, hold, make_place, place, plans, prescribe


def test_plans_stand_where_they_stand(context: Flask) -> None:
    world = make_world()
    patients = [make_patient(f"P{number}").id for number in range(6)]
    place(prescribe(world), at(3, 9), at(5, 9), at(7 + 2, 9))
    prescribe(world, patient_id=patients[0])
    paused = prescribe(world, patient_id=patients[1])
    pause_plan(paused.id, version=1, release=True, reason="", actor=RECEPTIONIST, now=NOW)
    done = prescribe(world, patient_id=patients[2], phases=[PhaseWish(1, 0, 0, 4)])
    hold(place(done, at(3, 11))[0])
    gone = prescribe(world, patient_id=patients[3])
    hold(place(gone, at(3, 13))[0])
    db.session.refresh(gone)
    discontinue_plan(gone.id, version=gone.version, release=True, reason="", actor=RECEPTIONIST, now=at(4))
    prescribe(world, patient_id=patients[4], starts_on=date(2026, 4, 1))
    draft = prescribe(world, patient_id=patients[5])
    draft.status = "draft"
    db.session.commit()
    found = plans()
    assert found.standings == {"on_track": 1, "behind": 1, "paused": 1, "finished": 1, "dropped_out": 1}
    assert (found.total, found.dropped_after) == (5, [0, 1])


def test_plan_whose_window_is_over_is_behind_though_something_is_booked(context: Flask) -> None:
    plan = prescribe(make_world())
    booked = place(plan, at(3), at(5), at(9))
    cancel_appointment(booked[1].id, version=1, reason="patient", actor=RECEPTIONIST, now=NOW)
    assert plans().standings["on_track"] == 1
    assert plans(now=at(8)).standings["behind"] == 1


def test_time_to_the_first_session(context: Flask) -> None:
    world = make_world()
    for number, day in enumerate((3, 9, 12)):
        patient = make_patient(f"P{number}").id
        place(prescribe(world, patient_id=patient, starts_on=at(day).date()), at(day, 9 + number))
    prescribe(world)
    found = plans()
    assert (found.waits, found.median_wait, found.without_first) == ([1, 1, 1, 0, 0], 7, 1)


def test_plans_of_one_location(context: Flask) -> None:
    world = make_world()
    other = make_place()
    place(prescribe(world), at(3))
    wishes = {"location_id": other}
    prescribe(world, patient_id=make_patient("There").id, preferences=wishes)
    here = plans(Period(MARCH.from_on, MARCH.to_on, world.location_id))
    there = plans(Period(MARCH.from_on, MARCH.to_on, other))
    assert (here.total, there.total, plans().total) == (1, 1, 2)


def test_no_plans_make_an_empty_report(context: Flask) -> None:
    make_world()
    found = plans()
    assert (found.total, found.dropped_after, found.median_wait) == (0, [], None)
    assert db.session.query(PlannedSession).count() == 0
