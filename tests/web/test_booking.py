"""The booking form: what it fills in by itself, quick searches, new patients without leaving it."""

import html
import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, Patient, PlannedSession
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_practitioner
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")
BY = {"actor": RECEPTIONIST, "now": NOW}


def value_of(page: str, name: str) -> str:
    field = re.search(rf'<input[^>]* name="{name}"[^>]*>', page)
    assert field is not None
    found = re.search(r'value="([^"]*)"', field[0])
    return html.unescape(found[1]) if found else ""


def chosen(page: str, name: str) -> str:
    """The option that is selected."""
    options = page.split(f'name="{name}"')[1].split("</select>")[0]
    found = re.search(r'<option value="(\d+)" selected', options)
    assert found is not None
    return found[1]


def prescribe(app: Flask, world: World) -> list[int]:
    """A plan of two weekly sessions from Thursday on; the ids of its sessions."""
    with app.app_context():
        plan = prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=date(2026, 3, 5),
            phases=[PhaseWish(2, 5, 7, 9)],
            **BY,
        )
        return [row.id for row in plan.sessions]


def test_the_next_session_of_the_plan_is_filled_in_on_its_ideal_day(
    app: Flask, desk: Browser, world: World
) -> None:
    first, second = prescribe(app, world)
    with app.app_context():
        make_appointment(world, at(5, 14), planned_session_id=first)
        db.session.get_one(PlannedSession, first).status = "placed"
        db.session.commit()
    page = desk.get(f"/appointments/new?patient_id={world.patient_id}").text
    assert "<b>Session 2 of 2</b> · Individual plan" in page
    assert "ideal Thu 12 Mar, from Tue 10 Mar to Sat 14 Mar" in page
    assert (value_of(page, "on"), value_of(page, "planned_session_id")) == ("2026-03-12", str(second))
    assert chosen(page, "appointment_type_id") == str(world.needling_id)
    assert chosen(page, "practitioner_id") == str(world.practitioner_id)


def test_who_has_no_plan_is_offered_the_same_as_last_time(app: Flask, desk: Browser, world: World) -> None:
    with app.app_context():
        other = make_practitioner(world.location_id, given_name="Anna", family_name="Acu").id
        make_appointment(world, at(2, 9), practitioner_id=other, appointment_type_id=world.review_id)
    page = desk.get(f"/appointments/new?patient_id={world.patient_id}").text
    assert chosen(page, "appointment_type_id") == str(world.review_id)
    assert chosen(page, "practitioner_id") == str(other)
    assert value_of(page, "on") == "2026-03-02"


def test_where_a_time_was_clicked_it_stays(app: Flask, desk: Browser, world: World) -> None:
    prescribe(app, world)
    page = desk.get(f"/appointments/new?patient_id={world.patient_id}&on=2026-03-06&at=11:15").text
    assert (value_of(page, "on"), value_of(page, "at")) == ("2026-03-06", "11:15")
    assert 'name="slot"' not in page


def free(desk: Browser, world: World, when: str, **more: object) -> list[str]:
    """The free times that are offered for a few words."""
    query = "&".join(f"{name}={value}" for name, value in more.items())
    address = f"/appointments/new/slots?appointment_type_id={world.needling_id}&when={when}&{query}"
    page = desk.get(address, HX_Request="true").text
    return [" ".join(text.split()) for text in re.findall(r"<b>(.*?)</b>", page)]


def test_quick_searches_look_at_everybody_and_spread_what_they_find(
    app: Flask, desk: Browser, world: World
) -> None:
    with app.app_context():
        make_practitioner(world.location_id, given_name="Anna", family_name="Acu", weekdays=(1,))
    assert free(desk, world, "")[:3] == ["Mon 2 Mar, 09:00", "Mon 2 Mar, 09:15", "Tue 3 Mar, 09:00"]
    assert free(desk, world, "tuesdays after 16")[:4] == [
        "Tue 3 Mar, 16:00",
        "Tue 3 Mar, 16:00",
        "Tue 3 Mar, 16:15",
        "Tue 3 Mar, 16:15",
    ]
    assert free(desk, world, "next week afternoon")[0] == "Mon 9 Mar, 12:00"


def test_what_is_not_understood_or_not_free_is_said(desk: Browser, world: World) -> None:
    address = f"/appointments/new/slots?appointment_type_id={world.needling_id}&when="
    assert "Not understood: lunch" in desk.get(address + "lunch", HX_Request="true").text
    assert "Nothing is free then." in desk.get(address + "sundays", HX_Request="true").text


def booked(app: Flask) -> list[tuple[object, ...]]:
    with app.app_context():
        rows = db.session.scalars(select(Appointment).order_by(Appointment.id))
        return [(row.starts_at, row.practitioner_id, row.planned_session_id) for row in rows]


def test_the_session_that_is_ticked_is_filled(app: Flask, desk: Browser, world: World) -> None:
    first, _ = prescribe(app, world)
    page = desk.get(f"/appointments/new?patient_id={world.patient_id}").text
    entered = {
        "patient_id": world.patient_id,
        "appointment_type_id": world.needling_id,
        "practitioner_id": world.practitioner_id,
        "location_id": world.location_id,
        "form_key": value_of(page, "form_key"),
        "planned_session_id": first,
        "on": value_of(page, "on"),
        "at": value_of(page, "at"),
    }
    answer = desk.post("/appointments/new", entered)
    assert answer.status_code == 303
    assert booked(app) == [(at(5, 9), world.practitioner_id, first)]


def test_another_type_fills_no_session(app: Flask, desk: Browser, world: World) -> None:
    first, _ = prescribe(app, world)
    entered = {
        "patient_id": world.patient_id,
        "appointment_type_id": world.review_id,
        "practitioner_id": world.practitioner_id,
        "location_id": world.location_id,
        "planned_session_id": first,
        "on": "2026-03-05",
        "at": "10:00",
    }
    assert desk.post("/appointments/new", entered).status_code == 303
    assert booked(app) == [(at(5), world.practitioner_id, None)]


def new_patient(**changes: str) -> dict[str, str]:
    return {
        "given_name": "Paula",
        "family_name": "Müller",
        "phone": "030 765",
        "on": "2026-03-05",
        "at": "10:00",
    } | changes


def patients(app: Flask) -> list[str]:
    with app.app_context():
        return [row.name for row in db.session.scalars(select(Patient).order_by(Patient.id))]


def test_a_new_patient_is_registered_and_the_booking_goes_on(app: Flask, desk: Browser, world: World) -> None:
    answer = desk.post("/appointments/new/patient", new_patient())
    assert answer.status_code == 200
    assert "<b>Paula Müller</b>" in answer.text
    assert (value_of(answer.text, "on"), value_of(answer.text, "at")) == ("2026-03-05", "10:00")
    assert patients(app) == ["Paul Pain", "Paula Müller"]


@pytest.mark.parametrize(
    "known",
    [
        {"given_name": "Paulina", "family_name": "Muller", "phone": ""},
        {"given_name": "Karl", "family_name": "Kaiser", "phone": "+49 30 765"},
        {"given_name": "P.", "family_name": "Müller", "phone": "", "born_on": date(1980, 5, 6)},
    ],
)
def test_somebody_alike_is_shown_before_a_patient_is_made_twice(
    app: Flask, desk: Browser, world: World, known: dict[str, object]
) -> None:
    with app.app_context():
        number = register_patient(PatientDetails(**known), **BY).id  # type: ignore[arg-type]
    entered = new_patient(**({"born_on": "1980-05-06"} if "born_on" in known else {}), phone="030 765")
    answer = desk.post("/appointments/new/patient", entered)
    assert answer.status_code == 409
    assert "Is it one of these?" in answer.text
    assert f'href="/appointments/new?patient_id={number}&amp;on=2026-03-05&amp;at=10:00"' in answer.text
    assert len(patients(app)) == 2
    again = desk.post("/appointments/new/patient", {**entered, "is_new": "yes"})
    assert (again.status_code, len(patients(app))) == (200, 3)


def test_what_is_wrong_with_a_new_patient_is_told_with_nothing_lost(
    app: Flask, desk: Browser, world: World
) -> None:
    answer = desk.post("/appointments/new/patient", new_patient(email="nonsense"))
    assert answer.status_code == 422
    assert "An email address looks like name@example.org." in answer.text
    assert (value_of(answer.text, "family_name"), value_of(answer.text, "email")) == ("Müller", "nonsense")
    assert patients(app) == ["Paul Pain"]
