"""What a move or a cancellation does to the rest of a plan, and the repair that is offered for it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from scheduler.errors import Conflict, IllegalTransition, NotFound
from scheduler.extensions import db
from scheduler.models import Hold, PlannedSession, TimeOff
from scheduler.usecases.repairs.lines import RepairPreview, Stand
from scheduler.usecases.repairs.preview import broken_ahead, preview_cancel, preview_move, propose_repair
from tests.factories import NOW, make_appointment, make_patient, make_practitioner, make_world, save
from tests.query_counter import count_queries
from tests.usecases.repairs.support import march, series

BERLIN = ZoneInfo("Europe/Berlin")


def stand(standing: Stand | None) -> str:
    """``17.03. +7 fine``; ! where the window is broken."""
    if standing is None:
        return ""
    words = [f"{standing.slot.starts_at.astimezone(BERLIN):%d.%m.}" if standing.slot else "none"]
    if standing.days is not None:
        words.append(f"{standing.days:+d} {standing.verdict}")
    return " ".join(words) + ("!" if standing.broken else "")


def shown(preview: RepairPreview) -> list[tuple[int, str, str, str, str]]:
    return [
        (line.number, line.step, stand(line.now), stand(line.changed), stand(line.repaired))
        for line in preview.lines
    ]


def test_a_move_that_breaks_no_window_needs_no_repair(context: Flask) -> None:
    _, rows = series(make_world(), 3, 10, 17, 24)
    preview = preview_move(rows[1].id, starts_at=march(11), now=NOW)
    assert (preview.newly_broken, preview.offered, preview.changes) == ([], False, [])
    assert [stand(line.changed) for line in preview.lines] == [
        "03.03.",
        "11.03. +8 fine",
        "17.03. +6 fine",
        "24.03. +7 fine",
    ]


def test_a_move_tells_which_gaps_it_breaks_and_the_smallest_repair(context: Flask) -> None:
    _, rows = series(make_world(), 3, 10, 17, 24)
    preview = preview_move(rows[1].id, starts_at=march(13), now=NOW)
    assert preview.newly_broken == [2, 3]
    assert shown(preview) == [
        (1, "moves", "03.03.", "03.03.", "06.03."),
        (2, "moved", "10.03. +7 fine", "13.03. +10 too_long!", "13.03. +7 fine"),
        (3, "moves", "17.03. +7 fine", "17.03. +4 too_short!", "19.03. +6 fine"),
        (4, "stays", "24.03. +7 fine", "24.03. +7 fine", "24.03. +5 fine"),
    ]
    assert (preview.offered, preview.moved, preview.still_broken) == (True, [1, 3], [])


def test_what_was_held_is_not_moved(context: Flask) -> None:
    _, rows = series(make_world(), 3, 10, 17, 24)
    now = march(4)
    preview = preview_move(rows[1].id, starts_at=march(13), now=now)
    assert preview.newly_broken == [2, 3]
    assert (preview.moved, preview.still_broken) == ([3], [2])
    line = preview.lines[1]
    assert (line.step, line.reason) == ("moved", "fixed")
    assert {rows[1].id, rows[2].id, rows[3].id} == set(preview.versions)


def test_an_unrelated_appointment_has_no_lines(context: Flask) -> None:
    world = make_world()
    row = make_appointment(world, march(10))
    preview = preview_move(row.id, starts_at=march(11), now=NOW)
    assert (preview.plan_id, preview.lines, preview.rules, preview.busy) == (None, [], (), ())
    assert preview_cancel(row.id, now=NOW).lines == []


def test_a_preview_says_what_is_busy_and_which_rules_speak_against_the_move(context: Flask) -> None:
    world = make_world()
    _, rows = series(world, 3, 10, 17, 24)
    make_appointment(world, march(11), patient_id=make_patient("Other").id)
    assert preview_move(rows[1].id, starts_at=march(11), now=NOW).busy == ("practitioner",)
    late = preview_move(rows[1].id, starts_at=march(11, 18), now=NOW)
    assert (late.busy, late.rules) == ((), ("outside_hours",))


def test_rules_are_told_for_the_move_alone_and_with_its_repair(context: Flask) -> None:
    """A day before the next session is within its rest; where that one moves on, it is not."""
    _, rows = series(make_world(), 3, 10, 17, 24)
    preview = preview_move(rows[1].id, starts_at=march(16), now=march(4))
    assert (preview.rules, preview.repair_rules, preview.moved) == (("rest",), (), [3, 4])


def test_a_cancelled_session_gets_a_date_on_another_day_in_its_window(context: Flask) -> None:
    _, rows = series(make_world(), 3, 10, 17, 24)
    preview = preview_cancel(rows[1].id, now=NOW)
    assert shown(preview)[1] == (2, "placed", "10.03. +7 fine", "none!", "09.03. +6 fine")
    assert (preview.newly_broken, preview.placed, preview.moved) == ([2], [2], [])
    assert [slot.number for slot in preview.changes] == [2]


def test_where_there_is_no_new_date_the_preview_says_why(context: Flask) -> None:
    world = make_world()
    _, rows = series(world, 3, 10, 17, 24)
    save(TimeOff(practitioner_id=world.practitioner_id, starts_at=march(8, 0), ends_at=march(13, 0)))
    preview = preview_cancel(rows[1].id, now=march(4))
    assert (preview.offered, preview.lines[1].step) == (False, "cancelled")
    assert preview.lines[1].reason == "away"


def test_a_plan_is_repaired_as_it_stands(context: Flask) -> None:
    plan, _ = series(make_world(), 3, 10, 23, 30)
    assert broken_ahead(plan.id, now=march(4)) == [3]
    preview = propose_repair(plan.id, now=march(4))
    assert (preview.in_hand, preview.newly_broken, preview.still_broken) == (None, [], [])
    assert preview.moved != []


def test_a_plan_in_its_windows_has_nothing_to_repair(context: Flask) -> None:
    plan, _ = series(make_world(), 3, 10, 17, 24)
    assert broken_ahead(plan.id, now=NOW) == []
    assert not propose_repair(plan.id, now=NOW).offered


def test_sessions_never_placed_at_the_end_are_no_matter_of_a_repair(context: Flask) -> None:
    plan, rows = series(make_world(), 3, 10)
    assert len(preview_move(rows[1].id, starts_at=march(16), now=NOW).lines) == 2
    assert not propose_repair(plan.id, now=NOW).offered


def test_a_lost_session_in_between_is_placed_by_the_plans_repair(context: Flask) -> None:
    plan, rows = series(make_world(), 3, 10, 17, 24)
    rows[1].status = "cancelled"
    db.session.get_one(PlannedSession, rows[1].planned_session_id).status = "to_place"
    db.session.commit()
    assert propose_repair(plan.id, now=NOW).placed == [2]


@pytest.mark.parametrize("status", ["paused", "discontinued"])
def test_a_plan_at_rest_is_not_repaired(context: Flask, status: str) -> None:
    plan, rows = series(make_world(), 3, 10, 17, 24)
    plan.status = status
    db.session.commit()
    assert not preview_move(rows[1].id, starts_at=march(16), now=NOW).offered
    assert broken_ahead(plan.id, now=NOW) == []
    with pytest.raises(Conflict):
        propose_repair(plan.id, now=NOW)


@pytest.mark.parametrize("status", ["arrived", "completed", "cancelled", "no_show"])
def test_what_cannot_be_moved_has_no_preview(context: Flask, status: str) -> None:
    _, rows = series(make_world(), 3, 10, 17, 24)
    rows[1].status = status
    db.session.commit()
    with pytest.raises(IllegalTransition):
        preview_move(rows[1].id, starts_at=march(11), now=NOW)
    with pytest.raises(IllegalTransition):
        preview_cancel(rows[1].id, now=NOW)


def test_unknown_numbers_are_not_found(context: Flask) -> None:
    make_world()
    with pytest.raises(NotFound):
        preview_move(99, starts_at=march(11), now=NOW)
    with pytest.raises(NotFound):
        preview_cancel(99, now=NOW)
    with pytest.raises(NotFound):
        propose_repair(99, now=NOW)


def test_a_new_date_keeps_its_rest_from_needling_of_another_plan(context: Flask) -> None:
    """The 10th, its ideal day, is within two days of a visit on the 11th at noon that is none of this plan's."""
    world = make_world()
    _, rows = series(world, 3, 12, 18, 25)
    make_appointment(world, march(11, 12), uid="elsewhere")
    (slot,) = preview_cancel(rows[1].id, now=march(4)).changes
    assert march(9, 0) < slot.starts_at <= march(11, 12) - timedelta(days=2)


def test_the_days_of_a_move_with_its_rest_are_told_where_it_breaks_it_elsewhere(context: Flask) -> None:
    world = make_world()
    _, rows = series(world, 3, 10, 17, 24)
    make_appointment(world, march(14, 12), uid="elsewhere")
    preview = preview_move(rows[1].id, starts_at=march(13), now=march(4))
    assert (preview.rules, preview.repair_rules) == (("rest",), ("rest",))


def test_a_late_session_is_placed_but_told_as_outside_its_window(context: Flask) -> None:
    """It was due by the 12th; a new date on the 20th or later is none in its window."""
    plan, rows = series(make_world(), 3, 10, 31)
    rows[1].status = "cancelled"
    db.session.get_one(PlannedSession, rows[1].planned_session_id).status = "to_place"
    db.session.commit()
    preview = propose_repair(plan.id, now=march(20, 8))
    assert (preview.placed, preview.still_broken) == ([2], [2])


def test_a_slot_held_until_a_time_that_is_over_is_free(context: Flask) -> None:
    world = make_world()
    _, rows = series(world, 3, 10, 17, 24)
    other = make_patient("Other").id
    hold = Hold(
        patient_id=other, holder_kind="staff", holder_name="R", created_at=NOW, expires_at=march(4, 12)
    )
    save(hold)
    make_appointment(world, march(11), patient_id=other, status="held", hold_id=hold.id)
    assert preview_move(rows[1].id, starts_at=march(11), now=march(4, 11)).busy == ("practitioner",)
    assert preview_move(rows[1].id, starts_at=march(11), now=march(4, 13)).busy == ()


def test_a_preview_asks_the_database_as_often_for_one_practitioner_as_for_many(context: Flask) -> None:
    world = make_world()
    _, rows = series(world, 3, 10, 17, 24)
    number, asked = rows[1].id, []
    for colleagues in (0, 4):
        for name in range(colleagues):
            make_practitioner(world.location_id, given_name=f"Other {name}")
        for _ in range(2):
            db.session.rollback()
            with count_queries() as counter:
                assert preview_move(number, starts_at=march(13), now=NOW).offered
        asked.append(counter.total)
    assert asked[0] == asked[1]


def test_the_session_in_hand_is_shown_as_long_as_it_was_and_as_it_gets(context: Flask) -> None:
    _, rows = series(make_world(), 3, 10, 17, 24)
    rows[1].appointment_type.may_resize = True
    db.session.commit()
    preview = preview_move(rows[1].id, starts_at=march(13), minutes=50, now=NOW)
    line = preview.lines[1]
    stands = [one.slot for one in (line.now, line.changed, line.repaired) if one is not None]
    assert [slot and slot.ends_at - slot.starts_at for slot in stands] == [
        timedelta(minutes=minutes) for minutes in (30, 50, 50)
    ]
    resized = preview_move(rows[1].id, starts_at=march(10), minutes=50, now=NOW)
    assert (resized.newly_broken, resized.offered) == ([], False)
