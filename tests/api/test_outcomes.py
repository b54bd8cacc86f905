"""Outcomes, and the address of a patient's page, over the API."""

from tests.api.support import Caller
from tests.factories import World


def test_values_are_kept_listed_and_corrected_on_the_same_day(world: World, desk: Caller) -> None:
    path = f"/patients/{world.patient_id}/outcomes"
    body = {"measure": "nprs", "value": 6, "measured_on": "2026-03-02"}
    answer = desk.post(path, body)
    row = answer.get_json()
    assert answer.status_code == 201
    assert (row["value"], row["source"], row["plan_id"], row["appointment_id"]) == (6, "clinic", None, None)
    assert desk.post(path, body | {"value": 5}).get_json()["id"] == row["id"]
    assert desk.post(path, body | {"measure": "headache_days", "value": 9}).status_code == 201
    assert [item["value"] for item in desk.get(path).get_json()["items"]] == [5, 9]
    assert desk.get(path, measure="nprs").get_json()["total"] == 1


def test_values_that_make_no_sense_are_refused(world: World, desk: Caller) -> None:
    path = f"/patients/{world.patient_id}/outcomes"
    body = {"measure": "nprs", "value": 6, "measured_on": "2026-03-02"}
    for wrong in ({"value": 11}, {"measure": "x"}, {"measured_on": "2027-01-01"}, {"appointment_id": 99}):
        assert desk.post(path, body | wrong).status_code in (404, 422)
    assert desk.post("/patients/99/outcomes", body).status_code == 404
    assert desk.get("/patients/99/outcomes").status_code == 404
    assert desk.get(path).get_json()["total"] == 0


def test_the_page_link_is_the_same_until_it_is_revoked(world: World, desk: Caller) -> None:
    path = f"/patients/{world.patient_id}/page-link"
    urls = [desk.post(path, None).get_json()["url"] for _ in range(2)]
    assert urls[0] == urls[1]
    assert urls[0].startswith("http://127.0.0.1:8000/p/")
    assert desk.delete(path).status_code == 204
    assert desk.post(path, None).get_json()["url"] != urls[0]
    assert desk.post("/patients/99/page-link", None).status_code == 404


def test_a_monthly_questionnaire_is_switched_on_and_off(world: World, desk: Caller) -> None:
    phase = {"sessions": 2, "min_days": 3, "ideal_days": 7, "max_days": 10}
    body = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "starts_on": "2026-03-03",
        "phases": [phase],
    }
    number = desk.post("/plans", body).get_json()["id"]
    path = f"/plans/{number}/questionnaire"
    answers = [desk.post(path, {"questionnaire": code}).status_code for code in ("hit6", "ndi", None, "x")]
    assert answers == [204, 204, 204, 422]
    assert desk.post("/plans/99/questionnaire", {"questionnaire": None}).status_code == 404
