"""What is remembered of taken times never disagrees with the rows, however they were written."""

import random
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update

from scheduler.extensions import db
from scheduler.models import Appointment, DiaryWeek
from scheduler.models.appointments import INACTIVE
from scheduler.planning.timeline import Horizon, busy_bits
from scheduler.usecases.availability import occupancy
from scheduler.usecases.availability.occupancy import Taken, taken_ticks
from tests.factories import World, at, make_appointment, make_patient, make_practitioner, make_world
from tests.query_counter import count_queries

HORIZON = Horizon.between(at(3, 0), at(31, 0))


def taken() -> Taken:
    found = taken_ticks(db.session(), HORIZON)
    db.session.rollback()
    return found


def naive() -> Taken:
    """The same, from all rows."""
    rows = [row for row in db.session.scalars(select(Appointment)) if row.status not in INACTIVE]
    people = {row.practitioner_id for row in rows}
    rooms = {row.room_id for row in rows if row.room_id}

    def bits(mine: list[Appointment]) -> int:
        pairs = [(int(row.busy_from.timestamp()), int(row.busy_until.timestamp())) for row in mine]
        return busy_bits(pairs, HORIZON)

    found = Taken(
        {person: bits([row for row in rows if row.practitioner_id == person]) for person in people},
        {room: bits([row for row in rows if row.room_id == room]) for room in rooms},
    )
    db.session.rollback()
    return found


def without_free(found: Taken) -> tuple[dict[int, int], dict[int, int]]:
    """Who is free all the time says nothing."""
    return (
        {person: bits for person, bits in found.practitioners.items() if bits},
        {room: bits for room, bits in found.rooms.items() if bits},
    )


def write_something(world: World, people: list[int], chance: random.Random, number: int) -> None:
    """Insert, move, cancel, bring back or delete by chance, past the use cases; refusals by the guard are fine."""
    starts_at = at(1, 0) + timedelta(minutes=15 * chance.randrange(32 * 96))
    rows = list(db.session.scalars(select(Appointment.id)))
    deed = chance.choice(["insert", "insert", "move", "status", "delete"]) if rows else "insert"
    try:
        if deed == "insert":
            longer = timedelta(minutes=chance.choice([0, 15, 480]))
            make_appointment(
                world,
                starts_at,
                uid=str(number),
                practitioner_id=chance.choice(people),
                room_id=chance.choice([*world.room_ids, None]),
                busy_until=starts_at + timedelta(minutes=30) + longer,
                patient_id=make_patient(f"P{number}").id,
            )
            return
        row = Appointment.id == chance.choice(rows)
        if deed == "delete":
            db.session.execute(delete(Appointment).where(row))
        elif deed == "status":
            db.session.execute(
                update(Appointment).where(row).values(status=chance.choice(["booked", "cancelled"]))
            )
        else:
            ends_at = starts_at + timedelta(minutes=30)
            times = {
                "starts_at": starts_at,
                "busy_from": starts_at,
                "ends_at": ends_at,
                "busy_until": ends_at,
            }
            db.session.execute(
                update(Appointment).where(row).values(practitioner_id=chance.choice(people), **times)
            )
        db.session.commit()
    except Exception as refusal:
        db.session.rollback()
        assert "overlap" in str(refusal)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_remembered_weeks_agree_with_the_rows_after_any_writing(context: Flask, seed: int) -> None:
    world = make_world()
    people = [world.practitioner_id, make_practitioner(world.location_id, given_name="Other").id]
    chance = random.Random(seed)
    for number in range(40):
        write_something(world, people, chance, number)
        assert without_free(taken()) == without_free(naive())


def test_unchanged_weeks_are_not_read_again(context: Flask) -> None:
    world = make_world()
    other = make_practitioner(world.location_id, given_name="Other")
    for day in (3, 10, 17, 24):
        make_appointment(world, at(day), uid=f"a{day}")
        make_appointment(
            world, at(day), uid=f"b{day}", practitioner_id=other.id, patient_id=make_patient(f"P{day}").id,
            room_id=world.room_ids[1],
        )  # fmt: skip
    taken()
    with count_queries() as unchanged:
        taken()
    assert unchanged.total == 1
    make_appointment(world, at(4), uid="new")
    with count_queries() as changed:
        assert without_free(taken()) == without_free(naive())
    assert changed.total == 2 + 1


def test_changes_that_take_nothing_leave_the_stamp(context: Flask) -> None:
    row = make_appointment(make_world(), at(3))
    before = db.session.execute(select(DiaryWeek.stamp)).all()
    db.session.execute(
        update(Appointment).where(Appointment.id == row.id).values(version=9, cancel_reason="x")
    )
    db.session.commit()
    assert db.session.execute(select(DiaryWeek.stamp)).all() == before


def test_rolled_back_change_is_not_remembered(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3))
    db.session.execute(text("UPDATE appointments SET status = 'cancelled'"))
    assert without_free(taken_ticks(db.session(), HORIZON)) == ({}, {})
    db.session.rollback()
    assert without_free(taken()) == without_free(naive())


def test_memory_is_bounded(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    monkeypatch.setattr(occupancy, "MOST_REMEMBERED", 3)
    monkeypatch.setattr(occupancy, "_remembered", {})
    for day in range(1, 29):
        make_appointment(world, at(day), uid=str(day))
        taken()
    assert len(occupancy._remembered) <= 3 + 6
