"""A repair that is out of date, taken meanwhile or makes no sense changes nothing and says why."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from scheduler.errors import (
    Conflict,
    IllegalTransition,
    InvalidInput,
    NeedsOverride,
    SeriesTaken,
    StaleVersion,
)
from scheduler.extensions import db
from scheduler.usecases.appointments.changing import move_appointment
from scheduler.usecases.repairs.acceptance import accept_repair
from scheduler.usecases.repairs.preview import preview_move
from scheduler.usecases.repairs.targets import HandMove
from scheduler.usecases.series.placement import ChosenSlot
from tests.factories import NOW, RECEPTIONIST, make_appointment, make_patient, make_world
from tests.usecases.repairs.accepting import accept, mails, slot, starts, trail
from tests.usecases.repairs.support import march, series


def test_a_slot_taken_meanwhile_is_named_and_nothing_is_changed(context: Flask) -> None:
    world = make_world()
    plan, rows = series(world, 3, 10, 17, 24)
    make_appointment(world, march(18), patient_id=make_patient("Other").id)
    with pytest.raises(SeriesTaken) as refused:
        accept(plan, moved=HandMove(rows[1].id, march(12)), changes=[slot(world, 3, march(18))])
    assert refused.value.details["numbers"] == [3]
    assert refused.value.details["busy"] == {"3": ["practitioner"]}
    assert starts()[:4] == [march(day) for day in (3, 10, 17, 24)]
    assert (mails(), trail()) == ([], ["plan_prescribed"])


def test_the_move_itself_may_be_what_is_taken(context: Flask) -> None:
    world = make_world()
    plan, rows = series(world, 3, 10, 17, 24)
    make_appointment(world, march(12), patient_id=make_patient("Other").id)
    with pytest.raises(SeriesTaken) as refused:
        accept(plan, moved=HandMove(rows[1].id, march(12)), changes=[slot(world, 3, march(18))])
    assert refused.value.details["numbers"] == [2]


def test_a_stale_plan_or_appointment_is_refused_with_the_present_state(context: Flask) -> None:
    world = make_world()
    plan, rows = series(world, 3, 10, 17, 24)
    preview = preview_move(rows[1].id, starts_at=march(16), now=NOW)
    with pytest.raises(StaleVersion) as refused:
        accept(plan, version=7, changes=preview.changes)
    assert refused.value.details["current"]["version"] == 1  # type: ignore[index]
    move_appointment(rows[3].id, version=1, starts_at=march(25), actor=RECEPTIONIST, now=NOW)
    with pytest.raises(StaleVersion) as refused:
        accept(plan, versions=preview.versions, changes=preview.changes)
    current: Any = refused.value.details["current"]
    assert [row["version"] for row in current["appointments"]] == [1, 1, 1, 2]
    assert starts() == [march(day) for day in (3, 10, 17, 25)]


def test_an_appointment_that_is_gone_makes_the_repair_stale(context: Flask) -> None:
    plan, rows = series(make_world(), 3, 10, 17, 24)
    preview = preview_move(rows[1].id, starts_at=march(16), now=NOW)
    rows[3].status = "cancelled"
    db.session.commit()
    with pytest.raises(StaleVersion):
        accept(plan, versions=preview.versions, changes=preview.changes)


def test_rules_of_the_clinic_need_a_reason(context: Flask) -> None:
    world = make_world()
    plan, rows = series(world, 3, 10, 17, 24)
    asked: dict[str, Any] = {
        "moved": HandMove(rows[1].id, march(12, 19)),
        "changes": [slot(world, 3, march(19))],
    }
    with pytest.raises(NeedsOverride):
        accept(plan, **asked)
    accept(plan, override_reason="her only evening", **asked)
    db.session.rollback()
    kept = [(row.override_reason, row.override_rules) for row in rows]
    assert kept == [(None, []), ("her only evening", ["outside_hours"]), (None, []), (None, [])]


def test_sessions_stay_in_their_order(context: Flask) -> None:
    world = make_world()
    plan, _ = series(world, 3, 10, 17, 24)
    with pytest.raises(InvalidInput, match="Session 4 must come after session 3"):
        accept(plan, changes=[slot(world, 3, march(26))])


@pytest.mark.parametrize("number", [1, 2])
def test_what_has_begun_or_is_done_is_not_moved(context: Flask, number: int) -> None:
    world = make_world()
    plan, rows = series(world, 3, 10, 17, 24)
    rows[0].status = "completed"
    rows[1].status = "arrived"
    db.session.commit()
    with pytest.raises(Conflict):
        accept(plan, changes=[slot(world, number, march(11))])
    with pytest.raises(IllegalTransition):
        accept(plan, moved=HandMove(rows[number - 1].id, march(11)))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "changes"),
        ({"changes": [ChosenSlot(9, march(11), 1)]}, "changes"),
        ({"changes": [ChosenSlot(4, march(25), 1), ChosenSlot(4, march(26), 1)]}, "changes"),
        ({"changes": [ChosenSlot(4, march(25), 1)], "versions": {}}, "versions"),
        ({"moved": HandMove(99, march(11))}, "appointment_id"),
    ],
)
def test_a_repair_that_makes_no_sense_says_where(context: Flask, asked: Any, field: str) -> None:
    plan, _ = series(make_world(), 3, 10, 17, 24)
    with pytest.raises(InvalidInput) as refused:
        accept(plan, **asked)
    assert refused.value.details["field"] == field


def test_of_two_who_accept_at_once_one_is_told_that_it_is_out_of_date(app: Flask) -> None:
    with app.app_context():
        plan, rows = series(make_world(), 3, 10, 17, 24)
        plan_id = plan.id
        preview = preview_move(rows[1].id, starts_at=march(16), now=NOW)
        moved = HandMove(rows[1].id, march(16))
        db.session.remove()

    def accept_it(_: int) -> str:
        with app.app_context():
            try:
                accept_repair(
                    plan_id,
                    version=preview.plan_version,
                    versions=preview.versions,
                    changes=preview.changes,
                    moved=moved,
                    actor=RECEPTIONIST,
                    now=NOW,
                )
            except StaleVersion:
                return "stale"
            finally:
                db.session.remove()
            return "done"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(accept_it, range(4)))
    assert outcomes == ["done", "stale", "stale", "stale"]
    with app.app_context():
        assert [kind for kind, _ in mails()] == ["series_changed"]
