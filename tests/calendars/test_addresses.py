"""Which addresses are asked: those of the internet, checked once, whatever a redirect says."""

import socket as sockets
from ipaddress import ip_address
from typing import Any

import pytest

from scheduler.calendars.fetch import Fetcher, checked_address, is_public
from scheduler.calendars.refusals import REASONS
from scheduler.errors import InvalidInput
from tests.calendars.web_server import CALENDAR, LIMITS, fetcher, ok, refusal, serving, to

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
