"""`flask demo load`."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.clock import now
from scheduler.extensions import db
from scheduler.models import Appointment, Patient, Practitioner
from scheduler.usecases.staff.sign_in import sign_in
from tests.factories import make_patient

LOAD = ["demo", "load", "--practitioners", "2", "--patients", "12", "--weeks", "6"]


def test_it_says_what_is_there_and_how_to_sign_in(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=LOAD)
    assert done.exit_code == 0, done.output
    found = re.search(r"Sign-ins: reception, admin, practitioner\. Password: (\S{16})\n", done.stdout)
    assert found
    with app.app_context():
        assert sign_in("admin", found[1], source="127.0.0.1", now=now())
        before = Appointment.created_at < now() - timedelta(hours=2)
        appointments = db.session.scalar(select(func.count(Appointment.id)).where(before))
        assert db.session.scalar(select(func.count(Practitioner.id))) == 2
    assert "2 practitioners, 12 patients, " in done.stdout
    assert f", {appointments} appointments.\n" in done.stdout
    path = re.search(r"A patient's calendar: http://127\.0\.0\.1:8000(\S+)\n", done.stdout)
    assert path
    assert b"BEGIN:VEVENT" in app.test_client().get(path[1]).data


def test_a_chosen_password_is_not_repeated(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=[*LOAD, "--password", "chosen by me"])
    assert (done.exit_code, "chosen by me" in done.output) == (0, False)
    with app.app_context():
        assert sign_in("reception", "chosen by me", source="127.0.0.1", now=now())


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ([], 1, "Error: There is data already: the demo clinic needs an empty database.\n"),
        (["--if-empty"], 0, "There is data already: the demo clinic is not loaded.\n"),
    ],
)
def test_a_database_with_data_is_left_alone(app: Flask, more: list[str], code: int, words: str) -> None:
    with app.app_context():
        make_patient()
    done = app.test_cli_runner().invoke(args=[*LOAD, *more])
    assert (done.exit_code, done.output) == (code, words)
    with app.app_context():
        assert db.session.scalar(select(func.count(Patient.id))) == 1


def test_a_senseless_size_is_refused_in_a_sentence(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["demo", "load", "--weeks", "0"])
    assert (done.exit_code, done.stderr) == (1, "Error: The demo clinic can have 1 to 520 weeks.\n")
