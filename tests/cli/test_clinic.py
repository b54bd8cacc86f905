"""`flask clinic setup`."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import AppointmentType, AuditEntry, Clinic, Location, Protocol, Room

ANSWERS = {
    "--name": "Nadelöhr",
    "--email": "desk@clinic.example",
    "--phone": "+49 30 23125 001",
    "--location": "Mitte",
    "--address": "Torstraße 1, Berlin",
    "--zone": "Europe/Berlin",
    "--rooms": "3",
}


def options(**changes: str) -> list[str]:
    answers = ANSWERS | {f"--{name}": value for name, value in changes.items()}
    return ["clinic", "setup", *(part for pair in answers.items() for part in pair)]


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_it_writes_the_clinic_its_place_and_what_we_ship(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=options(locale="de"))
    assert (done.exit_code, done.stdout) == (
        0,
        "Nadelöhr is set up. Next: flask --app wsgi practitioner add\n",
    )
    with app.app_context():
        clinic = db.session.get_one(Clinic, 1)
        assert (clinic.name, clinic.locale, clinic.slot_minutes) == ("Nadelöhr", "de", 15)
        assert [place.zone for place in db.session.scalars(select(Location))] == ["Europe/Berlin"]
        assert (count(Room), count(AppointmentType), count(Protocol)) == (3, 3, 5)
        assert [row.actor_kind for row in db.session.scalars(select(AuditEntry))] == ["command"]


def test_it_asks_for_what_is_not_given(app: Flask) -> None:
    answers = "\n".join(ANSWERS.values()) + "\n"
    done = app.test_cli_runner().invoke(args=["clinic", "setup"], input=answers)
    assert done.exit_code == 0
    with app.app_context():
        assert db.session.get_one(Clinic, 1).phone == "+49 30 23125 001"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"zone": "Berlin"}, "Berlin is no time zone; take a name such as Europe/Berlin."),
        ({"rooms": "101"}, "A location has 0 to 100 rooms."),
        ({"email": "desk"}, "An email address looks like name@example.org."),
        ({"name": " "}, "Please enter the name, with at most 200 letters."),
        ({"phone": "1" * 41}, "Please enter the phone, with at most 40 letters."),
    ],
)
def test_a_senseless_answer_is_refused_in_a_sentence(
    app: Flask, changes: dict[str, str], sentence: str
) -> None:
    done = app.test_cli_runner().invoke(args=options(**changes))
    assert (done.exit_code, done.stderr) == (1, f"Error: {sentence}\n")
    with app.app_context():
        assert count(Clinic) == count(Location) == 0


def test_it_works_only_once(app: Flask) -> None:
    app.test_cli_runner().invoke(args=options())
    again = app.test_cli_runner().invoke(args=options(name="Another"))
    assert (again.exit_code, again.stderr) == (1, "Error: The clinic is set up already.\n")
    with app.app_context():
        assert db.session.get_one(Clinic, 1).name == "Nadelöhr"
