"""Appointment types: changed for the future only, archived when nothing needs them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from scheduler.errors import Conflict, InvalidInput, StaleVersion
from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic import appointment_types as types
from scheduler.usecases.clinic.appointment_types import TypeDetails
from scheduler.usecases.edits import stamp_of
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.plans.protocols import ProtocolDetails, add_protocol, archive_protocol
from tests.factories import NOW, World, at, make_appointment, make_type, make_world

BY = {"actor": COMMAND, "now": NOW}
MASSAGE = TypeDetails("Massage", 45, buffer_after_minutes=5, colour="#AABBCC")


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def change(number: int, **changes: Any) -> AppointmentType:
    kind = types.get_type(number)
    known = TypeDetails(**{name: getattr(kind, name) for name in TypeDetails.__slots__})
    return types.change_type(number, replace(known, **changes), seen=stamp_of(kind), **BY)


def test_a_type_is_added_as_entered(world: World) -> None:
    kind = types.add_type(MASSAGE, **BY)
    assert (kind.name, kind.duration_minutes, kind.buffer_after_minutes) == ("Massage", 45, 5)
    assert (kind.needs_room, kind.needs_credential, kind.colour) == (True, None, "#aabbcc")


def test_what_is_booked_keeps_its_times(world: World) -> None:
    appointment = make_appointment(world, at(5))
    ends_at = appointment.ends_at
    change(world.needling_id, duration_minutes=60)
    db.session.expire_all()
    assert db.session.get_one(Appointment, appointment.id).ends_at == ends_at


def test_a_new_name_reaches_the_calendars(world: World) -> None:
    number = make_appointment(world, at(5)).id
    change(world.needling_id, name="Needling")
    db.session.expire_all()
    assert db.session.get_one(Appointment, number).sequence == 1


def test_a_stale_edit_is_refused(world: World) -> None:
    seen = stamp_of(types.get_type(world.needling_id))
    change(world.needling_id, duration_minutes=45)
    with pytest.raises(StaleVersion):
        types.change_type(world.needling_id, MASSAGE, seen=seen, **BY)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "x" * 201}),
        ("duration_minutes", {"duration_minutes": 0}),
        ("duration_minutes", {"duration_minutes": 32}),
        ("duration_minutes", {"duration_minutes": 485}),
        ("buffer_before_minutes", {"buffer_before_minutes": 125}),
        ("buffer_after_minutes", {"buffer_after_minutes": 3}),
        ("colour", {"colour": "red"}),
        ("needs_credential", {"needs_credential": "x" * 41}),
    ],
)
def test_nonsense_is_refused_beside_its_field(world: World, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        types.add_type(replace(MASSAGE, **changes), **BY)
    assert caught.value.details["field"] == field
    assert len(types.list_all_types()) == 3


def test_a_name_is_given_once(world: World) -> None:
    with pytest.raises(Conflict) as caught:
        types.add_type(replace(MASSAGE, name="Review"), **BY)
    assert caught.value.details["field"] == "name"


def test_the_last_needling_type_stays_one(world: World) -> None:
    with pytest.raises(Conflict):
        change(world.needling_id, is_needling=False)
    with pytest.raises(Conflict):
        types.archive_type(world.needling_id, **BY)


def test_what_is_booked_or_planned_holds_its_type(world: World) -> None:
    make_type("Other needling")
    make_appointment(world, at(5))
    with pytest.raises(Conflict):
        types.archive_type(world.needling_id, **BY)
    later = {"actor": COMMAND, "now": NOW + timedelta(days=30)}
    prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=NOW.date(),
        phases=[PhaseWish(2, 5, 7, 9, world.needling_id)],
        **BY,
    )
    with pytest.raises(Conflict) as caught:
        types.archive_type(world.needling_id, **later)
    assert caught.value.details == {"name": "Dry needling", "count": 2}


def test_what_a_protocol_prescribes_stays(world: World) -> None:
    phases = [PhaseWish(2, 5, 7, 9, world.review_id)]
    protocol = add_protocol(ProtocolDetails("Reviews", phases), **BY)
    with pytest.raises(Conflict):
        types.archive_type(world.review_id, **BY)
    archive_protocol(protocol.id, **BY)
    assert types.archive_type(world.review_id, **BY).archived_at == NOW
    with pytest.raises(Conflict):
        types.delete_type(world.review_id, **BY)
    assert types.restore_type(world.review_id, **BY).archived_at is None


def test_what_was_never_used_can_be_deleted_from_the_archive(world: World) -> None:
    with pytest.raises(Conflict):
        types.delete_type(world.assessment_id, **BY)
    types.archive_type(world.assessment_id, **BY)
    assert types.delete_type(world.assessment_id, **BY) == "First visit"
    assert len(types.list_all_types()) == 2
