"""A patient who is put away while something is begun for them: whoever begins it waits, and looks again."""

from collections.abc import Callable, Iterable
from datetime import date
from threading import Thread
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InvalidInput
from scheduler.extensions import db
from scheduler.models import Appointment, TreatmentPlan
from scheduler.transaction import lock_resources
from scheduler.usecases.appointments import changing
from scheduler.usecases.patients.archive import archive_patient
from scheduler.usecases.plans import prescribing
from tests.factories import NOW, RECEPTIONIST, World, at, make_world

Deed = Callable[[World], object]


def book(world: World) -> None:
    changing.book_appointment(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        appointment_type_id=world.needling_id,
        starts_at=at(4),
        actor=RECEPTIONIST,
        now=NOW,
    )


def prescribe(world: World) -> None:
    prescribing.prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=date(2026, 3, 3),
        phases=[prescribing.PhaseWish(1, 0, 0, 0)],
        actor=RECEPTIONIST,
        now=NOW,
    )


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("module", "deed"), [(changing, book), (prescribing, prescribe)])
def test_nothing_is_begun_for_who_was_put_away_meanwhile(
    app: Flask, monkeypatch: pytest.MonkeyPatch, module: ModuleType, deed: Deed
) -> None:
    """SQLite has one writer at a time anyway."""

    def put_away(patient_id: int) -> None:
        with app.app_context():
            archive_patient(patient_id, version=1, actor=RECEPTIONIST, now=NOW)
            db.session.remove()

    def slower(session: Any, resources: Iterable[tuple[str, int]]) -> None:
        other = Thread(target=put_away, args=(world.patient_id,))
        other.start()
        other.join()
        lock_resources(session, resources)

    monkeypatch.setattr(module, "lock_resources", slower)
    with app.app_context():
        world = make_world()
        with pytest.raises(InvalidInput):
            deed(world)
        assert [list(db.session.scalars(select(model))) for model in (Appointment, TreatmentPlan)] == [[], []]
