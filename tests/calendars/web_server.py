"""A web server of a test's own, which answers as it is told, and a fetcher that may ask it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import pytest

from scheduler.calendars.fetch import Fetcher, Limits
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
