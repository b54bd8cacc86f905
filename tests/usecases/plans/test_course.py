"""Changing what is ahead of a plan: extended, tapered, another course from one session on."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, InvalidInput, NotFound, StaleVersion
from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, TreatmentPlan
from scheduler.usecases.appointments.changing import cancel_appointment
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.feeds.reading import find_feed
from scheduler.usecases.feeds.tokens import issue_feed_token
from scheduler.usecases.plans.course import change_course, extend_plan
from scheduler.usecases.plans.life import discontinue_plan
from scheduler.usecases.plans.prescribing import PhaseWish, get_plan
from scheduler.usecases.plans.sessions import give_up_session, skip_session
from tests.factories import NOW, RECEPTIONIST, save
from tests.usecases.plans.support import (
    best,
    chosen,
    hold,
    place,
    placed_plan,
    plan_status,
    statuses,
    version_of,
)

FORTNIGHTLY = PhaseWish(sessions=2, min_days=10, ideal_days=14, max_days=18)


def extend(plan: TreatmentPlan, *phases: PhaseWish, **changes: Any) -> TreatmentPlan:
    asked = {"version": version_of(plan), "phases": phases, "actor": RECEPTIONIST, "now": NOW}
    return extend_plan(plan.id, **asked | changes)


def recourse(plan: TreatmentPlan, from_number: int, *phases: PhaseWish, **changes: Any) -> TreatmentPlan:
    asked: dict[str, Any] = {"version": version_of(plan), "phases": phases or None}
    asked |= {"from_number": from_number, "actor": RECEPTIONIST, "now": NOW}
    return change_course(plan.id, **asked | changes)


def decide(use_case: Any, plan: TreatmentPlan, number: int) -> TreatmentPlan:
    changed: TreatmentPlan = use_case(plan.id, number, version=version_of(plan), actor=RECEPTIONIST, now=NOW)
    return changed


def shape(plan: TreatmentPlan) -> list[tuple[int, int]]:
    """(sessions, ideal days) of each phase."""
    db.session.rollback()
    return [(row.sessions, row.ideal_days) for row in db.session.get_one(TreatmentPlan, plan.id).phases]


def lines(plan: TreatmentPlan) -> list[tuple[int, str, int]]:
    """(number, status, ideal days after the one before) of each session."""
    db.session.rollback()
    found = get_plan(plan.id).lines
    return [(line.session.number, line.session.status, line.session.phase.ideal_days) for line in found]


def sequences(plan: TreatmentPlan) -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(Appointment.sequence).order_by(Appointment.starts_at)))


def test_extension_follows_the_last_session_with_its_own_gaps(context: Flask) -> None:
    plan, _ = placed_plan()
    extend(plan, FORTNIGHTLY)
    assert shape(plan) == [(4, 7), (2, 14)]
    assert statuses(plan) == ["placed"] * 4 + ["to_place"] * 2
    last, new = get_plan(plan.id).lines[3:5]
    assert last.held_on is not None
    assert (new.window.ideal - last.held_on).days == 14
    assert len(place(plan, chosen(best(plan).sessions))) == 2


def test_extension_is_seen_in_the_calendars(context: Flask) -> None:
    plan, _ = placed_plan()
    secret = issue_feed_token(patient_id=plan.patient_id, actor=RECEPTIONIST, now=NOW).secret
    before = find_feed(db.engine, secret, now=NOW)
    extend(plan, FORTNIGHTLY)
    after = find_feed(db.engine, secret, now=NOW)
    assert before is not None
    assert after is not None
    assert after.revision > before.revision
    assert sequences(plan) == [1, 1, 1, 1]


def test_completed_plan_goes_on_by_being_extended(context: Flask) -> None:
    plan, (visit,) = placed_plan(PhaseWish(1, 5, 7, 9))
    hold(visit)
    assert plan_status(plan) == "completed"
    extend(plan, FORTNIGHTLY)
    assert plan_status(plan) == "active"


def test_plan_grows_to_60_sessions_at_most(context: Flask) -> None:
    plan, _ = placed_plan()
    with pytest.raises(InvalidInput):
        extend(plan, PhaseWish(57, 5, 7, 9))
    extend(plan, PhaseWish(56, 5, 7, 9))
    assert len(statuses(plan)) == 60


def test_another_course_replaces_only_what_is_ahead(context: Flask) -> None:
    plan, _ = placed_plan(place_first=2)
    recourse(plan, 3, FORTNIGHTLY, PhaseWish(1, 20, 28, 35))
    assert shape(plan) == [(2, 7), (2, 14), (1, 28)]
    assert lines(plan) == [
        (1, "placed", 7),
        (2, "placed", 7),
        (3, "to_place", 14),
        (4, "to_place", 14),
        (5, "to_place", 28),
    ]
    assert sequences(plan) == [1, 1]


def test_another_course_from_the_first_session_leaves_nothing_of_the_old(context: Flask) -> None:
    plan, _ = placed_plan(place_first=1)
    cancel_appointment(get_plan(plan.id).lines[0].appointment.id, version=1, actor=RECEPTIONIST, now=NOW)
    recourse(plan, 1, FORTNIGHTLY)
    assert lines(plan) == [(1, "to_place", 14), (2, "to_place", 14)]
    assert db.session.scalars(select(Appointment.planned_session_id)).all() == [None]


def test_another_course_may_be_a_protocol_and_bears_its_name(context: Flask) -> None:
    plan, _ = placed_plan(place_first=1)
    protocols = load_shipped_protocols()
    save(*protocols)
    protocol = next(row for row in protocols if "taper" in row.name)
    name, phases = protocol.name, [(row.sessions, row.ideal_days) for row in protocol.phases]
    changed = recourse(plan, 2, protocol_id=protocol.id)
    assert (changed.name, changed.protocol_id) == (name, protocol.id)
    assert shape(plan) == [(1, 7), *phases]


def test_what_is_booked_done_or_missed_is_never_replaced(context: Flask) -> None:
    plan, visits = placed_plan(place_first=2)
    hold(visits[0])
    decide(give_up_session, plan, 3)
    for from_number, named in ((1, [1, 2, 3]), (2, [2, 3]), (3, [3])):
        with pytest.raises(Conflict) as caught:
            recourse(plan, from_number, FORTNIGHTLY)
        assert caught.value.details["numbers"] == named
    assert shape(plan) == [(4, 7)]


def test_skipped_session_is_replaced_and_the_trail_tells_of_it(context: Flask) -> None:
    plan, _ = placed_plan(place_first=2)
    decide(skip_session, plan, 3)
    recourse(plan, 3, FORTNIGHTLY)
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "plan_changed"))
    assert entry.detail["replaced"] == ["3: skipped", "4: to_place"]


@pytest.mark.parametrize(
    ("from_number", "changes", "error"),
    [
        (0, {}, InvalidInput),
        (5, {}, InvalidInput),
        (2, {"phases": None}, InvalidInput),
        (2, {"phases": []}, InvalidInput),
        (2, {"phases": [PhaseWish(60, 5, 7, 9)]}, InvalidInput),
        (2, {"phases": None, "protocol_id": 99}, NotFound),
        (2, {"version": 9}, StaleVersion),
    ],
)
def test_senseless_courses_change_nothing(
    context: Flask, from_number: int, changes: dict[str, Any], error: type[Exception]
) -> None:
    plan, _ = placed_plan(place_first=1)
    with pytest.raises(error):
        recourse(plan, from_number, FORTNIGHTLY, **changes)
    assert shape(plan) == [(4, 7)]


def test_discontinued_plan_neither_grows_nor_changes(context: Flask) -> None:
    plan, _ = placed_plan(place_first=1)
    discontinue_plan(plan.id, version=version_of(plan), release=True, actor=RECEPTIONIST, now=NOW)
    with pytest.raises(Conflict):
        extend(plan, FORTNIGHTLY)
    with pytest.raises(Conflict):
        recourse(plan, 2, FORTNIGHTLY)
