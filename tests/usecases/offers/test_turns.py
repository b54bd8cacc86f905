"""Turn by turn: a slot that is declined, runs out or cannot be taken any more goes on to the next."""

from datetime import timedelta

import pytest

from scheduler.errors import Conflict, SlotHeld, StaleVersion
from scheduler.extensions import db
from scheduler.models import AuditEntry, Patient
from scheduler.usecases.appointments.changing import book_appointment
from scheduler.usecases.offers.asking import Chosen, accept_turn, decline_turn, start_offer, stop_offer
from scheduler.usecases.offers.expiry import expire_offers
from scheduler.usecases.offers.queries import see_offered_slot
from scheduler.usecases.plans.life import pause_plan
from tests.factories import NOW, RECEPTIONIST, at, make_appointment, make_world
from tests.usecases.gap_world import KEY, SLOT_AT, active, enter, make_plan, sessions_of, slot_in
from tests.usecases.offers.support import HOUR, answer, mails, mark_sent, offer_to_all, statuses

pytestmark = pytest.mark.usefixtures("context")


def test_declining_passes_the_slot_on() -> None:
    world = make_world()
    for name in ("Ann", "Bob"):
        enter(world, name)
    offer = offer_to_all(world)
    answer(decline_turn, offer.turns[0])
    assert statuses(offer) == ["open", "declined", "asked"]
    assert mails() == [("offer", "ann", "cancelled"), ("offer", "bob", "due")]
    assert [row.patient_id for row in active()] == [offer.turns[1].patient_id]


def test_a_turn_that_runs_out_passes_the_hold_on_and_tells_who_was_told() -> None:
    world = make_world()
    for name in ("Ann", "Bob"):
        enter(world, name)
    offer = offer_to_all(world)
    mark_sent()
    assert expire_offers(now=NOW + HOUR - timedelta(seconds=1), link_key=KEY) == 0
    assert expire_offers(now=NOW + HOUR, link_key=KEY) == 1
    assert statuses(offer) == ["open", "expired", "asked"]
    assert mails()[1:] == [("offer_expired", "ann", "due"), ("offer", "bob", "due")]
    assert expire_offers(now=NOW + 2 * HOUR, link_key=KEY) == 1
    assert statuses(offer) == ["exhausted", "expired", "expired"]
    assert active() == []


def test_the_slot_is_not_free_between_a_turns_end_and_the_job() -> None:
    world = make_world()
    for name in ("Ann", "Bob"):
        enter(world, name)
    offer_to_all(world)
    with pytest.raises(SlotHeld):
        book_appointment(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            appointment_type_id=world.needling_id,
            starts_at=SLOT_AT,
            actor=RECEPTIONIST,
            now=NOW + HOUR + timedelta(seconds=30),
        )


def test_an_answer_that_comes_too_late_gets_a_clear_sentence() -> None:
    world = make_world()
    for name in ("Ann", "Bob"):
        enter(world, name)
    offer = offer_to_all(world)
    with pytest.raises(Conflict, match="The time for this offer is over"):
        answer(accept_turn, offer.turns[0], now=NOW + HOUR)
    expire_offers(now=NOW + HOUR, link_key=KEY)
    answer(accept_turn, offer.turns[1], now=NOW + HOUR)
    with pytest.raises(Conflict, match="This slot is taken"):
        answer(accept_turn, offer.turns[0], now=NOW + HOUR)
    assert see_offered_slot(offer.turns[0].id, now=NOW + HOUR).state == "taken"
    assert see_offered_slot(offer.turns[1].id, now=NOW + HOUR).state == "accepted"


def test_whoever_cannot_take_it_any_more_is_passed_over() -> None:
    world = make_world()
    plan_id = make_plan(world, "Paused")
    gone, placed = enter(world, "Gone"), enter(world, "Placed")
    silent, last = enter(world, "Silent"), enter(world, "Last")
    db.session.query(Patient).filter_by(id=silent.patient_id).update({"email": None})
    ann = enter(world, "Ann", urgency="urgent")
    db.session.commit()
    order = [
        Chosen("waitlist", ann.id),
        Chosen("behind", sessions_of(plan_id)[0].id),
        *(Chosen("waitlist", entry.id) for entry in (gone, placed, silent, last)),
    ]
    offer = start_offer(slot_in(world), order, minutes_each=60, actor=RECEPTIONIST, now=NOW, link_key=KEY)
    pause_plan(plan_id, version=1, release=False, actor=RECEPTIONIST, now=NOW)
    db.session.query(Patient).filter_by(id=gone.patient_id).update({"archived_at": NOW})
    db.session.commit()
    make_appointment(world, at(3, 10), patient_id=placed.patient_id)
    expire_offers(now=NOW + HOUR, link_key=KEY)
    assert statuses(offer) == ["open", "expired", *["passed_over"] * 4, "asked"]
    trail = db.session.query(AuditEntry).filter_by(action="offer_passed_over").order_by(AuditEntry.id)
    assert [row.detail["why"] for row in trail] == ["not_any_more", "archived", "not_any_more", "no_address"]


def test_reception_can_ask_somebody_without_an_address() -> None:
    world = make_world()
    entry = enter(world, "Silent")
    db.session.query(Patient).filter_by(id=entry.patient_id).update({"email": None})
    db.session.commit()
    offer = offer_to_all(world)
    assert statuses(offer) == ["open", "asked"]
    assert mails() == []


def test_stopping_frees_the_slot_and_tells_who_was_told() -> None:
    world = make_world()
    for name in ("Ann", "Bob"):
        enter(world, name)
    offer = offer_to_all(world)
    mark_sent()
    with pytest.raises(StaleVersion):
        stop_offer(offer.id, version=99, actor=RECEPTIONIST, now=NOW)
    stop_offer(offer.id, version=offer.version, actor=RECEPTIONIST, now=NOW)
    assert statuses(offer) == ["stopped", "passed_over", "passed_over"]
    assert mails()[1:] == [("offer_expired", "ann", "due")]
    assert active() == []
    with pytest.raises(Conflict, match="taken back"):
        answer(accept_turn, offer.turns[0])


def test_a_rule_that_came_up_meanwhile_refuses_and_keeps_the_hold() -> None:
    world = make_world()
    entry = enter(world, "Ann")
    offer = offer_to_all(world)
    make_appointment(world, at(3, 10), patient_id=entry.patient_id)
    with pytest.raises(Conflict, match="too soon before or after"):
        answer(accept_turn, offer.turns[0])
    assert statuses(offer) == ["open", "asked"]


def test_the_session_of_an_asked_patient_can_still_be_placed_elsewhere() -> None:
    world = make_world()
    plan_id = make_plan(world, "Ben")
    offer = offer_to_all(world)
    first = sessions_of(plan_id)[0]
    book_appointment(
        patient_id=offer.turns[0].patient_id,
        practitioner_id=world.practitioner_id,
        appointment_type_id=world.needling_id,
        starts_at=at(9, 9),
        planned_session_id=first.id,
        actor=RECEPTIONIST,
        now=NOW,
    )
    with pytest.raises(Conflict, match="not waiting to be placed"):
        answer(accept_turn, offer.turns[0])
