"""Messages over the API."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from scheduler.extensions import db
from scheduler.models import Message
from tests.api.support import Caller, utc
from tests.factories import World, at


@pytest.fixture
def booked(world: World, desk: Caller) -> dict[str, Any]:
    """An appointment on Friday at ten."""
    body = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "appointment_type_id": world.needling_id,
        "starts_at": utc(at(6, 10)),
    }
    made: dict[str, Any] = desk.post("/appointments", body).get_json()
    return made


def test_booking_owes_a_confirmation_and_two_reminders(booked: dict[str, Any], desk: Caller) -> None:
    body = desk.get("/messages", appointment_id=booked["id"]).get_json()
    assert body["total"] == 3
    assert [(row["kind"], row["offset_minutes"], row["due_at"]) for row in body["items"]] == [
        ("confirmation", None, "2026-03-02T07:00:00Z"),
        ("reminder", 4320, utc(at(3, 10))),
        ("reminder", 1440, utc(at(5, 10))),
    ]
    confirmation = body["items"][0]
    assert confirmation == {
        "id": confirmation["id"],
        "kind": "confirmation",
        "state": "due",
        "patient_id": booked["patient_id"],
        "recipient": "paul.pain@mail.example",
        "appointment_ids": [booked["id"]],
        "offset_minutes": None,
        "due_at": "2026-03-02T07:00:00Z",
        "next_attempt_at": "2026-03-02T07:00:00Z",
        "sent_at": None,
        "attempts": 0,
        "server_reply": "",
        "created_at": "2026-03-02T07:00:00Z",
        "handled_at": None,
        "handled_how": None,
    }


def test_list_is_narrowed_by_state_appointment_and_patient(
    app: Flask, booked: dict[str, Any], desk: Caller
) -> None:
    with app.app_context():
        sent = update(Message).where(Message.kind == "confirmation").values(state="sent", sent_at=at(2, 8))
        db.session.execute(sent)
        db.session.commit()
    (row,) = desk.get("/messages", state="sent").get_json()["items"]
    assert (row["kind"], row["sent_at"]) == ("confirmation", utc(at(2, 8)))
    assert desk.get("/messages", state="due").get_json()["total"] == 2
    assert desk.get("/messages", state="failed").get_json() == {"items": [], "total": 0}
    assert desk.get("/messages", patient_id=booked["patient_id"]).get_json()["total"] == 3
    assert desk.get("/messages", patient_id=99).get_json()["total"] == 0
    assert desk.get("/messages", appointment_id=99).get_json()["total"] == 0
    assert len(desk.get("/messages", page=2, page_size=2).get_json()["items"]) == 1


def fail_confirmation(app: Flask) -> None:
    with app.app_context():
        failed = update(Message).where(Message.kind == "confirmation").values(state="failed")
        db.session.execute(failed)
        db.session.commit()


def test_a_mail_that_failed_is_sent_again_once(app: Flask, booked: dict[str, Any], desk: Caller) -> None:
    fail_confirmation(app)
    (row,) = desk.get("/messages/unattended").get_json()["items"]
    path = f"/messages/{row['id']}/send-again"
    first, second = (desk.post(path, None).get_json() for _ in range(2))
    assert first == second
    assert (first["state"], first["kind"], first["appointment_ids"]) == (
        "due",
        "confirmation",
        [booked["id"]],
    )
    assert desk.get("/messages/unattended").get_json()["total"] == 0
    (failed,) = desk.get("/messages", state="failed").get_json()["items"]
    assert (failed["handled_how"], failed["handled_at"]) == ("sent_again", "2026-03-02T07:00:00Z")


def test_who_was_called_is_kept_and_what_needs_no_care_is_refused(
    app: Flask, booked: dict[str, Any], desk: Caller
) -> None:
    fail_confirmation(app)
    (row,) = desk.get("/messages/unattended").get_json()["items"]
    assert desk.post(f"/messages/{row['id']}/called", None).get_json()["handled_how"] == "called"
    reminder = desk.get("/messages", state="due").get_json()["items"][0]["id"]
    for deed in ("called", "send-again"):
        assert desk.post(f"/messages/{reminder}/{deed}", None).status_code == 409
        assert desk.post(f"/messages/99/{deed}", None).status_code == 404


def test_the_dry_run_tells_what_would_go_out_when(booked: dict[str, Any], desk: Caller) -> None:
    body = desk.get("/messages/upcoming").get_json()
    told = [
        (row["message"]["kind"], row["goes_out_at"], row["starts_at"], row["why_not"])
        for row in body["items"]
    ]
    starts_at = [booked["starts_at"]]
    assert told == [
        ("confirmation", "2026-03-02T07:00:00Z", starts_at, ""),
        ("reminder", utc(at(3, 10)), starts_at, ""),
        ("reminder", utc(at(5, 10)), starts_at, ""),
    ]
