"""Who is asked how they are, when, by what, and which answers count."""

from datetime import datetime, timedelta

import pytest

from scheduler.errors import Conflict, InvalidInput
from scheduler.extensions import db
from scheduler.models import Appointment, Clinic, Message, Outcome, Patient, TreatmentPlan
from scheduler.usecases.messages.check_in_mails import check_ins_due, owe_check_ins
from scheduler.usecases.outcomes.values import list_outcomes
from scheduler.usecases.patient_side.check_in import answer_check_in, question_for
from scheduler.usecases.patient_side.links import patient_actor
from tests.factories import NOW, World, make_message
from tests.usecases.outcomes.support import fill, make_plan, say

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
