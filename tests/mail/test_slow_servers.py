"""Runs against mail servers that are slow or silent, for everybody or for one domain."""

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.mail import dispatcher, parked
from scheduler.mail.dispatcher import Tally, dispatch_messages
from scheduler.mail.smtp import Patience
from scheduler.usecases.messages.care import send_again
from tests.factories import NOW, RECEPTIONIST
from tests.mail.smtp_server import STALL, ScriptedServer
from tests.mail.support import (
    BOTH_WAYS,
    MINUTE,
    SHORT,
    dispatch,
    mailer,
    messages,
    states,
    world_with_confirmations,
)


@BOTH_WAYS
def test_a_domain_that_stalls_costs_one_time_out_and_delays_no_others(
    context: Flask, pipelining: bool
) -> None:
    addresses = ["a@dead.example", "b@alive.example", "c@dead.example", "d@dead.example", "e@alive.example"]
    world_with_confirmations(*addresses)
    with ScriptedServer(pipelining=pipelining).on("RCPT", STALL, holding="@dead") as server:
        assert dispatch(server, patience=SHORT) == Tally(sent=2, retry=1)
    assert server.recipients == ["b@alive.example", "e@alive.example"]
    assert [row.attempts for row in messages()] == [1, 1, 0, 0, 1]
    assert {row.next_attempt_at for row in messages() if row.state == "due"} == {NOW + MINUTE}
    assert len([line for line in server.commands if "@dead" in line]) == 1


@BOTH_WAYS
def test_a_domain_that_takes_nothing_now_costs_the_others_no_attempt_and_no_connection(
    context: Flask, pipelining: bool
) -> None:
    addresses = [f"p{number}@{'full' if number % 3 else 'alive'}.example" for number in range(24)]
    world_with_confirmations(*addresses)
    with ScriptedServer(pipelining=pipelining).on("RCPT", "450 4.2.0 later", holding="@full") as server:
        assert dispatch(server) == Tally(sent=8, retry=16)
    assert server.recipients == sorted(address for address in addresses if "alive" in address)
    assert server.connections == 1
    assert {row.next_attempt_at for row in messages() if row.state == "due"} == {NOW + MINUTE}


@BOTH_WAYS
def test_others_go_out_while_the_server_has_no_answer_for_one_domain(
    context: Flask, pipelining: bool
) -> None:
    world_with_confirmations("a@slow.example", "b@one.example", "c@slow.example", "d@two.example")
    server = ScriptedServer(pipelining=pipelining)

    def when_the_others_are_taken() -> str:
        server.wait_for("END said", 2)
        return "250 2.1.5 recipient ok"

    with server.on("RCPT", when_the_others_are_taken, holding="@slow", times=1):
        assert dispatch(server, patience=Patience(others=0.1)) == Tally(sent=3)
        assert dispatch(server, NOW + MINUTE) == Tally(sent=1)
    sent_to = [mail.recipients for mail in server.taken]
    assert sent_to == [["b@one.example"], ["d@two.example"], ["a@slow.example"], ["c@slow.example"]]
    assert [row.attempts for row in messages()] == [1, 1, 1, 1]


@BOTH_WAYS
def test_a_refusal_after_a_long_silence_is_what_became_of_the_mail(context: Flask, pipelining: bool) -> None:
    world_with_confirmations("a@slow.example", "b@one.example")
    server = ScriptedServer(pipelining=pipelining)

    def when_the_other_is_taken() -> str:
        server.wait_for("END said")
        return "550 5.1.1 no such user"

    with server.on("RCPT", when_the_other_is_taken, holding="@slow"):
        assert dispatch(server, patience=Patience(others=0.1)) == Tally(sent=1, failed=1)
    assert [(row.state, row.server_reply) for row in messages()] == [
        ("failed", "550 5.1.1 no such user"),
        ("sent", "250 2.0.0 taken"),
    ]


ONE_DOMAIN_IS_SLOW = Patience(others=0.1, others_after_text=0.1)


@BOTH_WAYS
@pytest.mark.parametrize(
    ("answer", "state"),
    [("250 2.0.0 taken", "sent"), ("554 5.7.1 spam", "failed"), ("451 4.3.0 later", "due")],
)
def test_others_go_out_while_the_server_hands_a_text_on_to_one_domain(
    context: Flask, pipelining: bool, answer: str, state: str
) -> None:
    world_with_confirmations("a@slow.example", "b@one.example", "c@two.example")
    server = ScriptedServer(pipelining=pipelining)
    meanwhile: list[str] = []

    def when_the_others_are_taken() -> str:
        server.wait_for("END said", 2)
        with context.app_context():
            meanwhile.extend(states())
            db.session.remove()
        return answer

    with server.on("END", when_the_others_are_taken, holding="@slow"):
        tally = dispatch(server, patience=ONE_DOMAIN_IS_SLOW)
    assert (tally.sent, tally.unknown) == (2 + (state == "sent"), 0)
    assert (meanwhile[0], meanwhile[1]) == ("unknown", "sent")
    assert [(row.state, row.attempts) for row in messages()] == [(state, 1), ("sent", 1), ("sent", 1)]
    assert messages()[0].server_reply == answer


@BOTH_WAYS
def test_one_mail_at_a_time_may_be_in_doubt_where_one_that_waited_is_sent(
    context: Flask, pipelining: bool
) -> None:
    world_with_confirmations("a@slow.example", "b@one.example", "c@two.example")
    server = ScriptedServer(pipelining=pipelining)
    meanwhile: list[str] = []

    def when_another_is_given() -> str:
        server.wait_for("END")
        return "250 2.1.5 recipient ok"

    def look() -> str:
        with context.app_context():
            meanwhile.extend(states())
            db.session.remove()
        return "250 2.0.0 taken"

    server.on("RCPT", when_another_is_given, holding="@slow").on("END", look, holding="@slow")
    with server:
        assert dispatch(server, patience=ONE_DOMAIN_IS_SLOW) == Tally(sent=3)
    assert meanwhile.count("sending") == 1


def test_a_text_that_waits_is_not_tried_again_where_somebody_had_it_sent_again(context: Flask) -> None:
    world_with_confirmations("a@slow.example", "b@one.example")
    server = ScriptedServer()

    def when_it_is_sent_again() -> str:
        server.wait_for("END said")
        with context.app_context():
            send_again(messages()[0].id, actor=RECEPTIONIST, now=NOW + MINUTE)
            db.session.remove()
        return "451 4.3.0 later"

    with server.on("END", when_it_is_sent_again, holding="@slow", times=1):
        dispatch(server, patience=ONE_DOMAIN_IS_SLOW)
        assert dispatch(server, NOW + 60 * MINUTE) == Tally(sent=1)
    assert states() == ["unknown", "sent", "sent"]


def test_more_slow_texts_than_may_wait_are_waited_for_and_none_is_given_up(context: Flask) -> None:
    slow = [f"p@slow{number}.example" for number in range(parked.MOST_TEXTS + 2)]
    world_with_confirmations(*slow)
    server = ScriptedServer()

    def later() -> str:
        server.wait_for("END", min(len(server.read), parked.MOST_TEXTS + 1))
        return "250 2.0.0 taken"

    with server.on("END", later):
        assert dispatch(server, patience=ONE_DOMAIN_IS_SLOW) == Tally(sent=len(slow))
    assert server.recipients == slow


def test_where_only_one_connection_is_allowed_a_slow_text_is_waited_for(context: Flask) -> None:
    world_with_confirmations("a@slow.example", "b@other.example")
    server = ScriptedServer().on("CONNECT", "421 4.7.0 one at a time", skip=1, times=1)

    def when_the_other_connection_is_refused() -> str:
        server.wait_for("CONNECT said", 2)
        return "250 2.0.0 taken"

    with server.on("END", when_the_other_connection_is_refused, holding="@slow"):
        assert dispatch(server, patience=ONE_DOMAIN_IS_SLOW) == Tally(sent=2)
    assert server.connections == 3


def test_told_to_stop_it_waits_for_what_becomes_of_a_text(context: Flask) -> None:
    world_with_confirmations("a@slow.example", "b@one.example", "c@one.example")
    server = ScriptedServer()

    def when_another_is_taken() -> str:
        server.wait_for("END said")
        return "250 2.0.0 taken"

    with server.on("END", when_another_is_taken, holding="@slow"):
        patient = mailer(server.port, ONE_DOMAIN_IS_SLOW)
        assert dispatch_messages(patient, clock=lambda: NOW, stop=lambda: bool(server.taken)) == Tally(sent=2)
    assert states() == ["sent", "sent", "due"]


def test_several_dead_domains_in_a_row_do_not_delay_the_others(context: Flask) -> None:
    dead = [f"p@dead{number}.example" for number in range(parked.MOST + 2)]
    world_with_confirmations(*dead, "a@alive.example")
    with ScriptedServer().on("RCPT", STALL, holding="@dead") as server:
        assert dispatch(server, patience=SHORT) == Tally(sent=1, retry=len(dead))
    assert server.recipients == ["a@alive.example"]
    assert [row.attempts for row in messages()] == [1] * (len(dead) + 1)


def test_a_server_that_is_silent_on_every_recipient_is_given_up(context: Flask) -> None:
    world_with_confirmations(*(f"p@{number}.example" for number in range(dispatcher.MOST_SILENCES + 2)))
    with ScriptedServer().on("RCPT", STALL) as server:
        assert dispatch(server, patience=SHORT) == Tally(retry=dispatcher.MOST_SILENCES)
    assert [row.attempts for row in messages()] == [1] * dispatcher.MOST_SILENCES + [0, 0]
    assert {(row.state, row.next_attempt_at) for row in messages()} == {("due", NOW + MINUTE)}


def test_where_only_one_connection_is_allowed_the_mail_that_waits_gives_way(context: Flask) -> None:
    world_with_confirmations("a@dead.example", "b@alive.example")
    server = ScriptedServer().on("RCPT", STALL, holding="@dead")
    with server.on("CONNECT", "421 4.7.0 one at a time", skip=1, times=1):
        assert dispatch(server, patience=SHORT) == Tally(sent=1, retry=1)
    assert server.recipients == ["b@alive.example"]


def test_told_to_stop_it_leaves_a_mail_that_waits_as_it_was(context: Flask) -> None:
    world_with_confirmations("a@dead.example", "b@alive.example")
    with ScriptedServer().on("RCPT", STALL, holding="@dead") as server:
        patient = mailer(server.port, Patience(others=0.1))
        assert dispatch_messages(patient, clock=lambda: NOW, stop=lambda: bool(server.taken)) == Tally(sent=1)
    assert [(row.state, row.attempts, row.next_attempt_at) for row in messages()] == [
        ("due", 0, NOW),
        ("sent", 1, NOW),
    ]


def test_a_server_that_stalls_for_everybody_is_given_up_after_three_time_outs(context: Flask) -> None:
    world_with_confirmations(*(f"p@{number}.example" for number in range(6)))
    with ScriptedServer().on("MAIL", STALL) as server:
        assert dispatch(server, patience=SHORT) == Tally(retry=3)
    assert [(row.state, row.attempts) for row in messages()] == [("due", 1)] * 3 + [("due", 0)] * 3
    assert {row.next_attempt_at for row in messages()} == {NOW + MINUTE}
