"""Mails that failed or may not have arrived: sent again once, or seen to otherwise; tasks; what is upcoming."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, InvalidInput, NotFound
from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Message, Patient, Task, TaskKind
from scheduler.transaction import writing
from scheduler.usecases import tasks
from scheduler.usecases.messages import care as message_care
from scheduler.usecases.messages import outbox
from scheduler.usecases.messages.claims import claim_messages
from scheduler.usecases.messages.letters import NO_ADDRESS
from scheduler.usecases.messages.upcoming import list_upcoming
from scheduler.usecases.patients.registry import change_patient, read_details
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_world, save

owe_confirmation = writing(outbox.owe_confirmation)
owe_reminders = writing(outbox.owe_reminders)
write_task = writing(tasks.write_task)


def messages() -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def change(row: Any, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    save(row)


def world_with_failed(state: str = "failed") -> tuple[World, Appointment]:
    world = make_world()
    appointment = make_appointment(world, at(9))
    owe_confirmation(appointment, now=NOW)
    change(messages()[0], state=state, server_reply="550 no such user", attempts=1)
    return world, appointment


def send_again(number: int = 0) -> Message:
    return message_care.send_again(messages()[number].id, actor=RECEPTIONIST, now=NOW)


def unattended(now: datetime = NOW) -> list[int]:
    return [row.id for row in message_care.list_unattended(now=now).items]


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_sending_again_owes_another_mail_of_the_same(context: Flask, state: str) -> None:
    _, appointment = world_with_failed(state)
    again = send_again()
    first, second = messages()
    assert (first.state, first.handled_how, first.handled_at) == (state, "sent_again", NOW)
    assert (second.id, second.kind, second.state, second.due_at) == (again.id, "confirmation", "due", NOW)
    assert second.dedupe_key == f"again:{first.id}"
    assert second.message_id != first.message_id
    (letter,) = claim_messages(limit=10, now=NOW).letters
    assert [visit.appointment_id for visit in letter.visits] == [appointment.id]
    assert actions()[-1] == "message_sent_again"


def test_asking_twice_sends_once(context: Flask) -> None:
    world_with_failed()
    assert send_again().id == send_again().id
    assert len(messages()) == 2


def test_what_failed_again_is_sent_again_anew(context: Flask) -> None:
    world_with_failed()
    change(send_again(), state="failed")
    send_again(1)
    assert [message.state for message in messages()] == ["failed", "failed", "due"]


def test_a_corrected_address_is_noted_and_its_task_is_done(context: Flask) -> None:
    world, _ = world_with_failed()
    fields = {"fields": {"address": "Paul.Pain@mail.example"}}
    about = {"patient_id": world.patient_id, "note": "", "actor": RECEPTIONIST, "now": NOW}
    for kind, detail in ((TaskKind.ADDRESS, fields), (TaskKind.ADDRESS, {}), (TaskKind.CALL, fields)):
        write_task(kind, detail=detail, **about)  # type: ignore[arg-type]
    change(db.session.get_one(Patient, world.patient_id), email="right@mail.example")
    assert send_again().recipient == "right@mail.example"
    assert messages()[0].handled_how == "corrected"
    assert [task.done_at for task in db.session.scalars(select(Task).order_by(Task.id))] == [NOW, None, None]


@pytest.mark.parametrize(
    ("email", "is_open"), [("paul@other.example", False), (None, False), ("PAUL.pain@mail.example", True)]
)
def test_another_address_of_the_patient_does_the_task_about_the_old_one(
    context: Flask, email: str | None, is_open: bool
) -> None:
    world = make_world()
    about = {"patient_id": world.patient_id, "note": "", "actor": RECEPTIONIST, "now": NOW}
    for kind, detail in (
        (TaskKind.ADDRESS, {"fields": {"address": "paul.pain@mail.example"}}),
        (TaskKind.ADDRESS, {"fields": {"address": "pain@old.example"}}),
        (TaskKind.ADDRESS, {}),
    ):
        write_task(kind=kind, detail=detail, **about)
    patient = db.session.get_one(Patient, world.patient_id)
    details = replace(read_details(world.patient_id), email=email)
    change_patient(world.patient_id, details, version=patient.version, actor=RECEPTIONIST, now=NOW)
    db.session.rollback()
    rows = db.session.scalars(select(Task).order_by(Task.id))
    assert [row.done_at is None for row in rows] == [is_open, True, True]


@pytest.mark.parametrize("state", ["due", "claimed", "sending", "sent", "cancelled"])
def test_only_what_failed_or_is_unknown_is_sent_again(context: Flask, state: str) -> None:
    world_with_failed(state)
    with pytest.raises(Conflict):
        send_again()
    with pytest.raises(Conflict):
        message_care.note_called(messages()[0].id, actor=RECEPTIONIST, now=NOW)
    assert len(messages()) == 1


def test_what_is_not_true_any_more_is_not_sent_again(context: Flask) -> None:
    _, appointment = world_with_failed()
    change(appointment, status="cancelled")
    with pytest.raises(Conflict) as refused:
        send_again()
    assert str(refused.value) == "This mail is not sent again: The appointment was cancelled."
    assert messages()[0].handled_at is None


def test_a_patient_without_an_address_is_sent_nothing_again(context: Flask) -> None:
    world, _ = world_with_failed()
    change(db.session.get_one(Patient, world.patient_id), email=None)
    with pytest.raises(Conflict, match=NO_ADDRESS):
        send_again()


def test_who_was_called_is_off_the_list(context: Flask) -> None:
    world_with_failed()
    assert unattended() == [messages()[0].id]
    for later in (0, 5):
        message_care.note_called(messages()[0].id, actor=RECEPTIONIST, now=NOW + timedelta(minutes=later))
    assert unattended() == []
    assert (messages()[0].handled_how, messages()[0].handled_at) == ("called", NOW)
    assert actions().count("message_called_instead") == 1


def test_what_has_begun_needs_no_care_any_more(context: Flask) -> None:
    world_with_failed()
    assert (len(unattended(at(9) - timedelta(minutes=1))), len(unattended(at(9)))) == (1, 0)


def test_messages_that_are_not_there_are_not_found(context: Flask) -> None:
    make_world()
    with pytest.raises(NotFound):
        message_care.send_again(99, actor=RECEPTIONIST, now=NOW)


def add_task(world: World, **changes: Any) -> Task:
    values = {"kind": "call", "patient_id": world.patient_id, "note": "Ask for the insurance card."} | changes
    return tasks.add_task(**values, actor=RECEPTIONIST, now=NOW)


def test_a_task_is_open_until_it_is_done(context: Flask) -> None:
    world = make_world()
    task = add_task(world, appointment_id=make_appointment(world, at(9)).id)
    assert ([row.id for row in tasks.list_tasks().items], tasks.count_open_tasks()) == ([task.id], 1)
    for later in (1, 2):
        tasks.finish_task(task.id, actor=RECEPTIONIST, now=NOW + timedelta(minutes=later))
    assert (tasks.list_tasks().items, tasks.count_open_tasks()) == ([], 0)
    (done,) = tasks.list_tasks(done=True, patient_id=world.patient_id).items
    assert (done.done_by, done.done_at) == ("Rita Reception", NOW + timedelta(minutes=1))
    assert actions() == ["task_added", "task_done"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "party"}, "kind"),
        ({"note": " "}, "note"),
        ({"note": "x" * 1001}, "note"),
        ({"appointment_id": 99}, "appointment_id"),
    ],
)
def test_tasks_that_make_no_sense_are_refused(context: Flask, wrong: dict[str, object], field: str) -> None:
    world = make_world()
    with pytest.raises(InvalidInput) as refused:
        add_task(world, **wrong)
    assert refused.value.details["field"] == field


def test_a_task_is_about_somebody_who_is_there(context: Flask) -> None:
    world = make_world()
    with pytest.raises(NotFound):
        add_task(world, patient_id=99)
    with pytest.raises(NotFound):
        tasks.finish_task(99, actor=RECEPTIONIST, now=NOW)


def upcoming() -> list[tuple[str, str, tuple[Any, ...], str]]:
    db.session.rollback()
    return [
        (row.kind, row.goes_out_at.isoformat(), tuple(visit.starts_at for visit in row.visits), row.why_not)
        for row in list_upcoming(now=NOW).items
    ]


def test_what_would_go_out_in_a_week_is_listed_as_it_would_be_sent(context: Flask) -> None:
    world = make_world(reminder_offsets_minutes=[1440])
    rows = [make_appointment(world, day) for day in (at(5), at(5, 15), at(6), at(20))]
    owe_confirmation(rows[0], now=NOW)
    owe_reminders(rows, now=NOW)
    rows[2].status = "cancelled"
    db.session.commit()
    assert upcoming() == [
        ("confirmation", NOW.isoformat(), (at(5),), ""),
        ("reminder", (at(5) - timedelta(days=1)).isoformat(), (at(5), at(5, 15)), ""),
        ("reminder", (at(6) - timedelta(days=1)).isoformat(), (at(6),), outbox.CANCELLED),
    ]
    assert {message.state for message in messages()} == {"due"}


def test_a_patients_own_offsets_and_wishes_count(context: Flask) -> None:
    world = make_world(reminder_offsets_minutes=[1440])
    patient = db.session.get_one(Patient, world.patient_id)
    change(patient, reminder_offsets_minutes=[2880, 120])
    row = make_appointment(world, at(6))
    owe_reminders([row], now=NOW)
    assert [message.offset_minutes for message in messages()] == [2880, 120]
    change(patient, muted_kinds=["reminder"])
    assert {why_not for *_, why_not in upcoming()} == {"The patient does not want mails of this kind."}
