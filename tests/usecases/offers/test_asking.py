"""A slot is offered to some in turn and never promised twice; whoever accepts has it."""

from datetime import datetime, timedelta

import pytest

from scheduler.errors import Conflict, SlotHeld, StaleVersion
from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Hold, Message, Offer, OfferTurn, Patient, WaitlistEntry
from scheduler.models.staff import Role
from scheduler.usecases.actors import Actor
from scheduler.usecases.appointments.changing import book_appointment
from scheduler.usecases.gaps.free_slots import rank_gap
from scheduler.usecases.links import offer_secret
from scheduler.usecases.offers.asking import (
    Chosen,
    accept_turn,
    book_from_gap,
    decline_turn,
    start_offer,
    stop_offer,
    turn_for_secret,
)
from scheduler.usecases.offers.expiry import expire_offers
from scheduler.usecases.offers.queries import get_offer, list_offers, preview_chain, see_offered_slot
from scheduler.usecases.patient_side.page import see_own_page
from scheduler.usecases.plans.life import pause_plan
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_patient, make_world
from tests.usecases.gap_world import KEY, SLOT_AT, active, enter, fresh, make_plan, sessions_of, slot_in

pytestmark = pytest.mark.usefixtures("context")
PATIENT = Actor("patient", 1, "by the link in the mail", Role.PRACTITIONER, "127.0.0.1")
HOUR = timedelta(hours=1)


def offer_to_all(world: World, starts_at: datetime = SLOT_AT, **options: object) -> Offer:
    """The slot offered to everybody who ranks, an hour each."""
    slot = slot_in(world, starts_at)
    chosen = [Chosen(one.reason, one.number) for one in rank_gap(slot, now=NOW)]
    usual: dict[str, object] = {"minutes_each": 60, "actor": RECEPTIONIST, "now": NOW, "link_key": KEY}
    return start_offer(slot, chosen, **usual | options)  # type: ignore[arg-type]


def answer(verb: object, turn: OfferTurn, *, now: datetime = NOW, actor: Actor = PATIENT) -> OfferTurn:
    return verb(turn.id, actor=actor, now=now, link_key=KEY)  # type: ignore[operator,no-any-return]


def statuses(offer: Offer) -> list[str]:
    db.session.expire_all()
    known = get_offer(offer.id)
    return [known.status, *(turn.status for turn in known.turns)]


def mails() -> list[tuple[str, str, str]]:
    """(kind, to, state) of every message, in the order in which they were owed."""
    rows = db.session.query(Message).order_by(Message.id).populate_existing()
    return [(row.kind, row.recipient.split(".")[0], row.state) for row in rows if row.kind != "reminder"]


def mark_sent() -> None:
    db.session.query(Message).update({"state": "sent"})
    db.session.commit()


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
