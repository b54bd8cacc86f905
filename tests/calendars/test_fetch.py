"""Fetching a calendar from an address that somebody entered: where it may lead, and how much may come back."""

import gzip
import socket as sockets
import ssl
import threading
import time
from socket import socket
from typing import Any

import pytest

from scheduler.calendars.fetch import Fetched, Limits
from scheduler.calendars.refusals import REASONS
from tests.calendars.web_server import CALENDAR, CERTIFICATE, fetcher, ok, refusal, serving, to


def test_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    def answer(connection: socket, asked: str) -> None:
        step = int(asked.split()[1].removeprefix("/"))
        connection.sendall(to(f"/{step - 1}") if step else ok(CALENDAR))

    with serving(answer) as server:
        assert fetcher().fetch(f"{server.address}/3").body == CALENDAR
        sentence = refusal(f"{server.address}/4", fetcher())
    assert sentence == "The calendar's server leads from address to address."


def test_unchanged_calendars_are_asked_for_by_etag_and_date() -> None:
    dated = "Mon, 02 Mar 2026 07:00:00 GMT"
    with serving(ok(CALENDAR, 'ETag: "a"', f"Last-Modified: {dated}")) as server:
        first = fetcher().fetch(server.address)
    assert first == Fetched(CALENDAR, '"a"', dated)
    with serving(b"HTTP/1.1 304 Not Modified\r\n\r\n") as server:
        again = fetcher().fetch(server.address, etag=first.etag, last_modified=first.last_modified)
        assert 'If-None-Match: "a"\r\n' in server.requests[0]
        assert f"If-Modified-Since: {dated}\r\n" in server.requests[0]
    assert again == Fetched(None, '"a"', dated)


def test_nothing_changed_is_no_answer_to_somebody_who_knows_nothing() -> None:
    with serving(b"HTTP/1.1 304 Not Modified\r\n\r\n") as server:
        assert refusal(server.address, fetcher()) == "The calendar's server answered 304."


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500, 206])
def test_other_answers_are_named(status: int) -> None:
    with serving(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()) as server:
        assert refusal(server.address, fetcher()) == f"The calendar's server answered {status}."


def test_packed_calendars_are_unpacked() -> None:
    with serving(ok(gzip.compress(CALENDAR), "Content-Encoding: gzip")) as server:
        assert fetcher().fetch(server.address).body == CALENDAR


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"x" * 10_001),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_001,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n" + b"x" * 10_001 + b"\r\n0\r\n\r\n",
        ok(gzip.compress(b"x" * 5_000_000), "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
    ],
    ids=["length", "until closed", "chunked", "gzip bomb", "announced"],
)
def test_too_much_is_not_read(answer: bytes) -> None:
    with serving(answer) as server:
        assert refusal(server.address, fetcher()) == REASONS["too_large"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nBEGIN",
        ok(gzip.compress(CALENDAR * 50)[:-20], "Content-Encoding: gzip"),
    ],
    ids=["plain", "gzip"],
)
def test_what_breaks_off_is_not_taken(answer: bytes) -> None:
    with serving(answer) as server:
        sentence = refusal(server.address, fetcher())
    assert sentence == "The calendar broke off before its end."


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"]
)
def test_what_is_no_http_is_refused(answer: bytes) -> None:
    with serving(answer) as server:
        sentence = refusal(server.address, fetcher())
    assert sentence in {"The calendar's server gives no proper answer.", REASONS["unreachable"]}


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["head", "body"]
)
def test_a_server_that_sends_a_byte_now_and_then_is_left(start: bytes) -> None:
    def drip(connection: socket, _asked: str) -> None:
        connection.sendall(start)
        try:
            for _ in range(200):
                connection.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            return

    with serving(drip) as server:
        patient = fetcher(limits=Limits(read_seconds=5, total_seconds=0.5))
        assert refusal(server.address, patient) == REASONS["too_slow"]


def test_a_server_that_says_nothing_is_left() -> None:
    over = threading.Event()
    with serving(lambda *_: over.wait(60)) as server:
        found = refusal(server.address, fetcher(limits=Limits(read_seconds=0.2)))
        over.set()
    assert found == REASONS["too_slow"]


def test_a_closed_port_is_told() -> None:
    with serving(b"") as server:
        address = server.address
    assert refusal(address, fetcher()) == REASONS["unreachable"]


def test_tls_asks_for_the_name_although_the_address_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(CERTIFICATE)
    names: list[str | None] = []
    inside.sni_callback = lambda _connection, name, _context: names.append(name)

    with serving(ok(CALENDAR)) as server:
        plain = server.get_request

        def encrypted() -> Any:
            connection, place = plain()
            return inside.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), place

        server.get_request = encrypted  # type: ignore[method-assign]
        port = server.server_address[1]
        found = [(sockets.AF_INET, sockets.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(sockets, "getaddrinfo", lambda *_, **__: found)
        trusting = fetcher(tls=ssl.create_default_context(cafile=CERTIFICATE))
        assert trusting.fetch(f"https://calendar.example:{port}/x").body == CALENDAR
        wrong = "The calendar's server cannot prove who it is (its certificate is not valid)."
        assert refusal(f"https://other.example:{port}/x", trusting) == wrong
        assert refusal(f"https://calendar.example:{port}/x", fetcher()) == wrong
    assert names == ["calendar.example", "other.example", "calendar.example"]
