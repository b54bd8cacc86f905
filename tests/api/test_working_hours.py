"""Changing by program when somebody works: from a day on, and nothing booked is left outside unnoticed."""

from typing import Any

import pytest
from flask import Flask

from scheduler.models import Role
from tests.api.support import Caller, make_key, utc
from tests.factories import World, at, make_appointment

MORNINGS = [{"weekday": day, "from": "09:00", "until": "12:00"} for day in range(5)]
FULL = "1_2025-01-06__1"
"""The block that the small clinic begins with: Monday to Friday, 9 to 17."""
BY_SHAPE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""For what is refused whatever the database."""


@pytest.fixture
def admin(app: Flask, world: World) -> Caller:
    """A program of an administrator."""
    return Caller(app, make_key(app, Role.ADMIN))


@pytest.fixture
def path(world: World) -> str:
    """Whose hours."""
    return f"/practitioners/{world.practitioner_id}/hours"


def change(admin: Caller, path: str, **more: Any) -> dict[str, Any]:
    """A body that is in order: mornings only from 9 March on."""
    seen = admin.get(path).get_json()["version"]
    body = {"version": seen, "location_id": 1, "replaces": FULL, "valid_from": "2026-03-09"}
    return {**body, "hours": MORNINGS, **more}


def test_hours_are_replaced_from_a_day_on(admin: Caller, path: str) -> None:
    before = admin.get(path).get_json()
    assert [block["block"] for block in before["blocks"]] == [FULL]
    body = change(admin, path)
    made, again = (admin.post(path, body, once="mornings") for _ in range(2))
    assert (made.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.get_json() == made.get_json() == {"hours": admin.get(path).get_json(), "outside": []}
    former, fresh = made.get_json()["hours"]["blocks"]
    assert former == before["blocks"][0] | {
        "block": "1_2025-01-06_2026-03-08_1",
        "valid_until": "2026-03-08",
    }
    assert fresh == {
        "block": "1_2026-03-09__1",
        "location_id": 1,
        "valid_from": "2026-03-09",
        "valid_until": None,
        "every_n_weeks": 1,
        "hours": MORNINGS,
    }
    stale = admin.post(path, body)
    assert (stale.status_code, stale.get_json()["code"]) == (409, "stale_version")


def test_what_would_fall_outside_is_named_first_and_stays_booked(
    app: Flask, world: World, admin: Caller, path: str
) -> None:
    with app.app_context():
        row = make_appointment(world, at(10, 15))
        number, starts, ends = row.id, utc(row.starts_at), utc(row.ends_at)
    body = change(admin, path)
    refused = admin.post(path, body, once="mornings").get_json()
    assert (refused["code"], refused["appointment_ids"]) == ("conflict", [number])
    assert len(admin.get(path).get_json()["blocks"]) == 1
    confirmed = {**body, "confirmed": refused["token"]}
    made, again = (admin.post(path, confirmed, once="mornings") for _ in range(2))
    assert made.get_json()["outside"] == [{"appointment_id": number, "starts_at": starts, "ends_at": ends}]
    assert again.get_json() == made.get_json()
    assert admin.get(f"/appointments/{number}").get_json()["status"] == "booked"


def test_hours_end_on_a_day(admin: Caller, path: str) -> None:
    seen = admin.get(path).get_json()["version"]
    body = {"version": seen, "block": FULL, "last_on": "2026-03-20"}
    (block,) = admin.post(f"{path}/end", body).get_json()["hours"]["blocks"]
    assert block["valid_until"] == "2026-03-20"
    again = admin.post(f"{path}/end", body)
    assert (again.status_code, again.get_json()["code"]) == (409, "stale_version")


@BY_SHAPE
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hours", []),
        ("hours", [{"weekday": 7, "from": "09:00", "until": "12:00"}]),
        ("hours", [{"weekday": 0, "from": "09:00", "until": "12:02"}]),
        ("hours", [MORNINGS[0], MORNINGS[0]]),
        ("valid_from", "9.3.2026"),
        ("valid_from", "2026-03-01"),
        ("valid_until", "2026-03-08"),
        ("every_n_weeks", 53),
        ("replaces", 5),
        ("valid_from", None),
        ("from", "2026-03-09"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(admin: Caller, path: str, field: str, value: Any) -> None:
    refused = admin.post(path, change(admin, path, **{field: value}))
    assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid_input")
    assert {name.split(".")[0] for name in refused.get_json()["errors"]} == {field}
    assert [block["block"] for block in admin.get(path).get_json()["blocks"]] == [FULL]


def test_the_desk_reads_hours_and_does_not_write_them(admin: Caller, desk: Caller, path: str) -> None:
    body = change(admin, path)
    ending = {"version": body["version"], "block": FULL, "last_on": "2026-03-20"}
    refused = [desk.post(path, body), desk.post(f"{path}/end", ending)]
    assert [answer.status_code for answer in refused] == [403, 403]
    assert desk.get(path).get_json() == admin.get(path).get_json()
    assert desk.get("/practitioners/99999/hours").status_code == 404
