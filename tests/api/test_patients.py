"""Patients over the API: what is shown, what is kept, what leaves a trace."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import AuditEntry, Consent
from tests.api.support import Caller
from tests.factories import NOW, World, at, make_appointment, make_patient, save

FULL = {
    "given_name": "Jürgen",
    "family_name": "Müller-Groß",
    "email": "juergen@mail.example",
    "phone": "+49 171 5550123",
    "born_on": "1980-03-12",
    "locale": "de",
    "zone": "America/New_York",
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
    told = {"kind": "dry_needling", "version": "2", "given_on": "2026-01-05", "withdrawn_on": None}
    assert consent == {"id": 1, **told}


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


def test_a_patient_is_put_away_and_taken_back(app: Flask, world: World, desk: Caller) -> None:
    path = f"/patients/{world.patient_id}"
    desk.post(f"{path}/feed-tokens")
    gone = desk.post(f"{path}/archive", {"version": 1}).get_json()
    assert (gone["version"], bool(gone["archived_at"])) == (2, True)
    assert desk.get("/patients").get_json()["total"] == 0
    assert desk.get(f"{path}/feed-tokens").get_json()["total"] == 0
    stale = desk.post(f"{path}/restore", {"version": 1})
    assert (stale.status_code, stale.get_json()["current"]) == (409, {"version": 2})
    back = desk.post(f"{path}/restore", {"version": 2}).get_json()
    assert (back["version"], back["archived_at"]) == (3, None)
    assert deeds(app)[-2:] == ["patient_archived", "patient_restored"]


def test_a_patient_who_is_expected_stays(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        make_appointment(world, at(4))
    refused = desk.post(f"/patients/{world.patient_id}/archive", {"version": 1})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "conflict")


def test_a_consent_is_recorded_once_and_withdrawn(app: Flask, world: World, desk: Caller) -> None:
    path = f"/patients/{world.patient_id}/consents"
    body = {"kind": "dry_needling", "version": "2026-01", "given_on": "2026-03-01"}
    made, again = (desk.post(path, body, once="paper") for _ in range(2))
    consent = made.get_json()
    assert (made.status_code, again.headers["Idempotent-Replayed"], again.get_json()) == (
        201,
        "true",
        consent,
    )
    assert desk.post(path, body).get_json()["code"] == "conflict"
    assert desk.get(f"/patients/{world.patient_id}").get_json()["consents"] == [consent]
    gone = desk.post(f"{path}/{consent['id']}/withdraw").get_json()
    assert gone == consent | {"withdrawn_on": "2026-03-02"}
    with app.app_context():
        other = make_patient("Ann").id
    assert desk.post(f"/patients/{other}/consents/{consent['id']}/withdraw").status_code == 404


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "everything"), ("version", ""), ("given_on", "2026-03-03"), ("given_on", "1949-12-31")],
)
def test_a_consent_that_makes_no_sense_is_refused_by_its_field(
    world: World, desk: Caller, field: str, value: str
) -> None:
    body = {"kind": "dry_needling", "version": "2026-01", "given_on": "2026-03-01", field: value}
    refused = desk.post(f"/patients/{world.patient_id}/consents", body)
    assert (refused.status_code, list(refused.get_json()["errors"])) == (422, [field])


def test_the_list_of_what_is_ahead_is_mailed_once(app: Flask, world: World, desk: Caller) -> None:
    path = f"/patients/{world.patient_id}/appointment-list"
    assert desk.post(path).status_code == 409
    with app.app_context():
        number = make_appointment(world, at(4)).id
    made, again = (desk.post(path, once="list") for _ in range(2))
    assert (made.status_code, made.get_json()["appointment_ids"]) == (201, [number])
    assert again.get_json() == made.get_json()


def test_practitioners_leave_patients_details_to_the_desk(world: World, practitioner: Caller) -> None:
    path = f"/patients/{world.patient_id}"
    consent = {"kind": "dry_needling", "version": "2026-01", "given_on": "2026-03-01"}
    refused = [
        practitioner.post(f"{path}/archive", {"version": 1}),
        practitioner.post(f"{path}/restore", {"version": 1}),
        practitioner.post(f"{path}/consents", consent),
        practitioner.post(f"{path}/consents/1/withdraw"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
