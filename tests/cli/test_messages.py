"""`flask messages upcoming` and `flask clinic summary`."""

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import Clinic
from tests.factories import at, make_appointment, make_message, make_world

pytestmark = pytest.mark.usefixtures("monday")


def test_the_dry_run_says_what_goes_out_and_what_does_not(app: Flask) -> None:
    with app.app_context():
        world = make_world()
        make_message(make_appointment(world, at(3)), next_attempt_at=at(2, 10))
        make_message(make_appointment(world, at(4), status="cancelled"), next_attempt_at=at(3, 10))
    done = app.test_cli_runner().invoke(args=["messages", "upcoming"])
    assert done.stdout == (
        "2026-03-02 09:00  reminder             paul.pain@mail.example  about 2026-03-03 09:00\n"
        "2026-03-03 09:00  reminder             paul.pain@mail.example  about 2026-03-04 09:00"
        "  NOT SENT: The appointment was cancelled.\n"
        "1 mails in 7 days.\n"
    )


def test_the_summary_is_switched_on_and_off(app: Flask) -> None:
    with app.app_context():
        make_world()
    runner = app.test_cli_runner()
    words = ["clinic", "summary", "--to", "a@clinic.example", "--to", "b@clinic.example"]
    done = runner.invoke(args=[*words, "--weekday", "4", "--at", "16:30"])
    assert done.stdout == "The summary goes to a@clinic.example, b@clinic.example.\n"
    with app.app_context():
        clinic = db.session.get_one(Clinic, 1)
        assert clinic.summary_recipients == ["a@clinic.example", "b@clinic.example"]
        assert (clinic.summary_weekday, clinic.summary_minute) == (4, 16 * 60 + 30)
    assert runner.invoke(args=["clinic", "summary"]).stdout == "Nobody gets the summary any more.\n"


def test_an_address_that_is_none_is_refused(app: Flask) -> None:
    with app.app_context():
        make_world()
    done = app.test_cli_runner().invoke(args=["clinic", "summary", "--to", "boss"])
    assert (done.exit_code, "An email address looks like name@example.org." in done.output) == (1, True)
