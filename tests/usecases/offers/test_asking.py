"""A slot is offered to some in turn and never promised twice; whoever accepts has it."""

from datetime import timedelta

import pytest

from scheduler.errors import Conflict, SlotHeld
from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Hold, Offer, WaitlistEntry
from scheduler.usecases.appointments.changing import book_appointment
from scheduler.usecases.gaps.free_slots import rank_gap
from scheduler.usecases.links import offer_secret
from scheduler.usecases.offers.asking import (
    Chosen,
    accept_turn,
    book_from_gap,
    decline_turn,
    start_offer,
    turn_for_secret,
)
from scheduler.usecases.offers.queries import list_offers, preview_chain
from scheduler.usecases.patient_side.page import see_own_page
from tests.factories import NOW, RECEPTIONIST, at, make_appointment, make_patient, make_world
from tests.usecases.gap_world import KEY, SLOT_AT, active, enter, fresh, make_plan, sessions_of, slot_in
from tests.usecases.offers.support import HOUR, answer, mails, offer_to_all, statuses

pytestmark = pytest.mark.usefixtures("context")


def test_the_first_is_asked_the_slot_is_held_and_one_mail_owed() -> None:
    world = make_world()
    for name in ("Ann", "Bob"):
        enter(world, name)
    offer = offer_to_all(world)
    first = offer.turns[0]
    assert statuses(offer) == ["open", "asked", "waiting"]
    assert first.expires_at == NOW + HOUR
    assert mails() == [("offer", "ann", "due")]
    assert [(row.status, row.patient_id) for row in active()] == [("held", first.patient_id)]
    assert turn_for_secret(offer_secret(KEY, first.id, NOW)) == first.id


def test_the_patients_own_page_tells_the_time_that_is_kept_for_them() -> None:
    world = make_world()
    enter(world, "Ann", from_minute=10 * 60 + 30)
    chosen = [Chosen(one.reason, one.number) for one in rank_gap(slot_in(world, minutes=60), now=NOW)]
    start_offer(
        slot_in(world, minutes=60), chosen, minutes_each=60, actor=RECEPTIONIST, now=NOW, link_key=KEY
    )
    (held,) = active()
    (told,) = see_own_page(held.patient_id, now=NOW).offers
    assert (told.starts_at, told.ends_at) == (held.starts_at, held.ends_at) == (at(4, 10, 30), at(4, 11))


def test_a_slot_held_for_one_patient_cannot_be_booked_by_another() -> None:
    world = make_world()
    enter(world, "Ann")
    offer_to_all(world)
    with pytest.raises(SlotHeld):
        book_appointment(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            appointment_type_id=world.needling_id,
            starts_at=SLOT_AT,
            actor=RECEPTIONIST,
            now=NOW,
        )


def test_accepting_books_closes_the_entry_confirms_once_and_passes_the_others_over() -> None:
    world = make_world()
    for name in ("Ann", "Bob"):
        enter(world, name)
    offer = offer_to_all(world)
    turn = answer(accept_turn, offer.turns[0])
    assert statuses(offer) == ["taken", "accepted", "passed_over"]
    (booked,) = active()
    assert (booked.status, booked.starts_at, booked.id) == ("booked", SLOT_AT, turn.booked_id)
    assert db.session.query(Hold).count() == 0
    entries = db.session.query(WaitlistEntry).order_by(WaitlistEntry.id)
    assert [entry.closed_why for entry in entries] == ["booked", None]
    assert mails() == [("offer", "ann", "cancelled"), ("confirmation", "ann", "due")]


def test_accepting_twice_books_once() -> None:
    world = make_world()
    enter(world, "Ann")
    offer = offer_to_all(world)
    one = answer(accept_turn, offer.turns[0])
    two = answer(accept_turn, offer.turns[0])
    assert one.booked_id == two.booked_id
    assert len(active()) == 1


def test_accepting_fills_the_session_of_a_plan_that_is_behind() -> None:
    world = make_world()
    plan_id = make_plan(world, "Ben")
    offer = offer_to_all(world)
    answer(accept_turn, offer.turns[0])
    (booked,) = active()
    assert booked.planned_session_id == sessions_of(plan_id)[0].id
    assert [row.status for row in sessions_of(plan_id)] == ["placed", "to_place", "to_place"]


def test_a_later_appointment_moves_here_with_its_identity_and_its_slot_is_offered_on() -> None:
    world = make_world()
    make_plan(world, "Earl", placed=(at(2, 12), at(13, 9)), sessions=2)
    wanda = enter(world, "Wanda", wanted_from=at(13, 9).date())
    offer = offer_to_all(world, at(9, 10))
    moved = db.session.get_one(Appointment, offer.turns[0].releases_id)
    uid = moved.uid
    answer(accept_turn, offer.turns[0])
    db.session.expire_all()
    assert (moved.uid, moved.starts_at, moved.sequence) == (uid, at(9, 10), 1)
    assert mails()[-2:] == [("change", "earl", "due"), ("offer", "wanda", "due")]
    (child,) = db.session.query(Offer).filter_by(parent_id=offer.id)
    assert (child.starts_at, child.turns[0].patient_id) == (at(13, 9), wanda.patient_id)
    assert [(row.status, row.starts_at) for row in active()][-1] == ("held", at(13, 9))


def test_an_offer_that_does_not_go_on_leaves_the_slot_behind_it_free() -> None:
    world = make_world()
    make_plan(world, "Earl", placed=(at(2, 12), at(13, 9)), sessions=2)
    enter(world, "Wanda", wanted_from=at(13, 9).date())
    offer = offer_to_all(world, at(9, 10), goes_on=False)
    answer(accept_turn, offer.turns[0])
    assert db.session.query(Offer).count() == 1


def test_the_chain_is_shown_before_it_starts() -> None:
    world = make_world()
    make_plan(world, "Earl", placed=(at(2, 12), at(13, 9)), sessions=2)
    enter(world, "Wanda", wanted_from=at(13, 9).date())
    slot = slot_in(world, at(9, 10))
    (first,) = rank_gap(slot, now=NOW)
    (chain,) = preview_chain(slot, [Chosen(first.reason, first.number)], now=NOW)
    shown = [(link.slot.starts_at, link.candidate and link.candidate.patient) for link in chain]
    assert shown == [(at(9, 10), "Earl Pain"), (at(13, 9), "Wanda Pain")]


def test_a_choice_that_ranks_no_more_starts_nothing() -> None:
    world = make_world()
    entry = enter(world, "Ann")
    with pytest.raises(Conflict, match="Please look again"):
        start_offer(
            slot_in(world),
            [Chosen("waitlist", entry.id), Chosen("waitlist", entry.id + 1)],
            actor=RECEPTIONIST,
            now=NOW,
            link_key=KEY,
        )
    assert db.session.query(Offer).count() == 0


def test_booking_at_once_sends_no_offer() -> None:
    world = make_world()
    entry = enter(world, "Ann")
    turn = book_from_gap(
        slot_in(world), Chosen("waitlist", entry.id), actor=RECEPTIONIST, now=NOW, link_key=KEY
    )
    assert fresh(turn).status == "accepted"
    assert mails() == [("confirmation", "ann", "due")]
    assert [row.status for row in active()] == ["booked"]


def test_the_list_shows_running_offers_before_those_that_ended_today() -> None:
    world = make_world()
    enter(world, "Ann")
    first = offer_to_all(world)
    answer(decline_turn, first.turns[0])
    make_patient("Else")
    second = offer_to_all(world, at(6, 10))
    assert [row.id for row in list_offers(now=NOW)] == [second.id, first.id]
    assert [row.id for row in list_offers(now=NOW + timedelta(days=2))] == [second.id]


def test_the_trail_tells_who_answered() -> None:
    world = make_world()
    enter(world, "Ann")
    offer = offer_to_all(world)
    answer(accept_turn, offer.turns[0])
    trail = db.session.query(AuditEntry).filter_by(entity="offer").order_by(AuditEntry.id)
    assert [(row.action, row.actor_kind) for row in trail] == [
        ("offer_started", "staff"),
        ("offer_asked", "staff"),
        ("offer_accepted", "patient"),
        ("offer_taken", "patient"),
    ]


@pytest.mark.parametrize(("minutes", "too_short"), [(45, 30), (15, 10)], ids=["longer", "shorter"])
@pytest.mark.parametrize("entered", [False, True], ids=["a plan that moves forward", "the waitlist"])
def test_an_appointment_of_another_length_is_offered_and_moves_as_long_as_it_is(
    entered: bool, minutes: int, too_short: int
) -> None:
    world = make_world()
    if entered:
        patient_id = enter(world, "Long").patient_id
        late = make_appointment(world, at(20), patient_id=patient_id)
    else:
        make_plan(world, "Long", placed=(at(9),), starts_on=at(4).date())
        (late,) = active()
    length = timedelta(minutes=minutes)
    late.ends_at = late.busy_until = late.starts_at + length
    db.session.commit()
    assert rank_gap(slot_in(world, minutes=too_short), now=NOW) == []
    slot = slot_in(world, minutes=minutes)
    (one,) = rank_gap(slot, now=NOW)
    assert (one.releases_id, one.ends_at - one.starts_at) == (late.id, length)
    chosen = [Chosen(one.reason, one.number)]
    offer = start_offer(slot, chosen, minutes_each=60, actor=RECEPTIONIST, now=NOW, link_key=KEY)
    answer(accept_turn, offer.turns[0])
    (moved,) = active()
    assert (moved.id, moved.starts_at, moved.ends_at) == (late.id, SLOT_AT, SLOT_AT + length)
