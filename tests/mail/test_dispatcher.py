"""Whole runs against a real SMTP server: sent once, retried, failed, shown."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask

from scheduler.mail import dispatcher
from scheduler.mail import writing as written
from scheduler.mail.dispatcher import Tally, dispatch_messages
from scheduler.transaction import writing
from scheduler.usecases.messages import outbox
from scheduler.usecases.messages.dispatch import RETRY_MINUTES
from tests.factories import NOW, at
from tests.mail.smtp_server import DROP, STALL, ScriptedServer
from tests.mail.support import (
    BOTH_WAYS,
    MINUTE,
    SHORT,
    change,
    dispatch,
    mailer,
    messages,
    some_addresses,
    states,
    world_with_confirmations,
)


@BOTH_WAYS
def test_everything_due_is_sent_once_over_one_connection(context: Flask, pipelining: bool) -> None:
    world_with_confirmations(*some_addresses(5))
    with ScriptedServer(pipelining=pipelining) as server:
        assert dispatch(server) == Tally(sent=5)
        assert dispatch(server) == Tally()
    assert server.recipients == some_addresses(5)
    assert server.connections == 1
    assert [(row.state, row.sent_at, row.server_reply, row.attempts) for row in messages()] == [
        ("sent", NOW, "250 2.0.0 taken", 1)
    ] * 5


def test_more_than_a_batch_is_sent_in_one_run(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_BATCH", "SMALLEST_BATCH", "LARGEST_BATCH"):
        monkeypatch.setattr(dispatcher, name, 2)
    world_with_confirmations(*some_addresses(5))
    with ScriptedServer() as server:
        assert dispatch(server) == Tally(sent=5)
    assert (server.recipients, server.connections) == (some_addresses(5), 1)


def test_without_a_server_messages_wait(context: Flask) -> None:
    world_with_confirmations("a@mail.example")
    assert dispatch_messages(None, clock=lambda: NOW) == Tally()
    assert states() == ["due"]


@BOTH_WAYS
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "END"])
def test_a_4xx_is_tried_again_later_and_others_go_on(context: Flask, step: str, pipelining: bool) -> None:
    world_with_confirmations(*some_addresses(3))
    with ScriptedServer(pipelining=pipelining).on(step, "451 4.3.0 not now", skip=1, times=1) as server:
        assert dispatch(server) == Tally(sent=2, retry=1)
        assert [(row.state, row.next_attempt_at) for row in messages()] == [
            ("sent", NOW),
            ("due", NOW + MINUTE),
            ("sent", NOW),
        ]
        assert messages()[1].server_reply == "451 4.3.0 not now"
        assert dispatch(server, NOW + MINUTE) == Tally(sent=1)
    assert server.recipients == some_addresses(3)


@BOTH_WAYS
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "END"])
def test_a_5xx_fails_at_once_and_keeps_the_servers_words(context: Flask, step: str, pipelining: bool) -> None:
    world_with_confirmations(*some_addresses(3))
    with ScriptedServer(pipelining=pipelining).on(step, "550 5.1.1 no such user", skip=1, times=1) as server:
        assert dispatch(server) == Tally(sent=2, failed=1)
        assert dispatch(server, at(8)) == Tally()
    assert [(row.state, row.server_reply) for row in messages()][1] == ("failed", "550 5.1.1 no such user")
    assert server.recipients == ["p00@mail.example", "p02@mail.example"]


def test_a_server_that_always_says_later_is_asked_at_growing_intervals_until_it_is_pointless(
    context: Flask,
) -> None:
    world_with_confirmations("a@mail.example")
    change(messages()[0], pointless_at=NOW + timedelta(minutes=141))
    asked_at, now = [], NOW
    with ScriptedServer().on("RCPT", "450 4.2.0 later") as server:
        while (message := messages()[0]).state == "due":
            now = message.next_attempt_at
            asked_at.append((now - NOW) // MINUTE)
            dispatch(server, now)
    assert asked_at == [0, 1, 6, 21, 81]
    assert RETRY_MINUTES == (1, 5, 15, 60)
    assert (message.state, message.server_reply, message.attempts) == ("failed", "450 4.2.0 later", 5)


def test_a_server_that_cannot_be_reached_delays_everything_by_one_attempt(context: Flask) -> None:
    world_with_confirmations(*some_addresses(3))
    with ScriptedServer() as server:
        port = server.port
    assert dispatch_messages(mailer(port), clock=lambda: NOW) == Tally(retry=3)
    assert {(row.state, row.next_attempt_at, row.attempts) for row in messages()} == {
        ("due", NOW + MINUTE, 1)
    }
    assert "Connection refused" in messages()[0].server_reply


def test_a_wrong_password_delays_and_does_not_fail(context: Flask) -> None:
    world_with_confirmations("a@mail.example")
    with ScriptedServer(password="another") as server:
        assert dispatch(server) == Tally(retry=1)
    assert states() == ["due"]


@BOTH_WAYS
@pytest.mark.parametrize("step", ["CONNECT", "MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_go_ahead_is_a_retry(
    context: Flask, step: str, pipelining: bool
) -> None:
    world_with_confirmations("a@mail.example")
    with ScriptedServer(pipelining=pipelining).on(step, DROP, times=1) as server:
        assert dispatch(server) == Tally(retry=1)
        assert dispatch(server, NOW + MINUTE) == Tally(sent=1)
    assert server.recipients == ["a@mail.example"]


@BOTH_WAYS
@pytest.mark.parametrize("action", [DROP, STALL])
def test_no_answer_to_the_whole_text_is_unknown_and_never_sent_again(
    context: Flask, action: str, pipelining: bool
) -> None:
    world_with_confirmations("a@one.example", "b@two.example", "c@three.example")
    with ScriptedServer(pipelining=pipelining).on("END", action, skip=1, times=1) as server:
        assert dispatch(server, patience=SHORT) == Tally(sent=2, unknown=1)
        assert dispatch(server, at(8)) == Tally()
    assert states() == ["sent", "unknown", "sent"]
    assert server.recipients == ["a@one.example", "c@three.example"]


@pytest.mark.parametrize("goodbye", ["421 4.7.0 enough for now", DROP], ids=["421", "hang-up"])
@BOTH_WAYS
def test_a_server_that_takes_so_many_a_connection_gets_the_next_on_a_new_one(
    context: Flask, goodbye: str, pipelining: bool
) -> None:
    world_with_confirmations(*some_addresses(4))
    with ScriptedServer(pipelining=pipelining).on("MAIL", goodbye, skip=2, times=1) as server:
        assert dispatch(server) == Tally(sent=4)
    assert (server.recipients, server.connections) == (some_addresses(4), 2)
    assert {row.attempts for row in messages()} == {1}


def test_mails_that_were_tried_in_vain_come_after_the_others(context: Flask) -> None:
    world_with_confirmations("a@mail.example", "b@mail.example")
    change(messages()[0], attempts=1)
    with ScriptedServer() as server:
        assert dispatch(server) == Tally(sent=2)
    assert [mail.recipients for mail in server.taken] == [["b@mail.example"], ["a@mail.example"]]


@pytest.mark.parametrize("address", ["nobody", "a b@mail.example", "a@mail.example\r\nRCPT TO:<x@y.example>"])
def test_what_is_no_address_fails_and_reaches_no_server(context: Flask, address: str) -> None:
    world_with_confirmations(address, "b@mail.example")
    with ScriptedServer() as server:
        assert dispatch(server) == Tally(sent=1, failed=1)
    assert server.recipients == ["b@mail.example"]
    assert messages()[0].server_reply == f"This is not an email address: {address!r}."


@pytest.mark.parametrize(("utf8", "state"), [(True, "sent"), (False, "failed")])
@BOTH_WAYS
def test_addresses_with_other_letters_go_where_the_server_takes_them(
    context: Flask, utf8: bool, state: str, pipelining: bool
) -> None:
    world_with_confirmations("a@mail.example", "jürgen@straße.example", "c@mail.example")
    with ScriptedServer(pipelining=pipelining, utf8=utf8) as server:
        dispatch(server)
    assert states() == ["sent", state, "sent"]
    others = ["jürgen@xn--strae-oqa.example"] if utf8 else []
    assert server.recipients == ["a@mail.example", "c@mail.example", *others]


def test_a_letter_that_cannot_be_written_holds_up_no_other(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    world_with_confirmations(*some_addresses(3))
    render = written.render_letter

    def stumble(letter: Any, *args: Any, **kwargs: Any) -> bytes:
        if letter.recipient.startswith("p01"):
            raise KeyError("zone")
        return render(letter, *args, **kwargs)

    monkeypatch.setattr(written, "render_letter", stumble)
    with ScriptedServer() as server:
        assert dispatch(server) == Tally(sent=2, failed=1)
    assert messages()[1].server_reply == "The mail could not be written: KeyError('zone')."


@BOTH_WAYS
def test_what_is_cancelled_after_the_offer_is_not_sent(context: Flask, pipelining: bool) -> None:
    """The receptionist cancels while the server considers the recipient."""
    _, rows = world_with_confirmations(*some_addresses(3))
    with ScriptedServer(pipelining=pipelining) as server:
        server.on("RCPT", cancelling(context, rows[1].id), skip=1, times=1)
        assert dispatch(server) == Tally(sent=2)
        assert dispatch(server, NOW + MINUTE) == Tally()
    assert server.recipients == ["p00@mail.example", "p02@mail.example"]
    assert states() == ["sent", "cancelled", "sent"]


def cancelling(app: Flask, appointment_id: int) -> Callable[[], str]:
    """An answer that first cancels an appointment, as another process would."""

    @writing
    def cancel(session: Any) -> None:
        from scheduler.models import Appointment

        row = session.get_one(Appointment, appointment_id)
        row.status, row.sequence = "cancelled", row.sequence + 1
        outbox.withdraw_messages(session, row, now=NOW)

    def answer() -> str:
        with app.app_context():
            cancel()
        return "250 ok"

    return answer


def test_what_moved_after_it_was_claimed_is_told_as_it_is(context: Flask) -> None:
    """A room changes while the letter is on its way: it is written again, and sent once."""
    _, rows = world_with_confirmations(*some_addresses(2))

    @writing
    def change_room(session: Any) -> None:
        from scheduler.models import Appointment

        row = session.get_one(Appointment, rows[1].id)
        row.room_id, row.sequence = None, 1

    def answer() -> str:
        with context.app_context():
            change_room()
        return "250 ok"

    with ScriptedServer().on("RCPT", answer, skip=1, times=1) as server:
        assert dispatch(server) == Tally(sent=1)
        assert dispatch(server) == Tally(sent=1)
    texts = [mail.parsed.get_body(("plain",)).get_content() for mail in server.taken]  # type: ignore[union-attr]
    assert ["Room 1" in text for text in texts] == [True, False]


def test_told_to_stop_it_ends_after_the_mail_at_hand_and_gives_the_others_back(context: Flask) -> None:
    world_with_confirmations(*some_addresses(4))
    with ScriptedServer() as server:
        tally = dispatch_messages(mailer(server.port), clock=lambda: NOW, stop=lambda: len(server.read) >= 2)
    assert tally == Tally(sent=2)
    assert [(row.state, row.attempts) for row in messages()] == [("sent", 1)] * 2 + [("due", 0)] * 2


def test_no_two_mails_share_a_message_id(context: Flask) -> None:
    world_with_confirmations(*some_addresses(20))
    with ScriptedServer() as server:
        dispatch(server)
    assert len({mail.parsed["Message-ID"] for mail in server.taken}) == 20


def test_a_retry_keeps_its_message_id(context: Flask) -> None:
    world_with_confirmations("a@mail.example")
    with ScriptedServer().on("END", "451 4.3.0 not now", times=1) as server:
        dispatch(server)
        dispatch(server, NOW + MINUTE)
    first, second = server.read
    assert first.parsed["Message-ID"] == second.parsed["Message-ID"]
    assert second.parsed["Message-ID"] == f"<{messages()[0].message_id}@clinic.example>"


@pytest.mark.parametrize("jump", [timedelta(hours=3), timedelta(hours=-3)], ids=["ahead", "back"])
def test_a_clock_that_jumps_while_mails_go_out_loses_and_repeats_none(
    context: Flask, jump: timedelta
) -> None:
    world_with_confirmations(*some_addresses(4))
    looks = count()
    with ScriptedServer() as server:
        jumping = dispatch_messages(mailer(server.port), clock=lambda: NOW if next(looks) < 3 else NOW + jump)
        assert (jumping, dispatch(server, NOW + abs(jump))) == (Tally(sent=4), Tally())
    assert server.recipients == some_addresses(4)
    assert states() == ["sent"] * 4
