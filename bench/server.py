"""The service under granian, as it is run for real, and a client that keeps its connection."""

import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tools import children, probe


@contextmanager
def serving(environment: dict[str, str], *, threads: int = 8) -> Iterator[tuple[int, int]]:
    """One worker on a free port; gives the port and the process id."""
    port = probe.free_port()
    server = children.spawn_module(
        *("granian", "--interface", "wsgi", "--host", probe.HOST, "--port", str(port)),
        *("--workers", "1", "--blocking-threads", str(threads), "--no-ws"),
        *("--log-level", "error", "--no-access-log", "wsgi:app"),
        env=os.environ | environment,
        cwd=Path(__file__).parent.parent,
    )
    try:
        while probe.http_status(port, "/healthz") != 200:
            if server.poll() is not None:
                raise RuntimeError(f"the server ended with {server.returncode}")
            time.sleep(0.05)
        yield port, server.pid
    finally:
        children.stop(server)


class Caller:
    """A program with an API key and one kept connection."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = HTTPConnection(probe.HOST, port, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The JSON answered; raises RuntimeError for anything but success."""
        self._connection.request(
            method, "/api/v1" + path, None if body is None else json.dumps(body), self._headers
        )
        with closing(self._connection.getresponse()) as response:
            text = response.read()
            if response.status >= 300:
                raise RuntimeError(f"{method} {path}: {response.status} {text[:300]!r}")
            return json.loads(text)

    def median_ms(self, method: str, path: str, body: object = None, *, rounds: int = 15) -> float:
        """The median time of one call, over some rounds after two to warm up."""
        times = []
        for number in range(rounds + 2):
            begun = time.perf_counter()
            self.call(method, path, body)
            if number >= 2:
                times.append((time.perf_counter() - begun) * 1000)
        return statistics.median(times)
