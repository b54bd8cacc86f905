"""Fetching a calendar from an address that somebody entered: where it may lead, and how much may come back."""

import gzip
import socket as sockets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from socket import socket
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import pytest

from scheduler.calendars.fetch import (
    Fetched,
    Fetcher,
    Limits,
    checked_address,
    is_public,
)
from scheduler.calendars.refusals import REASONS
from scheduler.errors import InvalidInput

CERTIFICATE = Path(__file__).parent / "calendar.example.pem"
CALENDAR = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
LIMITS = Limits(most_bytes=10_000, connect_seconds=30, read_seconds=30, total_seconds=60)


class Server(ThreadingTCPServer):
    """Answers each request with what ``answers`` gives for it, and remembers the requests."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: Callable[[socket, str], None]) -> None:
        self.requests: list[str] = []
        self.answer = answer
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseRequestHandler):
    def handle(self) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked and (part := self.request.recv(65536)):
            asked += part
        self.server.requests.append(asked.decode())  # type: ignore[attr-defined]
        self.server.answer(self.request, asked.decode())  # type: ignore[attr-defined]


@contextmanager
def serving(answer: Callable[[socket, str], None] | bytes) -> Iterator[Server]:
    ready = answer if callable(answer) else lambda connection, _: connection.sendall(answer)
    with Server(ready) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def to(address: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Found\r\nLocation: {address}\r\nContent-Length: 0\r\n\r\n".encode()


def fetcher(**changes: Any) -> Fetcher:
    """One that may ask this machine, which nothing but a test may."""
    return Fetcher(**{"limits": LIMITS, "allows": lambda _address: True} | changes)


def refusal(url: str, asking: Fetcher, **known: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        asking.fetch(url, **known)
    assert url not in str(refused.value)
    return str(refused.value)


PRIVATE = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1"),
    *("::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address: str) -> None:
    assert is_public(ip_address(address)) is False


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address)) is True


@pytest.mark.parametrize(
    "url",
    [
        *("", "calendar", "file:///etc/passwd", "ftp://example.org/x", "gopher://example.org/", "https://"),
        *(
            "https://example.org:99999/",
            "https://exa mple.org/",
            "https://example.org/\r\nX: y",
            "https://ä.de/",
        ),
        *("https://[::1", "javascript:alert(1)", "http://:80/"),
    ],
)
def test_only_web_addresses_are_taken(url: str) -> None:
    with pytest.raises(InvalidInput, match="This is no address of a calendar"):
        checked_address(url)


def test_an_address_with_a_password_is_refused() -> None:
    with pytest.raises(InvalidInput, match="user name or password"):
        checked_address("https://me:secret@example.org/x.ics")


def test_webcal_is_read_as_https() -> None:
    assert checked_address(" WEBCAL://example.org/x.ics ") == "https://example.org/x.ics"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"]
)
def test_this_machine_is_not_asked_however_it_is_written(host: str) -> None:
    with serving(ok(CALENDAR)) as server:
        port = server.server_address[1]
        assert refusal(f"http://{host}:{port}/x.ics", Fetcher(limits=LIMITS)) == REASONS["not_public"]
        assert server.requests == []


def test_a_redirect_to_a_private_address_is_not_followed() -> None:
    with serving(ok(CALENDAR)) as inner, serving(to(f"http://127.0.0.2:{inner.server_address[1]}/")) as outer:
        asking = fetcher(allows=lambda address: str(address) == "127.0.0.1")
        assert refusal(outer.address, asking) == REASONS["not_public"]
        assert (len(outer.requests), inner.requests) == (1, [])


def test_a_redirect_to_a_file_is_not_followed() -> None:
    with serving(to("file:///etc/passwd")) as server:
        assert (
            refusal(server.address, fetcher()) == "This is no address of a calendar: it begins with https://."
        )


def test_a_name_is_looked_up_once_and_the_checked_address_is_the_one_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(ok(CALENDAR)) as server:
        port, asked = server.server_address[1], []

        def answer(host: str, *_: Any, **__: Any) -> list[Any]:
            asked.append(host)
            place = "127.0.0.1" if len(asked) == 1 else "127.0.0.9"
            return [(sockets.AF_INET, sockets.SOCK_STREAM, 6, "", (place, port))]

        monkeypatch.setattr(sockets, "getaddrinfo", answer)
        url = f"http://rebinding.example:{port}/x.ics"
        assert fetcher().fetch(url).body == CALENDAR
        assert asked == ["rebinding.example"]
        assert f"Host: rebinding.example:{port}" in server.requests[0]


def test_a_name_with_one_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [("1.1.1.1", 80), ("10.0.0.1", 80)]
    found = [(sockets.AF_INET, sockets.SOCK_STREAM, 6, "", place) for place in places]
    monkeypatch.setattr(sockets, "getaddrinfo", lambda *_, **__: found)
    assert refusal("http://both.example/", Fetcher(limits=LIMITS)) == REASONS["not_public"]


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
