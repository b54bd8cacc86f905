"""Claims, leases and outcomes: what is sent when, what never, and what becomes unknown."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from scheduler.extensions import db
from scheduler.light_commits import crash_epoch
from scheduler.transaction import writing
from scheduler.usecases.messages import letters, outbox
from scheduler.usecases.messages.claims import CLAIM_LEASE, CRASHED, CUT_OFF, give_back
from scheduler.usecases.messages.dispatch import SENDING_LEASE, Outcome, Verdict, keep_outcomes
from tests.factories import NOW, at, make_world
from tests.usecases.messages.dispatching import (
    MINUTE,
    begin_sending,
    change,
    claim,
    fate,
    message,
    states,
    world_with,
)


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
