"""Patients: what is stored, what is refused, and how they are found."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InvalidInput, NotFound, StaleVersion
from scheduler.extensions import db
from scheduler.models import AuditEntry, Message, Patient
from scheduler.usecases.patients.registry import (
    PatientDetails,
    change_patient,
    find_patients,
    register_patient,
    view_patient,
)
from tests.factories import NOW, RECEPTIONIST, at, make_appointment, make_world


def register(given_name: str = "Jürgen", family_name: str = "Müller-Groß", **more: Any) -> Patient:
    return register_patient(PatientDetails(given_name, family_name, **more), actor=RECEPTIONIST, now=NOW)


@pytest.mark.parametrize(
    "typed",
    [
        "jür",
        "jurgen",
        "MÜLLER",
        "muller",
        "gross",
        "groß",
        "mül jü",
        "Müller, J",
        "0171",
        "+49 171",
        "0171 555",
        "171-555",
        "12.3.1980",
        "1980-03-12",
        "12031980",
        "juergen@",
    ],
)
def test_patient_is_found_by_what_people_type(context: Flask, typed: str) -> None:
    wanted = register(phone="+49 171 5550123", born_on=date(1980, 3, 12), email="juergen@mail.example")
    register("Anna", "Schmidt", phone="+49 30 999888", born_on=date(1975, 1, 1))
    assert [patient.id for patient in find_patients(typed).items] == [wanted.id]


def test_local_number_is_found_by_the_international_one(context: Flask) -> None:
    wanted = register(phone="0171 5550123")
    assert [patient.id for patient in find_patients("0171555").items] == [wanted.id]


def test_everybody_is_listed_by_family_name_in_pages(context: Flask) -> None:
    for name in ("Zander", "Abel", "Mohn"):
        register("A", name)
    page = find_patients("", page=1, page_size=2)
    assert [patient.family_name for patient in page.items] == ["Abel", "Mohn"]
    assert page.total == 3


def test_a_change_is_found_by_the_new_name_only(context: Flask) -> None:
    patient = register()
    change_patient(patient.id, PatientDetails("Jürgen", "Meier"), version=1, actor=RECEPTIONIST, now=NOW)
    assert find_patients("müller").total == 0
    assert find_patients("meier").total == 1
    with pytest.raises(StaleVersion):
        change_patient(patient.id, PatientDetails("Jürgen", "X"), version=1, actor=RECEPTIONIST, now=NOW)


def test_a_look_leaves_an_audit_row(context: Flask) -> None:
    patient = register()
    view_patient(patient.id, actor=RECEPTIONIST, now=NOW)
    deeds = select(AuditEntry.action, AuditEntry.patient_id, AuditEntry.actor_name, AuditEntry.source)
    rows = db.session.execute(deeds.order_by(AuditEntry.id))
    assert rows.all()[-1] == ("patient_viewed", patient.id, "Rita Reception", "127.0.0.1")


@pytest.mark.parametrize(
    ("before", "after"),
    [({"email": None}, {}), ({"wants_reminders": False}, {}), ({}, {"email": "new@mail.example"})],
)
def test_reminders_are_owed_from_when_there_is_somebody_to_remind(
    context: Flask, before: dict[str, Any], after: dict[str, Any]
) -> None:
    world = make_world()
    known = {"email": "paul@mail.example", "wants_reminders": True}
    change_patient(
        world.patient_id,
        PatientDetails("Paul", "Pain", **known | before),
        version=1,
        actor=RECEPTIONIST,
        now=NOW,
    )
    make_appointment(world, at(10))
    change_patient(
        world.patient_id,
        PatientDetails("Paul", "Pain", **known | after),
        version=2,
        actor=RECEPTIONIST,
        now=NOW,
    )
    assert db.session.query(Message).filter_by(kind="reminder", state="due").count() == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"given_name": "  "}, "given_name"),
        ({"family_name": "\0\n"}, "family_name"),
        ({"family_name": "x" * 201}, "family_name"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b.example\nBcc: c@d.example"}, "email"),
        ({"email": "a@b.example,c@d.example"}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"born_on": date(2030, 1, 1)}, "born_on"),
        ({"born_on": date(1700, 1, 1)}, "born_on"),
    ],
)
def test_what_cannot_be_right_is_refused_by_field(
    context: Flask, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        register(**changes)
    assert caught.value.details["field"] == field
    assert db.session.query(Patient).count() == 0


def test_names_keep_their_letters_and_lose_what_cannot_be_printed(context: Flask) -> None:
    patient = register("  Zoë\u200b  Ann ", "O’Brien\r\n")
    assert (patient.given_name, patient.family_name) == ("Zoë Ann", "O’Brien")


def test_unknown_patient_is_not_found(context: Flask) -> None:
    with pytest.raises(NotFound):
        view_patient(7, actor=RECEPTIONIST, now=NOW)
