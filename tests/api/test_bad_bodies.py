"""Bad bodies and headers: a 4xx with a sentence, by field where it has one, and nothing written."""

from typing import Any

import pytest

from tests.api.standing import PHASE, Standing
from tests.factories import at

pytestmark = pytest.mark.parametrize("standing", ["sqlite"], indirect=True)
"""A body is refused by its shape, before the database is asked; addresses, with their numbers, are tried on both."""
NOT_NUMBERS: list[Any] = [0, "1"]
NOT_INSTANTS: list[Any] = ["2026-03-05T11:00:00", "tomorrow", "9999-12-31T23:59:59-12:00"]
NOT_DAYS: list[Any] = ["5.3.2026", "0001-01-01"]
NOT_TEXT: list[Any] = [5, "a\0b", "\ud800", "x" * 20_001]
"""One of each sort; test_fields.py has them all."""


WRONG: dict[str, dict[str, list[Any]]] = {
    "/patients": {
        "given_name": ["", "   ", None, *NOT_TEXT, "x" * 201],
        "family_name": ["\x1b[31m", None],
        "email": ["nobody", "a@b", "a b@c.de", "x" * 320 + "@mail.example", 5],
        "phone": ["call me", "1" * 41],
        "born_on": [*NOT_DAYS, "2026-03-03", "1700-01-01"],
        "wants_reminders": ["yes", 1, 0, None],
        "cautions": ["pregnancy", [""], [5], ["x"] * 41, None],
        "notes": NOT_TEXT,
        "locale": ["x" * 41],
        "id": [7],
        "version": [1],
        "nickname": ["Annie"],
    },
    "/appointments": {
        "patient_id": [*NOT_NUMBERS, None],
        "practitioner_id": [*NOT_NUMBERS, None],
        "appointment_type_id": [*NOT_NUMBERS, None],
        "location_id": NOT_NUMBERS,
        "room_id": NOT_NUMBERS,
        "planned_session_id": NOT_NUMBERS,
        "starts_at": [
            *NOT_INSTANTS,
            "2026-03-05T11:02:00Z",
            "2026-03-05T11:00:01Z",
            "1901-03-05T11:00:00Z",
        ],
        "override_reason": NOT_TEXT,
        "ends_at": ["2026-03-05T11:30:00Z"],
        "status": ["booked"],
    },
    "/appointments/{appointment}/cancel": {
        "version": [*NOT_NUMBERS, None],
        "reason": [*NOT_TEXT, "x" * 201, None],
    },
    "/appointments/{appointment}/status": {
        "version": [*NOT_NUMBERS, None],
        "status": ["", "gone", "BOOKED", None, 1, ["booked"]],
    },
    "/plans": {
        "patient_id": [*NOT_NUMBERS, None],
        "practitioner_id": [*NOT_NUMBERS, None],
        "protocol_id": NOT_NUMBERS,
        "starts_on": [*NOT_DAYS, None, "1801-01-01", "2250-01-01"],
        "condition": [*NOT_TEXT, "x" * 201],
        "target_muscles": ["neck", [""], [5], ["x" * 81], ["x"] * 41, None],
        "phases": [
            [],
            "weekly",
            [5],
            [{}],
            [PHASE] * 61,
            [PHASE | {"sessions": 60}] * 2,
            {"sessions": 3},
        ],
        "preferences": [
            "mornings",
            5,
            [],
            {"mornings": True},
            {"weekdays": [7]},
            {"from": "8"},
            {"from": "12:00", "until": "08:00"},
            {"until": "24:01"},
            {"practitioner_ids": ["1"]},
            {"weekdays": 1},
            {"weekdays": [None]},
            {"location_id": "1"},
            {"from_minute": 480},
        ],
        "first_appointment_type_id": NOT_NUMBERS,
        "sessions": [[]],
    },
    "/plans/{plan}/proposals": {
        "preferences": [5, {"weekdays": [-1]}, {"until": "25:00"}, {"from": 480}],
        "limit": [5],
    },
    "/plans/{plan}/placements": {
        "sessions": [None, [], 5, {}, [5], [{}], [{"number": 1}]],
        "override_reason": NOT_TEXT,
        "plan_id": [1],
    },
    "/patients/{patient}/feed-tokens": {
        "name": [*NOT_TEXT, "x" * 201],
        "detail": ["everything", "", 1],
        "alarm_minutes": [-1, 40_321, "5", 1.5],
    },
    "/practitioners/{practitioner}/feed-tokens": {"secret": ["mine"]},
}
"""Path -> field -> values, each wrong in a body that is otherwise in order."""


def _field_cases() -> list[Any]:
    """(path, field, value) of WRONG."""
    return [
        pytest.param(path, field, value, id=f"{path} {field} {number}")
        for path, fields in WRONG.items()
        for field, values in fields.items()
        for number, value in enumerate(values)
    ]


@pytest.mark.parametrize(("path", "field", "value"), _field_cases())
def test_wrong_field_is_refused_by_its_name(standing: Standing, path: str, field: str, value: Any) -> None:
    problem = standing.refuses("POST", path, json=standing.bodies[path] | {field: value})
    assert (problem["status"], problem["code"]) == (422, "invalid_input")
    assert {name.split(".")[0] for name in problem["errors"]} == {field}


REQUIRED = {
    "/patients": ["given_name", "family_name"],
    "/appointments": ["patient_id", "practitioner_id", "appointment_type_id", "starts_at"],
    "/appointments/{appointment}/cancel": ["version"],
    "/appointments/{appointment}/status": ["version", "status"],
    "/plans": ["patient_id", "practitioner_id", "starts_on"],
    "/plans/{plan}/placements": ["sessions"],
}


@pytest.mark.parametrize(
    ("path", "field"), [(path, field) for path, fields in REQUIRED.items() for field in fields]
)
def test_missing_field_is_named(standing: Standing, path: str, field: str) -> None:
    body = {name: value for name, value in standing.bodies[path].items() if name != field}
    problem = standing.refuses("POST", path, json=body)
    assert problem["errors"] == {field: ["This is missing."]}
    assert problem["detail"] == f"{field}: This is missing."


@pytest.mark.parametrize(
    "change",
    [
        {"starts_at": "2026-03-05T11:00:00"},
        {"starts_at": "2026-03-05T11:01:00Z"},
        {"starts_at": None},
        {"practitioner_id": 0},
        {"practitioner_id": None},
        {"room_id": "1"},
        {"patient_id": 1},
        {"version": 0},
        {"version": None},
        {"status": "booked"},
    ],
)
def test_wrong_move_is_refused_by_its_field(standing: Standing, change: dict[str, Any]) -> None:
    problem = standing.refuses("PATCH", "/appointments/{appointment}", json={"version": 1} | change)
    assert (problem["status"], list(problem["errors"])) == (422, list(change))


@pytest.mark.parametrize(
    "change",
    [
        {"given_name": ""},
        {"given_name": None},
        {"email": "nobody"},
        {"notes": None},
        {"version": 1.5},
        {"id": 2},
        {"name": "Ann"},
    ],
)
def test_wrong_change_of_a_patient_is_refused_by_its_field(
    standing: Standing, change: dict[str, Any]
) -> None:
    problem = standing.refuses("PATCH", "/patients/{patient}", json={"version": 1} | change)
    assert (problem["status"], list(problem["errors"])) == (422, list(change))


BODIES = [
    pytest.param(b"{", 400, "malformed_json", id="broken off"),
    pytest.param(b"nonsense", 400, "malformed_json", id="no json"),
    pytest.param(b"{'a': 1}", 400, "malformed_json", id="single quotes"),
    pytest.param(b'{"version": NaN}', 400, "malformed_json", id="not a number"),
    pytest.param(b'{"version": -Infinity}', 400, "malformed_json", id="infinity"),
    pytest.param(b'{"version": ' + b"9" * 5000 + b"}", 400, "malformed_json", id="endless number"),
    pytest.param(b"[" * 100_000, 400, "malformed_json", id="endless nesting"),
    pytest.param(b'{"a":' * 100_000, 400, "malformed_json", id="endless objects"),
    pytest.param(b'"\xff"', 400, "malformed_json", id="no utf-8"),
    pytest.param("{}".encode("utf-16"), 400, "malformed_json", id="utf-16"),
    pytest.param(b"[]", 422, "invalid_input", id="a list"),
    pytest.param(b"null", 422, "invalid_input", id="null"),
    pytest.param(b'"text"', 422, "invalid_input", id="text"),
    pytest.param(b"5", 422, "invalid_input", id="a number"),
    pytest.param(b"{" + b" " * 1_000_001 + b"}", 413, "request_entity_too_large", id="too large"),
]


@pytest.mark.parametrize(("body", "status", "code"), BODIES)
@pytest.mark.parametrize("path", ["/patients", "/appointments", "/plans/{plan}/proposals"])
def test_unusable_body_is_refused(standing: Standing, path: str, body: bytes, status: int, code: str) -> None:
    problem = standing.refuses("POST", path, data=body, content_type="application/json")
    assert (problem["status"], problem["code"]) == (status, code)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""]
)
@pytest.mark.parametrize("path", ["/patients", "/plans/{plan}/proposals"])
def test_body_that_is_not_called_json_is_refused(standing: Standing, path: str, kind: str) -> None:
    problem = standing.refuses("POST", path, data=b"{}", headers={"Content-Type": kind})
    assert (problem["status"], problem["code"]) == (415, "unsupported_media_type")


def test_body_that_is_missing_is_refused_by_its_fields(standing: Standing) -> None:
    problem = standing.refuses("POST", "/patients")
    assert set(problem["errors"]) == {"given_name", "family_name"}


def test_many_errors_are_told_in_part(standing: Standing) -> None:
    body = {f"field{number}": number for number in range(5000)}
    assert len(standing.refuses("POST", "/patients", json=body)["errors"]) == 20


@pytest.mark.parametrize("name", ["100 %", "%(name)s", "%s", "a.b", "", "💉", "x" * 5000])
def test_strange_field_name_is_only_text(standing: Standing, name: str) -> None:
    problem = standing.refuses("POST", "/patients", json=standing.bodies["/patients"] | {name: 1})
    assert problem["code"] == "invalid_input"


@pytest.mark.parametrize("key", ["", "x" * 201, "a\x01b"])
@pytest.mark.parametrize("path", ["/patients", "/appointments", "/plans", "/plans/{plan}/placements"])
def test_senseless_idempotency_key_is_refused(standing: Standing, path: str, key: str) -> None:
    problem = standing.refuses("POST", path, json=standing.bodies[path], headers={"Idempotency-Key": key})
    assert (problem["status"], list(problem["errors"])) == (422, ["Idempotency-Key"])


def test_sessions_of_a_placement_are_checked_one_by_one(standing: Standing) -> None:
    good = {"number": 1, "starts_at": at(5, 11).isoformat(), "practitioner_id": 1}
    body = {"sessions": [good, good | {"number": 0, "starts_at": "soon", "ends_at": "later"}]}
    problem = standing.refuses("POST", "/plans/{plan}/placements", json=body)
    assert set(problem["errors"]) == {"sessions.1.number", "sessions.1.starts_at", "sessions.1.ends_at"}


@pytest.mark.parametrize(
    "sessions",
    [
        [{"number": 4, "starts_at": "2026-03-05T11:00:00Z", "practitioner_id": 1}],
        [{"number": 1, "starts_at": "2026-03-05T11:02:00Z", "practitioner_id": 1}],
        [{"number": 1, "starts_at": "2026-03-05T11:00:00Z", "practitioner_id": 1}] * 2,
        [
            {"number": 1, "starts_at": "2026-03-12T11:00:00Z", "practitioner_id": 1},
            {"number": 2, "starts_at": "2026-03-05T11:00:00Z", "practitioner_id": 1},
        ],
    ],
)
def test_senseless_series_is_refused(standing: Standing, sessions: list[dict[str, Any]]) -> None:
    problem = standing.refuses("POST", "/plans/{plan}/placements", json={"sessions": sessions})
    assert (problem["status"], problem["code"]) == (422, "invalid_input")


def test_plan_without_protocol_and_phases_is_refused(standing: Standing) -> None:
    body = {name: value for name, value in standing.bodies["/plans"].items() if name != "phases"}
    assert standing.refuses("POST", "/plans", json=body)["errors"] == {
        "protocol_id": ["A plan needs a protocol or phases."]
    }
