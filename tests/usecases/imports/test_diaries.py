"""Diaries of other programs as absences or as appointments, followed when they are brought in again."""

from datetime import datetime

import pytest
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import TimeOff
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.imports.diary import DiaryChoices, check_diary, import_diary
from tests.factories import NOW, World, at, make_appointment, make_world, save
from tests.usecases.imports.support import NINE, calendar

WEEKLY = NINE + "SUMMARY:Paul Pain\nRRULE:FREQ=WEEKLY;COUNT=3"


@pytest.fixture
def world(context: object) -> World:
    return make_world()


def spans() -> list[tuple[datetime, str]]:
    rows = db.session.scalars(select(TimeOff).order_by(TimeOff.starts_at))
    return [(row.starts_at, row.reason) for row in rows]


def test_a_diary_becomes_absences_and_is_followed_when_an_entry_moves(world: World) -> None:
    make_appointment(world, at(23, 9))
    choices = DiaryChoices(world.practitioner_id)
    report = import_diary(
        calendar(WEEKLY, NINE + "CLASS:PRIVATE\nSUMMARY:secret"), choices, actor=COMMAND, now=NOW
    )
    assert report.counts["new"] == 3
    assert [sentence % details for sentence, details in report.notes] == [
        "Absences that overlap booked appointments, which somebody must move or cancel: 2."
    ]
    assert spans() == [(at(23, 9), "Paul Pain"), (at(30, 9), "Paul Pain"), (at(6, 9, month=4), "Paul Pain")]
    again = import_diary(calendar(WEEKLY), choices, actor=COMMAND, now=NOW)
    assert again.counts == {"new": 0, "updated": 0, "unchanged": 3, "left_out": 0}
    longer = calendar(WEEKLY.replace("DTEND;TZID=Europe/Berlin:20260323T100000", "DURATION:PT2H"))
    assert import_diary(longer, choices, actor=COMMAND, now=NOW).counts["updated"] == 3
    assert len(spans()) == 3


def test_a_diary_becomes_appointments_of_the_patients_it_names(world: World) -> None:
    choices = DiaryChoices(world.practitioner_id, "appointments", appointment_type_id=world.review_id)
    data = calendar(
        WEEKLY, NINE.replace("0323", "0324") + "SUMMARY:Team meeting", "DTSTART;VALUE=DATE:20260325"
    )
    report = check_diary(data, choices, now=NOW)
    assert {(one.column, one.value) for one in report.problems} == {
        ("SUMMARY", "Team meeting"),
        ("SUMMARY", ""),
    }
    done = import_diary(data, choices, only_good=True, actor=COMMAND, now=NOW)
    assert (done.written, done.counts["new"], done.counts["left_out"]) == (True, 3, 2)
    again = import_diary(data, choices, only_good=True, actor=COMMAND, now=NOW)
    assert (again.counts["new"], again.counts["unchanged"]) == (0, 3)


def test_an_absence_that_was_there_already_is_not_doubled(world: World) -> None:
    save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(23, 9), ends_at=at(23, 10)))
    report = import_diary(calendar(NINE), DiaryChoices(world.practitioner_id), actor=COMMAND, now=NOW)
    assert report.counts == {"new": 0, "updated": 0, "unchanged": 1, "left_out": 0}
