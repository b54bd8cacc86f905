"""The client against a real server: TLS, sign-in, odd answers, time-outs, the exact bytes."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scheduler.mail.envelopes import Envelope, address_for_smtp, text_for_smtp
from scheduler.mail.smtp import (
    Connection,
    ConnectionLost,
    NoConnection,
    Patience,
    Reply,
)
from tests.mail.smtp_server import DROP, HOST, ScriptedServer
from tests.mail.support import SHORT, mailer

CERTIFICATE = Path(__file__).with_name("localhost.pem")
ENVELOPE = Envelope("desk@clinic.example", "a@mail.example")
OTHER = Envelope("desk@clinic.example", "b@mail.example")
BOTH_WAYS = pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "lockstep"])


@contextmanager
def connected(server: ScriptedServer, patience: Patience | None = None) -> Iterator[Connection]:
    with server, closing_connection(server.port, patience) as connection:
        yield connection


@contextmanager
def closing_connection(port: int, patience: Patience | None = None, **settings: str) -> Iterator[Connection]:
    connection = Connection(mailer(port, **settings).server, patience or Patience())
    try:
        yield connection
    finally:
        connection.drop()


def hand_over(connection: Connection, text: bytes = b"Subject: x\r\n\r\nhello\r\n") -> Reply:
    connection.offer(ENVELOPE)
    assert connection.answer().code == 354
    connection.give_text(text_for_smtp(text))
    connection.end_text()
    return connection.result()


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@BOTH_WAYS
def test_a_mail_is_handed_over_in_two_steps(pipelining: bool) -> None:
    with connected(ScriptedServer(pipelining=pipelining)) as connection:
        assert hand_over(connection) == (250, "2.0.0 taken")
        assert connection.delivered == 1


@BOTH_WAYS
def test_the_next_mail_is_offered_with_the_last_line_of_this_one(pipelining: bool) -> None:
    with connected(server := ScriptedServer(pipelining=pipelining)) as connection:
        connection.offer(ENVELOPE)
        connection.answer()
        connection.give_text(text_for_smtp(b"one\r\n"))
        connection.end_text(OTHER)
        assert connection.result().code == 250
        assert connection.answers_within(5)
        assert connection.answer().code == 354
        connection.give_text(text_for_smtp(b"two\r\n"))
        connection.end_text()
        assert connection.result().code == 250
    assert [(mail.recipients, mail.data) for mail in server.taken] == [
        (["a@mail.example"], b"one\r\n"),
        (["b@mail.example"], b"two\r\n"),
    ]


@BOTH_WAYS
def test_a_text_without_its_last_line_was_never_sent(pipelining: bool) -> None:
    with connected(server := ScriptedServer(pipelining=pipelining)) as connection:
        connection.offer(ENVELOPE)
        connection.answer()
        connection.give_text(text_for_smtp(b"one\r\n"))
        server.wait_for("TEXT")
        connection.drop()
    assert (server.taken, server.read) == ([], [])


@pytest.mark.parametrize("text", [b".\r\n", b"a\r\n.\r\nb\r\n", b"..\r\n.a\r\n", b"\r\n.\r\n\r\n", b"x\r\n"])
def test_lines_with_dots_arrive_as_they_are(text: bytes) -> None:
    with connected(server := ScriptedServer()) as connection:
        hand_over(connection, text)
    assert [mail.data for mail in server.taken] == [text]


@BOTH_WAYS
def test_after_a_refusal_the_transaction_is_reset(pipelining: bool) -> None:
    server = ScriptedServer(pipelining=pipelining).on("RCPT", "550 5.1.1 nobody", times=1)
    with connected(server) as connection:
        connection.offer(ENVELOPE)
        assert connection.answer() == (550, "5.1.1 nobody")
        assert hand_over(connection).code == 250
    assert server.commands.count("RSET") == 1


def test_a_server_that_takes_the_text_for_nobody_is_hung_up_on() -> None:
    """RFC 2920, 3.1: DATA may be agreed to although every recipient was refused."""
    said = [b"220 x\r\n", b"250-x\r\n250 PIPELINING\r\n", b"250 ok\r\n550 no\r\n354 go ahead\r\n"]
    with raw_server(said) as port, closing_connection(port) as connection:
        connection.offer(ENVELOPE)
        assert connection.answer() == (550, "no")
        assert not connection.usable


def test_replies_of_many_lines_in_pieces_are_read_whole() -> None:
    said = [b"220 x\r\n", b"250 x\r\n", b"550-one\r\n55", b"0-two\r", b"\n550 three\r\n"]
    with raw_server(said, until=2) as port, closing_connection(port) as connection:
        connection.offer(ENVELOPE)
        assert connection.answer() == (550, "one two three")


@pytest.mark.parametrize(
    "tail", [b"\x00\x1b[2J", "é".encode("latin-1"), b"x" * 5000], ids=["controls", "latin-1", "long"]
)
def test_words_of_the_server_are_kept_printable_and_short(tail: bytes) -> None:
    with (
        raw_server([b"220 x\r\n", b"250 x\r\n", b"550 no " + tail + b"\r\n"]) as port,
        closing_connection(port) as connection,
    ):
        connection.offer(ENVELOPE)
        words = connection.answer().words
    assert words.startswith("no") and words.isprintable() and len(words) <= 1000


def test_a_reply_without_end_is_a_loss() -> None:
    with (
        raw_server([b"220 x\r\n", b"250 x\r\n", b"250-on and on\r\n" * 10_000]) as port,
        closing_connection(port) as connection,
    ):
        connection.offer(ENVELOPE)
        with pytest.raises(ConnectionLost, match="does not end"):
            connection.answer()


def test_a_reply_that_drips_is_not_waited_for_longer() -> None:
    def drip(connection: socket.socket, stop: threading.Event) -> None:
        for _ in range(100):
            if not stop.wait(0.05):
                connection.sendall(b"2")

    with (
        raw_server([b"220 x\r\n", b"250 x\r\n"], then=drip) as port,
        closing_connection(port, SHORT) as connection,
    ):
        connection.offer(ENVELOPE)
        with pytest.raises(ConnectionLost) as caught:
            connection.answer()
    assert caught.value.timed_out


def test_nobody_listening_is_no_connection() -> None:
    with ScriptedServer() as server:
        port = server.port
    with pytest.raises(NoConnection, match=f"{HOST}:{port} cannot be used: .*Connection refused"):
        Connection(mailer(port).server, Patience())


def test_a_greeting_that_refuses_is_no_connection() -> None:
    server = ScriptedServer().on("CONNECT", "554 5.7.1 not you")
    with server, pytest.raises(NoConnection, match=r"refuses: 554 5.7.1 not you"):
        Connection(mailer(server.port).server, Patience())


def test_a_server_that_hangs_up_at_once_is_no_connection() -> None:
    with ScriptedServer().on("CONNECT", DROP) as server, pytest.raises(NoConnection):
        Connection(mailer(server.port).server, Patience())


@pytest.mark.parametrize(("password", "lets_in"), [("secret", True), ("another", False)])
def test_sign_in_after_starttls(monkeypatch: pytest.MonkeyPatch, password: str, lets_in: bool) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with ScriptedServer(tls=server_tls(), password=password) as server:
        if lets_in:
            with closing_connection(server.port, options="?starttls=1") as connection:
                assert hand_over(connection).code == 250
        else:
            with pytest.raises(NoConnection, match=r"refuses: 535 5.7.8 wrong password"):
                Connection(mailer(server.port, options="?starttls=1").server, Patience())
    assert any(line.startswith("AUTH PLAIN") for line in server.commands)


def test_a_certificate_of_strangers_is_refused() -> None:
    with (
        ScriptedServer(tls=server_tls()) as server,
        pytest.raises(NoConnection, match="certificate verify failed"),
    ):
        Connection(mailer(server.port, options="?starttls=1").server, Patience())


def test_starttls_that_is_not_offered_is_not_done_without() -> None:
    with ScriptedServer() as server, pytest.raises(NoConnection, match="STARTTLS"):
        Connection(mailer(server.port, options="?starttls=1").server, Patience())
    assert not any(line.startswith("AUTH") for line in server.commands)


@BOTH_WAYS
def test_implicit_tls(monkeypatch: pytest.MonkeyPatch, pipelining: bool) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    server = ScriptedServer(tls=server_tls(), implicit_tls=True, pipelining=pipelining)
    with server, closing_connection(server.port, scheme="smtps") as connection:
        connection.offer(ENVELOPE)
        connection.answer()
        connection.give_text(text_for_smtp(b"one\r\n"))
        connection.end_text(OTHER)
        assert connection.result().code == 250
        assert connection.answers_within(5)
    assert server.recipients == ["a@mail.example"]


@pytest.mark.parametrize(
    ("address", "usable"),
    [
        ("a@mail.example", "a@mail.example"),
        ("a+b.c'd@mail.example", "a+b.c'd@mail.example"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@Straße.example", "a@xn--strae-oqa.example"),
        ("ü@mail.example", "ü@mail.example"),
        ("a", None),
        ("a@", None),
        ("a@b@c", None),
        ("a b@mail.example", None),
        ("<a@mail.example>", None),
        ("a@mail.example,b@mail.example", None),
        ("a@mail.example\r\nDATA", None),
        ("a" * 250 + "@mail.example", None),
    ],
)
def test_addresses_are_checked_before_they_are_used(address: str, usable: str | None) -> None:
    assert address_for_smtp(address) == usable


@contextmanager
def raw_server(said: list[bytes], *, until: int = 0, then: object = None) -> Iterator[int]:
    """Say the pieces, each after a line has come in (the first at once; from ``until`` on without waiting)."""
    stop = threading.Event()
    listener = socket.create_server((HOST, 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            for place, piece in enumerate(said):
                if place and not (until and place > until):
                    connection.recv(4096)
                connection.sendall(piece)
            if callable(then):
                then(connection, stop)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        listener.close()
        thread.join(10)
