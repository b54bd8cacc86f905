"""Fetching a calendar from an address that somebody entered, without being led to where only this machine may look.

Every address behind the name must be a public one; the connection goes to the very address that was checked, while TLS
still asks for the name. Redirects are checked likewise. What is sent back is bounded in size and in time. Nothing that
is raised here holds the address: it is a secret.
"""

import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

from scheduler.calendars.refusals import Refused

Address = IPv4Address | IPv6Address
GLOBAL_UNICAST = IPv6Network("2000::/3")
TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))
"""6to4 and Teredo hold an IPv4 address, which may be a private one."""
PROTOCOLS = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
"""Kept for protocols; some clouds answer questions about the machine here. Old Pythons call them global."""
PORTS = {"http": 80, "https": 443}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one fetch, redirects included; bytes count after unpacking, too."""

    most_bytes: int = 5_000_000
    connect_seconds: float = 5
    read_seconds: float = 10
    total_seconds: float = 30
    redirects: int = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """A calendar's bytes, None if it is unchanged, and what to ask with the next time."""

    body: bytes | None
    etag: str = ""
    last_modified: str = ""


def is_public(address: Address) -> bool:
    """Whether the address belongs to the internet at large, not to this machine, its network or a tunnel into one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in GLOBAL_UNICAST or any(address in tunnel for tunnel in TUNNELS):
            return False
    elif any(address in network for network in PROTOCOLS):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def checked_address(url: str) -> str:
    """The address with webcal read as https. Raises Refused for anything but http and https."""
    trimmed = url.strip()
    scheme, separator, rest = trimmed.partition("://")
    if scheme.lower() in {"webcal", "webcals"}:
        trimmed = f"https{separator}{rest}"
    _parts(trimmed)
    return trimmed


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
        url.encode("ascii")
    except ValueError:
        is_usable = False
    if not is_usable or any(letter <= " " or letter == "\x7f" for letter in url):
        raise Refused("no_address")
    if parts.username is not None or parts.password is not None:
        raise Refused("password")
    return parts


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches calendars; ``allows`` says which addresses may be connected to, ``tls`` whom to trust."""

    limits: Limits = field(default_factory=Limits)
    allows: Callable[[Address], bool] = is_public
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def fetch(self, url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
        """The calendar at the address. Raises Refused with a reason why not."""
        known = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in known.items() if value}
        try:
            with _Deadline(self.limits.total_seconds) as deadline:
                try:
                    return self._follow(url, headers, deadline)
                except (OSError, HTTPException, zlib.error) as error:
                    raise Refused(_reason(error, deadline)) from None
        except UnicodeError:
            raise Refused("no_address") from None

    def _follow(self, url: str, headers: dict[str, str], deadline: "_Deadline") -> Fetched:
        for _ in range(self.limits.redirects + 1):
            parts = _parts(url)
            with self._answer(parts, headers, deadline) as response:
                if response.status == 304 and headers:
                    return Fetched(
                        None, headers.get("If-None-Match", ""), headers.get("If-Modified-Since", "")
                    )
                if response.status == 200:
                    return Fetched(
                        self._body(response), _short(response, "ETag"), _short(response, "Last-Modified")
                    )
                if response.status not in REDIRECTS or not response.headers["Location"]:
                    raise Refused("status", response.status)
                target = urljoin(url, response.headers["Location"])
            if parts.scheme == "https" and urlsplit(target).scheme != "https":
                raise Refused("not_encrypted")
            url = target
        raise Refused("redirects")

    @contextmanager
    def _answer(
        self, parts: SplitResult, headers: dict[str, str], deadline: "_Deadline"
    ) -> Iterator[HTTPResponse]:
        """The answer to a GET over a connection to an address that was checked."""
        host = parts.hostname or ""
        port = parts.port or PORTS[parts.scheme]
        connection = HTTPConnection(host, port)
        # Without this the Host header would name the port even where it is the scheme's own.
        connection.default_port = PORTS[parts.scheme]
        try:
            plain = self._connected(self._resolved(host, port, deadline), deadline)
            connection.sock = deadline.watch(plain)
            if parts.scheme == "https":
                wrapped = self.tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
                connection.sock = deadline.watch(wrapped)
                wrapped.do_handshake()
            asked = {
                "Accept": "text/calendar, */*;q=0.1",
                "Accept-Encoding": "gzip",
                "User-Agent": "Needletime",
            }
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", path, headers=asked | headers)
            with connection.getresponse() as response:
                deadline.refuse_if_over()
                yield response
                deadline.refuse_if_over()
        finally:
            connection.close()

    def _resolved(
        self, host: str, port: int, deadline: "_Deadline"
    ) -> list[tuple[socket.AddressFamily, tuple]]:  # type: ignore[type-arg]
        """Where the name leads, asked once; nothing if one of the addresses is not to be fetched from."""
        found: list[tuple[socket.AddressFamily, tuple]] = []  # type: ignore[type-arg]
        failures: list[OSError] = []

        def look_up() -> None:
            try:
                for family, _, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                    found.append((family, place))
            except (OSError, UnicodeError) as error:
                failures.append(OSError(str(error)))

        # Looking a name up knows no time limit, so that happens beside.
        asking = threading.Thread(target=look_up, daemon=True)
        asking.start()
        asking.join(min(self.limits.connect_seconds, deadline.left))
        if asking.is_alive() or failures or not found:
            raise OSError("no address")
        if not all(self.allows(ip_address(str(place[0]).partition("%")[0])) for _, place in found):
            raise Refused("not_public")
        return list(found)

    def _connected(
        self,
        places: list[tuple[socket.AddressFamily, tuple]],  # type: ignore[type-arg]
        deadline: "_Deadline",
    ) -> socket.socket:
        """A connection to the first address that takes one."""
        failure = OSError("no address")
        for family, place in places:
            plain = socket.socket(family, socket.SOCK_STREAM)
            try:
                plain.settimeout(min(self.limits.connect_seconds, deadline.left))
                plain.connect(place)
                plain.settimeout(self.limits.read_seconds)
                return plain
            except OSError as error:
                plain.close()
                failure = error
        raise failure

    def _body(self, response: HTTPResponse) -> bytes:
        """The answer's bytes, unpacked; never more of them than allowed are held, packed or not."""
        most, coding = self.limits.most_bytes, (response.headers["Content-Encoding"] or "").lower()
        if coding not in {"", "identity", "gzip", "x-gzip"}:
            raise Refused("packed")
        if (response.length or 0) > most:
            raise Refused("too_large")
        unpacker = zlib.decompressobj(31) if "gzip" in coding else None
        body, received = bytearray(), 0
        while chunk := response.read(CHUNK):
            received += len(chunk)
            body += unpacker.decompress(chunk, most + 1 - len(body)) if unpacker else chunk
            if max(received, len(body)) > most:
                raise Refused("too_large")
        if response.length or (unpacker and not unpacker.eof):
            raise Refused("broken_off")
        return bytes(body)


class _Deadline:
    """Ends whatever a fetch waits for when its time is over: also a server that sends a byte now and then."""

    def __init__(self, seconds: float) -> None:
        self._over_at = time.monotonic() + seconds
        self._watched: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self.is_over = False

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def left(self) -> float:
        """Seconds, at least a few so that a limit of zero never means none."""
        return max(self._over_at - time.monotonic(), 0.01)

    def refuse_if_over(self) -> None:
        """What was cut off by the end of the time looks like an answer that ends there."""
        if self.is_over:
            raise TimeoutError

    def watch(self, connected: socket.socket) -> socket.socket:
        """End this connection when the time is over."""
        self._watched = connected
        self.refuse_if_over()
        return connected

    def _end(self) -> None:
        self.is_over = True
        if self._watched is not None:
            try:
                # The plain socket's own: that of TLS would wait for the other side.
                socket.socket.shutdown(self._watched, socket.SHUT_RDWR)
            except OSError:
                return


def _reason(error: Exception, deadline: _Deadline) -> str:
    if deadline.is_over or isinstance(error, TimeoutError):
        return "too_slow"
    if isinstance(error, ssl.SSLError):
        return "certificate"
    return "unreachable" if isinstance(error, OSError) else "no_answer"


def _short(response: HTTPResponse, name: str) -> str:
    """A header's value to send back later; "" for one that is too long to keep or holds anything odd."""
    value = response.headers[name] or ""
    return value if len(value) <= 200 and value.isascii() and value.isprintable() else ""
