"""Letters that are not about one appointment: offers, changes of a series, a day's reminders."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.light_commits import light_writer
from scheduler.models import Appointment, Message, MessageItem, Offer, OfferTurn, Patient
from scheduler.transaction import writing
from scheduler.usecases.messages import dispatch, letters, outbox
from scheduler.usecases.messages.claims import Claim, claim_messages, give_back
from scheduler.usecases.messages.dispatch import Outcome, Verdict, keep_outcomes
from scheduler.usecases.messages.outbox_offers import owe_offer, owe_offer_expired
from scheduler.usecases.messages.reminder_days import TOLD_TOGETHER
from tests.conftest import empty_database
from tests.factories import NOW, World, at, make_appointment, make_patient, make_world, save

owe_series_change = writing(outbox.owe_series_change)
owe_confirmation = writing(outbox.owe_confirmation)
owe_reminders = writing(outbox.owe_reminders)
withdraw_messages = writing(outbox.withdraw_messages)
BEFORE = at(3) - timedelta(days=1)
"""When the reminder of 24 hours before the appointment on the 3rd at 10:00 is due."""


def messages() -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def change(row: Any, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    save(row)


def begin(claim: Claim, now: datetime = NOW) -> bool:
    with light_writer() as writer:
        return dispatch.begin_sending(writer, claim, claim.letters[0], [], now=now)


def send_all(now: datetime = NOW) -> Claim:
    claim = claim_messages(limit=100, now=now)
    keep_outcomes(claim, [Outcome(letter, Verdict.SENT, "250 ok") for letter in claim.letters], now=now)
    return claim


def make_turn(world: World, **changes: Any) -> OfferTurn:
    """Paul's turn with a slot tomorrow, asked now, for two hours."""
    offer = Offer(
        practitioner_id=world.practitioner_id,
        location_id=world.location_id,
        starts_at=at(3),
        ends_at=at(3, 10, 30),
        minutes_each=120,
        created_at=NOW,
        created_by="Rita",
    )
    values: dict[str, Any] = {
        "position": 1,
        "patient_id": world.patient_id,
        "reason": "behind",
        "appointment_type_id": world.needling_id,
        "starts_at": at(3),
        "ends_at": at(3, 10, 30),
        "status": "asked",
        "asked_at": NOW,
        "expires_at": NOW + timedelta(hours=2),
    }
    turn = OfferTurn(offer=offer, **values | changes)
    save(offer, turn)
    return turn


def owe_for(turn_id: int, kind: str = "offer") -> None:
    how = {"offer": owe_offer, "offer_expired": owe_offer_expired}[kind]
    writing(lambda session: how(session, session.get_one(OfferTurn, turn_id), now=NOW))()


def test_an_offer_is_a_letter_with_the_slot(context: Flask) -> None:
    turn = make_turn(make_world())
    owe_for(turn.id)
    claim = claim_messages(limit=10, now=NOW)
    (letter,) = claim.letters
    slot = letter.offered
    assert slot is not None
    assert (slot.turn_id, slot.starts_at, slot.practitioner, slot.location) == (
        turn.id,
        at(3),
        "Petra Pin",
        "Mitte",
    )
    assert (slot.asked_at, slot.expires_at) == (NOW, NOW + timedelta(hours=2))
    assert begin(claim)


@pytest.mark.parametrize("status", ["waiting", "accepted", "declined", "expired", "passed_over"])
def test_an_offer_whose_turn_is_not_asked_any_more_is_never_sent(context: Flask, status: str) -> None:
    turn = make_turn(make_world())
    owe_for(turn.id)
    change(turn, status=status)
    assert claim_messages(limit=10, now=NOW).letters == []
    assert (messages()[0].state, messages()[0].server_reply) == ("cancelled", letters.NOT_OFFERED)


@pytest.mark.parametrize(
    ("changes", "later"),
    [({"status": "accepted"}, timedelta()), ({}, timedelta(hours=2))],
    ids=["answered", "out of time"],
)
def test_an_offer_that_ended_between_claim_and_sending_is_not_begun(
    context: Flask, changes: dict[str, str], later: timedelta
) -> None:
    turn = make_turn(make_world())
    owe_for(turn.id)
    claim = claim_messages(limit=10, now=NOW)
    change(turn, **changes)
    assert not begin(claim, NOW + later)
    assert messages()[0].state == "claimed"


def test_who_was_told_of_an_offer_is_told_that_it_is_over(context: Flask) -> None:
    turn = make_turn(make_world())
    owe_for(turn.id)
    send_all()
    change(turn, status="expired")
    owe_for(turn.id, "offer_expired")
    claim = claim_messages(limit=10, now=NOW)
    assert [letter.kind for letter in claim.letters] == ["offer_expired"]
    assert begin(claim)


def test_a_message_of_which_nothing_is_left_does_not_come_up_again(context: Flask) -> None:
    world = make_world()
    owe_confirmation(make_appointment(world, at(3)), now=NOW)
    db.session.query(MessageItem).delete()
    db.session.commit()
    assert claim_messages(limit=10, now=NOW).looked_at == 1
    assert messages()[0].state == "cancelled"


def test_a_change_of_a_series_knows_of_each_date_what_was_told(context: Flask) -> None:
    world = make_world()
    moved, untold = make_appointment(world, at(3)), make_appointment(world, at(4))
    owe_confirmation(moved, now=NOW)
    send_all()
    change(moved, starts_at=at(3, 10, 5), sequence=1)
    owe_series_change([moved, untold], batch="b", now=NOW)
    (letter,) = claim_messages(limit=10, now=NOW).letters
    assert [(visit.previous_at, visit.last_told_sequence) for visit in letter.visits] == [
        (at(3), 0),
        (None, None),
    ]


def test_a_change_of_a_series_leaves_out_what_another_mail_told_meanwhile(context: Flask) -> None:
    world = make_world()
    first, second = make_appointment(world, at(3)), make_appointment(world, at(4))
    owe_series_change([first], batch="a", now=NOW)
    send_all()
    owe_series_change([first, second], batch="b", now=NOW)
    (letter,) = claim_messages(limit=10, now=NOW).letters
    assert [visit.starts_at for visit in letter.visits] == [at(4)]
    owe_series_change([first], batch="c", now=NOW)
    assert claim_messages(limit=10, now=NOW).letters == []
    assert messages()[-1].server_reply == outbox.REPLACED


def two_on_one_day(world: World) -> list[Appointment]:
    """Appointments at 10:00 and 15:00 on the 3rd with their reminders of a day before."""
    rows = [make_appointment(world, at(3)), make_appointment(world, at(3, 15))]
    owe_reminders(rows, now=at(1))
    return rows


def told(claim: Claim) -> list[list[datetime]]:
    return [[visit.starts_at for visit in letter.visits] for letter in claim.letters]


def test_two_appointments_of_a_day_are_reminded_of_in_one_mail(context: Flask) -> None:
    two_on_one_day(make_world(reminder_offsets_minutes=[1440]))
    assert told(send_all(BEFORE)) == [[at(3), at(3, 15)]]
    assert told(send_all(at(3, 9, 0))) == []
    first, second = messages()
    assert (first.state, second.state, second.server_reply) == ("sent", "cancelled", TOLD_TOGETHER)
    assert first.pointless_at == at(3, 15)


def test_reminders_of_other_days_offsets_and_people_stay_apart(context: Flask) -> None:
    world = make_world(reminder_offsets_minutes=[1440, 120])
    rows = [make_appointment(world, at(3)), make_appointment(world, at(4))]
    other = make_patient("Ada", "Low")
    rows.append(make_appointment(world, at(3, 11), patient_id=other.id))
    owe_reminders(rows, now=at(1))
    claim = claim_messages(limit=100, now=at(3, 9, 0))
    assert sorted(map(len, told(claim))) == [1] * len(claim.letters)
    assert TOLD_TOGETHER not in {message.server_reply for message in messages()}


@pytest.mark.parametrize("which", [0, 1])
def test_of_two_joined_one_moves_away_and_the_other_is_still_told(context: Flask, which: int) -> None:
    rows = two_on_one_day(make_world(reminder_offsets_minutes=[1440]))
    claim = claim_messages(limit=100, now=BEFORE)
    starts_at, ends_at = at(12, 10 + which), at(12, 11 + which)
    change(
        rows[which],
        starts_at=starts_at,
        ends_at=ends_at,
        busy_from=starts_at,
        busy_until=ends_at,
        sequence=1,
    )
    withdraw_messages(rows[which], now=BEFORE)
    owe_reminders([rows[which]], now=BEFORE)
    assert not begin(claim, BEFORE)
    give_back(claim, claim.letters, next_attempt_at=BEFORE)
    assert told(send_all(BEFORE)) == [[rows[1 - which].starts_at]]
    assert told(send_all(at(11, 12))) == [[rows[which].starts_at]]


def test_of_two_joined_one_is_cancelled_and_then_the_other(context: Flask) -> None:
    rows = two_on_one_day(make_world(reminder_offsets_minutes=[1440]))
    give_back(claim := claim_messages(limit=9, now=BEFORE), claim.letters, next_attempt_at=BEFORE)
    for row in rows:
        change(row, status="cancelled", sequence=1)
        withdraw_messages(row, now=BEFORE)
    assert {message.state for message in messages()} == {"cancelled"}
    assert told(send_all(BEFORE)) == []


def test_a_reminder_that_another_dispatcher_holds_is_told_by_its_own(postgresql_app: Flask) -> None:
    with postgresql_app.app_context():
        empty_database()
        two_on_one_day(make_world(reminder_offsets_minutes=[1440]))
        _, second = messages()
        with db.engine.connect() as other:
            other.execute(select(Message.id).where(Message.id == second.id).with_for_update())
            assert told(send_all(BEFORE)) == [[at(3)]]
        assert told(send_all(at(3, 9, 0))) == [[at(3, 15)]]
        db.session.remove()


def test_joined_reminders_are_not_owed_again(context: Flask) -> None:
    rows = two_on_one_day(make_world(reminder_offsets_minutes=[1440]))
    send_all(BEFORE)
    change(rows[1], sequence=1)
    owe_reminders(rows, now=at(1))
    assert len(messages()) == 2


def test_who_wants_no_reminders_gets_none_of_a_day(context: Flask) -> None:
    world = make_world(reminder_offsets_minutes=[1440])
    two_on_one_day(world)
    change(db.session.get_one(Patient, world.patient_id), wants_reminders=False)
    assert told(send_all(at(3, 9, 0))) == []
    assert {message.server_reply for message in messages()} == {letters.NO_REMINDERS}
