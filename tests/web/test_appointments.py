"""Booking, moving, cancelling and following an appointment on screen: pages, fragments and what scripts get."""

import html
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from scheduler.extensions import db
from scheduler.models import Appointment, Location, Room
from scheduler.usecases.booking.state import LEGAL_MOVES
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from scheduler.web.appointments import NEXT_STATUSES
from tests.factories import (
    NOW,
    RECEPTIONIST,
    World,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    save,
)
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")
JSON = "application/json"


def form(world: World, **changes: Any) -> dict[str, Any]:
    """What the booking form sends: Paul Pain, needling with Petra Pin on Tuesday at ten."""
    values = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "appointment_type_id": world.needling_id,
        "on": "2026-03-03",
        "at": "10:00",
    }
    return values | changes


def booked(app: Flask, world: World, starts_at: datetime | None = None, **changes: Any) -> int:
    with app.app_context():
        return make_appointment(world, starts_at or at(3), **changes).id


def register(app: Flask, name: str) -> int:
    given_name, family_name = name.split()
    with app.app_context():
        details = PatientDetails(given_name=given_name, family_name=family_name)
        return register_patient(details, actor=RECEPTIONIST, now=NOW).id


def stored(app: Flask, number: int) -> Appointment:
    with app.app_context():
        row = db.session.get_one(Appointment, number)
        db.session.expunge(row)
        return row


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count(Appointment.id))) or 0


def alert(answer: TestResponse) -> str:
    (sentence,) = re.findall(r'role="alert">.*?<span>(.*?)</span>', answer.text)
    return html.unescape(sentence)


def value_of(page: str, field: str) -> str:
    """What an input or a select of a page holds."""
    found = re.search(rf'<input[^>]* name="{field}"[^>]* value="([^"]*)"', page)
    if found:
        return html.unescape(found[1])
    (options,) = re.findall(rf'<select[^>]* name="{field}">(.*?)</select>', page, re.S)
    (chosen,) = re.findall(r'value="([^"]*)" selected', options)
    return str(chosen)


def test_booking_leads_to_the_day_in_the_diary(app: Flask, desk: Browser, world: World) -> None:
    answer = desk.post("/appointments/new", form(world))
    assert (answer.status_code, answer.location) == (303, "/diary?on=2026-03-03")
    assert "Booked for Tue, 3 Mar 2026, 10:00." in desk.get(answer.location).text
    row = stored(app, 1)
    assert (row.starts_at, row.location_id, row.status) == (at(3), world.location_id, "booked")


def test_a_script_gets_a_sentence_instead_of_a_page(desk: Browser, world: World) -> None:
    answer = desk.post("/appointments/new", form(world), HX_Request="true")
    assert answer.get_json() == {"id": 1, "version": 1, "sentence": "Booked for Tue, 3 Mar 2026, 10:00."}


def test_the_form_knows_where_one_clicked(desk: Browser, world: World) -> None:
    query = f"on=2026-03-04&at=11:15&practitioner_id={world.practitioner_id}&patient_id={world.patient_id}"
    page = desk.get(f"/appointments/new?{query}").text
    assert "<b>Paul Pain</b>" in page
    assert [value_of(page, field) for field in form(world)] == [
        str(world.patient_id),
        str(world.practitioner_id),
        str(world.needling_id),
        "2026-03-04",
        "11:15",
    ]
    assert "At Mitte, in Berlin time." in page


def test_who_treats_books_for_themselves_at_first(app: Flask, stranger: Browser, world: World) -> None:
    with app.app_context():
        make_practitioner(world.location_id, given_name="Anton", family_name="Acker")
    stranger.sign_in("practitioner")
    assert value_of(stranger.get("/appointments/new").text, "practitioner_id") == str(world.practitioner_id)


def test_a_busy_time_is_refused_with_nothing_lost(app: Flask, desk: Browser, world: World) -> None:
    with app.app_context():
        other = make_patient("Other").id
    booked(app, world, patient_id=other)
    answer = desk.post("/appointments/new", form(world, at="10:15", appointment_type_id=world.review_id))
    assert answer.status_code == 409
    assert alert(answer) == "The practitioner is already busy at that time."
    assert [value_of(answer.text, field) for field in form(world)] == [
        str(world.patient_id),
        str(world.practitioner_id),
        str(world.review_id),
        "2026-03-03",
        "10:15",
    ]
    assert count(app) == 1


def test_outside_hours_is_booked_once_a_reason_is_given(app: Flask, desk: Browser, world: World) -> None:
    asked = desk.post("/appointments/new", form(world, at="18:00"))
    assert asked.status_code == 409
    assert alert(asked) == (
        "The practitioner does not work there at that time. Give a reason to book all the same."
    )
    assert value_of(asked.text, "override_reason") == ""
    answer = desk.post("/appointments/new", form(world, at="18:00", override_reason="only then"))
    assert answer.status_code == 303
    row = stored(app, 1)
    assert (row.override_reason, row.override_rules) == ("only then", ["outside_hours"])


def test_a_form_sent_twice_books_once(app: Flask, desk: Browser, world: World) -> None:
    entered = form(world, form_key=value_of(desk.get("/appointments/new").text, "form_key"))
    first, again = (desk.post("/appointments/new", entered) for _ in range(2))
    assert (first.status_code, first.location) == (again.status_code, again.location)
    assert count(app) == 1
    changed = desk.post("/appointments/new", entered | {"at": "11:00"})
    assert (changed.status_code, count(app)) == (422, 1)


def test_without_scripts_the_patient_is_found_by_a_form_and_chosen_by_a_link(
    app: Flask, desk: Browser, world: World
) -> None:
    paula = register(app, "Paula Müller")
    page = desk.get("/appointments/new?patient_q=mül&on=2026-03-03&at=10:00").text
    assert value_of(page, "patient_q") == "mül"
    link = f"/appointments/new?patient_id={paula}&amp;on=2026-03-03&amp;at=10:00"
    assert f'href="{link}"' in page
    page = desk.get(link.replace("&amp;", "&")).text
    assert "<b>Paula Müller</b>" in page
    assert (value_of(page, "on"), value_of(page, "at")) == ("2026-03-03", "10:00")
    entered = form(world)
    del entered["patient_id"]
    answer = desk.post("/appointments/new", entered)
    assert (answer.status_code, alert(answer)) == (422, "Please choose the patient.")
    assert count(app) == 0


def test_suggestions_are_few_and_say_how_many_more_there_are(app: Flask, desk: Browser) -> None:
    for letter in "ABCDEFGHIJ":
        register(app, f"{letter} Same")
    found = desk.get("/appointments/new/patients?patient_q=same", HX_Request="true").text
    assert (found.count('class="option"'), "There are more: type another letter." in found) == (8, True)
    assert desk.get("/appointments/new/patients?patient_q=%20", HX_Request="true").text.strip() == ""
    found = desk.get("/appointments/new/patients?patient_q=nobody", HX_Request="true").text
    assert "Nobody is found." in found


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"at": ""}, 422, "Please enter a date and a time."),
        ({"on": "30.02.2026"}, 422, "Please enter a date and a time."),
        ({"at": "10:02"}, 422, "Appointments start on a multiple of 5 minutes."),
        ({"on": "9999-12-31"}, 422, "That date is too far away."),
        (
            {"on": "2026-03-29", "at": "02:30"},
            422,
            "The clocks go forward then: 02:30 does not exist. Take 01:55 or 03:00.",
        ),
        ({"patient_id": "4711"}, 404, "There is no patient with that number."),
        ({"practitioner_id": "x"}, 404, "There is no practitioner with that number."),
        ({"appointment_type_id": str(10**30)}, 404, "There is no appointment type with that number."),
        ({"patient_id": str(10**30)}, 404, "There is no patient with that number."),
    ],
)
def test_what_cannot_be_booked_is_told_in_a_sentence(
    app: Flask, desk: Browser, world: World, changes: dict[str, str], status: int, sentence: str
) -> None:
    answer = desk.post("/appointments/new", form(world, **changes))
    assert (answer.status_code, alert(answer)) == (status, sentence)
    assert count(app) == 0


def test_a_drag_gets_json(app: Flask, desk: Browser, world: World) -> None:
    number = booked(app, world)
    moved = desk.post(
        f"/appointments/{number}/move", {"version": 1, "on": "2026-03-04", "at": "11:30"}, Accept=JSON
    )
    assert moved.get_json() == {"id": number, "version": 2, "sentence": "Moved to Wed, 4 Mar 2026, 11:30."}
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
