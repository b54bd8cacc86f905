"""What a claimed letter says: what is true when it is sent, and what the patient was told last."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Location, MessageItem, Patient, Practitioner
from scheduler.usecases.messages import letters, outbox
from scheduler.usecases.messages.dispatch import Verdict, keep_outcomes
from tests.factories import NOW, at, make_appointment, make_world, save
from tests.usecases.messages.dispatching import (
    begin_sending,
    change,
    claim,
    fate,
    message,
    owe,
    owe_series,
    world_with,
)


def test_a_letter_holds_what_its_text_needs(context: Flask) -> None:
    world_with("confirmation")
    (letter,) = claim().letters
    assert (letter.recipient, letter.name, letter.locale, letter.sender.name) == (
        "paul.pain@mail.example",
        "Paul Pain",
        "en",
        "Needle Point",
    )
    (visit,) = letter.visits
    assert (visit.starts_at, visit.ends_at, visit.practitioner, visit.location, visit.room, visit.zone) == (
        at(9),
        at(9, 10, 30),
        "Petra Pin",
        "Mitte",
        "Room 1",
        "Europe/Berlin",
    )
    assert not letter.sender.several_zones


def test_locations_in_several_zones_ask_for_the_zones_name(context: Flask) -> None:
    world_with("confirmation")
    save(Location(name="London", zone="Europe/London"))
    assert claim().letters[0].sender.several_zones


def test_another_room_or_practitioner_is_told_as_it_is_when_sent(context: Flask) -> None:
    world, (appointment,) = world_with("reminder")
    change(appointment, room_id=world.room_ids[1], sequence=3)
    change(db.session.get_one(Practitioner, world.practitioner_id), family_name="Spitz")
    (letter,) = claim(at(9, 0)).letters
    assert (letter.visits[0].room, letter.visits[0].practitioner) == ("Room 2", "Petra Spitz")
    assert [item.sequence for item in message().items] == [3]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"email": None}, letters.NO_ADDRESS),
        ({"archived_at": NOW}, letters.NO_ADDRESS),
        ({"wants_reminders": False}, letters.NO_REMINDERS),
    ],
    ids=["no address", "archived", "no reminders"],
)
def test_what_became_of_the_patient_is_seen(context: Flask, changes: dict[str, Any], reason: str) -> None:
    world, _ = world_with("reminder")
    change(db.session.get_one(Patient, world.patient_id), **changes)
    assert claim(at(9, 0)).letters == []
    assert (message().state, message().server_reply) == ("cancelled", reason)


def test_a_corrected_address_is_used(context: Flask) -> None:
    world, _ = world_with("confirmation")
    change(db.session.get_one(Patient, world.patient_id), email="new@mail.example")
    assert [letter.recipient for letter in claim().letters] == ["new@mail.example"]
    assert message().recipient == "new@mail.example"


def test_a_series_leaves_out_what_is_cancelled_or_over_and_tells_new_starts(context: Flask) -> None:
    world = make_world()
    series = [make_appointment(world, at(day)) for day in (3, 9, 10, 11)]
    owe_series(series, now=NOW)
    change(series[1], status="cancelled", sequence=1)
    change(series[3], starts_at=at(11, 10, 5), sequence=1)
    claimed = claim(at(4))
    assert [visit.starts_at for visit in claimed.letters[0].visits] == [at(10), at(11, 10, 5)]
    assert [(item.appointment_id, item.starts_at, item.sequence) for item in message().items] == [
        (series[2].id, at(10), 0),
        (series[3].id, at(11, 10, 5), 1),
    ]
    assert begin_sending(claimed, claimed.letters[0], [], now=at(4))


def test_a_series_of_which_nothing_is_left_is_cancelled(context: Flask) -> None:
    world = make_world()
    series = [make_appointment(world, at(day)) for day in (9, 10)]
    owe_series(series, now=NOW)
    for row in series:
        change(row, status="cancelled")
    assert claim().letters == []
    assert (message().state, message().server_reply) == ("cancelled", letters.NONE_LEFT)


def test_later_mails_answer_the_confirmation(context: Flask) -> None:
    _, (appointment,) = world_with("confirmation")
    first = claim()
    assert first.letters[0].thread is None
    keep_outcomes(first, fate(first, Verdict.SENT), now=NOW)
    owe("reminder", appointment)
    assert [letter.thread for letter in claim(at(9, 0)).letters] == [message().message_id]


def test_a_change_knows_what_the_patient_was_told_last(context: Flask) -> None:
    _, (appointment,) = world_with("confirmation")
    first = claim()
    keep_outcomes(first, fate(first, Verdict.SENT), now=NOW)
    change(appointment, starts_at=at(9, 10, 10), sequence=1)
    owe("change", appointment)
    assert [letter.visits[0].previous_at for letter in claim().letters] == [at(9)]


def test_a_change_of_which_nothing_was_told_has_no_before(context: Flask) -> None:
    _, (appointment,) = world_with("confirmation")
    change(appointment, starts_at=at(9, 10, 10), sequence=1)
    owe("change", appointment)
    assert [letter.visits[0].previous_at for letter in claim().letters] == [None]


def test_a_change_that_another_mail_told_already_is_not_sent(context: Flask) -> None:
    world = make_world()
    series = [make_appointment(world, at(day)) for day in (9, 10)]
    owe_series(series, now=NOW)
    change(series[0], starts_at=at(9, 10, 10), sequence=1)
    first = claim()
    keep_outcomes(first, fate(first, Verdict.SENT), now=NOW)
    owe("change", series[0])
    assert claim().letters == []
    assert (message(1).state, message(1).server_reply) == ("cancelled", outbox.REPLACED)


def test_items_keep_what_was_told(context: Flask) -> None:
    _, (appointment,) = world_with("confirmation")
    claimed = claim()
    keep_outcomes(claimed, fate(claimed, Verdict.SENT), now=NOW)
    change(appointment, starts_at=at(9, 10, 5), sequence=1)
    claim(at(8))
    assert list(db.session.execute(select(MessageItem.starts_at, MessageItem.sequence))) == [(at(9), 0)]
