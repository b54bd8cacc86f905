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
from scheduler.models import Appointment, IdempotencyKey, Message, Patient
from tests.api.server import Answer, Call, Server, serving
from tests.api.support import make_key, utc
from tests.conftest import DATABASES, empty_database
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

    def booking(self, week: int, **changes: Any) -> dict[str, Any]:
        """A body that books a review on the Thursday of that week."""
        return {
            "patient_id": self.patient_ids[0],
            "practitioner_id": self.world.practitioner_id,
            "appointment_type_id": self.world.review_id,
            "starts_at": utc(thursday(week)),
        } | changes


@pytest.fixture(scope="module", params=DATABASES)
def race(request: pytest.FixtureRequest) -> Iterator[Race]:
    """The clinic on each database in turn, served; each test books in weeks of its own."""
    app: Flask = request.getfixturevalue(f"{request.param}_app")
    with app.app_context():
        empty_database()
        world = make_world()
        patients = [make_patient(family_name=f"Racer{number}").id for number in range(RACERS)]
    with serving(app, make_key(app)) as server:
        yield Race(server, app, world, patients)


def thursday(week: int) -> datetime:
    """Ten o'clock in Berlin on a Thursday more than a year ahead."""
    day = datetime.now(UTC).date() + timedelta(days=400 + 7 * week)
    day += timedelta(days=(3 - day.weekday()) % 7)
    return datetime(day.year, day.month, day.day, 10, tzinfo=BERLIN).astimezone(UTC)


def test_one_of_sixteen_gets_the_slot_and_the_others_hear_what_is_busy(race: Race) -> None:
    before = race.count(Appointment)
    calls = [Call("/appointments", race.booking(1, patient_id=patient)) for patient in race.patient_ids]
    answers = race.server.race(calls)
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 15}
    refused = [answer.body for answer in answers if answer.status == 409]
    assert {(body["code"], *body["resources"]) for body in refused} == {("slot_taken", "practitioner")}
    assert {body["detail"] for body in refused} == {"The practitioner is already busy at that time."}
    assert race.count(Appointment) == before + 1


def test_everything_that_is_busy_is_named(race: Race) -> None:
    before = race.count(Appointment)
    call = Call("/appointments", race.booking(2, room_id=race.world.room_ids[0]))
    answers = race.server.race([call] * RACERS)
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 15}
    assert {tuple(answer.body["resources"]) for answer in answers if answer.status == 409} == {
        ("practitioner", "room", "patient")
    }
    assert race.count(Appointment) == before + 1


def test_sixteen_copies_of_one_request_make_one_appointment(race: Race) -> None:
    before = (race.count(Appointment), race.count(IdempotencyKey), race.count(Message))
    answers = race.server.race([Call("/appointments", race.booking(3), once="booking")] * RACERS)
    assert Counter(answer.status for answer in answers) == {201: 16}
    assert len({repr(answer.body) for answer in answers}) == 1
    after = (race.count(Appointment), race.count(IdempotencyKey), race.count(Message))
    # A confirmation and two reminders, as if it had been sent once.
    assert after == (before[0] + 1, before[1] + 1, before[2] + 3)


def test_sixteen_copies_of_one_registration_make_one_patient(race: Race) -> None:
    before = race.count(Patient)
    body = {"given_name": "Ann", "family_name": "Ache"}
    answers = race.server.race([Call("/patients", body, once="registration")] * RACERS)
    assert Counter(answer.status for answer in answers) == {201: 16}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert race.count(Patient) == before + 1


def test_one_of_sixteen_places_the_series_and_nobody_places_half(race: Race) -> None:
    weeks = (10, 11, 12)
    phase = {"sessions": len(weeks), "min_days": 2, "ideal_days": 7, "max_days": 9}
    who = race.world.practitioner_id
    plan = {"practitioner_id": who, "starts_on": thursday(10).date().isoformat(), "phases": [phase]}
    plans = [
        race.server.send(Call("/plans", plan | {"patient_id": patient})).body["id"]
        for patient in race.patient_ids
    ]
    slots = [
        {"number": number, "starts_at": utc(thursday(week)), "practitioner_id": who}
        for number, week in enumerate(weeks, start=1)
    ]
    before = race.count(Appointment)
    answers = race.server.race([Call(f"/plans/{plan}/placements", {"sessions": slots}) for plan in plans])
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 15}
    assert {tuple(answer.body["numbers"]) for answer in answers if answer.status == 409} == {(1, 2, 3)}
    assert race.count(Appointment) == before + len(weeks)


def test_one_of_sixteen_changes_of_an_appointment_wins(race: Race) -> None:
    booked = race.server.send(Call("/appointments", race.booking(4))).body
    confirm = Call(f"/appointments/{booked['id']}/status", {"version": 1, "status": "confirmed"})
    assert_one_wins(race.server.race([confirm] * RACERS))


def test_one_of_sixteen_changes_of_a_patient_wins(race: Race) -> None:
    path = f"/patients/{race.patient_ids[0]}"
    names = [f"Name {letter}" for letter in "ABCDEFGHIJKLMNOP"]
    calls = [Call(path, {"version": 1, "given_name": name}, method="PATCH") for name in names]
    assert_one_wins(race.server.race(calls))


def assert_one_wins(answers: list[Answer]) -> None:
    """One change of version 1 was made; the others saw version 2."""
    assert Counter(answer.status for answer in answers) == {200: 1, 409: RACERS - 1}
    lost = [answer.body for answer in answers if answer.status == 409]
    assert {(body["code"], body["current"]["version"]) for body in lost} == {("stale_version", 2)}
