"""A room out of use: never chosen, never offered; its location stays open; what is booked in it keeps its time."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, InvalidInput, NeedsOverride, NoRoomFree, NotFound
from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType, AuditEntry, Message, Room
from scheduler.usecases.absences.displacement import choose_slots, list_displaced, preview_absence
from scheduler.usecases.absences.entering import (
    Absence,
    AbsenceKind,
    WallTime,
    add_closure,
    add_time_off,
    list_closures,
    remove_closure,
)
from scheduler.usecases.absences.public_holidays import list_holidays
from scheduler.usecases.absences.rehousing import Choice, Target, batch_of, carry_out
from scheduler.usecases.appointments.changing import book_appointment, move_appointment
from scheduler.usecases.availability.slots import find_slots
from scheduler.usecases.diary.days import load_diary
from scheduler.usecases.diary.load import load_days
from scheduler.usecases.diary.version import diary_version
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.proposals import propose_series
from tests.factories import (
    NOW,
    RECEPTIONIST,
    World,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_world,
    save,
)


@pytest.fixture
def world(context: Flask) -> World:
    """The small clinic; the type Review needs no room."""
    world = make_world()
    db.session.execute(
        db.text(f"UPDATE appointment_types SET needs_room = false WHERE id = {world.review_id}")
    )
    db.session.commit()
    return world


def day(number: int, minute: int | None = None) -> WallTime:
    return WallTime(date(2026, 3, number), minute)


def shut(room_id: int, first: int = 3, last: int = 3) -> Absence:
    return add_closure(None, day(first), day(last), room=room_id, reason="Flood", actor=RECEPTIONIST, now=NOW)


def booked(world: World, **changes: object) -> Appointment:
    values: dict[str, object] = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "appointment_type_id": world.needling_id,
        "starts_at": at(3),
        "actor": RECEPTIONIST,
        "now": NOW,
    }
    return book_appointment(**values | changes)  # type: ignore[arg-type]


def mails() -> list[str]:
    kinds = (
        select(Message.kind).where(Message.kind != "reminder", Message.state == "due").order_by(Message.id)
    )
    return list(db.session.scalars(kinds))


def slot_days(world: World, type_id: int) -> set[int]:
    found = find_slots(appointment_type_id=type_id, from_on=date(2026, 3, 3), to_on=date(2026, 3, 4), now=NOW)
    return {slot.starts_at.day for slot in found}


def test_last_room_takes_the_slots_that_need_one_and_no_others(world: World) -> None:
    shut(world.room_ids[0])
    assert slot_days(world, world.needling_id) == {3, 4}
    shut(world.room_ids[1])
    assert slot_days(world, world.needling_id) == {4}
    assert slot_days(world, world.review_id) == {3, 4}
    with pytest.raises(NoRoomFree):
        booked(world)


def test_location_stays_open(world: World) -> None:
    on = date(2026, 3, 3)
    shut(world.room_ids[0])
    assert [(row.closure, row.open_minutes) for row in load_days(world.location_id, on, on)] == [(None, 480)]
    assert {gap.why for gap in load_diary(world.location_id, on, on, now=NOW).shut} == {"hours"}
    shut(world.room_ids[0], 1, 31)
    easter = list_holidays(world.location_id, "DE", "BE", 2026, "en", now=NOW)
    assert not any(holiday.is_closed for holiday in easter)


def test_another_room_is_chosen_and_this_one_only_with_a_reason(world: World) -> None:
    first, second = world.room_ids
    shut(first)
    assert booked(world).room_id == second
    ann = make_patient("Ann").id
    asked = {"patient_id": ann, "starts_at": at(3, 12), "room_id": first}
    with pytest.raises(NeedsOverride) as refused:
        booked(world, **asked)
    assert refused.value.details["rules"] == ["closed"]
    row = booked(world, **asked, override_reason="Dry again")
    assert (row.room_id, row.override_rules, row.override_reason) == (first, ["closed"], "Dry again")


def test_buffers_count_as_time_in_the_room(world: World) -> None:
    db.session.get_one(AppointmentType, world.needling_id).buffer_after_minutes = 10
    db.session.commit()
    first = world.room_ids[0]
    add_closure(world.location_id, day(3, 630), day(3, 900), room=first, actor=RECEPTIONIST, now=NOW)
    with pytest.raises(NeedsOverride):
        booked(world, room_id=first)
    assert booked(world, starts_at=at(3, 9, 50), room_id=first).room_id == first


def test_what_is_booked_gets_another_room_at_its_time_and_the_patient_no_mail(world: World) -> None:
    first, second = world.room_ids
    row = booked(world, room_id=first)
    assert mails() == ["confirmation"]
    before = preview_absence(room_id=first, starts=day(3), until=day(4), now=NOW)
    absence = shut(first, 3, 4)
    assert (absence.kind, absence.whose, absence.name) == (AbsenceKind.ROOM, first, "Room 1, Mitte")
    found = list_displaced(AbsenceKind.CLOSURE, absence.id or 0, now=NOW)
    (line,) = found.lines
    slot = line.slot
    assert slot is not None
    assert [one.slot for one in before.lines] == [slot]
    assert (slot.starts_at, slot.room_id, slot.compromises) == (at(3), second, ())
    assert (found.absence.appointments, found.repaired, found.same_time) == (1, 1, 1)
    target = Target(slot.starts_at, slot.practitioner_id, slot.location_id, slot.room_id)
    (done,) = carry_out([Choice(row.id, 1, target)], batch=batch_of(absence), actor=RECEPTIONIST, now=NOW)
    db.session.refresh(row)
    assert (done.state, row.room_id, row.starts_at, row.version) == ("moved", second, at(3), 2)
    assert mails() == ["confirmation"]
    assert list_displaced(AbsenceKind.CLOSURE, absence.id or 0, now=NOW).lines == []


def test_its_time_is_kept_outside_hours_but_not_when_the_practitioner_is_away(world: World) -> None:
    first, second = world.room_ids
    early = booked(world, starts_at=at(3, 7), room_id=first, override_reason="Before work")
    later = booked(world, starts_at=at(6, 11), room_id=first)
    add_time_off(world.practitioner_id, day(6), day(6), actor=RECEPTIONIST, now=NOW)
    absence = shut(first, 3, 6)
    lines = {
        line.appointment.id: line for line in list_displaced(AbsenceKind.ROOM, absence.id or 0, now=NOW).lines
    }
    kept, moved = lines[early.id].slot, lines[later.id].slot
    assert kept is not None
    assert moved is not None
    assert (kept.starts_at, kept.room_id) == (at(3, 7), second)
    assert moved.starts_at.date() != date(2026, 3, 6)
    row = move_appointment(early.id, version=1, room_id=second, actor=RECEPTIONIST, now=NOW)
    assert (row.override_reason, row.override_rules) == ("Before work", ["outside_hours"])


def test_where_no_other_room_is_free_the_time_moves_and_no_room_is_promised_twice(world: World) -> None:
    first, second = world.room_ids
    ann, bob = make_patient("Ann").id, make_patient("Bob").id
    nina = make_practitioner(world.location_id, given_name="Nina").id
    stays = make_appointment(world, at(3, 11), room_id=first)
    goes = make_appointment(world, at(3, 10), room_id=first, patient_id=ann)
    make_appointment(world, at(3, 10), room_id=second, patient_id=bob, practitioner_id=nina)
    absence = shut(first)
    lines = list_displaced(AbsenceKind.ROOM, absence.id or 0, now=NOW).lines
    slots = {line.appointment.id: line.slot for line in lines}
    slot, other = slots[stays.id], slots[goes.id]
    assert slot is not None
    assert other is not None
    assert (slot.starts_at, slot.room_id) == (at(3, 11), second)
    assert other.starts_at not in {at(3, 10), at(3, 11)}
    _, choice = choose_slots(absence, stays.id, now=NOW)
    assert (choice[0].starts_at, choice[0].room_id, choice[0].compromises) == (at(3, 11), second, ())
    assert [one.is_same_time(stays) for one in choice].count(True) == 1


def test_it_is_listed_taken_back_and_seen_by_others_each_time(world: World) -> None:
    def version() -> str:
        return diary_version(date(2026, 3, 3), date(2026, 3, 3), now=NOW)

    first = world.room_ids[0]
    versions = [version()]
    absence = shut(first, 2, 4)
    versions.append(version())
    assert [(row.name, row.reason) for row in list_closures(room_id=first, now=NOW).items] == [
        ("Room 1, Mitte", "Flood")
    ]
    assert list_closures(location_id=world.location_id, now=NOW).total == 1
    remove_closure(absence.id or 0, actor=RECEPTIONIST, now=NOW + timedelta(hours=1))
    versions.append(version())
    again = shut(first, 10, 11)
    remove_closure(again.id or 0, actor=RECEPTIONIST, now=NOW)
    assert len(set(versions)) == 3
    trail = db.session.execute(
        select(AuditEntry.action, AuditEntry.entity, AuditEntry.entity_id).order_by(AuditEntry.id)
    )
    deeds = ("added", "ended", "added", "removed")
    assert [tuple(row) for row in trail] == [(f"room_closure_{deed}", "room", first) for deed in deeds]


def test_room_and_location_are_closed_apart_and_each_once(world: World) -> None:
    first, second = world.room_ids
    shut(first)
    add_closure("Mitte", day(3), day(3), actor=RECEPTIONIST, now=NOW)
    shut(second)
    with pytest.raises(Conflict) as caught:
        shut(first)
    assert str(caught.value) == "Room 1, Mitte is out of use then already."


def test_room_is_named_by_number_or_at_its_location(world: World) -> None:
    save(elsewhere := Room(location_id=world.location_id, name="Attic", archived_at=NOW))
    found = add_closure("Mitte", day(3), day(3), room="Room 2", actor=RECEPTIONIST, now=NOW)
    assert (found.whose, found.location_id) == (world.room_ids[1], world.location_id)
    for location, room, error in (
        (None, None, InvalidInput),
        (None, elsewhere.id, InvalidInput),
        ("Mitte", "Attic", NotFound),
        (None, 99, NotFound),
    ):
        with pytest.raises(error):
            add_closure(location, day(9), day(9), room=room, actor=RECEPTIONIST, now=NOW)


def test_what_only_the_room_was_closed_for_is_over_when_it_is_left(world: World) -> None:
    first, second = world.room_ids
    shut(first)
    row = booked(world, room_id=first, override_reason="Dry again")
    moved = move_appointment(row.id, version=1, room_id=second, actor=RECEPTIONIST, now=NOW)
    assert (moved.override_rules, moved.override_reason) == ([], None)
    ann = make_patient("Ann").id
    early = booked(world, patient_id=ann, starts_at=at(3, 7), room_id=first, override_reason="Before work")
    assert early.override_rules == ["outside_hours", "closed"]
    moved = move_appointment(early.id, version=1, room_id=second, actor=RECEPTIONIST, now=NOW)
    assert (moved.override_rules, moved.override_reason) == (["outside_hours"], "Before work")


def test_a_location_that_is_closed_stays_so_in_every_room(world: World) -> None:
    first, second = world.room_ids
    add_closure("Mitte", day(3), day(3), actor=RECEPTIONIST, now=NOW)
    row = booked(world, room_id=first, override_reason="Stocktaking")
    moved = move_appointment(row.id, version=1, room_id=second, actor=RECEPTIONIST, now=NOW)
    assert (moved.override_rules, moved.override_reason) == (["closed"], "Stocktaking")


def test_an_edit_that_moves_nothing_leaves_what_was_set_aside(world: World) -> None:
    first = world.room_ids[0]
    absence = shut(first)
    row = booked(world, room_id=first, override_reason="Dry again")
    remove_closure(absence.id or 0, actor=RECEPTIONIST, now=NOW)
    same = move_appointment(row.id, version=1, room_id=first, actor=RECEPTIONIST, now=NOW)
    assert (same.version, same.override_rules, same.override_reason) == (1, ["closed"], "Dry again")


def test_rooms_out_of_use_are_the_reason_why_nothing_is_found(world: World) -> None:
    first, second = world.room_ids
    plan = prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=date(2026, 3, 3),
        phases=[PhaseWish(1, 0, 0, 0)],
        actor=RECEPTIONIST,
        now=NOW,
    )

    def reasons() -> list[str]:
        return [one.reason for one in propose_series(plan.id, now=NOW)[0].unplaced]

    shut(first)
    assert reasons() == []
    shut(second)
    assert reasons() == ["rooms_shut"]
    add_time_off(world.practitioner_id, day(3), day(3), actor=RECEPTIONIST, now=NOW)
    assert reasons() == ["away"]


def test_a_room_that_is_to_be_shut_is_the_reason_in_its_preview_too(world: World) -> None:
    first, second = world.room_ids
    shut(second, 2, 31)
    booked(world, room_id=first)
    (line,) = preview_absence(room_id=first, starts=day(2), until=day(31), now=NOW).lines
    assert (line.slot, line.reason) == (None, "rooms_shut")
