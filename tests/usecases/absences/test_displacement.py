"""What an absence displaces and where it can go: before it is saved, after, and what was taken meanwhile."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, InvalidInput, NotFound, SlotTaken, StaleVersion
from scheduler.extensions import db
from scheduler.models import (
    AppointmentType,
    AuditEntry,
    Closure,
    Location,
    Message,
    PlannedSession,
    Room,
    TimeOff,
    TreatmentPlan,
    WorkingHours,
)
from scheduler.usecases.absences.displacement import (
    DisplacedLine,
    Displacement,
    MeantSlot,
    Slot,
    choose_slots,
    list_displaced,
    preview_absence,
)
from scheduler.usecases.absences.displacement_question import Others
from scheduler.usecases.absences.entering import (
    Absence,
    AbsenceKind,
    add_closure,
    add_time_off,
    list_closures,
    list_time_off,
    remove_closure,
    remove_time_off,
)
from scheduler.usecases.absences.rehousing import Choice, Target, batch_of, carry_out, rehouse, release
from scheduler.usecases.absences.times import Edge, WallTime
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.plans.board import behind_board
from scheduler.usecases.plans.prescribing import PhaseWish, get_plan, prescribe_plan
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
from tests.query_counter import count_queries

WEEKLY = PhaseWish(4, 5, 7, 9)


@pytest.fixture
def world(context: Flask) -> World:
    """The small clinic; a second practitioner, Nina Nadel, is there from 9 to 17 too."""
    world = make_world()
    make_practitioner(world.location_id, given_name="Nina", family_name="Nadel")
    return world


def day(number: int, minute: int | None = None, month: int = 3) -> WallTime:
    return WallTime(date(2026, month, number), minute)


def preview(
    world: World, first: Edge, last: Edge, others: Others = Others.WISHES, now: datetime = NOW
) -> Displacement:
    """Petra would be away."""
    return preview_absence(
        practitioner_id=world.practitioner_id, starts=first, until=last, others=others, now=now
    )


def plan_of(world: World, *starts: datetime, **changes: object) -> TreatmentPlan:
    """A weekly plan whose first sessions are booked at these times."""
    values = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "starts_on": date(2026, 3, 2),
        "phases": [WEEKLY],
    }
    plan = prescribe_plan(**values | changes, actor=RECEPTIONIST, now=NOW)  # type: ignore[arg-type]
    sessions = list(db.session.get_one(TreatmentPlan, plan.id).sessions)
    for session, starts_at in zip(sessions, starts, strict=False):
        row = make_appointment(world, starts_at, patient_id=plan.patient_id, planned_session_id=session.id)
        db.session.get_one(PlannedSession, row.planned_session_id).status = "placed"
    db.session.commit()
    return plan


def slot_of(line: DisplacedLine) -> Slot:
    assert line.slot is not None, line.reason
    return line.slot


def target(slot: Slot) -> Target:
    return Target(slot.starts_at, slot.practitioner_id, slot.location_id)


def offers(found: Displacement) -> list[tuple[datetime, int] | None]:
    """Start and practitioner by line."""
    return [(line.slot.starts_at, line.slot.practitioner_id) if line.slot else None for line in found.lines]


def test_same_time_with_another_practitioner_is_proposed_and_nothing_is_saved(world: World) -> None:
    plan = plan_of(world, at(2), at(9), at(16))
    found = preview(world, day(9), day(11))
    assert (found.plans, found.patients, found.repaired, found.absence.appointments) == (1, 1, 1, 1)
    assert offers(found) == [(at(9), 2)]
    assert slot_of(found.lines[0]).compromises == ("other_practitioner",)
    assert [row.starts_at.day for row in found.stays[world.patient_id]] == [2, 16]
    assert db.session.scalars(select(TimeOff)).all() == []
    assert found.lines[0].window == get_plan(plan.id).lines[1].window


def test_without_another_practitioner_the_habitual_time_is_kept_on_another_day(world: World) -> None:
    plan_of(world, at(2), at(9), at(16))
    found = preview(world, day(9), day(9), Others.NOBODY)
    slot = slot_of(found.lines[0])
    assert (slot.starts_at, slot.practitioner_id) == (at(10), world.practitioner_id)
    assert slot.compromises == ("other_weekday",)


def test_a_slot_is_as_long_as_the_appointment_was_made(world: World) -> None:
    row = make_appointment(world, at(9), 60)
    other = make_patient("Other").id
    for number in (*range(2, 7), *range(10, 14), *range(16, 21)):
        make_appointment(world, at(number, 10, 30), patient_id=other)
    db.session.commit()
    slot = slot_of(preview(world, day(9), day(9), Others.NOBODY).lines[0])
    assert slot.ends_at - slot.starts_at == timedelta(hours=1)
    moved = rehouse(row.id, version=1, target=target(slot), actor=RECEPTIONIST, now=NOW)
    assert (moved.starts_at, moved.ends_at) == (slot.starts_at, slot.ends_at)


def test_whom_the_plan_names_is_asked_nobody_else(world: World) -> None:
    plan_of(world, at(2), at(9), preferences={"practitioner_ids": [world.practitioner_id]})
    weeks = (day(3), day(31))
    (line,) = preview(world, *weeks).lines
    assert (line.slot, line.reason) == (None, "away")
    assert offers(preview(world, *weeks, others=Others.ANYONE)) == [(at(9), 2)]
    (line,) = preview_absence(
        practitioner_id=world.practitioner_id,
        starts=day(3),
        until=day(31),
        others=Others.ANYONE,
        others_for={line.appointment.id: Others.NOBODY},
        now=NOW,
    ).lines
    assert line.reason == "away"


def test_no_slot_is_proposed_twice_and_the_most_urgent_is_first(world: World) -> None:
    others = [make_patient("Ann", str(number)) for number in range(2)]
    plan_of(world, at(3), at(10))
    for number, patient in enumerate(others):
        make_appointment(world, at(10, 11 + number), patient_id=patient.id)
    found = preview(world, day(10), day(10), Others.NOBODY)
    assert [line.appointment.patient_id for line in found.lines] == [
        world.patient_id,
        *(patient.id for patient in others),
    ]
    assert found.repaired == len(set(offers(found))) == 3


def test_two_displaced_sessions_of_one_plan_keep_their_gap(world: World) -> None:
    plan_of(world, at(2), at(9), at(16), at(23), phases=[PhaseWish(4, 1, 7, 13)])
    found = preview(world, day(9), day(17), Others.NOBODY)
    days = sorted(slot_of(line).starts_at.date() for line in found.lines)
    gaps = [
        (later - earlier).days
        for earlier, later in zip([date(2026, 3, 2), *days], [*days, date(2026, 3, 23)], strict=True)
    ]
    assert [1 <= gap <= 13 for gap in gaps] == [True, True, True]


def test_window_that_is_over_is_looked_for_from_today(world: World) -> None:
    plan_of(world, at(2), at(30))
    now = at(27, 8)
    (line,) = preview(world, day(30), day(30), Others.NOBODY, now=now).lines
    assert line.window.earliest == date(2026, 3, 27)
    assert slot_of(line).starts_at >= now


def test_appointment_without_a_plan_stays_near_its_date(world: World) -> None:
    make_appointment(world, at(4), appointment_type_id=world.review_id)
    (line,) = preview(world, day(3), day(5), Others.NOBODY).lines
    assert (line.window.earliest, line.window.latest) == (date(2026, 3, 2), date(2026, 3, 18))
    assert slot_of(line).starts_at in {at(2), at(6)}


def test_rest_to_other_needling_of_the_patient_is_kept(world: World) -> None:
    make_appointment(world, at(4))
    make_appointment(world, at(6), practitioner_id=2, room_id=world.room_ids[1])
    (line,) = preview(world, day(4), day(4, 12 * 60)).lines
    start = slot_of(line).starts_at
    assert abs(start - at(6)) >= timedelta(hours=48)


def test_arrived_past_and_cancelled_appointments_are_not_displaced(world: World) -> None:
    for hour, status in ((10, "arrived"), (11, "cancelled"), (12, "no_show"), (13, "confirmed")):
        make_appointment(world, at(4, hour), status=status)
    make_appointment(world, at(2, 7))
    assert [line.appointment.status for line in preview(world, day(1), day(5)).lines] == ["confirmed"]


def test_closure_offers_the_other_location(world: World) -> None:
    save(spandau := Location(name="Spandau", zone="Europe/Berlin", rooms=[Room(name="Room 1")]))
    save(
        WorkingHours(
            practitioner_id=world.practitioner_id,
            location_id=spandau.id,
            weekday=1,
            starts_minute=9 * 60,
            ends_minute=17 * 60,
            valid_from=date(2025, 1, 6),
        )
    )
    make_appointment(world, at(3))
    found = preview_absence(location_id=world.location_id, starts=day(2), until=day(25), now=NOW)
    slot = slot_of(found.lines[0])
    assert (slot.starts_at, slot.location_id, slot.practitioner_id) == (at(3), spandau.id, 1)
    assert slot.compromises == ("other_location",)
    absence = add_closure(world.location_id, day(2), day(25), actor=COMMAND, now=NOW)
    moved = rehouse(
        found.lines[0].appointment.id, version=1, target=target(slot), actor=RECEPTIONIST, now=NOW
    )
    assert (moved.location_id, moved.room_id) == (spandau.id, spandau.rooms[0].id)
    assert list_displaced(AbsenceKind.CLOSURE, absence.id or 0, now=NOW).lines == []


def test_on_the_day_the_clocks_change_the_wall_clock_counts(world: World) -> None:
    """29 March 2026: 10:00 is 09:00 UTC before and 08:00 UTC after."""
    save(
        WorkingHours(
            practitioner_id=world.practitioner_id,
            location_id=world.location_id,
            weekday=6,
            starts_minute=9 * 60,
            ends_minute=17 * 60,
            valid_from=date(2025, 1, 6),
        )
    )
    make_appointment(world, at(27))
    (line,) = preview(world, day(27), day(28), Others.NOBODY).lines
    sunday = datetime(2026, 3, 29, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    _, found = choose_slots(
        saved(world, 27, 28),
        line.appointment.id,
        others=Others.NOBODY,
        now=NOW,
    )
    assert sunday in {slot.starts_at for slot in found}
    assert slot_of(line).starts_at.astimezone(sunday.tzinfo).hour == 10


def test_exactly_one_must_be_away(world: World) -> None:
    for whose in ({}, {"room_id": 1, "location_id": 1}):
        with pytest.raises(InvalidInput):
            preview_absence(**whose, starts=day(3), until=day(3), now=NOW)  # type: ignore[arg-type]


def saved(world: World, first: int, last: int) -> Absence:
    return add_time_off(world.practitioner_id, day(first), day(last), actor=COMMAND, now=NOW)


def displaced_now(absence: Absence, others: Others = Others.WISHES) -> Displacement:
    return list_displaced(AbsenceKind.TIME_OFF, absence.id or 0, others=others, now=NOW)


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
