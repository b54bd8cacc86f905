"""What is owed when an appointment is moved or cancelled: nothing that is not true any more."""

import pytest
from flask import Flask

from scheduler.usecases.messages import outbox
from tests.factories import NOW, at, make_appointment, make_world
from tests.usecases.messages.owing import (
    change,
    messages,
    move,
    owe_cancellation,
    owe_change,
    owe_confirmation,
    owe_reminders,
    owe_series_confirmation,
    owed,
    withdraw_messages,
)


def test_moving_withdraws_what_tells_the_old_start(context: Flask) -> None:
    appointment = make_appointment(make_world(), at(9))
    owe_confirmation(appointment, now=NOW)
    owe_reminders([appointment], now=NOW)
    move(appointment, at(10))
    withdraw_messages(appointment, now=NOW)
    assert owed() == [("confirmation", "cancelled"), ("reminder", "cancelled"), ("reminder", "cancelled")]
    assert {row.server_reply for row in messages()} == {outbox.MOVED}


def test_moving_back_and_forth_owes_the_reminders_anew(context: Flask) -> None:
    appointment = make_appointment(make_world(), at(9))
    for day in (9, 10, 9):
        if appointment.starts_at != at(day):
            move(appointment, at(day))
        withdraw_messages(appointment, now=NOW)
        owe_reminders([appointment], now=NOW)
    assert [(row.state, row.due_at) for row in messages()] == [
        ("cancelled", at(6)),
        ("cancelled", at(8)),
        ("cancelled", at(7)),
        ("cancelled", at(9)),
        ("due", at(6)),
        ("due", at(8)),
    ]


def test_another_room_leaves_confirmation_and_reminders_as_they_are(context: Flask) -> None:
    world = make_world()
    appointment = make_appointment(world, at(9))
    owe_confirmation(appointment, now=NOW)
    owe_reminders([appointment], now=NOW)
    change(appointment, room_id=world.room_ids[1], sequence=1)
    withdraw_messages(appointment, now=at(8, 9))  # an hour before the last reminder
    owe_reminders([appointment], now=at(8, 9))
    assert owed() == [("confirmation", "due"), ("reminder", "due"), ("reminder", "due")]


def test_a_change_replaces_what_was_not_sent_yet(context: Flask) -> None:
    appointment = make_appointment(make_world(), at(9))
    owe_confirmation(appointment, now=NOW)
    for day in (10, 11):
        move(appointment, at(day))
        owe_change(appointment, now=NOW)
    assert owed() == [("confirmation", "cancelled"), ("change", "cancelled"), ("change", "due")]


def test_cancelling_withdraws_everything_unsent_and_owes_the_cancellation(context: Flask) -> None:
    appointment = make_appointment(make_world(), at(9))
    owe_confirmation(appointment, now=NOW)
    owe_reminders([appointment], now=NOW)
    change(appointment, status="cancelled", sequence=1)
    withdraw_messages(appointment, now=NOW)
    owe_cancellation(appointment, now=NOW)
    assert [state for kind, state in owed() if kind != "cancellation"] == ["cancelled"] * 3
    assert owed()[-1] == ("cancellation", "due")


@pytest.mark.parametrize("state", ["sending", "sent", "unknown", "failed"])
def test_what_left_the_house_is_not_withdrawn(context: Flask, state: str) -> None:
    appointment = make_appointment(make_world(), at(9))
    owe_confirmation(appointment, now=NOW)
    change(messages()[0], state=state)
    change(appointment, status="cancelled")
    withdraw_messages(appointment, now=NOW)
    assert owed() == [("confirmation", state)]


def test_a_claimed_message_can_still_be_withdrawn(context: Flask) -> None:
    appointment = make_appointment(make_world(), at(9))
    owe_confirmation(appointment, now=NOW)
    change(messages()[0], state="claimed", claimed_by="somebody")
    change(appointment, status="cancelled")
    withdraw_messages(appointment, now=NOW)
    assert [(row.state, row.claimed_by) for row in messages()] == [("cancelled", None)]


def test_the_confirmation_of_a_series_outlives_the_loss_of_one_appointment(context: Flask) -> None:
    world = make_world()
    series = [make_appointment(world, at(day)) for day in (5, 9)]
    owe_series_confirmation(series, now=NOW)
    change(series[0], status="cancelled")
    withdraw_messages(series[0], now=NOW)
    assert owed() == [("series_confirmation", "due")]


def test_messages_of_other_appointments_are_left_alone(context: Flask) -> None:
    world = make_world()
    ours, other = make_appointment(world, at(9)), make_appointment(world, at(10))
    owe_confirmation(ours, now=NOW)
    owe_confirmation(other, now=NOW)
    change(ours, status="cancelled")
    withdraw_messages(ours, now=NOW)
    assert owed() == [("confirmation", "cancelled"), ("confirmation", "due")]
