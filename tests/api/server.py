"""A real server on the application's database: two granian processes of eight threads each."""

import http.client
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask

from tools import children, probe

START_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What came back over the wire."""

    status: int
    body: Any


@dataclass(frozen=True)
class Call:
    """A request below /api/v1; ``once`` is its Idempotency-Key."""

    path: str
    body: dict[str, Any]
    method: str = "POST"
    once: str | None = None


@dataclass(frozen=True)
class Server:
    """Where it listens, and with which key to call it."""

    port: int
    key: str

    def race(self, calls: list[Call]) -> list[Answer]:
        """Send all at the same moment, each on a connection that is open already."""
        gate = threading.Barrier(len(calls))
        with ThreadPoolExecutor(len(calls)) as pool:
            running = [pool.submit(self.send, call, gate.wait) for call in calls]
            return [one.result() for one in running]

    def send(self, call: Call, wait: Callable[[], Any] = lambda: None) -> Answer:
        """Connect, wait, send, read."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if call.once is not None:
            headers["Idempotency-Key"] = call.once
        with closing(http.client.HTTPConnection(probe.HOST, self.port, timeout=60)) as connection:
            connection.connect()
            wait()
            connection.request(call.method, f"/api/v1{call.path}", json.dumps(call.body), headers)
            response = connection.getresponse()
            return Answer(response.status, json.loads(response.read()))


@contextmanager
def serving(app: Flask, key: str) -> Iterator[Server]:
    """Start the server on the database of ``app``, stop it in the end."""
    port = probe.free_port()
    settings = app.config["SETTINGS"]
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "BASE_URL": f"http://{probe.HOST}:{port}",
    }
    options = ("--interface", "wsgi", "--host", probe.HOST, "--port", str(port), "--no-ws")
    size = ("--workers", "2", "--blocking-threads", "8", "--workers-kill-timeout", "5")
    child = children.spawn_module(
        "granian", *options, *size, "--log-level", "error", "wsgi:app", env=environment
    )
    try:
        give_up_at = time.monotonic() + START_SECONDS
        while probe.http_status(port, "/readyz") != 200:
            assert child.poll() is None, "the server ended before it was ready"
            assert time.monotonic() < give_up_at, "the server was not ready in time"
            time.sleep(0.05)
        yield Server(port, key)
    finally:
        children.stop(child)
