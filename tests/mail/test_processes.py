"""Several dispatchers at once, and dispatchers killed in every step: none lost, none twice, at most one unknown."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from scheduler.extensions import db
from scheduler.mail.dispatcher import Tally
from scheduler.usecases.messages.claims import CLAIM_LEASE, CUT_OFF
from tests.factories import NOW
from tests.mail.dispatching_child import Dispatcher, dispatcher_at
from tests.mail.smtp_server import STALL, ScriptedServer
from tests.mail.support import dispatch, messages, some_addresses, states, world_with_confirmations

LATER = NOW + CLAIM_LEASE


def dispatching(
    app: Flask, server: ScriptedServer, *, batch: int = 100
) -> AbstractContextManager[Dispatcher]:
    """A dispatcher in another process, ready to run."""
    return dispatcher_at(app.config["SQLALCHEMY_DATABASE_URI"], server.port, NOW, batch)


def test_two_dispatchers_send_everything_once(context: Flask) -> None:
    world_with_confirmations(*some_addresses(20))
    with ScriptedServer() as server, ExitStack() as stack:
        pair = [stack.enter_context(dispatching(context, server, batch=2)) for _ in range(2)]
        for child in pair:
            child.go()
        assert sum(child.sent() for child in pair) == 20
    assert server.recipients == some_addresses(20)
    assert states() == ["sent"] * 20


@pytest.mark.parametrize("step", ["CONNECT", "MAIL", "RCPT", "DATA"])
def test_killed_before_the_text_nothing_is_lost_or_doubtful(context: Flask, step: str) -> None:
    world_with_confirmations(*some_addresses(3))
    with ScriptedServer().on(step, STALL, times=1) as server:
        with dispatching(context, server) as child:
            child.go()
            server.wait_for(step)
            child.kill()
        assert states() == ["claimed"] * 3
        assert dispatch(server) == Tally()  # not before the lease is over
        assert dispatch(server, LATER) == Tally(sent=3)
    assert server.recipients == some_addresses(3)


def test_killed_after_the_last_line_only_the_one_in_flight_is_unknown(context: Flask) -> None:
    world_with_confirmations(*some_addresses(3))
    with ScriptedServer().on("END", STALL, skip=1, times=1) as server:
        with dispatching(context, server) as child:
            child.go()
            server.wait_for("END", 2)
            child.kill()
        assert states() == ["sent", "sending", "claimed"]
        assert dispatch(server, LATER) == Tally(sent=1)
    assert states() == ["sent", "unknown", "sent"]
    assert messages()[1].server_reply == CUT_OFF
    assert len(server.read) == 3


def test_killed_while_committing_that_it_sends_nothing_is_lost_or_doubled(context: Flask) -> None:
    """The text is there and the commit of `sending` waits for a lock: the last line was not given."""
    world_with_confirmations(*some_addresses(3))
    with ScriptedServer() as server, ExitStack() as stack:
        server.on("DATA", locking(stack, then="354 go ahead"), times=1)
        kill_after(context, server, "TEXT")
        stack.close()
        wait_until_the_dead_are_gone()
        assert states() in possibly(["claimed"] * 3, committed_late=["sending", "claimed", "claimed"])
        dispatch(server, LATER)
    assert_none_lost_none_twice_one_unknown_at_most(server)


def test_killed_while_committing_that_it_sent_nothing_is_lost_or_doubled(context: Flask) -> None:
    """The server says 250 and the commit of `sent` waits for a lock."""
    world_with_confirmations(*some_addresses(3))
    with ScriptedServer() as server, ExitStack() as stack:
        server.on("END", locking(stack, then="250 taken"), times=1)
        kill_after(context, server, "END")
        stack.close()
        wait_until_the_dead_are_gone()
        assert states() in possibly(
            ["sending", "claimed", "claimed"], committed_late=["sent", "sending", "claimed"]
        )
        dispatch(server, LATER)
    assert_none_lost_none_twice_one_unknown_at_most(server)


def possibly(states: list[str], *, committed_late: list[str]) -> list[list[str]]:
    """What a killed dispatcher leaves; PostgreSQL may still carry out the last statement of a dead client."""
    return [states] if db.engine.dialect.name == "sqlite" else [states, committed_late]


def assert_none_lost_none_twice_one_unknown_at_most(server: ScriptedServer) -> None:
    by_state: dict[str, list[str]] = {"sent": [], "unknown": []}
    for message in messages():
        by_state[message.state].append(message.recipient)
    assert len(by_state["unknown"]) <= 1
    doubtful = set(by_state["unknown"]) & set(server.recipients)
    assert server.recipients == sorted([*by_state["sent"], *doubtful])


def wait_until_the_dead_are_gone() -> None:
    """PostgreSQL notices a killed client only when it answers it; until then its transaction holds its rows."""
    if db.engine.dialect.name != "postgresql":
        return
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND state <> 'idle' AND backend_type = 'client backend'"
    )
    end = time.monotonic() + 60
    while db.session.scalar(others):
        db.session.rollback()
        assert time.monotonic() < end, "a killed client's transaction never ended"
        time.sleep(0.02)
    db.session.rollback()


def kill_after(app: Flask, server: ScriptedServer, step: str) -> None:
    """Run a dispatcher and kill it once the server has answered at a step."""
    with dispatching(app, server) as child:
        child.go()
        server.wait_for(f"{step} said")
        child.kill()


def locking(stack: ExitStack, then: str) -> Callable[[], str]:
    """An answer before which nobody else can write messages any more, until the stack is closed."""
    url = db.engine.url

    def answer() -> str:
        if url.get_backend_name() == "sqlite":
            connection = sqlite3.connect(url.database or "", isolation_level=None, check_same_thread=False)
            stack.enter_context(closing(connection)).execute("BEGIN IMMEDIATE")
        else:
            plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
            session = stack.enter_context(closing(psycopg.connect(plain)))
            session.execute("SELECT id FROM messages FOR UPDATE")
        return then

    return answer
