"""Accepting a repair: one transaction, one mail, one row in the trail for each appointment; or nothing at all."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, FeedToken, Message
from scheduler.usecases.appointments.changing import move_appointment
from scheduler.usecases.feeds.tokens import issue_feed_token
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.repairs.preview import preview_cancel, preview_move, propose_repair
from scheduler.usecases.repairs.targets import HandCancel, HandMove
from scheduler.usecases.series.placement import ChosenSlot
from tests.factories import NOW, RECEPTIONIST, make_appointment, make_patient, make_practitioner, make_world
from tests.usecases.plans.support import statuses
from tests.usecases.repairs.accepting import WEDNESDAY, accept, mails, slot, slot_like, starts, trail
from tests.usecases.repairs.support import march, series


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
