"""Claims, leases and outcomes: what is sent when, what never, and what becomes unknown."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from scheduler.extensions import db
from scheduler.light_commits import crash_epoch, light_writer
from scheduler.models import Appointment, Location, Message, MessageItem, Patient, Practitioner
from scheduler.transaction import writing
from scheduler.usecases.messages import dispatch, letters, outbox
from scheduler.usecases.messages.claims import CLAIM_LEASE, CRASHED, CUT_OFF, Claim, claim_messages, give_back
from scheduler.usecases.messages.dispatch import SENDING_LEASE, Outcome, Verdict, keep_outcomes
from scheduler.usecases.messages.letters import Letter
from tests.factories import NOW, World, at, make_appointment, make_world, save

MINUTE = timedelta(minutes=1)
KINDS = {
    "confirmation": writing(outbox.owe_confirmation),
    "change": writing(outbox.owe_change),
    "cancellation": writing(outbox.owe_cancellation),
}
owe_reminders = writing(outbox.owe_reminders)
owe_series = writing(outbox.owe_series_confirmation)


def owe(kind: str, appointment: Appointment, now: datetime = NOW) -> None:
    """Owe one message of a kind; a reminder is the one 24 hours before."""
    if kind == "reminder":
        owe_reminders([appointment], now=appointment.starts_at - timedelta(hours=26))
    else:
        KINDS[kind](appointment, now=now)


def claim(now: datetime = NOW, limit: int = 100) -> Claim:
    return claim_messages(limit=limit, now=now)


def begin_sending(held: Claim, letter: Letter, outcomes: Sequence[Outcome], *, now: datetime) -> bool:
    with light_writer() as writer:
        return dispatch.begin_sending(writer, held, letter, outcomes, now=now)


def states() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Message.state).order_by(Message.id)))


def message(number: int = 0) -> Message:
    db.session.rollback()
    return db.session.scalars(select(Message).order_by(Message.id)).all()[number]


def change(row: Any, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    save(row)


def world_with(*kinds: str, day: int = 9) -> tuple[World, list[Appointment]]:
    """A world with one message of each kind, each about its own appointment on the following days."""
    world = make_world()
    rows = [make_appointment(world, at(day + place)) for place in range(len(kinds))]
    for kind, row in zip(kinds, rows, strict=True):
        owe(kind, row)
    return world, rows


def fate(claim: Claim, verdict: Verdict, reply: str = "said the server") -> Sequence[Outcome]:
    return [Outcome(letter, verdict, reply) for letter in claim.letters]


def test_only_what_is_due_is_claimed(context: Flask) -> None:
    _, (appointment,) = world_with("reminder")
    due_at = message().due_at
    assert claim(due_at - MINUTE).letters == []
    assert [letter.kind for letter in claim(due_at).letters] == ["reminder"]
    assert appointment.starts_at - due_at == timedelta(days=1)


def test_a_claim_takes_the_longest_due_first_and_no_more_than_asked(context: Flask) -> None:
    _, rows = world_with("confirmation", "confirmation", "confirmation")
    change(message(2), next_attempt_at=NOW - MINUTE)
    first = claim(limit=2)
    assert [letter.visits[0].appointment_id for letter in first.letters] == [rows[2].id, rows[0].id]
    assert first.looked_at == 2
    assert claim(limit=2).looked_at == 1


def test_what_is_claimed_is_nobody_elses_until_the_lease_ends(context: Flask) -> None:
    world_with("confirmation")
    first = claim()
    assert claim(NOW + CLAIM_LEASE - MINUTE).letters == []
    second = claim(NOW + CLAIM_LEASE)
    assert [letter.id for letter in second.letters] == [letter.id for letter in first.letters]
    assert not begin_sending(first, first.letters[0], [], now=NOW + CLAIM_LEASE)
    assert begin_sending(second, second.letters[0], [], now=NOW + CLAIM_LEASE)


def test_a_letter_holds_what_its_text_needs(context: Flask) -> None:
    world_with("confirmation")
    (letter,) = claim().letters
    assert (letter.recipient, letter.name, letter.locale, letter.sender.name) == (
        "paul.pain@mail.example",
        "Paul Pain",
        "en",
        "Needle Point",
    )
    (visit,) = letter.visits
    assert (visit.starts_at, visit.ends_at, visit.practitioner, visit.location, visit.room, visit.zone) == (
        at(9),
        at(9, 10, 30),
        "Petra Pin",
        "Mitte",
        "Room 1",
        "Europe/Berlin",
    )
    assert not letter.sender.several_zones


def test_locations_in_several_zones_ask_for_the_zones_name(context: Flask) -> None:
    world_with("confirmation")
    save(Location(name="London", zone="Europe/London"))
    assert claim().letters[0].sender.several_zones


@pytest.mark.parametrize("kind", ["confirmation", "reminder", "change"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "cancelled"}, outbox.CANCELLED),
        ({"status": "no_show"}, outbox.CANCELLED),
        ({"starts_at": at(9, 10, 5)}, outbox.MOVED),
    ],
    ids=["cancelled", "no-show", "moved"],
)
def test_nothing_is_sent_about_what_was_moved_or_cancelled_meanwhile(
    context: Flask, kind: str, changes: dict[str, Any], reason: str
) -> None:
    _, (appointment,) = world_with(kind)
    change(appointment, **changes)
    assert claim(at(9, 0)).letters == []
    assert (message().state, message().server_reply) == ("cancelled", reason)


@pytest.mark.parametrize("kind", ["confirmation", "reminder", "change"])
def test_nothing_is_sent_about_what_has_begun(context: Flask, kind: str) -> None:
    world_with(kind)
    assert claim(at(9)).letters == []
    assert (message().state, message().server_reply) == ("cancelled", letters.BEGUN)


def test_what_was_tried_until_the_start_has_failed(context: Flask) -> None:
    world_with("confirmation")
    change(message(), attempts=1, server_reply="450 later")
    assert claim(at(9)).letters == []
    assert (message().state, message().server_reply) == ("failed", "450 later")


def test_a_cancellation_is_sent_only_of_what_is_cancelled(context: Flask) -> None:
    _, rows = world_with("cancellation", "cancellation")
    change(rows[0], status="cancelled")
    assert [letter.visits[0].appointment_id for letter in claim().letters] == [rows[0].id]
    assert states() == ["claimed", "cancelled"]


def test_another_room_or_practitioner_is_told_as_it_is_when_sent(context: Flask) -> None:
    world, (appointment,) = world_with("reminder")
    change(appointment, room_id=world.room_ids[1], sequence=3)
    change(db.session.get_one(Practitioner, world.practitioner_id), family_name="Spitz")
    (letter,) = claim(at(9, 0)).letters
    assert (letter.visits[0].room, letter.visits[0].practitioner) == ("Room 2", "Petra Spitz")
    assert [item.sequence for item in message().items] == [3]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"email": None}, letters.NO_ADDRESS),
        ({"archived_at": NOW}, letters.NO_ADDRESS),
        ({"wants_reminders": False}, letters.NO_REMINDERS),
    ],
    ids=["no address", "archived", "no reminders"],
)
def test_what_became_of_the_patient_is_seen(context: Flask, changes: dict[str, Any], reason: str) -> None:
    world, _ = world_with("reminder")
    change(db.session.get_one(Patient, world.patient_id), **changes)
    assert claim(at(9, 0)).letters == []
    assert (message().state, message().server_reply) == ("cancelled", reason)


def test_a_corrected_address_is_used(context: Flask) -> None:
    world, _ = world_with("confirmation")
    change(db.session.get_one(Patient, world.patient_id), email="new@mail.example")
    assert [letter.recipient for letter in claim().letters] == ["new@mail.example"]
    assert message().recipient == "new@mail.example"


def test_a_series_leaves_out_what_is_cancelled_or_over_and_tells_new_starts(context: Flask) -> None:
    world = make_world()
    series = [make_appointment(world, at(day)) for day in (3, 9, 10, 11)]
    owe_series(series, now=NOW)
    change(series[1], status="cancelled", sequence=1)
    change(series[3], starts_at=at(11, 10, 5), sequence=1)
    claimed = claim(at(4))
    assert [visit.starts_at for visit in claimed.letters[0].visits] == [at(10), at(11, 10, 5)]
    assert [(item.appointment_id, item.starts_at, item.sequence) for item in message().items] == [
        (series[2].id, at(10), 0),
        (series[3].id, at(11, 10, 5), 1),
    ]
    assert begin_sending(claimed, claimed.letters[0], [], now=at(4))


def test_a_series_of_which_nothing_is_left_is_cancelled(context: Flask) -> None:
    world = make_world()
    series = [make_appointment(world, at(day)) for day in (9, 10)]
    owe_series(series, now=NOW)
    for row in series:
        change(row, status="cancelled")
    assert claim().letters == []
    assert (message().state, message().server_reply) == ("cancelled", letters.NONE_LEFT)


def test_later_mails_answer_the_confirmation(context: Flask) -> None:
    _, (appointment,) = world_with("confirmation")
    first = claim()
    assert first.letters[0].thread is None
    keep_outcomes(first, fate(first, Verdict.SENT), now=NOW)
    owe("reminder", appointment)
    assert [letter.thread for letter in claim(at(9, 0)).letters] == [message().message_id]


def test_a_change_knows_what_the_patient_was_told_last(context: Flask) -> None:
    _, (appointment,) = world_with("confirmation")
    first = claim()
    keep_outcomes(first, fate(first, Verdict.SENT), now=NOW)
    change(appointment, starts_at=at(9, 10, 10), sequence=1)
    owe("change", appointment)
    assert [letter.visits[0].previous_at for letter in claim().letters] == [at(9)]


def test_a_change_of_which_nothing_was_told_has_no_before(context: Flask) -> None:
    _, (appointment,) = world_with("confirmation")
    change(appointment, starts_at=at(9, 10, 10), sequence=1)
    owe("change", appointment)
    assert [letter.visits[0].previous_at for letter in claim().letters] == [None]


def test_a_change_that_another_mail_told_already_is_not_sent(context: Flask) -> None:
    world = make_world()
    series = [make_appointment(world, at(day)) for day in (9, 10)]
    owe_series(series, now=NOW)
    change(series[0], starts_at=at(9, 10, 10), sequence=1)
    first = claim()
    keep_outcomes(first, fate(first, Verdict.SENT), now=NOW)
    owe("change", series[0])
    assert claim().letters == []
    assert (message(1).state, message(1).server_reply) == ("cancelled", outbox.REPLACED)


@pytest.mark.parametrize(
    "changes",
    [{"sequence": 1}, {"starts_at": at(9, 10, 5)}, {"status": "cancelled"}],
    ids=["sequence", "start", "cancelled"],
)
def test_what_changed_since_it_was_claimed_is_not_begun(context: Flask, changes: dict[str, Any]) -> None:
    _, (appointment,) = world_with("confirmation")
    claimed = claim()
    change(appointment, **changes)
    assert not begin_sending(claimed, claimed.letters[0], [], now=NOW)
    assert states() == ["claimed"]


def test_what_was_withdrawn_since_it_was_claimed_is_not_begun(context: Flask) -> None:
    _, (appointment,) = world_with("confirmation")
    claimed = claim()
    change(appointment, status="cancelled")
    writing(outbox.withdraw_messages)(appointment, now=NOW)
    assert not begin_sending(claimed, claimed.letters[0], [], now=NOW)
    give_back(claimed, claimed.letters, next_attempt_at=NOW)
    keep_outcomes(claimed, fate(claimed, Verdict.RETRY), now=NOW)
    assert states() == ["cancelled"]


def test_what_was_given_back_is_due_and_not_counted_as_tried(context: Flask) -> None:
    world_with("confirmation")
    claimed = claim()
    give_back(claimed, claimed.letters, next_attempt_at=NOW + MINUTE)
    assert (message().state, message().attempts, message().claimed_by) == ("due", 0, None)
    assert claim().letters == []
    assert len(claim(NOW + MINUTE).letters) == 1


def test_what_became_of_one_is_kept_with_the_beginning_of_the_next(context: Flask) -> None:
    world_with("confirmation", "confirmation")
    claimed = claim()
    one, two = claimed.letters
    assert begin_sending(claimed, one, [], now=NOW)
    assert states() == ["sending", "claimed"]
    assert begin_sending(claimed, two, [Outcome(one, Verdict.SENT, "250 taken")], now=NOW + MINUTE)
    assert states() == ["sent", "sending"]
    assert (message().sent_at, message().server_reply, message().attempts) == (NOW + MINUTE, "250 taken", 1)


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 1), (1, 5), (2, 15), (3, 60), (4, 60), (20, 60)])
def test_retries_wait_longer_each_time(context: Flask, attempts: int, minutes: int) -> None:
    world_with("confirmation")
    change(message(), attempts=attempts)
    claimed = claim()
    keep_outcomes(claimed, fate(claimed, Verdict.RETRY, "450 later"), now=NOW)
    assert (message().state, message().next_attempt_at, message().attempts, message().server_reply) == (
        "due",
        NOW + timedelta(minutes=minutes),
        attempts + 1,
        "450 later",
    )


def test_a_retry_that_would_be_pointless_is_a_failure(context: Flask) -> None:
    world_with("confirmation")
    claimed = claim()
    keep_outcomes(claimed, fate(claimed, Verdict.RETRY, "450 later"), now=at(9) - MINUTE)
    assert (message().state, message().server_reply) == ("failed", "450 later")


@pytest.mark.parametrize("verdict", [Verdict.SENT, Verdict.FAILED, Verdict.UNKNOWN])
def test_what_is_over_is_never_claimed_again(context: Flask, verdict: Verdict) -> None:
    world_with("confirmation")
    claimed = claim()
    keep_outcomes(claimed, fate(claimed, verdict), now=NOW)
    assert states() == [verdict.value]
    assert claim(at(8)).looked_at == 0


def test_who_died_while_sending_leaves_it_unknown(context: Flask) -> None:
    world_with("confirmation")
    claimed = claim()
    begin_sending(claimed, claimed.letters[0], [], now=NOW)
    assert claim(NOW + SENDING_LEASE - MINUTE).looked_at == 0
    assert claim(NOW + SENDING_LEASE).letters == []
    assert (message().state, message().server_reply) == ("unknown", CUT_OFF)
    assert claim(at(8)).looked_at == 0


def test_who_only_seemed_dead_still_tells_what_became_of_it(context: Flask) -> None:
    world_with("confirmation")
    claimed = claim()
    begin_sending(claimed, claimed.letters[0], [], now=NOW)
    claim(NOW + SENDING_LEASE)
    assert states() == ["unknown"]
    keep_outcomes(claimed, fate(claimed, Verdict.SENT), now=NOW)
    assert states() == ["sent"]


def test_what_was_claimed_before_a_crash_of_the_machine_is_unknown(context: Flask) -> None:
    world_with("confirmation")
    claim()
    change(message(), claimed_by="0123456789ab.deadbeef")
    assert claim(NOW + CLAIM_LEASE).letters == []
    assert (message().state, message().server_reply) == ("unknown", CRASHED)


def test_a_claim_names_the_present_crash_epoch(context: Flask) -> None:
    world_with("confirmation")
    assert claim().holder.partition(".")[0] == crash_epoch(db.session())


def test_the_search_for_due_messages_uses_the_index_of_open_ones(context: Flask) -> None:
    make_world()
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL enable_seqscan TO off"))
    explain = "EXPLAIN QUERY PLAN" if db.engine.dialect.name == "sqlite" else "EXPLAIN"
    now = int(NOW.timestamp()) if db.engine.dialect.name == "sqlite" else NOW
    plan = db.session.execute(
        text(
            f"{explain} SELECT id FROM messages WHERE state IN ('due', 'claimed', 'sending') "
            "AND next_attempt_at <= :now ORDER BY next_attempt_at, id LIMIT 100"
        ),
        {"now": now},
    )
    assert "ix_messages_next_attempt_at_open" in str(plan.all())


def test_items_keep_what_was_told(context: Flask) -> None:
    _, (appointment,) = world_with("confirmation")
    claimed = claim()
    keep_outcomes(claimed, fate(claimed, Verdict.SENT), now=NOW)
    change(appointment, starts_at=at(9, 10, 5), sequence=1)
    claim(at(8))
    assert list(db.session.execute(select(MessageItem.starts_at, MessageItem.sequence))) == [(at(9), 0)]
