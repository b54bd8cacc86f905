"""Look at ports of this machine: a free one, one that listens, one that answers HTTP."""

import http.client
import socket
from contextlib import closing, suppress

HOST = "127.0.0.1"


def free_port() -> int:
    """A TCP port that nobody listens on right now; another process may still be faster."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody accepts connections."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=5):
        return True
    return False


def http_status(port: int, path: str) -> int | None:
    """The status of one GET, past any proxy of the environment; None if there is no answer."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=5)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
