"""The dry run: what it foresees is what the clock will owe, and what is owed is in it once."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import Appointment, Clinic, Message, PlannedSession, Practitioner
from scheduler.usecases.messages.check_in_mails import owe_check_ins
from scheduler.usecases.messages.summaries import owe_summaries
from scheduler.usecases.messages.upcoming import Upcoming, list_upcoming
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_message, make_world, save
from tests.query_counter import count_queries

BOSS, PETRA, PAUL = "boss@clinic.example", "petra@clinic.example", "paul.pain@mail.example"
UNTIL = NOW + timedelta(days=7)


@pytest.fixture
def world(context: Flask) -> World:
    """A clinic that asks before sessions and wants the summary on Wednesdays at 08:00; Petra wants her day at 18:00."""
    world = make_world(
        asks_check_in=True, summary_recipients=[BOSS], summary_weekday=2, summary_minute=8 * 60
    )
    practitioner = db.session.get_one(Practitioner, world.practitioner_id)
    practitioner.email, practitioner.day_list_minute = PETRA, 18 * 60
    save(practitioner)
    return world


def place(world: World, *starts_at: datetime) -> None:
    """A plan with these sessions booked."""
    plan = prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=NOW.date(),
        phases=[PhaseWish(len(starts_at), 1, 2, 10, world.needling_id)],
        actor=RECEPTIONIST,
        now=NOW,
    )
    for number, start in enumerate(starts_at, start=1):
        planned = db.session.query(PlannedSession).filter_by(plan_id=plan.id, number=number).one()
        planned.status = "placed"
        make_appointment(world, start, planned_session_id=planned.id)


def foreseen() -> list[Upcoming]:
    db.session.rollback()
    return list_upcoming(now=NOW).items


def told(row: Upcoming) -> tuple[str, str, datetime, date | None]:
    return row.kind, row.recipient, row.goes_out_at, row.about_on


def test_what_is_not_owed_yet_is_foreseen(world: World) -> None:
    place(world, at(5), at(7, 9))
    assert [(*told(row), row.count, [visit.starts_at for visit in row.visits]) for row in foreseen()] == [
        ("weekly_summary", BOSS, at(4, 8), date(2026, 3, 4), None, []),
        ("check_in", PAUL, at(4), None, None, [at(5)]),
        ("day_list", PETRA, at(4, 18), date(2026, 3, 5), 1, []),
        ("check_in", PAUL, at(6, 9), None, None, [at(7, 9)]),
        ("day_list", PETRA, at(6, 18), date(2026, 3, 7), 1, []),
    ]


def test_all_of_it_is_counted_by_kind(world: World) -> None:
    place(world, at(5), at(7, 9))
    gone = make_appointment(world, at(6), status="cancelled")
    make_message(gone, due_at=at(5), next_attempt_at=at(5))
    db.session.rollback()
    found = list_upcoming(now=NOW, page_size=2)
    assert (len(found.items), found.total, found.held_back) == (2, 6, 1)
    assert list(found.by_kind.items()) == [("check_in", 2), ("day_list", 2), ("weekly_summary", 1)]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_clock_owes_just_what_was_foreseen(world: World) -> None:
    place(world, at(3, 8), at(5), at(7, 20), at(9, 9), at(10, 9))
    expected = {told(row) for row in foreseen()}
    now = NOW
    while now < UNTIL:
        owe_check_ins(now=now)
        owe_summaries(now=now)
        now += timedelta(hours=2)
    db.session.rollback()
    days = {3, 5, 7, 9, 10}
    owed = {
        (row.kind, row.recipient, row.due_at, row.about_on)
        for row in db.session.query(Message).filter(Message.due_at < UNTIL)
        if row.kind != "day_list" or row.about_on.day in days
    }
    assert owed == expected
    assert {kind for kind, *_ in owed} == {"check_in", "weekly_summary", "day_list"}


def test_what_is_owed_already_is_listed_once(world: World) -> None:
    place(world, at(3, 10))
    before = list(map(told, foreseen()))
    owe_check_ins(now=NOW)
    assert list(map(told, foreseen())) == before
    assert [row.kind for row in foreseen() if row.message is not None] == ["check_in"]


def test_who_is_reminded_or_wants_no_questions_is_not_asked(world: World) -> None:
    place(world, at(5), at(7))
    first = db.session.query(Appointment).filter_by(starts_at=at(5)).one()
    make_message(first, due_at=at(4), next_attempt_at=at(4))
    assert [row.goes_out_at for row in foreseen() if row.kind == "check_in"] == [at(6)]
    db.session.get_one(Clinic, 1).asks_check_in = False
    db.session.commit()
    assert [row.kind for row in foreseen() if row.kind == "check_in"] == []


def test_as_many_queries_for_many_as_for_few(world: World) -> None:
    def cost() -> int:
        with count_queries() as counter:
            foreseen()
        return counter.total

    place(world, at(3))
    few = cost()
    place(world, at(4), at(5), at(6))
    assert cost() == few
