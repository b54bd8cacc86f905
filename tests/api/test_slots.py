"""Slots over the API."""

from typing import Any

from flask import Flask
from sqlalchemy import text

from scheduler.api.schemas.slots import slots_json
from scheduler.extensions import db
from scheduler.usecases.availability.slots import FoundSlot
from tests.api.support import Caller, utc
from tests.factories import World, at, make_appointment, make_patient, make_practitioner


def slots(desk: Caller, world: World, **query: Any) -> list[dict[str, Any]]:
    """The slots for half an hour of needling on Thursday, 5 March, unless asked otherwise."""
    asked = {"appointment_type_id": world.needling_id, "from_": "2026-03-05", "to": "2026-03-05"} | query
    found: list[dict[str, Any]] = desk.get("/slots", **asked).get_json()["slots"]
    return found


def test_empty_day_is_offered_on_the_clinics_grid(world: World, desk: Caller) -> None:
    found = slots(desk, world)
    assert len(found) == 31
    assert found[0] == {
        "starts_at": "2026-03-05T08:00:00Z",
        "ends_at": "2026-03-05T08:30:00Z",
        "practitioner_id": world.practitioner_id,
        "location_id": world.location_id,
    }
    assert found[-1]["ends_at"] == "2026-03-05T16:00:00Z"


def test_offered_slot_can_be_booked_and_is_then_gone(world: World, desk: Caller) -> None:
    chosen = slots(desk, world)[4]
    body = {name: chosen[name] for name in ("starts_at", "practitioner_id", "location_id")}
    booked = desk.post(
        "/appointments", body | {"patient_id": world.patient_id, "appointment_type_id": world.needling_id}
    )
    assert booked.status_code == 201
    assert chosen not in slots(desk, world)
    assert len(slots(desk, world)) == 31 - 3


def test_practitioners_are_chosen_by_star_number_or_several(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        second, third = (make_practitioner(world.location_id, family_name=name).id for name in "BC")
    first = world.practitioner_id

    def who(**query: Any) -> set[int]:
        return {slot["practitioner_id"] for slot in slots(desk, world, **query)}

    assert who() == who(practitioner_id="*") == {first, second, third}
    assert who(practitioner_id=["*", str(second)]) == {first, second, third}
    assert who(practitioner_id=second) == {second}
    assert who(practitioner_id=[second, third]) == {second, third}


def test_slots_come_by_start(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        make_practitioner(world.location_id, family_name="Second")
    found = slots(desk, world, to="2026-03-06")
    order = [(slot["starts_at"], slot["ends_at"], slot["practitioner_id"]) for slot in found]
    assert order == sorted(order)
    assert len(found) == 31 * 2 * 2


def test_past_is_not_offered(world: World, desk: Caller) -> None:
    assert slots(desk, world, from_="2026-02-23", to="2026-03-01") == []


def test_patient_who_is_here_already_is_not_offered_the_same_time(
    app: Flask, world: World, desk: Caller
) -> None:
    with app.app_context():
        other = make_practitioner(world.location_id, family_name="Other").id
        patient = make_patient("Olga", "Other").id
        make_appointment(world, at(5, 10), patient_id=patient)
    free = [slot["starts_at"] for slot in slots(desk, world, practitioner_id=other)]
    for_patient = [
        slot["starts_at"] for slot in slots(desk, world, practitioner_id=other, patient_id=patient)
    ]
    assert sorted(set(free) - set(for_patient)) == [utc(at(5, 9, 45)), utc(at(5, 10)), utc(at(5, 10, 15))]


def test_location_narrows(world: World, desk: Caller) -> None:
    assert len(slots(desk, world, location_id=world.location_id)) == 31


def test_clock_change_keeps_the_wall_hours(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        db.session.execute(text("UPDATE working_hours SET weekday = 6 WHERE weekday = 4"))
        db.session.commit()
    assert slots(desk, world, from_="2026-03-29", to="2026-03-29")[0]["starts_at"] == "2026-03-29T07:00:00Z"


def test_answer_written_by_hand_is_json() -> None:
    assert slots_json([]) == '{"slots":[]}'
    found = [FoundSlot(at(5, hour), at(5, hour, 30), person, 7) for hour in (9, 10) for person in (1, 2)]
    rows = [
        f'{{"starts_at":"2026-03-05T{hour:02}:00:00Z","ends_at":"2026-03-05T{hour:02}:30:00Z",'
        f'"practitioner_id":{person},"location_id":7}}'
        for hour in (8, 9)
        for person in (1, 2)
    ]
    assert slots_json(found) == '{"slots":[' + ",".join(rows) + "]}"
