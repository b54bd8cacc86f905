"""A patient with a plan, and their phone with the link to their own page."""

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import AppointmentType, Clinic
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from tests.factories import NOW, RECEPTIONIST, World, at
from tests.web.patient_side.support import Phone, page_of


@pytest.fixture
def planned(app: Flask, world: World) -> int:
    """The appointment of session 1 of 3, on Thursday 5 March at 10; the clinic asks and lets patients move."""
    with app.app_context():
        clinic, kind = db.session.get_one(Clinic, 1), db.session.get_one(AppointmentType, world.needling_id)
        clinic.asks_check_in, clinic.rebooking, kind.patients_may_move = True, "book", True
        db.session.commit()
        plan = prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=at(3).date(),
            phases=[PhaseWish(3, 3, 7, 10, world.needling_id)],
            condition="Migraine",
            actor=RECEPTIONIST,
            now=NOW,
        )
        placed = place_plan(
            plan.id,
            sessions=[ChosenSlot(1, at(5), world.practitioner_id)],
            actor=RECEPTIONIST,
            now=NOW,
        )
        return placed[0].id


@pytest.fixture
def phone(app: Flask, world: World, planned: int) -> Phone:
    """The patient's phone."""
    return page_of(app, world.patient_id)
