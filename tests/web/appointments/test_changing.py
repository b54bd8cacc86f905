"""Moving, cancelling and following an appointment on screen: pages, panels and what scripts get."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from scheduler.models import Location, Room
from scheduler.usecases.booking.state import LEGAL_MOVES
from scheduler.web.appointments import NEXT_STATUSES
from tests.factories import World, at, make_patient, make_practitioner, save
from tests.web.appointments.support import booked, stored, value_of
from tests.web.browser import Browser, alert

pytestmark = pytest.mark.usefixtures("monday")
JSON = "application/json"


def test_a_drag_gets_json(app: Flask, desk: Browser, world: World) -> None:
    number = booked(app, world)
    moved = desk.post(
        f"/appointments/{number}/move", {"version": 1, "on": "2026-03-04", "at": "11:30"}, Accept=JSON
    )
    said = moved.get_json()
    assert (said["id"], said["version"], said["on"], said["at"]) == (number, 2, "2026-03-04", "11:30")
    assert (said["sentence"], said["movable"]) == ("Moved to Wed, 4 Mar 2026, 11:30.", True)
    assert stored(app, number).starts_at == at(4, 11, 30)


@pytest.mark.parametrize(
    ("changes", "status", "code", "needs_reason"),
    [
        ({"at": "12:15"}, 409, "slot_taken", False),
        ({"at": "20:00"}, 409, "needs_override", True),
        ({"version": 7}, 409, "stale_version", False),
        ({"at": "x"}, 422, "invalid_input", False),
        ({"practitioner_id": 4711}, 404, "not_found", False),
    ],
)
def test_a_refused_drag_says_why_and_moves_nothing(
    app: Flask,
    desk: Browser,
    world: World,
    changes: dict[str, Any],
    status: int,
    code: str,
    needs_reason: bool,
) -> None:
    with app.app_context():
        other = make_patient("Other").id
    number = booked(app, world)
    booked(app, world, at(3, 12), patient_id=other)
    entered = {"version": 1, "on": "2026-03-03", "at": "11:00"} | changes
    refused = desk.post(f"/appointments/{number}/move", entered, Accept=JSON)
    said = refused.get_json()
    assert (refused.status_code, said["code"], said["needs_reason"]) == (status, code, needs_reason)
    assert said["sentence"].endswith(".")
    assert stored(app, number).starts_at == at(3)


def test_the_form_moves_to_another_practitioner_and_keeps_what_was_entered_when_refused(
    app: Flask, desk: Browser, world: World
) -> None:
    with app.app_context():
        anton = make_practitioner(world.location_id, given_name="Anton", family_name="Acker").id
    number = booked(app, world)
    entered = {"version": 1, "on": "2026-03-05", "at": "20:00", "practitioner_id": anton}
    refused = desk.post(f"/appointments/{number}/move", entered)
    assert refused.status_code == 409
    assert [value_of(refused.text, field) for field in ("on", "at", "practitioner_id")] == [
        "2026-03-05",
        "20:00",
        str(anton),
    ]
    assert value_of(refused.text, "override_reason") == ""
    moved = desk.post(f"/appointments/{number}/move", entered | {"override_reason": "she asked"})
    assert (moved.status_code, moved.location) == (303, "/diary?on=2026-03-05")
    row = stored(app, number)
    assert (row.starts_at, row.practitioner_id, row.override_reason) == (at(5, 20), anton, "she asked")


def test_an_appointment_elsewhere_is_moved_by_the_clock_there(
    app: Flask, desk: Browser, world: World
) -> None:
    chatham = ZoneInfo("Pacific/Chatham")
    with app.app_context():
        place = Location(name="Waitangi", address="", zone="Pacific/Chatham")
        save(place, Room(name="Room 1", location=place))
        treats = make_practitioner(place.id, given_name="Wiremu", family_name="Weka").id
        place_id = place.id
    starts_at = at(3, 10, zone=chatham)
    number = booked(app, world, starts_at, practitioner_id=treats, location_id=place_id, room_id=None)
    page = desk.get(f"/appointments/{number}").text
    assert [value_of(page, field) for field in ("on", "at")] == ["2026-03-03", "10:00"]
    entered = {"version": 1, "on": "2026-03-04", "at": "09:15"}
    moved = desk.post(f"/appointments/{number}/move", entered, Accept=JSON)
    assert moved.get_json()["sentence"] == "Moved to Wed, 4 Mar 2026, 09:15."
    assert stored(app, number).starts_at == at(4, 9, 15, zone=chatham)


def test_statuses_follow_each_other(app: Flask, desk: Browser, world: World) -> None:
    number = booked(app, world)
    for version, status in enumerate(("confirmed", "arrived", "completed"), start=1):
        answer = desk.post(f"/appointments/{number}/status", {"version": version, "status": status})
        assert answer.status_code == 303
        assert stored(app, number).status == status
    assert "Paul Pain: Completed" in desk.get("/diary?on=2026-03-03").text


def test_cancelling_keeps_the_reason(app: Flask, desk: Browser, world: World) -> None:
    number = booked(app, world)
    answer = desk.post(f"/appointments/{number}/cancel", {"version": 1, "reason": "Patient is ill"})
    assert answer.status_code == 303
    row = stored(app, number)
    assert (row.status, row.cancel_reason) == ("cancelled", "Patient is ill")
    page = desk.get(f"/appointments/{number}").text
    assert "Patient is ill</dd>" in page
    assert '<form class="form"' not in page


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("status", {"version": 1, "status": "vanished"}, 422),
        ("status", {"version": 9, "status": "arrived"}, 409),
        ("status", {"status": "arrived"}, 409),
        ("cancel", {"version": 2}, 409),
    ],
)
def test_a_refused_change_shows_the_appointment_with_the_reason(
    app: Flask, desk: Browser, world: World, path: str, form: dict[str, Any], status: int
) -> None:
    number = booked(app, world)
    answer = desk.post(f"/appointments/{number}/{path}", form)
    assert answer.status_code == status
    assert alert(answer).endswith(".")
    assert stored(app, number).status == "booked"


def test_what_is_offered_as_a_button_is_legal() -> None:
    assert set(NEXT_STATUSES) == set(LEGAL_MOVES)
    for status, offered in NEXT_STATUSES.items():
        assert set(offered) <= LEGAL_MOVES[status] - {"cancelled"}


def test_what_is_not_there_is_not_found(desk: Browser, world: World) -> None:
    for path in ("/appointments/4711", f"/appointments/{10**30}", "/appointments/new?patient_id=4711"):
        assert desk.get(path).status_code == 404
    for act in ("move", "cancel", "status"):
        entered = {"version": 1, "on": "2026-03-03", "at": "10:00", "status": "arrived"}
        assert desk.post(f"/appointments/4711/{act}", entered).status_code == 404
        said = desk.post(f"/appointments/4711/{act}", entered, Accept=JSON)
        assert (said.status_code, said.get_json()["code"]) == (404, "not_found")


def test_a_panel_gets_the_body_alone(app: Flask, desk: Browser, world: World) -> None:
    number = booked(app, world)
    for path in (f"/appointments/{number}", "/appointments/new"):
        assert "<html" in desk.get(path).text
        fragment = desk.get(path, HX_Request="true").text
        assert "<html" not in fragment
        assert 'id="visit-title"' in fragment


def test_a_form_without_its_token_changes_nothing(app: Flask, desk: Browser, world: World) -> None:
    number = booked(app, world)
    desk.token = ""
    answer = desk.post(f"/appointments/{number}/cancel", {"version": 1})
    assert (answer.status_code, stored(app, number).status) == (400, "booked")
