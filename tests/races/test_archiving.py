"""A patient who is put away while somebody books for them: the booking waits, and looks again."""

from collections.abc import Iterable
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InvalidInput
from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.transaction import lock_resources
from scheduler.usecases.appointments import changing
from scheduler.usecases.patients.archive import archive_patient
from tests.factories import NOW, RECEPTIONIST, at, make_world


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_nobody_is_booked_who_was_put_away_meanwhile(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
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

    monkeypatch.setattr(changing, "lock_resources", slower)
    with app.app_context():
        world = make_world()
        with pytest.raises(InvalidInput):
            changing.book_appointment(
                patient_id=world.patient_id,
                practitioner_id=world.practitioner_id,
                appointment_type_id=world.needling_id,
                starts_at=at(4),
                actor=RECEPTIONIST,
                now=NOW,
            )
        assert list(db.session.scalars(select(Appointment))) == []
