"""`flask staff`, `flask api-key` and `flask feed`."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.clock import now
from scheduler.extensions import db
from scheduler.models import ApiKey, FeedToken, Role, Staff
from scheduler.usecases.staff.api_keys import actor_for_api_key
from scheduler.usecases.staff.sign_in import sign_in
from tests.factories import make_staff, make_world

ADD = ["staff", "add", "--email", "Rita@Clinic.example", "--name", "Rita", "--role", "reception"]
PASSWORD = "correct horse battery"


@pytest.fixture
def patient_id(app: Flask) -> int:
    """A patient of a small clinic."""
    with app.app_context():
        return make_world().patient_id


def test_a_person_added_can_sign_in(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=[*ADD, "--password-stdin"], input=f"{PASSWORD}\n")
    assert (done.exit_code, done.stdout) == (0, "Rita can sign in as rita@clinic.example.\n")
    with app.app_context():
        assert sign_in("rita@clinic.example", PASSWORD, source="127.0.0.1", now=now())


def test_the_password_is_asked_for_twice_and_not_shown(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=ADD, input=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0
    assert PASSWORD not in done.output


@pytest.mark.parametrize(
    ("more", "password", "sentence"),
    [
        ([], "short", "A password has 10 to 200 characters."),
        (["--practitioner", "7"], PASSWORD, "There is no practitioner with that number."),
        (["--name", " "], PASSWORD, "Please enter the person's name (at most 200 letters)."),
    ],
)
def test_a_person_who_makes_no_sense_is_refused(
    app: Flask, more: list[str], password: str, sentence: str
) -> None:
    done = app.test_cli_runner().invoke(args=[*ADD, "--password-stdin", *more], input=f"{password}\n")
    assert (done.exit_code, done.stderr) == (1, f"Error: {sentence}\n")
    with app.app_context():
        assert list(db.session.scalars(select(Staff))) == []


def test_a_person_with_another_password_signs_in_with_it(app: Flask) -> None:
    runner = app.test_cli_runner()
    runner.invoke(args=[*ADD, "--password-stdin"], input=f"{PASSWORD}\n")
    command = ["staff", "password", "Rita@clinic.example", "--password-stdin"]
    done = runner.invoke(args=command, input="another password\n")
    assert (done.exit_code, done.output) == (0, "Rita has another password and is signed out everywhere.\n")
    with app.app_context():
        assert sign_in("rita@clinic.example", "another password", source="127.0.0.1", now=now())


def test_a_disabled_person_is_listed_as_such(app: Flask) -> None:
    with app.app_context():
        make_staff()
        make_staff(Role.PRACTITIONER)
        day = f"{now():%Y-%m-%d}"
    runner = app.test_cli_runner()
    done = runner.invoke(args=["staff", "disable", "practitioner"])
    assert (done.exit_code, done.output) == (0, "The practitioner can sign in no more.\n")
    listed = runner.invoke(args=["staff", "list"]).stdout
    assert (
        listed
        == f"reception  reception  The reception\npractitioner  practitioner  The practitioner  disabled on {day}\n"
    )
    again = runner.invoke(args=["staff", "disable", "practitioner"])
    assert (again.exit_code, again.stderr) == (1, "Error: Nobody signs in as practitioner.\n")


def test_the_last_administrator_stays(app: Flask) -> None:
    with app.app_context():
        make_staff(Role.ADMIN)
    done = app.test_cli_runner().invoke(args=["staff", "disable", "admin"])
    said = "Error: The admin is the last administrator. Make somebody else an administrator first.\n"
    assert (done.exit_code, done.stderr) == (1, said)


def test_a_key_is_printed_alone_and_opens(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["api-key", "issue", "till", "--role", "reception"])
    assert re.fullmatch(r"ntk_[\w-]{43}\n", done.stdout)
    with app.app_context():
        actor = actor_for_api_key(done.stdout.strip(), source="127.0.0.1")
        assert actor is not None
        assert (actor.name, actor.role) == ("till", "reception")


def test_a_revoked_key_opens_nothing(app: Flask) -> None:
    runner = app.test_cli_runner()
    key = runner.invoke(args=["api-key", "issue", "till", "--role", "admin"]).stdout.strip()
    done = runner.invoke(args=["api-key", "revoke", "till"])
    assert (done.exit_code, done.stdout) == (0, "The key till is revoked.\n")
    with app.app_context():
        assert actor_for_api_key(key, source="127.0.0.1") is None
        assert db.session.scalars(select(ApiKey)).one().revoked_at is not None
    again = runner.invoke(args=["api-key", "revoke", "till"])
    assert (again.exit_code, again.stderr) == (1, "Error: There is no key in use named till.\n")


def test_a_feed_address_is_printed_alone_and_answers_until_it_is_revoked(app: Flask, patient_id: int) -> None:
    runner = app.test_cli_runner()
    done = runner.invoke(args=["feed", "issue", "--patient", str(patient_id), "--name", "phone"])
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/feeds/[\w-]{43}\.ics\n", done.stdout)
    path = done.stdout.strip().removeprefix("http://127.0.0.1:8000")
    assert app.test_client().get(path).status_code == 200
    with app.app_context():
        token = db.session.scalars(select(FeedToken)).one()
    listed = runner.invoke(args=["feed", "list", "--patient", str(patient_id)]).stdout
    assert listed == f"{token.id}  {token.created_at:%Y-%m-%d}  minimal  phone\n"
    assert runner.invoke(args=["feed", "revoke", str(token.id)]).exit_code == 0
    assert app.test_client().get(path).status_code == 410
    assert runner.invoke(args=["feed", "list", "--patient", str(patient_id)]).stdout == ""


@pytest.mark.parametrize(
    ("owner", "sentence"),
    [
        ([], "A calendar address belongs to one patient, one practitioner or one room."),
        (["--patient", "99"], "There is no patient with that number."),
    ],
)
def test_a_feed_of_nobody_is_refused(app: Flask, owner: list[str], sentence: str) -> None:
    done = app.test_cli_runner().invoke(args=["feed", "issue", *owner])
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"Error: {sentence}\n")
