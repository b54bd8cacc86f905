"""Slots: what must be free, and that asking for many costs no more queries than asking for one."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from scheduler.errors import InvalidInput, NotFound
from scheduler.extensions import db
from scheduler.models import Closure, Credential, Location, Room, TimeOff
from scheduler.usecases.availability.slots import FoundSlot, find_slots
from tests.factories import (
    NOW,
    World,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_type,
    make_world,
    save,
)
from tests.query_counter import count_queries

TUESDAY = date(2026, 3, 3)


def starts(world: World, on: date = TUESDAY, **changes: object) -> list[str]:
    """Local start times of the slots on one day."""
    asked = {"appointment_type_id": world.needling_id, "from_on": on, "to_on": on, "now": NOW} | changes
    zone = ZoneInfo("Europe/Berlin")
    return [f"{slot.starts_at.astimezone(zone):%H:%M}" for slot in find_slots(**asked)]  # type: ignore[arg-type]


def test_free_day_offers_every_quarter_hour_that_fits(context: Flask) -> None:
    found = starts(make_world())
    assert found[0] == "09:00"
    assert found[-1] == "16:30"
    assert len(found) == 31


def test_slots_carry_the_end_the_practitioner_and_the_location(context: Flask) -> None:
    world = make_world()
    found = find_slots(appointment_type_id=world.assessment_id, from_on=TUESDAY, to_on=TUESDAY, now=NOW)
    assert found[0] == FoundSlot(at(3, 9), at(3, 10), world.practitioner_id, world.location_id)


def test_an_appointment_takes_what_overlaps_it_and_no_more(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3, 10))
    assert [time for time in starts(world) if "09:15" <= time <= "10:45"] == [
        "09:15",
        "09:30",
        "10:30",
        "10:45",
    ]


def test_buffers_on_both_sides_keep_their_distance(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3, 12), busy_from=at(3, 11, 45), busy_until=at(3, 12, 45))
    careful = make_type("Careful", buffer_before_minutes=15, buffer_after_minutes=15)
    found = starts(world, appointment_type_id=careful.id)
    assert [time for time in found if "10:30" <= time <= "13:30"] == [
        "10:30",
        "10:45",
        "11:00",
        "13:00",
        "13:15",
        "13:30",
    ]


def test_absence_closure_and_what_has_passed_offer_nothing(context: Flask) -> None:
    world = make_world()
    save(
        TimeOff(practitioner_id=world.practitioner_id, starts_at=at(3, 9), ends_at=at(3, 12)),
        Closure(location_id=world.location_id, starts_at=at(3, 15), ends_at=at(3, 18)),
    )
    found = starts(world, now=at(3, 13, 5))
    assert found[0] == "13:15"
    assert found[-1] == "14:30"
    assert starts(world, now=at(3, 8))[0] == "12:00"


def test_credential_must_be_held_on_the_day(context: Flask) -> None:
    world = make_world()
    other = make_practitioner(world.location_id, given_name="New", credentialed=False)
    save(
        Credential(
            practitioner_id=other.id, kind="dry_needling", issued_on=date(2026, 1, 1), expires_on=TUESDAY
        )
    )
    assert len(starts(world, practitioner_ids=[other.id])) == 31
    assert starts(world, on=date(2026, 3, 4), practitioner_ids=[other.id]) == []
    assert (
        len(
            starts(
                world, on=date(2026, 3, 4), practitioner_ids=[other.id], appointment_type_id=world.review_id
            )
        )
        == 31
    )


def test_a_room_of_the_location_must_be_free(context: Flask) -> None:
    world = make_world()
    for number, room in enumerate(world.room_ids):
        other = make_practitioner(world.location_id, given_name=f"Other{number}")
        patient = make_patient(f"Somebody{number}")
        make_appointment(world, at(3, 10), practitioner_id=other.id, patient_id=patient.id, room_id=room)
    assert "10:00" not in starts(world, practitioner_ids=[world.practitioner_id])
    save(Room(location_id=world.location_id, name="Room 3"))
    assert "10:00" in starts(world, practitioner_ids=[world.practitioner_id])


def test_patient_who_is_elsewhere_in_the_clinic_is_not_offered_that_time(context: Flask) -> None:
    world = make_world()
    other = make_practitioner(world.location_id, given_name="Other")
    make_appointment(world, at(3, 10), practitioner_id=other.id)
    asked = {"practitioner_ids": [world.practitioner_id]}
    assert "10:00" in starts(world, **asked)
    assert "10:00" not in starts(world, patient_id=world.patient_id, **asked)


def test_locations_keep_their_own_wall_clocks(context: Flask) -> None:
    world = make_world()
    chatham = Location(name="Waitangi", zone="Pacific/Chatham", rooms=[Room(name="Hut")])
    save(chatham)
    far = make_practitioner(chatham.id, given_name="Far")
    found = find_slots(
        appointment_type_id=world.needling_id,
        from_on=TUESDAY,
        to_on=TUESDAY,
        location_id=chatham.id,
        now=NOW - timedelta(7),
    )
    assert found[0].practitioner_id == far.id
    assert found[0].starts_at == at(3, 9, zone=ZoneInfo("Pacific/Chatham"))
    assert len(found) == 31


def test_twenty_practitioners_cost_no_more_queries_than_one(context: Flask) -> None:
    world = make_world()
    with count_queries() as for_one:
        starts(world)
    for number in range(19):
        make_practitioner(world.location_id, given_name=f"Number{number}")
    db.session.expunge_all()
    with count_queries() as for_twenty:
        assert len(starts(world)) == 20 * 31
    assert for_twenty.total <= for_one.total


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"appointment_type_id": 999}, NotFound),
        ({"practitioner_ids": [999]}, NotFound),
        ({"location_id": 999}, NotFound),
        ({"to_on": date(2026, 3, 2)}, InvalidInput),
        ({"to_on": date(2027, 3, 20)}, InvalidInput),
    ],
)
def test_senseless_searches_are_refused(
    context: Flask, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        starts(make_world(), **changes)
