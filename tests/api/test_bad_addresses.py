"""Bad addresses and questions: a 4xx with a sentence, by parameter where it has one, and nothing written."""

import json
import re
from typing import Any

import pytest

from tests.api.standing import Standing

BY_SHAPE = pytest.mark.parametrize("standing", ["sqlite"], indirect=True)
"""For what is refused before the database is asked."""


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/", 404),
        ("/patients/", 404),
        ("/patients/0", 404),
        ("/patients/-1", 404),
        ("/patients/1.5", 404),
        ("/patients/x", 404),
        ("/patients/%00", 404),
        ("/patients/٣", 404),
        ("/patients/99999", 404),
        ("/patients/4294967297", 404),
        ("/patients/" + "9" * 5000, 404),
        ("/appointments/99999", 404),
        ("/appointments/2147483648", 404),
        ("/plans/99999", 404),
        ("/patients/99999/feed-tokens", 404),
        ("/practitioners/99999/feed-tokens", 404),
        ("/plans?patient_id=99999", 404),
        ("/slots?appointment_type_id=99999&from=2026-03-05&to=2026-03-05", 404),
        ("/slots?appointment_type_id=2&from=2026-03-05&to=2026-03-05&practitioner_id=99999", 404),
        ("/slots?appointment_type_id=2&from=2026-03-05&to=2026-03-05&location_id=99999", 404),
        ("/slots?appointment_type_id=2&from=2026-03-05&to=2026-03-05&patient_id=99999", 404),
    ],
)
def test_what_is_not_there_is_not_found(standing: Standing, path: str, status: int) -> None:
    problem = standing.refuses("GET", path)
    assert (problem["status"], problem["code"]) == (status, "not_found")


@pytest.mark.parametrize("number", [0, 2**31 - 1, 2**31, 9_999_999_999])
@pytest.mark.parametrize("body", [None, {}, [], {"version": 2**31 - 1}])
def test_nothing_stumbles_over_a_number_that_nothing_has(standing: Standing, number: int, body: Any) -> None:
    for template, operations in standing.desk.document.content["paths"].items():
        path = re.sub(r"{\w+}", str(number), template)
        for method in set(operations) - {"parameters"} if path != template else ():
            request = {} if method == "get" else {"json": body}
            answer = standing.head.client.open(path, method=method, headers=standing.head.headers, **request)
            assert answer.status_code in {404, 422}, (path, method, answer.text)
    assert standing.rows() == standing.known_rows


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/appointments", "patient_id"),
        ("/appointments", "practitioner_id"),
        ("/appointments", "room_id"),
        ("/appointments", "appointment_type_id"),
        ("/appointments", "location_id"),
        ("/plans", "patient_id"),
        ("/appointments", "planned_session_id"),
        ("/plans", "practitioner_id"),
        ("/plans", "protocol_id"),
        ("/plans", "first_appointment_type_id"),
    ],
)
def test_unknown_identity_in_a_body_is_not_found(standing: Standing, path: str, field: str) -> None:
    problem = standing.refuses("POST", path, json=standing.bodies[path] | {field: 99999})
    assert (problem["status"], problem["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/patients/1", {"GET", "HEAD", "OPTIONS", "PATCH"}),
        ("PUT", "/appointments/1", {"GET", "HEAD", "OPTIONS", "PATCH"}),
        ("POST", "/slots", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/appointments/1/cancel", {"OPTIONS", "POST"}),
    ],
)
def test_method_that_is_not_offered_is_refused_with_those_that_are(
    standing: Standing, method: str, path: str, allowed: set[str]
) -> None:
    response = standing.desk.call(method, path)
    assert (response.status_code, response.get_json()["code"]) == (405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == allowed


@BY_SHAPE
@pytest.mark.parametrize("path", ["/practitioners", "/rooms", "/patients", "/appointments"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("page=1.5", "page"),
        ("page=", "page"),
        ("page=" + "9" * 5000, "page"),
        ("page=1_0", "page"),
        ("page=%D9%A3", "page"),
        ("page=%00", "page"),
        ("page=1&page=2", "page"),
        ("page_size=501", "page_size"),
        ("page_size=0", "page_size"),
        ("size=5", "size"),
    ],
)
def test_senseless_page_is_refused(standing: Standing, path: str, query: str, field: str) -> None:
    problem = standing.refuses("GET", f"{path}?{query}")
    assert (problem["status"], list(problem["errors"])) == (422, [field])


SLOTS = "/slots?appointment_type_id=2&from=2026-03-05&to=2026-03-06"


@BY_SHAPE
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/slots?from=2026-03-05&to=2026-03-06", "appointment_type_id"),
        ("/slots?appointment_type_id=2&to=2026-03-06", "from"),
        ("/slots?appointment_type_id=2&from=2026-03-05", "to"),
        ("/slots?appointment_type_id=2&from=5.3.2026&to=2026-03-06", "from"),
        ("/slots?appointment_type_id=2&from=2026-03-05T00:00:00Z&to=2026-03-06", "from"),
        ("/slots?appointment_type_id=2&from=2026-03-07&to=2026-03-06", "to"),
        ("/slots?appointment_type_id=2&from=2026-03-05&to=2027-03-06", "to"),
        ("/slots?appointment_type_id=2&from=2290-03-05&to=2290-03-06", "from"),
        ("/slots?appointment_type_id=2&from=0001-01-01&to=2026-03-06", "from"),
        ("/slots?appointment_type_id=2&from=2026-03-05&to=9999-12-31", "to"),
        ("/slots?appointment_type_id=x&from=2026-03-05&to=2026-03-06", "appointment_type_id"),
        (SLOTS + "&practitioner_id=", "practitioner_id"),
        (SLOTS + "&practitioner_id=all", "practitioner_id"),
        (SLOTS + "&practitioner_id=1&practitioner_id=x", "practitioner_id"),
        (SLOTS + "&practitioner_id=-1", "practitioner_id"),
        (SLOTS + "&location_id=*", "location_id"),
        (SLOTS + "&location_id=1&location_id=2", "location_id"),
        (SLOTS + "&patient_id=Paul", "patient_id"),
        (SLOTS + "&page=1", "page"),
        ("/appointments?from=yesterday", "from"),
        ("/appointments?from=2026-03-05T10:00:00", "from"),
        ("/appointments?from=0001-01-01T00:00:00Z", "from"),
        ("/appointments?to=9999-12-31", "to"),
        ("/appointments?status=gone", "status"),
        ("/appointments?status=booked,cancelled", "status"),
        ("/appointments?practitioner_id=*", "practitioner_id"),
        ("/appointments?patient_id=", "patient_id"),
        ("/patients?q=" + "x" * 201, "q"),
        ("/patients?q=a%00b", "q"),
        ("/plans", "patient_id"),
        ("/plans?patient_id=x", "patient_id"),
        ("/messages?state=lost", "state"),
        ("/messages?appointment_id=x", "appointment_id"),
    ],
)
def test_senseless_question_is_refused_by_its_parameter(standing: Standing, path: str, field: str) -> None:
    problem = standing.refuses("GET", path)
    assert (problem["status"], problem["code"]) == (422, "invalid_input")
    assert {name.split(".")[0] for name in problem["errors"]} == {field}


def test_problem_documents_are_json_with_the_standard_members(standing: Standing) -> None:
    response = standing.desk.get("/patients/99999")
    assert response.content_type == "application/problem+json"
    assert json.loads(response.data) == {
        "type": "urn:needletime:error:not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no patient with that number.",
        "code": "not_found",
        "what": "patient",
    }
