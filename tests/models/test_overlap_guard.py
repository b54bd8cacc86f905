"""The database itself refuses double bookings, too long ones, and rewriting the audit trail."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry
from scheduler.transaction import constraint_name
from scheduler.usecases.audit import note_deed
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


@pytest.mark.parametrize("shared", ["practitioner", "room", "patient"])
def test_each_resource_is_exclusive(context: Flask, shared: str) -> None:
    world = make_world()
    others = {
        "practitioner_id": make_practitioner(world.location_id, given_name="Other").id,
        "room_id": world.room_ids[1],
        "patient_id": make_patient("Other").id,
    }
    make_appointment(world, at(3))
    del others[f"{shared}_id"]
    with pytest.raises(DBAPIError) as caught:
        make_appointment(world, at(3, 10, 25), uid="other@needletime", **others)
    assert constraint_name(caught.value) == f"overlap_{shared}"


def test_an_update_into_an_overlap_is_refused(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3, 10))
    later = make_appointment(world, at(3, 11))
    with pytest.raises(DBAPIError) as caught:
        db.session.execute(
            update(Appointment)
            .where(Appointment.id == later.id)
            .values(
                starts_at=at(3, 10, 15),
                busy_from=at(3, 10, 15),
                ends_at=at(3, 10, 45),
                busy_until=at(3, 10, 45),
            )
        )
    assert constraint_name(caught.value).startswith("overlap_")
    db.session.rollback()


def test_cancelled_appointments_and_touching_ends_leave_the_slot_free(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3, 10), status="cancelled", uid="a")
    make_appointment(world, at(3, 10), uid="b")
    make_appointment(world, at(3, 10, 30), uid="c")
    assert db.session.query(Appointment).count() == 3


def test_buffers_keep_practitioner_and_room_but_not_the_patient(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3, 10), busy_until=at(3, 10, 45))
    other = make_practitioner(world.location_id, given_name="Other")
    make_appointment(world, at(3, 10, 30), uid="next", practitioner_id=other.id, room_id=world.room_ids[1])
    with pytest.raises(DBAPIError):
        make_appointment(world, at(3, 10, 30), uid="x", patient_id=make_patient("Other").id)


def test_more_than_twelve_hours_is_refused(context: Flask) -> None:
    world = make_world()
    with pytest.raises(DBAPIError) as caught:
        make_appointment(world, at(3, 6), busy_until=at(3, 6) + timedelta(hours=13))
    assert constraint_name(caught.value) in {"length", "ck_appointments_length"}


@pytest.mark.parametrize("statement", [update(AuditEntry).values(action="x"), delete(AuditEntry)])
def test_the_audit_trail_cannot_be_rewritten(context: Flask, statement: object) -> None:
    note_deed(db.session(), RECEPTIONIST, "patient_viewed", "patient", 1, now=NOW, patient_id=1)
    save()
    with pytest.raises(DBAPIError, match="append_only"):
        db.session.execute(statement)  # type: ignore[call-overload]
    db.session.rollback()
    assert db.session.execute(text("SELECT action FROM audit_entries")).scalars().all() == ["patient_viewed"]
