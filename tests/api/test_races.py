"""Sixteen callers at once against a real server of several processes and threads: one gets the slot.

The server follows the real clock, so everything is booked on a Thursday a good year ahead of it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Appointment, IdempotencyKey, Message, Patient, TreatmentPlan
from tests.api.server import Server, serving
from tests.api.support import make_key, utc
from tests.factories import BERLIN, World, make_patient, make_world

RACERS = 16


@dataclass(frozen=True)
class Race:
    """A server, its clinic, and patients enough for everybody."""

    server: Server
    app: Flask
    world: World
    patient_ids: list[int]

    def count(self, model: Any) -> int:
        """How many rows there are."""
        with self.app.app_context():
            return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def race(app: Flask) -> Iterator[Race]:
    """The clinic with sixteen patients, served."""
    with app.app_context():
        world = make_world()
        patients = [make_patient(family_name=f"Racer {number}").id for number in range(RACERS)]
        db.session.remove()
        db.engine.dispose()
    with serving(app, make_key(app)) as server:
        yield Race(server, app, world, patients)


def some_thursday(hour: int = 10) -> datetime:
    """A Thursday in more than a year, on the hour, in Berlin."""
    day = datetime.now(UTC).date() + timedelta(days=400)
    day += timedelta(days=(3 - day.weekday()) % 7)
    return datetime(day.year, day.month, day.day, hour, tzinfo=BERLIN).astimezone(UTC)


def booking(race: Race, **changes: Any) -> dict[str, Any]:
    return {
        "patient_id": race.patient_ids[0],
        "practitioner_id": race.world.practitioner_id,
        "appointment_type_id": race.world.review_id,
        "starts_at": utc(some_thursday()),
    } | changes


def test_one_of_sixteen_gets_the_slot_and_the_others_hear_what_is_busy(race: Race) -> None:
    calls = [("/appointments", booking(race, patient_id=patient), None) for patient in race.patient_ids]
    answers = race.server.race(calls)
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 15}
    refused = [answer.body for answer in answers if answer.status == 409]
    assert {(body["code"], *body["resources"]) for body in refused} == {("slot_taken", "practitioner")}
    assert {body["detail"] for body in refused} == {"The practitioner is already busy at that time."}
    assert race.count(Appointment) == 1


def test_one_of_sixteen_gets_the_patient(race: Race) -> None:
    calls = [("/appointments", booking(race, room_id=race.world.room_ids[0]), None)] * RACERS
    answers = race.server.race(calls)
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 15}
    assert {tuple(answer.body["resources"]) for answer in answers if answer.status == 409} == {
        ("practitioner", "room", "patient")
    }
    assert race.count(Appointment) == 1


def test_sixteen_copies_of_one_request_make_one_appointment(race: Race) -> None:
    answers = race.server.race([("/appointments", booking(race), "the same key")] * RACERS)
    assert Counter(answer.status for answer in answers) == {201: 16}
    assert len({repr(answer.body) for answer in answers}) == 1
    assert (race.count(Appointment), race.count(IdempotencyKey)) == (1, 1)
    # One confirmation and two reminders, as if it had been sent once.
    assert race.count(Message) == 3


def test_sixteen_copies_of_one_registration_make_one_patient(race: Race) -> None:
    before = race.count(Patient)
    body = {"given_name": "Ann", "family_name": "Ache"}
    answers = race.server.race([("/patients", body, "the same key")] * RACERS)
    assert Counter(answer.status for answer in answers) == {201: 16}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert race.count(Patient) == before + 1


def test_one_of_sixteen_places_the_series_and_nobody_places_half(race: Race) -> None:
    day = some_thursday().date()
    phase = {"sessions": 3, "min_days": 2, "ideal_days": 7, "max_days": 9}
    plans = [
        race.server.post(
            "/plans",
            {
                "patient_id": patient,
                "practitioner_id": race.world.practitioner_id,
                "starts_on": day.isoformat(),
                "phases": [phase],
            },
        ).body["id"]
        for patient in race.patient_ids
    ]
    slots = [
        {
            "number": number,
            "starts_at": utc(some_thursday() + timedelta(days=7 * (number - 1))),
            "practitioner_id": race.world.practitioner_id,
        }
        for number in (1, 2, 3)
    ]
    answers = race.server.race([(f"/plans/{plan}/placements", {"sessions": slots}, None) for plan in plans])
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 15}
    assert {tuple(answer.body["numbers"]) for answer in answers if answer.status == 409} == {(1, 2, 3)}
    assert (race.count(Appointment), race.count(TreatmentPlan)) == (3, RACERS)


def test_one_of_sixteen_changes_of_the_same_version_wins(race: Race) -> None:
    booked = race.server.post("/appointments", booking(race)).body
    path = f"/appointments/{booked['id']}/status"
    answers = race.server.race([(path, {"version": 1, "status": "confirmed"}, None)] * RACERS)
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 15}
    lost = [answer.body for answer in answers if answer.status == 409]
    assert {(body["code"], body["current"]["version"]) for body in lost} == {("stale_version", 2)}
