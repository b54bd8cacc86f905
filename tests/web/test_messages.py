"""The outbox on screen: states, and where each message stands in words."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import AuditEntry
from scheduler.usecases.messages.overview import count_messages
from tests.factories import NOW, World, at, make_appointment, make_message, make_patient, save
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
    (
        {"state": "sent", "sent_at": NOW, "server_reply": "250 2.0.0 queued as 4F2"},
        "Handed to the mail server Mon, 2 Mar 2026, 08:00. It said: 250 2.0.0 queued as 4F2",
    ),
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
        ("To see to", "1"),
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


def test_what_one_patient_was_sent_is_a_look_at_them(desk: Browser, app: Flask, world: World) -> None:
    with app.app_context():
        other = make_patient("Ann", "Other")
        for patient_id, count in ((world.patient_id, 7), (other.id, 1)):
            appointment = make_appointment(world, at(3 + count), patient_id=patient_id)
            for _ in range(count):
                make_message(appointment)
    path = f"/messages?patient_id={world.patient_id}"
    assert f'href="{path}">All 7 messages<' in desk.get(f"/patients/{world.patient_id}").text
    page = desk.get(path).text
    assert page.count('<td class="quiet">') == 7
    assert "Ann Other" not in page
    assert desk.get("/messages?patient_id=4711").status_code == 404
    with app.app_context():
        looks = db.session.query(AuditEntry).filter_by(action="patient_viewed", patient_id=world.patient_id)
        assert looks.count() == 2


def test_practitioners_see_no_messages(stranger: Browser, world: World) -> None:
    stranger.sign_in("practitioner")
    assert stranger.get("/messages").status_code == 403
    page = stranger.get(f"/patients/{world.patient_id}").text
    assert "messages-title" not in page
    assert 'href="/messages"' not in page


def world_with_failed(app: Flask, world: World, **changes: Any) -> int:
    with app.app_context():
        values = {"state": "failed", "server_reply": "550 no such user"} | changes
        return make_message(make_appointment(world, at(3)), **values).id


@pytest.mark.usefixtures("monday")
def test_what_failed_is_sent_again_once_however_often_it_is_asked(
    desk: Browser, app: Flask, world: World
) -> None:
    number = world_with_failed(app, world)
    assert "550 no such user" in desk.get("/messages/care").text
    for _ in range(2):
        answer = desk.post(f"/messages/{number}/send-again", {"next": "/messages/care"})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/messages/care")
    assert "Nothing to see to" in desk.get("/messages/care").text
    with app.app_context():
        assert count_messages() == {"failed": 1, "due": 1}
    assert "550 no such user Sent again, Mon, 2 Mar 2026, 08:00." in unescape(desk.get("/messages").text)


@pytest.mark.usefixtures("monday")
def test_who_was_called_instead_is_off_the_list(desk: Browser, app: Flask, world: World) -> None:
    number = world_with_failed(app, world)
    desk.post(f"/messages/{number}/called", {"next": "/messages/care"})
    page = unescape(desk.get("/messages/care").text)
    assert "Noted that the patient was called." in page
    assert "Nothing to see to" in page


@pytest.mark.usefixtures("monday")
def test_a_refusal_is_a_sentence_on_the_list(desk: Browser, app: Flask, world: World) -> None:
    number = world_with_failed(app, world, state="sent")
    desk.post(f"/messages/{number}/send-again", {"next": "/messages/care"})
    sentence = "Only a mail that failed, or may not have arrived, needs this."
    assert sentence in unescape(desk.get("/messages/care").text)


@pytest.mark.usefixtures("monday")
def test_a_corrected_address_is_offered_for_sending_again(desk: Browser, app: Flask, world: World) -> None:
    world_with_failed(app, world, recipient="wrong@mail.example")
    page = unescape(desk.get("/messages/care").text)
    assert "The address is paul.pain@mail.example now." in page
    assert "Send to the new address" in page
    assert f'href="/patients/{world.patient_id}/edit?next=/messages/care"' in page


@pytest.mark.usefixtures("monday")
def test_mails_to_the_clinics_own_people_are_listed(desk: Browser, app: Flask, world: World) -> None:
    with app.app_context():
        clinic_mail = make_message(make_appointment(world, at(3)), kind="weekly_summary", state="failed")
        clinic_mail.patient_id = None
        save(clinic_mail)
    for path in ("/messages", "/messages/care"):
        assert "The clinic" in desk.get(path).text


@pytest.mark.usefixtures("monday")
def test_the_next_days_show_what_goes_out_and_what_does_not(desk: Browser, app: Flask, world: World) -> None:
    with app.app_context():
        make_message(make_appointment(world, at(3)), due_at=NOW, next_attempt_at=NOW)
        gone = make_appointment(world, at(4), status="cancelled")
        make_message(gone, due_at=NOW, next_attempt_at=NOW)
    page = unescape(desk.get("/messages/upcoming").text)
    assert page.count("The appointment was cancelled.") == 1
    assert page.count("Tue, 3 Mar 2026, 10:00") == 1
    assert page.count("Not sent</span> The") == 1
    assert re.findall(r'<span class="badge[^"]*">(\w[\w ]+ \d+)</span>', page) == ["Reminder 1", "Not sent 1"]


@pytest.mark.usefixtures("monday")
def test_a_task_is_added_shown_and_done(desk: Browser, app: Flask, world: World) -> None:
    form = desk.get(f"/tasks/new?patient_id={world.patient_id}").text
    (key,) = re.findall(r'name="form_key" value="([^"]+)"', form)
    entered = {"patient_id": world.patient_id, "kind": "call", "note": "Ask about <Tuesday>", "form_key": key}
    for _ in range(2):
        assert desk.post("/tasks/new", entered).headers["Location"] == "/tasks"
    page = desk.get("/tasks").text
    assert page.count("Ask about &lt;Tuesday&gt;") == 1
    (path,) = re.findall(r'action="(/tasks/\d+/done)"', page)
    desk.post(path, {"next": "/tasks"})
    assert "Nothing to do." in desk.get("/tasks").text
    assert "done Mon, 2 Mar 2026, 08:00 by" in desk.get("/tasks?done=1").text


@pytest.mark.usefixtures("monday")
def test_a_task_without_words_is_asked_for_them(desk: Browser, world: World) -> None:
    answer = desk.post("/tasks/new", {"patient_id": world.patient_id, "kind": "call", "note": " "})
    assert answer.status_code == 422
    assert "Say in 1 to 1000 letters what is to be done." in answer.text
