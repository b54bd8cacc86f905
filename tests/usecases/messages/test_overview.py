"""Looking at the outbox."""

from datetime import timedelta

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.usecases.messages.overview import count_messages, list_messages
from tests.factories import NOW, at, make_appointment, make_message, make_patient, make_world
from tests.query_counter import count_queries


def test_the_latest_that_became_something_come_first_and_then_what_goes_out_next(context: Flask) -> None:
    appointment = make_appointment(make_world(), at(3))
    hours = {"sent": (-9, -1), "due": (90, 1), "failed": (-2,), "sending": (0,), "cancelled": (50, 70)}
    made = {
        (state, hour): make_message(appointment, state=state, due_at=NOW + timedelta(hours=hour)).id
        for state, several in hours.items()
        for hour in several
    }
    done = [("sent", -1), ("failed", -2), ("sent", -9)]
    waiting = [("sending", 0), ("due", 1), ("due", 90)]
    not_needed = [("cancelled", 70), ("cancelled", 50)]
    found = list_messages()
    assert [row.id for row in found.items] == [made[key] for key in (*done, *waiting, *not_needed)]
    assert [row.id for row in list_messages(page=2, page_size=3).items] == [made[key] for key in waiting]
    assert found.total == 8


def test_messages_are_found_by_state_patient_and_appointment(context: Flask) -> None:
    world = make_world()
    other = make_patient("Other")
    mine = make_appointment(world, at(3))
    others = make_appointment(world, at(4), patient_id=other.id)
    sent, due = make_message(mine, state="sent").id, make_message(mine).id
    foreign = make_message(others).id
    found = {
        "sent": list_messages(state="sent"),
        "due": list_messages(state="due"),
        "other": list_messages(patient_id=other.id),
        "mine": list_messages(appointment_id=mine.id),
        "none": list_messages(state="sent", patient_id=other.id),
    }
    assert {name: {row.id for row in page.items} for name, page in found.items()} == {
        "sent": {sent},
        "due": {due, foreign},
        "other": {foreign},
        "mine": {sent, due},
        "none": set(),
    }


def test_messages_are_counted_by_state(context: Flask) -> None:
    appointment = make_appointment(make_world(), at(3))
    for state in ("sent", "sent", "failed"):
        make_message(appointment, state=state)
    assert count_messages() == {"sent": 2, "failed": 1}


@pytest.mark.parametrize("number", [1, 20])
def test_a_page_costs_the_same_queries_however_many_messages(context: Flask, number: int) -> None:
    appointment = make_appointment(make_world(), at(3))
    for _ in range(number):
        make_message(appointment)
    db.session.expunge_all()
    with count_queries() as counter:
        names = [(row.patient.name, len(row.items)) for row in list_messages().items]
    assert (names, counter.total) == ([("Paul Pain", 1)] * number, 3)
