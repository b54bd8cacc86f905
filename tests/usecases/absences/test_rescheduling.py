"""What an absence displaces is moved, released or kept, line by line, and told once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from scheduler.errors import Conflict, NotFound, SlotTaken, StaleVersion
from scheduler.extensions import db
from scheduler.models import AppointmentType, AuditEntry, Closure, Message, TimeOff
from scheduler.usecases.absences.displacement import MeantSlot, choose_slots
from scheduler.usecases.absences.displacement_question import Others
from scheduler.usecases.absences.entering import (
    add_closure,
    list_closures,
    list_time_off,
    remove_closure,
    remove_time_off,
)
from scheduler.usecases.absences.rehousing import Choice, Target, batch_of, carry_out, rehouse, release
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.plans.board import behind_board
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_patient
from tests.query_counter import count_queries
from tests.usecases.absences.displacing import day, displaced_now, plan_of, preview, saved, slot_of, target


def test_lines_of_one_patient_are_told_in_one_mail(world: World) -> None:
    plan_of(world, at(2), at(9), at(16))
    absence = saved(world, 9, 17)
    found = displaced_now(absence)
    choices = [Choice(line.appointment.id, 1, target(slot_of(line))) for line in found.lines]
    outcomes = carry_out(choices, batch=batch_of(absence), actor=RECEPTIONIST, now=NOW)
    assert [outcome.state for outcome in outcomes] == ["moved", "moved"]
    told = db.session.scalars(select(Message).where(Message.kind != "reminder", Message.state == "due")).all()
    assert [(row.kind, len(row.items)) for row in told] == [("series_changed", 2)]
    assert displaced_now(absence).lines == []


def test_slot_taken_meanwhile_says_so_and_keeps_the_others(world: World) -> None:
    make_appointment(world, at(9))
    make_appointment(world, at(9, 12), patient_id=make_patient("Ann").id)
    absence = saved(world, 9, 9)
    lines = displaced_now(absence).lines
    wanted = slot_of(lines[0])
    make_appointment(world, wanted.starts_at, patient_id=make_patient("Bea").id)
    choices = [Choice(line.appointment.id, 1, target(slot_of(line))) for line in lines]
    outcomes = carry_out(choices, actor=RECEPTIONIST, now=NOW)
    assert [outcome.state for outcome in outcomes] == ["taken", "moved"]
    (left,) = displaced_now(absence).lines
    assert slot_of(left).starts_at != wanted.starts_at


def test_slot_that_another_line_leaves_is_taken_after_it(world: World) -> None:
    early = make_appointment(world, at(9))
    late = make_appointment(world, at(9, 10, 30), patient_id=make_patient("Ann").id)
    choices = [
        Choice(early.id, 1, Target(at(9, 10, 30), world.practitioner_id, world.location_id)),
        Choice(late.id, 1, Target(at(9, 11), world.practitioner_id, world.location_id)),
    ]
    outcomes = carry_out(choices, actor=RECEPTIONIST, now=NOW)
    assert [outcome.state for outcome in outcomes] == ["moved", "moved"]


def test_same_line_sent_twice_is_moved_once(world: World) -> None:
    row = make_appointment(world, at(9))
    wanted = Target(at(10), world.practitioner_id, world.location_id)
    versions = [
        rehouse(row.id, version=1, target=wanted, actor=RECEPTIONIST, now=NOW).version for _ in range(2)
    ]
    assert versions == [2, 2]
    with pytest.raises(StaleVersion):
        rehouse(
            row.id,
            version=1,
            target=Target(at(11), world.practitioner_id, world.location_id),
            actor=RECEPTIONIST,
            now=NOW,
        )


def test_released_line_is_to_place_and_on_the_board(world: World) -> None:
    plan = plan_of(world, at(2), at(9))
    absence = saved(world, 9, 9)
    (line,) = displaced_now(absence).lines
    for _ in range(2):
        release(line.appointment.id, version=1, actor=RECEPTIONIST, now=NOW)
    (behind,) = behind_board(today=NOW.date(), now=NOW).items
    assert (behind.plan_id, behind.number, behind.why) == (plan.id, 2, "clinic")
    assert displaced_now(absence).lines == []


def test_other_slots_leave_out_what_is_meant_for_others_and_its_buffers(world: World) -> None:
    db.session.get_one(AppointmentType, world.review_id).buffer_after_minutes = 15
    row = make_appointment(world, at(9), appointment_type_id=world.review_id)
    other = make_appointment(
        world, at(9, 11), patient_id=make_patient("Ann").id, appointment_type_id=world.review_id
    )
    absence = saved(world, 9, 9)
    _, before = choose_slots(absence, row.id, others=Others.NOBODY, now=NOW)
    best = before[0]
    meant = [MeantSlot(other.id, best.starts_at, best.practitioner_id, best.room_id)]
    _, after = choose_slots(absence, row.id, others=Others.NOBODY, meant=meant, now=NOW)
    apart = [abs(slot.starts_at - best.starts_at) for slot in after]
    assert min(apart) == timedelta(minutes=45)
    assert len(before) == len(after) == 12
    with pytest.raises(NotFound):
        choose_slots(absence, other.id + 1, now=NOW)


def test_room_that_was_thought_of_is_kept_if_it_is_free(world: World) -> None:
    row = make_appointment(world, at(9))
    second = world.room_ids[1]
    wanted = Target(at(10), world.practitioner_id, world.location_id, second, or_any_room=True)
    moved = rehouse(row.id, version=1, target=wanted, actor=RECEPTIONIST, now=NOW)
    assert moved.room_id == second
    make_appointment(world, at(11), practitioner_id=2, patient_id=make_patient("Ann").id, room_id=second)
    there = replace(wanted, starts_at=at(11))
    assert rehouse(row.id, version=2, target=there, actor=RECEPTIONIST, now=NOW).room_id == world.room_ids[0]
    strict = replace(wanted, starts_at=at(11), or_any_room=False)
    with pytest.raises(SlotTaken):
        rehouse(row.id, version=3, target=strict, actor=RECEPTIONIST, now=NOW)


def test_after_its_window_is_looked_only_where_asked(world: World) -> None:
    plan_of(world, at(2), at(9))
    absence = saved(world, 3, 20)
    (line,) = displaced_now(absence, Others.NOBODY).lines
    number = line.appointment.id
    assert choose_slots(absence, number, others=Others.NOBODY, now=NOW)[1] == []
    _, found = choose_slots(absence, number, others=Others.NOBODY, beyond=True, now=NOW)
    assert (found[0].starts_at, found[0].compromises) == (at(23), ("outside_window",))


def test_number_of_queries_does_not_grow_with_the_displaced(world: World) -> None:
    plan_of(world, at(9))
    with count_queries() as few:
        preview(world, day(9), day(20))
    for number in range(4):
        plan_of(world, at(10, 9 + number), at(17, 9 + number), patient_id=make_patient("Ann", str(number)).id)
    db.session.expire_all()
    with count_queries() as many:
        assert len(preview(world, day(9), day(20)).lines) == 9
    assert many.total == few.total


def test_absences_are_listed_with_what_is_still_booked_and_taken_back(world: World) -> None:
    make_appointment(world, at(9))
    absence = saved(world, 9, 10)
    closed = add_closure("Mitte", day(20), day(20), reason="Stocktaking", actor=COMMAND, now=NOW)
    assert [(row.name, row.appointments) for row in list_time_off(now=NOW).items] == [("Petra Pin", 1)]
    assert [(row.name, row.reason) for row in list_closures(now=NOW).items] == [("Mitte", "Stocktaking")]
    remove_time_off(absence.id or 0, actor=RECEPTIONIST, now=NOW)
    remove_closure(closed.id or 0, actor=RECEPTIONIST, now=NOW)
    assert (list_time_off(now=NOW).total, list_closures(now=NOW).total) == (0, 0)
    trail = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert trail == ["time_off_added", "closure_added", "time_off_removed", "closure_removed"]
    with pytest.raises(NotFound):
        remove_closure(closed.id or 0, actor=RECEPTIONIST, now=NOW)


def test_absence_that_has_begun_ends_now_and_one_that_is_over_stays(world: World) -> None:
    absence = saved(world, 3, 10)
    remove_time_off(absence.id or 0, actor=RECEPTIONIST, now=at(5, 12))
    row = db.session.scalars(select(TimeOff)).one()
    assert (row.starts_at, row.ends_at) == (at(3, 0), at(5, 12))
    with pytest.raises(Conflict):
        remove_time_off(absence.id or 0, actor=RECEPTIONIST, now=at(6))
    assert list_time_off(now=at(6)).items == []
    assert [found.id for found in list_time_off(now=at(6), past=True).items] == [absence.id]
    assert db.session.scalars(select(Closure)).all() == []
