"""What is owed to whom when something is booked, changed or cancelled, and what is withdrawn."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from scheduler.extensions import db
from scheduler.models import Appointment, MessageItem, Patient
from scheduler.transaction import writing
from scheduler.usecases.messages import outbox
from tests.factories import NOW, at, make_appointment, make_patient, make_world
from tests.usecases.messages.owing import (
    change,
    messages,
    owe_cancellation,
    owe_change,
    owe_confirmation,
    owe_reminders,
    owe_series_confirmation,
    owed,
)


def test_a_confirmation_is_due_at_once_and_pointless_at_the_start(context: Flask) -> None:
    world = make_world()
    appointment = make_appointment(world, at(5))
    owe_confirmation(appointment, now=NOW)
    (message,) = messages()
    assert (message.kind, message.state, message.due_at, message.next_attempt_at, message.pointless_at) == (
        "confirmation",
        "due",
        NOW,
        NOW,
        at(5),
    )
    assert (message.patient_id, message.recipient) == (world.patient_id, "paul.pain@mail.example")
    assert [(item.appointment_id, item.sequence, item.starts_at) for item in message.items] == [
        (appointment.id, 0, at(5))
    ]


def test_a_series_is_confirmed_by_one_mail_that_lasts_until_its_last_start(context: Flask) -> None:
    world = make_world()
    series = [make_appointment(world, at(day)) for day in (9, 5, 12)]
    owe_series_confirmation(series, now=NOW)
    (message,) = messages()
    assert (message.kind, message.pointless_at) == ("series_confirmation", at(12))
    assert sorted(item.appointment_id for item in message.items) == [row.id for row in series]


def test_a_series_of_one_is_confirmed_as_a_single_appointment(context: Flask) -> None:
    owe_series_confirmation([make_appointment(make_world(), at(5))], now=NOW)
    assert owed() == [("confirmation", "due")]


def test_the_same_mail_is_never_owed_twice(context: Flask) -> None:
    appointment = make_appointment(make_world(), at(9))
    for _ in range(2):
        owe_confirmation(appointment, now=NOW)
        owe_reminders([appointment], now=NOW)
    assert owed() == [("confirmation", "due"), ("reminder", "due"), ("reminder", "due")]
    assert len(db.session.scalars(select(MessageItem)).all()) == 3


def test_no_two_messages_share_a_message_id(context: Flask) -> None:
    world = make_world()
    owe_reminders([make_appointment(world, at(day)) for day in range(9, 20)], now=NOW)
    ids = [message.message_id for message in messages()]
    assert (len(ids), len(set(ids))) == (22, 22)


@pytest.mark.parametrize(
    "patient", [{"email": None}, {"email": ""}, {"archived_at": NOW}], ids=["no address", "empty", "archived"]
)
def test_nothing_is_owed_to_those_who_cannot_be_written_to(context: Flask, patient: dict[str, Any]) -> None:
    world = make_world()
    change(db.session.get_one(Patient, world.patient_id), **patient)
    appointment = make_appointment(world, at(9))
    owe_confirmation(appointment, now=NOW)
    owe_reminders([appointment], now=NOW)
    owe_change(appointment, now=NOW)
    owe_cancellation(appointment, now=NOW)
    owe_series_confirmation([appointment, make_appointment(world, at(10))], now=NOW)
    assert owed() == []


def test_who_wants_no_reminders_gets_confirmations_all_the_same(context: Flask) -> None:
    world = make_world()
    change(db.session.get_one(Patient, world.patient_id), wants_reminders=False)
    appointment = make_appointment(world, at(9))
    owe_confirmation(appointment, now=NOW)
    owe_reminders([appointment], now=NOW)
    assert owed() == [("confirmation", "due")]


@pytest.mark.parametrize("owe", [owe_confirmation, owe_change, owe_cancellation])
def test_nothing_is_owed_about_what_has_begun(context: Flask, owe: Callable[..., None]) -> None:
    owe(make_appointment(make_world(), at(5)), now=at(5))
    assert owed() == []


def test_a_series_with_a_past_start_is_confirmed_for_the_rest(context: Flask) -> None:
    world = make_world()
    series = [make_appointment(world, at(day)) for day in (3, 9, 12)]
    owe_series_confirmation(series, now=at(4))
    (message,) = messages()
    assert sorted(item.appointment_id for item in message.items) == [row.id for row in series[1:]]


def test_reminders_follow_the_clinics_policy(context: Flask) -> None:
    world = make_world(reminder_offsets_minutes=[2880, 180])
    owe_reminders([make_appointment(world, at(9))], now=NOW)
    assert [(row.offset_minutes, row.due_at, row.pointless_at) for row in messages()] == [
        (2880, at(7), at(9)),
        (180, at(8, 20, 55), at(9)),  # 07:00 is quiet: the evening before
    ]


def test_quiet_hours_are_those_of_the_patient(context: Flask) -> None:
    world = make_world(reminder_offsets_minutes=[1440])
    change(db.session.get_one(Patient, world.patient_id), zone="America/New_York")
    owe_reminders([make_appointment(world, at(9))], now=NOW)
    (message,) = messages()
    assert message.due_at == datetime(2026, 3, 8, 1, 55, tzinfo=UTC)  # 20:55 on the 7th in New York


def test_an_empty_policy_owes_no_reminders(context: Flask) -> None:
    owe_reminders([make_appointment(make_world(reminder_offsets_minutes=[]), at(9))], now=NOW)
    assert owed() == []


def test_owing_takes_as_many_statements_for_twelve_as_for_one(context: Flask) -> None:
    world = make_world()
    series = [make_appointment(world, at(day), sequence=1) for day in range(9, 21)]
    assert statements_for(series[:1]) == statements_for(series[1:])


def statements_for(series: list[Appointment]) -> int:
    statements: list[str] = []

    def note(*args: Any) -> None:
        statements.append(args[2])

    @writing
    def owe(session: Any) -> None:
        for row in series:
            session.refresh(row)
        event.listen(db.engine, "before_cursor_execute", note)
        outbox.owe_series_confirmation(session, series, now=NOW)
        outbox.owe_reminders(session, series, now=NOW)

    try:
        owe()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(statements)


def test_a_transaction_that_fails_owes_nothing(context: Flask) -> None:
    appointment = make_appointment(make_world(), at(9))

    @writing
    def book_and_fail(session: Any) -> None:
        outbox.owe_confirmation(session, appointment, now=NOW)
        raise KeyError

    with pytest.raises(KeyError):
        book_and_fail()
    assert owed() == []


def test_reminders_of_several_patients_go_to_each(context: Flask) -> None:
    world, paula = make_world(), make_patient("Paula")
    rows = [make_appointment(world, at(9)), make_appointment(world, at(10), patient_id=paula.id)]
    owe_reminders(rows, now=NOW)
    assert {(row.patient_id, row.recipient) for row in messages()} == {
        (world.patient_id, "paul.pain@mail.example"),
        (paula.id, "paula.pain@mail.example"),
    }
