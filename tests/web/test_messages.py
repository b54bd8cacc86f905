"""The outbox on screen: states, and where each message stands in words."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask

from tests.factories import NOW, World, at, make_appointment, make_message
from tests.web.browser import Browser

SENTENCES: list[tuple[dict[str, Any], str]] = [
    ({"state": "due"}, "Goes out Mon, 2 Mar 2026, 08:00."),
    (
        {
            "state": "due",
            "attempts": 2,
            "server_reply": "450 busy",
            "next_attempt_at": NOW + timedelta(hours=1),
        },
        "Tried 2 times. Next try Mon, 2 Mar 2026, 09:00. The mail server said: 450 busy",
    ),
    ({"state": "sending"}, "Is being handed to the mail server."),
    ({"state": "sent", "sent_at": NOW}, "Handed to the mail server Mon, 2 Mar 2026, 08:00."),
    ({"state": "failed", "server_reply": "550 <nobody>"}, "It could not be sent: 550 <nobody>"),
    (
        {"state": "unknown", "server_reply": "It may have arrived."},
        "It may have arrived. Ask the patient; it is not sent again by itself.",
    ),
    ({"state": "cancelled", "server_reply": "The appointment was moved."}, "The appointment was moved."),
]


@pytest.mark.parametrize(("message", "sentence"), SENTENCES)
def test_each_state_is_told_in_words(
    desk: Browser, app: Flask, world: World, message: dict[str, Any], sentence: str
) -> None:
    with app.app_context():
        make_message(make_appointment(world, at(3)), **message)
    page = desk.get("/messages").text
    (cell,) = re.findall(r'<td class="quiet">([^<]+)</td>', page)
    assert unescape(cell) == sentence
    assert sentence in unescape(desk.get(f"/patients/{world.patient_id}").text)


def test_states_are_filters_with_numbers(desk: Browser, app: Flask, world: World) -> None:
    with app.app_context():
        appointment = make_appointment(world, at(3))
        for state in ("sent", "sent", "failed"):
            make_message(appointment, state=state)
    page = desk.get("/messages?state=failed").text
    chips = re.findall(r">\s*([A-Z][a-z ]+?) <span[^>]*>(\d+)</span>", page)
    assert chips == [
        ("All", "3"),
        ("Waiting", "0"),
        ("Sent", "2"),
        ("Failed", "1"),
        ("Unclear", "0"),
        ("Not needed", "0"),
    ]
    assert page.count('<td class="quiet">') == 1


def test_an_unknown_state_filters_nothing(desk: Browser, app: Flask, world: World) -> None:
    with app.app_context():
        make_message(make_appointment(world, at(3)))
    assert desk.get("/messages?state=made-up").text.count('<td class="quiet">') == 1


def test_practitioners_see_no_messages(stranger: Browser, world: World) -> None:
    stranger.sign_in("practitioner")
    assert stranger.get("/messages").status_code == 403
    page = stranger.get(f"/patients/{world.patient_id}").text
    assert "messages-title" not in page
    assert 'href="/messages"' not in page
