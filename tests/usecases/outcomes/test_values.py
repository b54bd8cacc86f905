"""Outcomes: what may be entered, whether a plan helps, and what patients are asked before a session."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from scheduler.errors import Conflict, InvalidInput, NotFound
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AuditEntry,
    Clinic,
    Message,
    Outcome,
    Patient,
    PlannedSession,
    TreatmentPlan,
)
from scheduler.usecases.messages.check_in_mails import check_ins_due, owe_check_ins
from scheduler.usecases.outcomes.courses import is_better, plans_no_better, review_points
from scheduler.usecases.outcomes.values import hit6_totals, list_outcomes, record_outcome
from scheduler.usecases.patient_side.check_in import answer_check_in, question_for
from scheduler.usecases.patient_side.links import patient_actor
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.factories import (
    NOW,
    RECEPTIONIST,
    World,
    at,
    make_appointment,
    make_message,
    make_patient,
    make_world,
)
from tests.query_counter import count_queries

TODAY = date(2026, 3, 2)


@pytest.fixture
def world(context: Flask) -> World:
    return make_world(asks_check_in=True)


def make_plan(world: World, sessions: int = 6) -> TreatmentPlan:
    return prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=TODAY - timedelta(days=60),
        phases=[PhaseWish(sessions, 3, 7, 10, world.needling_id)],
        actor=RECEPTIONIST,
        now=NOW,
    )


def fill(world: World, plan: TreatmentPlan, number: int, days: int, status: str = "completed") -> Appointment:
    """Session ``number`` so many days from now at 13:00 in Berlin (six hours after NOW)."""
    planned = db.session.query(PlannedSession).filter_by(plan_id=plan.id, number=number).one()
    row = make_appointment(
        world, NOW + timedelta(days=days, hours=5), planned_session_id=planned.id, status=status
    )
    planned.status = "completed" if status == "completed" else "placed"
    db.session.commit()
    return row


def say(world: World, measure: str, value: int, days: int = 0) -> Outcome:
    on = TODAY + timedelta(days=days)
    return record_outcome(
        world.patient_id, measure=measure, value=value, measured_on=on, actor=RECEPTIONIST, now=NOW
    )


def treated(world: World, pain: Sequence[int]) -> TreatmentPlan:
    """A plan whose sessions were held weekly, the last one a week ago, with pain before each."""
    plan = make_plan(world)
    for number, value in enumerate(pain, start=1):
        days = 7 * (number - len(pain) - 1)
        fill(world, plan, number, days)
        say(world, "nprs", value, days)
    return plan


@pytest.mark.parametrize(
    ("measure", "value"),
    [("nprs", 11), ("nprs", -1), ("headache_days", 29), ("hit6", 35), ("hit6", 37), ("ndi", 101), ("x", 1)],
)
def test_values_that_cannot_be_are_refused(world: World, measure: str, value: int) -> None:
    with pytest.raises(InvalidInput):
        say(world, measure, value)
    assert db.session.query(Outcome).count() == 0


def test_six_answers_of_the_hit6_add_up_to_36_to_78_but_not_to_everything_between() -> None:
    assert (min(hit6_totals()), max(hit6_totals())) == (36, 78)
    assert {37, 39, 77} & hit6_totals() == set()


def test_a_value_belongs_to_the_days_appointment_and_its_plan(world: World) -> None:
    plan = make_plan(world)
    row = fill(world, plan, 1, 0, "booked")
    said = say(world, "nprs", 6)
    assert (said.appointment_id, said.plan_id, said.source) == (row.id, plan.id, "clinic")
    assert say(world, "nprs", 5, days=-1).appointment_id is None


def test_the_same_day_corrects_and_never_doubles(world: World) -> None:
    fill(world, make_plan(world), 1, 0, "booked")
    assert say(world, "nprs", 6).id == say(world, "nprs", 4).id
    assert [row.value for row in list_outcomes(world.patient_id)] == [4]
    assert db.session.query(AuditEntry).filter_by(action="outcome_recorded").count() == 2


def test_what_was_recorded_on_an_earlier_day_stays(world: World) -> None:
    row = fill(world, make_plan(world), 1, 0, "booked")
    say(world, "nprs", 6)
    with pytest.raises(Conflict):
        record_outcome(
            world.patient_id,
            measure="nprs",
            value=1,
            measured_on=TODAY + timedelta(days=1),
            appointment_id=row.id,
            actor=RECEPTIONIST,
            now=NOW + timedelta(days=1),
        )


def test_nobody_elses_appointment_and_no_future_day(world: World) -> None:
    other = make_patient("Ann", "Other")
    row = make_appointment(world, at(2, 15), patient_id=other.id)
    with pytest.raises(InvalidInput):
        record_outcome(
            world.patient_id,
            measure="nprs",
            value=1,
            measured_on=TODAY,
            appointment_id=row.id,
            actor=RECEPTIONIST,
            now=NOW,
        )
    with pytest.raises(InvalidInput):
        say(world, "nprs", 1, days=5)
    with pytest.raises(NotFound):
        list_outcomes(99)


@pytest.mark.parametrize(
    ("measure", "first", "latest", "better"),
    [
        ("nprs", 7, 5, False),
        ("nprs", 7, 4, True),
        ("nprs", 2, 1, False),
        ("nprs", 2, 0, True),
        ("nprs", 0, 0, False),
        ("headache_days", 16, 9, False),
        ("headache_days", 16, 8, True),
        ("headache_days", 0, 0, False),
        ("hit6", 60, 52, True),
        ("hit6", 60, 53, False),
        ("ndi", 40, 29, True),
        ("rotation", 30, 0, False),
    ],
)
def test_the_smallest_change_that_matters(measure: str, first: int, latest: int, better: bool) -> None:
    assert is_better(measure, first, latest) == better


def test_no_better_after_four_sessions_is_flagged(world: World) -> None:
    plan = treated(world, [7, 7, 6, 6, 6])
    (line,) = plans_no_better()
    assert (line.plan_id, line.held, line.patient) == (plan.id, 5, "Paul Pain")
    assert [(course.measure, course.first, course.latest) for course in line.courses] == [("nprs", 7, 6)]
    assert [line.plan_id for line in plans_no_better(patient_id=world.patient_id)] == [plan.id]
    assert plans_no_better(patient_id=99) == []


@pytest.mark.parametrize("pain", [[7, 7, 7, 7], [7, 7, 6, 6, 4], [7, 7, 7]])
def test_not_before_the_value_after_the_fourth_and_not_when_it_helps(world: World, pain: list[int]) -> None:
    treated(world, pain)
    assert plans_no_better() == []


def test_who_had_little_to_lose_is_flagged_only_when_it_got_worse(world: World) -> None:
    treated(world, [2, 2, 1, 1, 1])
    assert plans_no_better() == []
    say(world, "nprs", 3, days=-7)
    (line,) = plans_no_better()
    assert [(course.first, course.latest) for course in line.courses] == [(2, 3)]


def test_one_measure_that_gets_better_is_enough(world: World) -> None:
    treated(world, [7, 7, 7, 7, 7])
    say(world, "headache_days", 20, days=-35)
    say(world, "headache_days", 6, days=-7)
    assert plans_no_better() == []


def test_plans_that_are_over_are_not_flagged_and_one_query_does(world: World) -> None:
    plan = treated(world, [7, 7, 7, 7, 7])
    with count_queries() as seen:
        assert len(plans_no_better()) == 1
    assert seen.total == 1
    db.session.get_one(TreatmentPlan, plan.id).status = "discontinued"
    db.session.commit()
    assert plans_no_better() == []


def test_the_fourth_session_and_the_reviews_after_the_last_are_points(world: World) -> None:
    plan = treated(world, [7, 6, 5, 4, 3])
    (points,) = review_points(world.patient_id).values()
    assert (points.plan_id, points.fourth_on, points.review_on) == (plan.id, TODAY - timedelta(days=14), ())


ANSWERS = {"nprs": 6, "headache_days": 12}


def answer(world: World, row: Appointment, now: datetime = NOW, **changes: int) -> list[Outcome]:
    actor = patient_actor(world.patient_id, "127.0.0.1")
    return answer_check_in(world.patient_id, row.id, ANSWERS | changes, actor=actor, now=now)


def test_a_session_of_an_active_plan_is_asked_about_from_36_hours_before(world: World) -> None:
    row = fill(world, make_plan(world), 1, 3, "booked")
    assert question_for(world.patient_id, now=row.starts_at - timedelta(hours=37)) is None
    question = question_for(world.patient_id, now=row.starts_at - timedelta(hours=36))
    assert question is not None
    assert (question.appointment_id, question.questionnaire, dict(question.answers)) == (row.id, None, {})
    assert question_for(world.patient_id, now=row.ends_at) is None


def test_nothing_is_asked_where_the_clinic_does_not_or_the_plan_rests(world: World) -> None:
    plan = make_plan(world)
    row = fill(world, plan, 1, 0, "booked")
    db.session.get_one(TreatmentPlan, plan.id).status = "paused"
    db.session.commit()
    assert question_for(world.patient_id, now=NOW) is None
    db.session.get_one(TreatmentPlan, plan.id).status = "active"
    db.session.get_one(Clinic, 1).asks_check_in = False
    db.session.commit()
    assert question_for(world.patient_id, now=NOW) is None
    with pytest.raises(Conflict):
        answer(world, row)


def test_answers_may_be_changed_on_the_same_day_only(world: World) -> None:
    row = fill(world, make_plan(world), 1, 1, "booked")
    answer(world, row)
    answer(world, row, nprs=3)
    assert {one.measure: one.value for one in list_outcomes(world.patient_id)} == {
        "nprs": 3,
        "headache_days": 12,
    }
    assert question_for(world.patient_id, now=NOW + timedelta(days=1)) is None
    with pytest.raises(Conflict):
        answer(world, row, now=NOW + timedelta(days=1))


def test_what_the_clinic_recorded_is_not_asked_again(world: World) -> None:
    row = fill(world, make_plan(world), 1, 0, "booked")
    say(world, "nprs", 6)
    assert question_for(world.patient_id, now=NOW) is None
    with pytest.raises(Conflict):
        answer(world, row)


def test_answers_that_cannot_be_name_their_measure(world: World) -> None:
    row = fill(world, make_plan(world), 1, 0, "booked")
    with pytest.raises(InvalidInput) as wrong:
        answer(world, row, headache_days=29)
    assert wrong.value.details["field"] == "headache_days"
    assert db.session.query(Outcome).count() == 0


def test_the_questionnaires_total_is_asked_once_a_month(world: World) -> None:
    plan = make_plan(world)
    plan.questionnaire = "ndi"
    db.session.commit()
    first = fill(world, plan, 1, 0, "booked")
    assert question_for(world.patient_id, now=NOW).questionnaire == "ndi"  # type: ignore[union-attr]
    answer(world, first, ndi=21)
    assert list_outcomes(world.patient_id, measure="ndi")[0].value == 42  # per cent of 50 points
    for days, asked in ((7, None), (28, "ndi")):
        fill(world, plan, 2 if days == 7 else 3, days, "booked")
        later = question_for(world.patient_id, now=NOW + timedelta(days=days))
        assert later is not None
        assert later.questionnaire == asked


def test_a_mail_asks_those_whom_no_reminder_asks(world: World) -> None:
    plan = make_plan(world)
    row = fill(world, plan, 1, 1, "booked")
    assert check_ins_due(now=NOW)
    assert [owe_check_ins(now=NOW) for _ in range(2)] == [1, 0]
    assert not check_ins_due(now=NOW)
    (mail,) = db.session.query(Message).all()
    assert (mail.kind, mail.due_at) == ("check_in", row.starts_at - timedelta(days=1))


def test_nobody_is_asked_by_mail_who_is_reminded_mute_or_has_answered(world: World) -> None:
    plan = make_plan(world)
    row = fill(world, plan, 1, 1, "booked")
    patient = db.session.get_one(Patient, world.patient_id)
    patient.muted_kinds = ["check_in"]
    db.session.commit()
    assert owe_check_ins(now=NOW) == 0
    patient.muted_kinds = []
    db.session.commit()
    answer(world, row)
    assert owe_check_ins(now=NOW) == 0
    db.session.query(Outcome).delete()
    make_message(row)
    assert owe_check_ins(now=NOW) == 0
