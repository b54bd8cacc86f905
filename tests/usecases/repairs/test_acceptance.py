"""Accepting a repair: one transaction, one mail, one row in the trail for each appointment; or nothing at all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import (
    Conflict,
    IllegalTransition,
    InvalidInput,
    NeedsOverride,
    SeriesTaken,
    StaleVersion,
)
from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, FeedToken, Message, TreatmentPlan
from scheduler.models.appointments import NOT_BOOKED
from scheduler.usecases.appointments.changing import move_appointment
from scheduler.usecases.feeds.tokens import issue_feed_token
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.repairs.acceptance import accept_repair
from scheduler.usecases.repairs.preview import preview_cancel, preview_move, propose_repair
from scheduler.usecases.repairs.targets import HandCancel, HandMove
from scheduler.usecases.series.placement import ChosenSlot
from tests.factories import (
    NOW,
    RECEPTIONIST,
    World,
    make_appointment,
    make_patient,
    make_practitioner,
    make_world,
)
from tests.usecases.plans.support import statuses
from tests.usecases.repairs.support import march, series

WEDNESDAY = march(4, 8)


def slot(world: World, number: int, starts_at: datetime) -> ChosenSlot:
    return ChosenSlot(number, starts_at, world.practitioner_id, world.location_id)


def accept(plan: TreatmentPlan, **asked: Any) -> list[Appointment]:
    """Accept with the versions that are there now, unless told otherwise."""
    db.session.rollback()
    known: dict[str, Any] = {
        "version": db.session.get_one(TreatmentPlan, plan.id).version,
        "versions": {
            row.id: row.version
            for row in db.session.scalars(select(Appointment).where(Appointment.status.not_in(NOT_BOOKED)))
            if row.planned_session_id is not None
        },
        "actor": RECEPTIONIST,
        "now": NOW,
    }
    return accept_repair(plan.id, **known | asked)


def starts() -> list[datetime]:
    """Of all that is booked, in the order of the sessions."""
    db.session.rollback()
    return list(
        db.session.scalars(
            select(Appointment.starts_at).where(Appointment.status == "booked").order_by(Appointment.id)
        )
    )


def mails() -> list[tuple[str, list[datetime]]]:
    """What is told at once: kind and the dates."""
    rows = db.session.scalars(select(Message).where(Message.kind != "reminder", Message.state == "due"))
    return [(row.kind, sorted(item.starts_at for item in row.items)) for row in rows]


def trail() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_move_and_its_repair_are_done_together_and_told_once(context: Flask) -> None:
    plan, rows = series(make_world(), 3, 10, 17, 24)
    goal = march(16)
    preview = preview_move(rows[1].id, starts_at=goal, now=WEDNESDAY)
    done = accept(
        plan,
        versions=preview.versions,
        changes=preview.changes,
        moved=HandMove(rows[1].id, goal),
        now=WEDNESDAY,
    )
    assert [row.planned_session.number for row in done if row.planned_session] == [2, 3, 4]
    found = starts()
    assert found == [march(3), goal, *(one.starts_at for one in preview.changes)]
    assert mails() == [("series_changed", sorted(found[1:]))]
    assert trail()[-4:] == ["plan_repaired", *["appointment_moved"] * 3]
    assert propose_repair(plan.id, now=WEDNESDAY).newly_broken == []


def test_a_move_by_hand_keeps_the_length_of_its_own(context: Flask) -> None:
    plan, rows = series(make_world(), 3, 10, 17, 24)
    rows[1].appointment_type.may_resize = True
    db.session.commit()
    move_appointment(rows[1].id, version=1, minutes=45, actor=RECEPTIONIST, now=NOW)
    accept(plan, moved=HandMove(rows[1].id, march(11)))
    db.session.rollback()
    assert (rows[1].starts_at, rows[1].ends_at) == (march(11), march(11) + timedelta(minutes=45))


def test_a_session_that_the_repair_moves_keeps_the_length_of_its_own(context: Flask) -> None:
    world = make_world()
    plan, rows = series(world, 3, 10, 17, 24)
    rows[2].appointment_type.may_resize = True
    db.session.commit()
    move_appointment(rows[2].id, version=1, minutes=45, actor=RECEPTIONIST, now=NOW)
    make_appointment(world, march(19) + timedelta(minutes=30), patient_id=make_patient("Other").id)
    goal = march(13)
    preview = preview_move(rows[1].id, starts_at=goal, now=NOW)
    (offered,) = [line.repaired for line in preview.lines if line.number == 3]
    assert offered and offered.slot
    begins, ends = offered.slot.starts_at, offered.slot.ends_at
    assert (begins, ends) == (march(19) - timedelta(minutes=15), march(19) + timedelta(minutes=30))
    accept(plan, versions=preview.versions, changes=preview.changes, moved=HandMove(rows[1].id, goal))
    db.session.rollback()
    assert (rows[2].starts_at, rows[2].ends_at) == (begins, ends)


def test_reminders_follow_the_new_dates(context: Flask) -> None:
    plan, rows = series(make_world(), 3, 10, 17, 24)
    move_appointment(rows[2].id, version=1, starts_at=march(18), actor=RECEPTIONIST, now=NOW)
    accept(plan, changes=[slot_like(rows[2], 3, march(19))])
    told = db.session.scalars(select(Message).where(Message.kind == "reminder", Message.state == "due"))
    assert {item.starts_at for row in told for item in row.items} == {march(19)}
    assert mails() == [("series_changed", [march(19)])]


def slot_like(row: Appointment, number: int, starts_at: datetime) -> ChosenSlot:
    return ChosenSlot(number, starts_at, row.practitioner_id, row.location_id)


def test_appointments_of_the_plan_may_take_each_others_slots(context: Flask) -> None:
    world = make_world()
    plan, rows = series(world, 3, 10, 17, 24)
    ids = [row.id for row in rows]
    accept(
        plan,
        moved=HandMove(rows[1].id, march(17)),
        changes=[slot(world, 3, march(24)), slot(world, 4, march(31))],
    )
    assert starts() == [march(3), march(17), march(24), march(31)]
    assert [row.id for row in db.session.scalars(select(Appointment).order_by(Appointment.id))] == ids
    assert {row.status for row in db.session.scalars(select(Appointment))} == {"booked"}


def test_two_may_swap_their_times(context: Flask) -> None:
    world = make_world()
    plan, rows = series(world, 3, 10, 24, 17, status="confirmed")
    accept(plan, changes=[slot(world, 3, march(17)), slot(world, 4, march(24))])
    db.session.rollback()
    states = [(row.starts_at, row.status, row.version) for row in rows[2:]]
    assert states == [(march(17), "booked", 2), (march(24), "booked", 2)]


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


def test_a_cancelled_session_moves_to_its_new_date_and_keeps_its_identity(context: Flask) -> None:
    plan, rows = series(make_world(), 3, 10, 17, 24)
    uid = rows[1].uid
    preview = preview_cancel(rows[1].id, now=NOW)
    (done,) = accept(plan, changes=preview.changes, cancelled=HandCancel(rows[1].id, "is ill"))
    assert (done.id, done.uid, done.status) == (rows[1].id, uid, "booked")
    assert done.starts_at == preview.changes[0].starts_at
    assert mails() == [("series_changed", [done.starts_at])]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "plan_repaired")).one()
    assert entry.detail == {"moved": [2], "placed": [], "by_hand": [], "reason": "is ill"}


def test_a_cancelled_session_without_a_new_date_is_to_place_while_others_move(context: Flask) -> None:
    world = make_world()
    plan, rows = series(world, 3, 10, 17, 24)
    accept(plan, changes=[slot(world, 4, march(25))], cancelled=HandCancel(rows[1].id, "is ill"))
    assert statuses(plan) == ["placed", "to_place", "placed", "placed"]
    assert starts() == [march(3), march(17), march(25)]
    assert sorted(mails()) == [("cancellation", [march(10)]), ("series_changed", [march(25)])]


def test_a_session_without_a_slot_is_placed_in_the_same_mail(context: Flask) -> None:
    world = make_world()
    plan, _ = series(world, 3, 10)
    accept(plan, changes=[slot(world, 2, march(11)), slot(world, 3, march(18))])
    assert starts() == [march(3), march(11), march(18)]
    assert statuses(plan) == ["placed", "placed", "placed", "to_place"]
    assert mails() == [("series_changed", [march(11), march(18)])]
    assert trail()[-3:] == ["plan_repaired", "appointment_moved", "appointment_booked"]


def test_the_same_request_again_does_nothing_new(context: Flask) -> None:
    world = make_world()
    plan, _ = series(world, 3, 10, 17, 24)
    asked = {"changes": [slot(world, 4, march(25))], "version": 1}
    first = accept(plan, idempotency=Idempotency("k", "f"), **asked)
    again = Idempotency("k", "f")
    assert [row.id for row in accept(plan, idempotency=again, **asked)] == [row.id for row in first]
    assert again.replayed
    assert len(mails()) == 1


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


def test_calendars_that_showed_or_show_it_are_told_once(context: Flask) -> None:
    world = make_world()
    colleague = make_practitioner(world.location_id, given_name="Other").id
    plan, _ = series(world, 3, 10, 17, 24)
    owners = [
        {"patient_id": world.patient_id},
        {"practitioner_id": world.practitioner_id},
        {"practitioner_id": colleague},
    ]
    for owner in owners:
        issue_feed_token(**owner, actor=RECEPTIONIST, now=NOW)  # type: ignore[arg-type]
    moved = [ChosenSlot(number, march(day), colleague) for number, day in ((3, 18), (4, 25))]
    accept(plan, changes=moved)
    db.session.rollback()
    assert list(db.session.scalars(select(FeedToken.revision).order_by(FeedToken.id))) == [1, 1, 1]
