"""Patients over the API: what is shown, what is kept, what leaves a trace."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import AuditEntry, Consent
from tests.api.support import Caller
from tests.factories import NOW, World, make_patient, save

FULL = {
    "given_name": "Jürgen",
    "family_name": "Müller-Groß",
    "email": "juergen@mail.example",
    "phone": "+49 171 5550123",
    "born_on": "1980-03-12",
    "locale": "de",
    "notes": "Prefers mornings.\nRing twice.",
    "cautions": ["anticoagulants"],
    "wants_reminders": False,
    "wants_invitations": True,
    "muted_kinds": ["offer", "check_in"],
    "reminder_offsets_minutes": [4320, 120],
    "attention": "Pays at the counter.",
    "reference": "K-17",
}


def deeds(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_new_patient_is_found_where_the_answer_says(world: World, desk: Caller) -> None:
    made = desk.post("/patients", FULL)
    assert made.status_code == 201
    address = made.headers["Location"]
    assert address == f"/api/v1/patients/{made.get_json()['id']}"
    read = desk.get(address.removeprefix("/api/v1")).get_json()
    assert read == made.get_json()
    assert {name: read[name] for name in FULL} == FULL
    assert (read["name"], read["version"], read["consents"]) == ("Jürgen Müller-Groß", 1, [])


def test_two_names_are_enough(desk: Caller) -> None:
    body = desk.post("/patients", {"given_name": "Ann", "family_name": "Ache"}).get_json()
    assert (body["email"], body["phone"], body["born_on"], body["wants_reminders"]) == (
        None,
        None,
        None,
        True,
    )


def test_list_shows_no_more_than_it_takes_to_recognise_a_person(
    app: Flask, world: World, desk: Caller
) -> None:
    desk.post("/patients", FULL)
    body = desk.get("/patients", q="müll").get_json()
    assert body["total"] == 1
    assert [(row["name"], row["born_on"]) for row in body["items"]] == [("Jürgen Müller-Groß", "1980-03-12")]
    assert set(body["items"][0]) == {"id", "name", "born_on"}


def test_searching_leaves_no_trace_and_reading_one_does(app: Flask, world: World, desk: Caller) -> None:
    desk.get("/patients")
    before = deeds(app)
    desk.get(f"/patients/{world.patient_id}")
    assert before == ["api_key_issued"]
    assert deeds(app) == [*before, "patient_viewed"]


def test_consents_are_shown(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        save(
            Consent(patient_id=world.patient_id, kind="dry_needling", version="2", given_on=date(2026, 1, 5))
        )
    (consent,) = desk.get(f"/patients/{world.patient_id}").get_json()["consents"]
    assert consent == {"kind": "dry_needling", "version": "2", "given_on": "2026-01-05", "withdrawn_on": None}


def test_change_keeps_what_is_not_given_and_null_empties(desk: Caller) -> None:
    made = desk.post("/patients", FULL).get_json()
    changed = desk.patch(
        f"/patients/{made['id']}", {"version": 1, "phone": None, "family_name": "Groß", "cautions": []}
    )
    expected = made | {
        "phone": None,
        "family_name": "Groß",
        "name": "Jürgen Groß",
        "cautions": [],
        "version": 2,
    }
    assert (changed.status_code, changed.get_json()) == (200, expected)
    assert desk.get("/patients", q="Groß").get_json()["total"] == 1


def test_change_of_a_stale_version_is_refused_with_the_version_now(desk: Caller) -> None:
    number = desk.post("/patients", FULL).get_json()["id"]
    desk.patch(f"/patients/{number}", {"version": 1, "given_name": "Jürg"})
    late = desk.patch(f"/patients/{number}", {"version": 1, "given_name": "Jürgchen"})
    assert (late.status_code, late.get_json()["code"]) == (409, "stale_version")
    assert late.get_json()["current"]["version"] == 2
    assert desk.get(f"/patients/{number}").get_json()["given_name"] == "Jürg"


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_unknown_patient_is_not_found(desk: Caller, method: str) -> None:
    response = desk.call(method, "/patients/999", **({"json": {"version": 1}} if method == "PATCH" else {}))
    assert (response.status_code, response.get_json()["code"]) == (404, "not_found")
    assert response.get_json()["detail"] == "There is no patient with that number."


def test_archived_patients_are_not_listed(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        make_patient("Olga", "Old", archived_at=NOW)
    assert [row["name"] for row in desk.get("/patients").get_json()["items"]] == ["Paul Pain"]


@pytest.mark.parametrize("q", ["%", "_", "'", "\\", "''; --", "x" * 200, "💉", "ß"])
def test_any_search_text_is_only_text(world: World, desk: Caller, q: str) -> None:
    assert desk.get("/patients", q=q).status_code == 200
