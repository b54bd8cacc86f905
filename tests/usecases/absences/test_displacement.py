"""Where what an absence displaces could go: before anything is saved."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from scheduler.errors import InvalidInput
from scheduler.extensions import db
from scheduler.models import Location, Room, TimeOff, WorkingHours
from scheduler.usecases.absences.displacement import choose_slots, list_displaced, preview_absence
from scheduler.usecases.absences.displacement_question import Others
from scheduler.usecases.absences.entering import AbsenceKind, add_closure
from scheduler.usecases.absences.rehousing import rehouse
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.plans.prescribing import PhaseWish, get_plan
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_patient, save
from tests.usecases.absences.displacing import day, offers, plan_of, preview, saved, slot_of, target


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
