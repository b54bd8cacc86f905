"""Mails to the clinic's own people: owed once when their time has come, worded from the board as it is when sent."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InvalidInput
from scheduler.extensions import db
from scheduler.models import Clinic, Message, Practitioner
from scheduler.usecases.messages import letters
from scheduler.usecases.messages.claims import claim_messages
from scheduler.usecases.messages.summaries import owe_summaries, set_summary, summaries_due
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_world, save

BOSS = "boss@clinic.example"


def owed() -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def world_with_summary(*recipients: str) -> World:
    """A clinic that wants the summary on Mondays at 08:00; it is Monday, 08:00."""
    world = make_world()
    set_summary(recipients=recipients or (BOSS,), weekday=0, minute=480, actor=RECEPTIONIST, now=NOW)
    return world


@pytest.mark.parametrize(
    ("now", "count"),
    [
        (NOW - timedelta(seconds=1), 0),
        (NOW, 1),
        (at(2, 23, 55), 1),
        (at(3, 0, 0), 0),
        (at(9, 8, 0), 1),
    ],
    ids=["too early", "on time", "late that day", "the day after", "the week after"],
)
def test_a_summary_is_owed_on_its_day_from_its_time_on(context: Flask, now: datetime, count: int) -> None:
    world_with_summary()
    assert summaries_due(now=now) == bool(count)
    assert owe_summaries(now=now) == count
    assert len(owed()) == count


def test_every_recipient_gets_one_a_week_however_often_clocks_look(context: Flask) -> None:
    world_with_summary(BOSS, "lead@clinic.example")
    assert [owe_summaries(now=NOW), owe_summaries(now=NOW + timedelta(minutes=10))] == [2, 0]
    assert not summaries_due(now=NOW)
    assert [(row.recipient, row.patient_id) for row in owed()] == [
        (BOSS, None),
        ("lead@clinic.example", None),
    ]
    assert owe_summaries(now=NOW + timedelta(days=7)) == 2


def test_the_summary_counts_who_is_behind_when_it_is_sent_and_shortens_names(context: Flask) -> None:
    world = world_with_summary()
    owe_summaries(now=NOW)
    prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=NOW.date() - timedelta(days=30),
        phases=[PhaseWish(sessions=3, min_days=6, ideal_days=7, max_days=8)],
        actor=RECEPTIONIST,
        now=NOW,
    )
    (letter,) = claim_messages(limit=10, now=NOW).letters
    assert letter.summary is not None
    assert (letter.summary.behind, letter.summary.overdue, letter.summary.without_next) == (1, 1, 1)
    (line,) = letter.summary.worst
    assert (line.who, line.number, line.sessions, line.has_next) == ("Paul P.", 1, 3, False)
    assert letter.recipient == BOSS


def test_a_summary_is_not_sent_to_who_was_struck_off_meanwhile_nor_on_another_day(context: Flask) -> None:
    world_with_summary(BOSS, "lead@clinic.example")
    owe_summaries(now=NOW)
    set_summary(recipients=[BOSS], weekday=0, minute=480, actor=RECEPTIONIST, now=NOW)
    assert [letter.recipient for letter in claim_messages(limit=1, now=NOW).letters] == [BOSS]
    assert claim_messages(limit=1, now=NOW).letters == []
    assert owed()[1].server_reply == letters.NOT_WANTED


def test_a_summary_that_could_not_be_sent_that_day_is_given_up(context: Flask) -> None:
    world_with_summary()
    owe_summaries(now=NOW)
    assert claim_messages(limit=1, now=at(3, 0, 0)).letters == []
    assert (owed()[0].state, owed()[0].server_reply) == ("cancelled", letters.TOO_LATE)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"recipients": ["not an address"]}, "summary_recipients"),
        ({"recipients": [f"a{number}@b.example" for number in range(11)]}, "summary_recipients"),
        ({"weekday": 7}, "summary_weekday"),
        ({"minute": 1440}, "summary_minute"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    context: Flask, wrong: dict[str, object], field: str
) -> None:
    make_world()
    values = {"recipients": [BOSS], "weekday": 0, "minute": 0} | wrong
    with pytest.raises(InvalidInput) as refused:
        set_summary(**values, actor=RECEPTIONIST, now=NOW)  # type: ignore[arg-type]
    assert refused.value.details["field"] == field
    assert db.session.get_one(Clinic, 1).summary_recipients == []


def world_with_day_list(minute: int) -> World:
    world = make_world()
    practitioner = db.session.get_one(Practitioner, world.practitioner_id)
    practitioner.email, practitioner.day_list_minute = "petra@clinic.example", minute
    save(practitioner)
    return world


@pytest.mark.parametrize(("minute", "day"), [(6 * 60, 3), (18 * 60, 4)], ids=["morning", "evening"])
def test_a_day_list_is_of_today_in_the_morning_and_of_tomorrow_later(
    context: Flask, minute: int, day: int
) -> None:
    world = world_with_day_list(minute)
    for at_ in (at(2), at(3), at(4), at(4, 15)):
        make_appointment(world, at_)
    assert owe_summaries(now=at(3, 5, 59)) == 0
    now = at(3, 18, 0) if day == 4 else at(3, 6, 0)
    assert [owe_summaries(now=now), owe_summaries(now=now)] == [1, 0]
    (letter,) = claim_messages(limit=10, now=now).letters
    assert letter.day is not None
    assert [line.starts_at for line in letter.day.lines] == ([at(4), at(4, 15)] if day == 4 else [at(3)])
    assert {(line.who, line.where) for line in letter.day.lines} == {("Paul P.", "Mitte, Room 1")}
    assert (letter.recipient, letter.name) == ("petra@clinic.example", "Petra Pin")


def test_an_empty_day_sends_no_list(context: Flask) -> None:
    world_with_day_list(0)
    owe_summaries(now=NOW)
    assert claim_messages(limit=10, now=NOW).letters == []
    assert owed()[0].server_reply == letters.NONE_LEFT
