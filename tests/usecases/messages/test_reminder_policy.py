"""Waiting reminders follow the clinic's policy and the patient's choice: exactly once, and none is lost."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InvalidInput
from scheduler.extensions import db
from scheduler.models import Appointment, Clinic, Message, Patient
from scheduler.transaction import writing
from scheduler.usecases.actors import CLOCK, COMMAND
from scheduler.usecases.appointments.changing import move_appointment
from scheduler.usecases.clinic.settings import ReminderWishes, change_reminders, reminders_stamp
from scheduler.usecases.messages import outbox, reminder_policy
from scheduler.usecases.messages.reminder_policy import follow_policy, policy_is_new
from scheduler.usecases.messages.upcoming import list_upcoming
from scheduler.usecases.patients.registry import change_patient, read_details
from tests.factories import NOW, World, at, make_appointment, make_patient, make_world
from tests.mail.support import change

owe_reminders = writing(outbox.owe_reminders)
DAY = 1440


@pytest.fixture
def world(context: Flask) -> World:
    return make_world(reminder_offsets_minutes=[3 * DAY, DAY])


@pytest.fixture
def appointment(world: World) -> Appointment:
    row = make_appointment(world, at(20), created_at=NOW, changed_at=NOW)
    owe_reminders([row], now=NOW)
    return row


def reminders(state: str = "due") -> list[tuple[int | None, datetime]]:
    db.session.rollback()
    query = select(Message).where(Message.kind == "reminder", Message.state == state)
    return [(row.offset_minutes, row.due_at) for row in db.session.scalars(query.order_by(Message.due_at))]


def set_policy(*offsets: int, quiet: tuple[int, int] = (21 * 60, 8 * 60), now: datetime = NOW) -> None:
    clinic = db.session.get_one(Clinic, 1)
    wishes = ReminderWishes(offsets, *quiet, 120)
    change_reminders(wishes, seen=reminders_stamp(clinic), actor=COMMAND, now=now)


def follow(now: datetime = NOW) -> int:
    """What the job does; how many appointments it looked at."""
    count = 0
    while policy_is_new():
        count += follow_policy(actor=CLOCK, now=now)
    return count


def choose(patient_id: int, *, now: datetime = NOW, **choice: Any) -> None:
    patient = db.session.get_one(Patient, patient_id)
    details = replace(read_details(patient_id), **choice)
    change_patient(patient_id, details, version=patient.version, actor=COMMAND, now=now)


def test_without_a_change_there_is_nothing_to_follow(appointment: Appointment) -> None:
    assert (policy_is_new(), follow()) == (False, 0)


def test_another_policy_takes_back_moves_and_adds(appointment: Appointment) -> None:
    assert reminders() == [(3 * DAY, at(17)), (DAY, at(19))]
    set_policy(2 * DAY, DAY, quiet=(9 * 60, 12 * 60))
    assert follow() == 1
    assert reminders() == [(2 * DAY, at(18, 8, 55)), (DAY, at(19, 8, 55))]
    assert [offset for offset, _ in reminders("cancelled")] == [3 * DAY]


def test_following_twice_changes_nothing(appointment: Appointment) -> None:
    set_policy(2 * DAY)
    follow()
    before = reminders(), reminders("cancelled")
    assert (policy_is_new(), follow_policy(actor=CLOCK, now=NOW)) == (False, 0)
    assert (reminders(), reminders("cancelled")) == before


def test_what_was_taken_back_waits_again_when_it_is_wanted_again(appointment: Appointment) -> None:
    set_policy()
    follow()
    assert reminders() == []
    set_policy(3 * DAY, DAY)
    follow()
    assert reminders() == [(3 * DAY, at(17)), (DAY, at(19))]
    assert reminders("cancelled") == []


@pytest.mark.parametrize("state", ["sent", "unknown", "failed", "claimed", "sending"])
def test_what_went_out_or_is_going_is_left_and_not_owed_again(appointment: Appointment, state: str) -> None:
    row = db.session.scalars(select(Message).where(Message.offset_minutes == 3 * DAY)).one()
    change(row, state=state)
    set_policy(DAY)
    follow()
    set_policy(3 * DAY, DAY)
    follow()
    assert [offset for offset, _ in reminders(state)] == [3 * DAY]
    assert [offset for offset, _ in reminders()] == [DAY]


def test_a_reminder_whose_new_time_has_passed_is_not_lost(appointment: Appointment) -> None:
    now = at(19, 9, 30)
    set_policy(DAY, quiet=(9 * 60, 12 * 60), now=now)
    follow(now)
    assert reminders() == [(DAY, at(19))]


def test_all_appointments_follow_in_chunks_that_a_crash_does_not_lose(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(reminder_policy, "CHUNK", 2)
    for day in range(10, 15):
        row = make_appointment(world, at(day), created_at=NOW, changed_at=NOW)
        owe_reminders([row], now=NOW)
    set_policy(2 * DAY)
    assert follow_policy(actor=CLOCK, now=NOW) == 2
    assert [offset for offset, _ in reminders()].count(2 * DAY) == 2
    assert policy_is_new()
    assert follow() == 3
    assert reminders() == [(2 * DAY, at(day - 2)) for day in range(10, 15)]


def test_another_change_meanwhile_begins_anew(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setattr(reminder_policy, "CHUNK", 1)
    for day in (10, 11):
        owe_reminders([make_appointment(world, at(day), created_at=NOW, changed_at=NOW)], now=NOW)
    set_policy(2 * DAY)
    follow_policy(actor=CLOCK, now=NOW)
    set_policy(DAY)
    assert follow() == 2
    assert reminders() == [(DAY, at(9)), (DAY, at(10))]


def test_a_patients_own_times_replace_the_clinics_and_back(appointment: Appointment, world: World) -> None:
    choose(world.patient_id, email="paul@mail.example", reminder_offsets_minutes=(120,))
    assert reminders() == [(120, at(20, 8))]
    choose(world.patient_id, reminder_offsets_minutes=None)
    assert reminders() == [(3 * DAY, at(17)), (DAY, at(19))]


def test_a_policy_leaves_patients_with_their_own_times_alone(appointment: Appointment, world: World) -> None:
    choose(world.patient_id, reminder_offsets_minutes=(120,))
    set_policy(5 * DAY)
    follow()
    assert reminders() == [(120, at(20, 8))]


def test_reminders_switched_off_and_on_again(appointment: Appointment, world: World) -> None:
    choose(world.patient_id, wants_reminders=False)
    assert reminders() == []
    choose(world.patient_id, wants_reminders=True)
    assert reminders() == [(3 * DAY, at(17)), (DAY, at(19))]


def test_quiet_hours_are_those_of_the_patients_zone(world: World) -> None:
    far = make_patient("Ada", "Far", email="ada@mail.example", zone="America/New_York")
    row = make_appointment(world, at(20), patient_id=far.id, created_at=NOW, changed_at=NOW)
    owe_reminders([row], now=NOW)
    set_policy(DAY)
    follow()
    local = reminders()[0][1]
    assert local == at(19, 1, 55)  # 20:55 there, the last tick before it is quiet
    assert at(20) - local > timedelta(days=1)


def test_reminders_move_out_of_the_night_where_the_patient_lives(
    appointment: Appointment, world: World
) -> None:
    choose(world.patient_id, zone="America/New_York")
    assert reminders() == [(3 * DAY, at(17, 1, 55)), (DAY, at(19, 1, 55))]
    with pytest.raises(InvalidInput, match="is no time zone"):
        choose(world.patient_id, zone="Mars/Olympus")
    choose(world.patient_id, zone=None)
    assert reminders() == [(3 * DAY, at(17)), (DAY, at(19))]


def test_the_dry_run_shows_what_was_chosen(world: World) -> None:
    row = make_appointment(world, at(6), created_at=NOW, changed_at=NOW)
    owe_reminders([row], now=NOW)
    choose(world.patient_id, reminder_offsets_minutes=(2 * DAY,))
    db.session.rollback()
    assert [each.goes_out_at for each in list_upcoming(now=NOW, days=30).items] == [at(4)]
    set_policy()
    follow()
    assert [each.goes_out_at for each in list_upcoming(now=NOW, days=30).items] == [at(4)]
    choose(world.patient_id, wants_reminders=False)
    assert list_upcoming(now=NOW, days=30).items == []


@pytest.mark.parametrize("kind", ["change", "series_changed", "cancellation", "reminder"])
def test_what_must_be_told_cannot_be_switched_off(world: World, kind: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        choose(world.patient_id, muted_kinds=(kind,))
    assert refusal.value.details["field"] == "muted_kinds"


def test_a_move_keeps_the_patients_own_times(world: World) -> None:
    choose(world.patient_id, reminder_offsets_minutes=(2 * DAY,))
    row = make_appointment(world, at(10), created_at=NOW, changed_at=NOW)
    owe_reminders([row], now=NOW)
    moved = move_appointment(row.id, starts_at=at(12), version=row.version, actor=COMMAND, now=NOW)
    assert moved.starts_at == at(12)
    assert reminders() == [(2 * DAY, at(10))]
