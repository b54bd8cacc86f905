"""Who could use a free slot, through the database; and which slots became free."""

from datetime import date, timedelta

import pytest

from scheduler.errors import InvalidInput
from scheduler.extensions import db
from scheduler.models import Patient
from scheduler.usecases.appointments.changing import cancel_appointment, move_appointment
from scheduler.usecases.gaps.free_slots import list_gaps, rank_gap
from scheduler.usecases.plans.life import pause_plan
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.holds import hold_slots
from scheduler.usecases.series.placement import ChosenSlot
from tests.factories import (
    NOW,
    RECEPTIONIST,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_world,
)
from tests.query_counter import count_queries
from tests.usecases.gap_world import SLOT_AT, enter, make_plan, slot_in

pytestmark = pytest.mark.usefixtures("context")


def ranked(slot: object) -> list[tuple[str, str]]:
    return [(one.patient, one.reason) for one in rank_gap(slot, now=NOW)]  # type: ignore[arg-type]


def test_behind_plans_come_before_the_waitlist_and_that_before_plans_that_move_forward() -> None:
    world = make_world()
    make_plan(world, "Earl", placed=(at(2, 12), at(13, 9)), sessions=2)
    enter(world, "Wanda")
    make_plan(world, "Ben")
    # Session 2 may be on the 7th to the 12th; on the 13th it is late.
    assert ranked(slot_in(world, at(9, 10))) == [
        ("Ben Pain", "behind"),
        ("Wanda Pain", "waitlist"),
        ("Earl Pain", "earlier"),
    ]


def test_the_plan_whose_window_breaks_first_comes_first_and_one_already_broken_before_it() -> None:
    world = make_world()
    make_plan(world, "Soon", starts_on=date(2026, 2, 25))
    make_plan(world, "Later", starts_on=date(2026, 3, 1))
    make_plan(world, "Late", starts_on=date(2026, 2, 2))
    found = rank_gap(slot_in(world), now=NOW)
    assert [(one.patient, one.notes[0]) for one in found] == [
        ("Late Pain", ("late", {"days": 18})),
        ("Soon Pain", ("closes", {"days": 5})),
        ("Later Pain", ("closes", {"days": 9})),
    ]


def test_a_plan_whose_window_is_not_open_or_closes_before_the_slot_does_not_rank() -> None:
    world = make_world()
    make_plan(world, "Notyet", starts_on=date(2026, 3, 5))
    make_plan(world, "Over", starts_on=date(2026, 2, 21))
    assert ranked(slot_in(world)) == []


def test_a_paused_plan_and_an_archived_patient_do_not_rank() -> None:
    world = make_world()
    plan_id = make_plan(world, "Paula")
    make_plan(world, "Arthur")
    pause_plan(plan_id, version=1, release=False, actor=RECEPTIONIST, now=NOW)
    db.session.query(Patient).filter_by(given_name="Arthur").update({"archived_at": NOW})
    db.session.commit()
    assert ranked(slot_in(world)) == []


def test_rest_and_the_patients_other_appointments_stand_in_the_way() -> None:
    world = make_world()
    busy, rests = (make_patient(name) for name in ("Busy", "Rests"))
    other = make_practitioner(world.location_id, given_name="Other")
    for patient, starts_at, kind in ((busy, SLOT_AT, world.review_id), (rests, at(3, 10), world.needling_id)):
        make_appointment(
            world,
            starts_at,
            patient_id=patient.id,
            practitioner_id=other.id,
            room_id=world.room_ids[1],
            appointment_type_id=kind,
        )
    for patient in (busy, rests):
        prescribe_plan(
            patient_id=patient.id,
            practitioner_id=world.practitioner_id,
            starts_on=NOW.date(),
            phases=[PhaseWish(2, 5, 7, 10)],
            actor=RECEPTIONIST,
            now=NOW,
        )
    assert ranked(slot_in(world)) == []
    # Both can have it where neither is in the way.
    assert ranked(slot_in(world, at(6, 12))) == [("Busy Pain", "behind"), ("Rests Pain", "behind")]


def test_a_later_session_comes_forward_only_if_the_next_one_does_not_suffer() -> None:
    world = make_world()
    make_plan(world, "Keeps", placed=(at(2, 12), at(12, 9), at(18, 9)))
    make_plan(world, "Suffers", placed=(at(2, 13), at(12, 10), at(21, 10)))
    # The third of the first is 9 days after the slot, that of the second 12: more than 10.
    assert ranked(slot_in(world, at(9, 14))) == [("Keeps Pain", "earlier")]


def test_the_waitlist_goes_by_urgency_and_then_by_waiting_time() -> None:
    world = make_world()
    enter(world, "Last", now=NOW - timedelta(days=1))
    enter(world, "First", urgency="urgent")
    enter(world, "Second", now=NOW - timedelta(days=9))
    assert [one for one, _ in ranked(slot_in(world))] == ["First Pain", "Second Pain", "Last Pain"]


def test_an_entry_keeps_to_its_days_times_people_and_place() -> None:
    world = make_world()
    other = make_practitioner(world.location_id, given_name="Other")
    enter(world, "Otherday", weekdays=[0, 1])
    enter(world, "Othertime", from_minute=11 * 60)
    enter(world, "Tooshort", until_minute=10 * 60 + 15)
    enter(world, "Otherperson", practitioner_ids=[other.id])
    enter(world, "Afterwards", wanted_from=date(2026, 3, 5))
    enter(world, "Fits", weekdays=[2], from_minute=600, until_minute=630, location_id=world.location_id)
    assert ranked(slot_in(world)) == [("Fits Pain", "waitlist")]


def test_a_waiting_patient_gives_up_their_later_appointment_of_the_same_kind() -> None:
    world = make_world()
    entry = enter(world, "Wanda")
    later = make_appointment(world, at(20, 9), patient_id=entry.patient_id)
    (one,) = rank_gap(slot_in(world), now=NOW)
    assert (one.releases_id, one.leaves) == (later.id, slot_in(world, at(20, 9)))


def test_what_takes_longer_than_the_slot_does_not_rank() -> None:
    world = make_world()
    enter(world, "Longer", appointment_type_id=world.assessment_id)
    assert ranked(slot_in(world)) == []
    assert ranked(slot_in(world, minutes=60)) == [("Longer Pain", "waitlist")]


def test_a_slot_that_is_booked_or_held_has_no_candidates() -> None:
    world = make_world()
    make_plan(world, "Ben")
    holding = make_plan(world, "Holger")
    hold_slots(
        holding,
        sessions=[ChosenSlot(1, SLOT_AT, world.practitioner_id)],
        actor=RECEPTIONIST,
        now=NOW,
    )
    assert ranked(slot_in(world)) == []


def test_a_slot_must_lie_ahead_and_end_after_it_starts() -> None:
    world = make_world()
    with pytest.raises(InvalidInput, match="already begun"):
        rank_gap(slot_in(world, NOW), now=NOW)
    with pytest.raises(InvalidInput, match="ends after it starts"):
        rank_gap(slot_in(world, minutes=0), now=NOW)


def test_the_number_of_queries_does_not_grow_with_the_plans() -> None:
    world = make_world()

    def queries() -> int:
        rank_gap(slot_in(world), now=NOW)
        db.session.remove()
        with count_queries() as counted:
            rank_gap(slot_in(world), now=NOW)
        return counted.total

    for name in ("One", "Two"):
        make_plan(world, name)
        enter(world, f"W{name}")
    few = queries()
    for number in range(8):
        make_plan(world, f"More{number}")
        enter(world, f"Wmore{number}")
    assert queries() == few


def test_what_was_cancelled_or_moved_away_is_a_gap_until_it_is_booked() -> None:
    world = make_world()
    cancelled, moved = make_appointment(world, at(4, 10)), make_appointment(world, at(5, 9))
    cancel_appointment(cancelled.id, version=1, actor=RECEPTIONIST, now=NOW)
    move_appointment(moved.id, version=1, starts_at=at(6, 9), actor=RECEPTIONIST, now=NOW)
    week = {"location_id": world.location_id, "from_on": date(2026, 3, 2), "to_on": date(2026, 3, 8)}
    assert [(gap.starts_at, gap.ends_at, gap.freed_at) for gap in list_gaps(**week, now=NOW)] == [
        (at(4, 10), at(4, 10, 30), NOW),
        (at(5, 9), at(5, 9, 30), NOW),
    ]
    make_appointment(world, at(4, 10), uid="again")
    assert [gap.starts_at for gap in list_gaps(**week, now=NOW)] == [at(5, 9)]


def test_neighbours_that_became_free_are_one_gap_and_old_ones_are_none() -> None:
    world = make_world()
    for hour, minute in ((10, 0), (10, 30)):
        row = make_appointment(world, at(4, hour, minute), patient_id=make_patient(f"P{minute}").id)
        cancel_appointment(row.id, version=1, actor=RECEPTIONIST, now=NOW)
    week = {"location_id": world.location_id, "from_on": date(2026, 3, 2), "to_on": date(2026, 3, 8)}
    assert [(gap.starts_at, gap.ends_at) for gap in list_gaps(**week, now=NOW)] == [(at(4, 10), at(4, 11))]
    far = {**week, "from_on": date(2026, 3, 17), "to_on": date(2026, 3, 30)}
    assert list_gaps(**far, now=NOW + timedelta(days=15)) == []
