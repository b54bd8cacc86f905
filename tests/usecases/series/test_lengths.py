"""A session that lasts longer than its type says is shown, and kept clear of, as long as it is."""

from datetime import date, timedelta

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import AppointmentType, Clinic
from scheduler.usecases.appointments.changing import move_appointment
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.adjusted import read_adjusted_series
from scheduler.usecases.series.alternatives import session_alternatives
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from scheduler.usecases.series.proposals import propose_series
from tests.factories import NOW, RECEPTIONIST, at, make_world


@pytest.fixture
def plan_id(context: Flask) -> int:
    """Two sessions that may be on one day; the first is booked at ten and takes an hour and a half."""
    world = make_world()
    db.session.get_one(Clinic, 1).min_rest_hours = 0
    db.session.get_one(AppointmentType, world.needling_id).may_resize = True
    db.session.commit()
    by = {"actor": RECEPTIONIST, "now": NOW}
    plan = prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=date(2026, 3, 3),
        phases=[PhaseWish(2, 0, 0, 0)],
        **by,
    )
    (row,) = place_plan(plan.id, sessions=[ChosenSlot(1, at(3), world.practitioner_id)], **by)
    move_appointment(row.id, version=1, minutes=90, **by)
    return plan.id


def test_what_is_booked_is_shown_as_long_as_it_is(plan_id: int) -> None:
    proposed = propose_series(plan_id, now=NOW)[0].sessions
    assert [one.ends_at - one.starts_at for one in proposed] == [timedelta(minutes=90), timedelta(minutes=30)]
    (booked,) = read_adjusted_series(plan_id, []).sessions
    assert booked.ends_at == at(3, 11, 30)


def test_the_next_session_begins_after_its_end(plan_id: int) -> None:
    found = session_alternatives(plan_id, 2, chosen=[], now=NOW).slots
    assert found[0].starts_at == at(3, 11, 30)
