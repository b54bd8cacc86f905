"""Locations and rooms: changed with care, archived before deleted, never lost to history."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, InvalidInput, StaleVersion
from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Location, Room, TreatmentPlan
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic import locations
from scheduler.usecases.clinic.locations import LocationDetails
from scheduler.usecases.edits import stamp_of
from tests.factories import NOW, World, at, make_appointment, make_world, save

BY = {"actor": COMMAND, "now": NOW}


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def change(world: World, *, seen: str | None = None, **changes: str) -> Location:
    place = locations.get_location(world.location_id)
    details = {"name": place.name, "address": place.address, "zone": place.zone} | changes
    stamp = stamp_of(place) if seen is None else seen
    return locations.change_location(place.id, LocationDetails(**details), seen=stamp, **BY)


def test_a_new_name_reaches_the_calendars_and_no_mail(world: World) -> None:
    number = make_appointment(world, at(5)).id
    change(world, name="  Berlin   Mitte ")
    db.session.expire_all()
    assert db.session.get_one(Location, world.location_id).name == "Berlin Mitte"
    assert db.session.get_one(Appointment, number).sequence == 1
    row = db.session.scalars(select(AuditEntry)).one()
    assert (row.action, row.detail) == ("location_changed", {"fields": ["name"]})


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(world: World) -> None:
    seen = stamp_of(locations.get_location(world.location_id))
    change(world, address="Torstraße 2")
    with pytest.raises(StaleVersion):
        change(world, seen=seen, name="Wedding")
    assert locations.get_location(world.location_id).name == "Mitte"


def test_the_zone_changes_only_while_no_time_was_written_by_it(world: World) -> None:
    change(world, zone="Europe/Lisbon")
    change(world, zone="Europe/Berlin")
    make_appointment(world, at(5))
    with pytest.raises(InvalidInput) as caught:
        change(world, zone="Europe/Lisbon")
    assert caught.value.details["field"] == "zone"


def test_two_locations_cannot_share_a_name(world: World) -> None:
    save(Location(name="Wedding", zone="Europe/Berlin"))
    with pytest.raises(Conflict):
        change(world, name="Wedding")


def test_the_only_location_stays(world: World) -> None:
    with pytest.raises(Conflict):
        locations.archive_location(world.location_id, **BY)


def test_a_location_is_archived_when_nothing_is_booked_there_any_more(world: World) -> None:
    save(Location(name="Wedding", zone="Europe/Berlin"))
    make_appointment(world, at(5))
    with pytest.raises(Conflict) as caught:
        locations.archive_location(world.location_id, **BY)
    assert caught.value.details == {"name": "Mitte", "count": 1}
    later = NOW + timedelta(days=30)
    place = locations.archive_location(world.location_id, actor=COMMAND, now=later)
    assert place.archived_at == later
    assert locations.restore_location(world.location_id, **BY).archived_at is None


def test_what_history_needs_is_kept_in_the_archive(world: World) -> None:
    save(Location(name="Wedding", zone="Europe/Berlin"))
    locations.archive_location(world.location_id, **BY)
    with pytest.raises(Conflict):
        locations.delete_location(world.location_id, **BY)
    assert locations.get_location(world.location_id).name == "Mitte"


def test_a_location_that_was_never_used_is_deleted_with_its_rooms(world: World) -> None:
    place = Location(name="Wedding", zone="Europe/Berlin", rooms=[Room(name="Room 1")])
    save(place)
    number = place.id
    with pytest.raises(Conflict):
        locations.delete_location(number, **BY)
    locations.archive_location(number, **BY)
    assert locations.delete_location(number, **BY) == "Wedding"
    assert list(db.session.scalars(select(Room.id).where(Room.location_id == number))) == []


def test_a_location_that_a_plan_prefers_is_kept(world: World) -> None:
    place = Location(name="Wedding", zone="Europe/Berlin")
    save(place)
    number = place.id
    save(
        TreatmentPlan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            name="Plan",
            target_muscles=[],
            preferences={"location_id": number},
            starts_on=NOW.date(),
            created_at=NOW,
        )
    )
    locations.archive_location(number, **BY)
    with pytest.raises(Conflict):
        locations.delete_location(number, **BY)


def test_rooms_are_added_renamed_archived_and_brought_back(world: World) -> None:
    room = locations.add_room(world.location_id, "Sonne", **BY)
    with pytest.raises(Conflict):
        locations.add_room(world.location_id, "Sonne", **BY)
    seen = stamp_of(room)
    assert locations.rename_room(room.id, "Mond", seen=seen, **BY).name == "Mond"
    with pytest.raises(StaleVersion):
        locations.rename_room(room.id, "Stern", seen=seen, **BY)
    assert locations.archive_room(room.id, **BY).archived_at == NOW
    assert locations.restore_room(room.id, **BY).archived_at is None


def test_a_room_that_is_booked_stays_and_one_that_was_is_kept(world: World) -> None:
    make_appointment(world, at(5))
    room = world.room_ids[0]
    with pytest.raises(Conflict):
        locations.archive_room(room, **BY)
    later = {"actor": COMMAND, "now": NOW + timedelta(days=30)}
    locations.archive_room(room, **later)
    with pytest.raises(Conflict):
        locations.delete_room(room, **later)
    locations.archive_room(world.room_ids[1], **BY)
    assert locations.delete_room(world.room_ids[1], **BY).name == "Room 2"


def test_a_renamed_room_reaches_the_calendars(world: World) -> None:
    number = make_appointment(world, at(5)).id
    room = db.session.get_one(Room, world.room_ids[0])
    locations.rename_room(room.id, "Sonne", seen=stamp_of(room), **BY)
    db.session.expire_all()
    assert db.session.get_one(Appointment, number).sequence == 1


def test_what_is_in_use_is_not_restored_in_the_trail(world: World) -> None:
    locations.restore_location(world.location_id, **BY)
    locations.restore_room(world.room_ids[0], **BY)
    assert list(db.session.scalars(select(AuditEntry.action))) == []
