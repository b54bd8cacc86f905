"""Booking on screen: with and without scripts, refused with nothing lost, once when sent twice."""

import pytest
from flask import Flask

from tests.factories import World, at, make_patient, make_practitioner
from tests.web.appointments.support import booked, count, form, register, stored, value_of
from tests.web.browser import Browser, alert

pytestmark = pytest.mark.usefixtures("monday")


def test_booking_leads_to_the_day_in_the_diary(app: Flask, desk: Browser, world: World) -> None:
    answer = desk.post("/appointments/new", form(world))
    assert (answer.status_code, answer.location) == (303, "/diary?on=2026-03-03")
    assert "Booked for Tue, 3 Mar 2026, 10:00." in desk.get(answer.location).text
    row = stored(app, 1)
    assert (row.starts_at, row.location_id, row.status) == (at(3), world.location_id, "booked")


def test_a_script_gets_a_sentence_instead_of_a_page(desk: Browser, world: World) -> None:
    answer = desk.post("/appointments/new", form(world), HX_Request="true")
    assert answer.get_json() == {
        "id": 1,
        "location": world.location_id,
        "version": 1,
        "on": "2026-03-03",
        "at": "10:00",
        "movable": True,
        "sentence": "Booked for Tue, 3 Mar 2026, 10:00.",
    }


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
