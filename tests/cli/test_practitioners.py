"""`flask practitioner`, `flask clinic close` and `flask clinic add-location`."""

from datetime import date

import pytest
from click import BadParameter
from flask import Flask
from sqlalchemy import select

from scheduler.cli.entries import DATE, HOURS, WALL_TIME
from scheduler.extensions import db
from scheduler.models import Closure, Location, Practitioner, TimeOff
from scheduler.usecases.absences.entering import WallTime
from tests.factories import at, make_appointment, make_world

ADD = ["practitioner", "add", "--given-name", "Nina", "--family-name", "Nadel", "--email", ""]
HOURS_GIVEN = ["--hours", "Mon-Fri 09:00-17:00"]
NEEDLES = ["--needling-since", "2020-01-01", "--issuer", "Board", "--number", "D-7"]


@pytest.fixture
def clinic(app: Flask) -> Flask:
    """The application with a small clinic, whose practitioner is number 1."""
    with app.app_context():
        make_world()
    return app


def rows(app: Flask, number: int) -> list[tuple[int, int, int, int]]:
    """(weekday, starts, ends, every_n_weeks) of a practitioner's hours."""
    with app.app_context():
        hours = db.session.get_one(Practitioner, number).working_hours
        return [
            (row.weekday, row.starts_minute, row.ends_minute, row.every_n_weeks)
            for row in sorted(hours, key=lambda row: (row.weekday, row.starts_minute))
        ]


def test_a_practitioner_is_added_with_hours_and_credential(clinic: Flask) -> None:
    command = [*ADD, "--hours", "Mon-Tue 09:00-12:00", "--hours", "Tue 13:00-19:00", *NEEDLES]
    done = clinic.test_cli_runner().invoke(args=[*command, "--every-weeks", "2"])
    assert (done.exit_code, done.output) == (0, "Nina Nadel is practitioner number 2.\n")
    assert rows(clinic, 2) == [(0, 540, 720, 2), (1, 540, 720, 2), (1, 780, 1140, 2)]
    with clinic.app_context():
        (held,) = db.session.get_one(Practitioner, 2).credentials
        assert (held.kind, held.issuer, held.number) == ("dry_needling", "Board", "D-7")
        assert (held.issued_on, held.expires_on) == (date(2020, 1, 1), None)


def test_it_asks_for_what_is_not_given_and_again_for_what_it_cannot_read(clinic: Flask) -> None:
    answers = ["Nina", "Nadel", "", "2020-13-01", "2020-01-01", "daily", "Sat 9:00-12:00", ""]
    done = clinic.test_cli_runner().invoke(args=["practitioner", "add"], input="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.output
    assert done.output.count("cannot be read") == 2
    assert rows(clinic, 2) == [(5, 540, 720, 1)]


def test_without_a_credential_it_says_what_that_means(clinic: Flask) -> None:
    done = clinic.test_cli_runner().invoke(args=[*ADD, *HOURS_GIVEN, "--needling-since", ""])
    assert (done.exit_code, done.stdout) == (0, "Nina Nadel is practitioner number 2.\n")
    assert done.stderr == "Without a credential, dry needling cannot be booked with them.\n"
    half = [*ADD, *HOURS_GIVEN, "--needling-since", "", "--issuer", "Board"]
    assert clinic.test_cli_runner().invoke(args=half).exit_code == 2


def test_practitioners_are_listed(clinic: Flask) -> None:
    clinic.test_cli_runner().invoke(args=[*ADD, *HOURS_GIVEN, *NEEDLES, "--email", "nina@clinic.example"])
    done = clinic.test_cli_runner().invoke(args=["practitioner", "list"])
    assert done.stdout == "2  Nina Nadel  nina@clinic.example\n1  Petra Pin\n"


def test_a_practitioner_is_away(clinic: Flask) -> None:
    command = ["practitioner", "away", "1", "2099-08-03", "2099-08-14", "--reason", "Sun"]
    done = clinic.test_cli_runner().invoke(args=command)
    told = "Petra Pin is away from 2099-08-03 00:00 until 2099-08-15 00:00 (Europe/Berlin).\n"
    assert (done.exit_code, done.output) == (0, told)
    with clinic.app_context():
        assert db.session.scalars(select(TimeOff)).one().reason == "Sun"


def test_a_location_is_closed_and_what_is_booked_then_is_told(app: Flask) -> None:
    with app.app_context():
        make_appointment(make_world(), at(2).replace(year=2099))
    command = ["clinic", "close", "Mitte", "2099-03-02 10:00", "2099-03-02T12:00"]
    done = app.test_cli_runner().invoke(args=command)
    told = "Mitte is closed from 2099-03-02 10:00 until 2099-03-02 12:00 (Europe/Berlin).\n"
    assert (done.exit_code, done.stdout) == (0, told)
    assert done.stderr == "Booked for that time, to be moved or cancelled: 1.\n"
    with app.app_context():
        assert db.session.scalars(select(Closure)).one().ends_at == at(2, 12).replace(year=2099)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (
            ["practitioner", "away", "1", "2099-08-03", "2099-08-02"],
            "The end must be later than the beginning.",
        ),
        (
            ["practitioner", "away", "7", "2099-08-03", "2099-08-04"],
            "There is no practitioner with that number.",
        ),
        (
            ["clinic", "close", "Mitte", "2026-03-29 02:30", "2026-03-30"],
            "The clocks go forward then: 2026-03-29 02:30 does not exist. Take 01:55 or 03:00.",
        ),
        (
            ["clinic", "close", "Spandau", "2099-08-03", "2099-08-04"],
            "There is no location named Spandau; there is Mitte.",
        ),
        ([*ADD, *HOURS_GIVEN, *HOURS_GIVEN, *NEEDLES], "Two of the working hours overlap on the same day."),
        (
            ["clinic", "add-location", "--name", "Mitte", "--address", "", "--zone", "UTC", "--rooms", "1"],
            "There is already a location named Mitte.",
        ),
    ],
)
def test_nonsense_is_refused_in_a_sentence(clinic: Flask, command: list[str], sentence: str) -> None:
    done = clinic.test_cli_runner().invoke(args=command)
    assert (done.exit_code, done.stderr) == (1, f"Error: {sentence}\n")


def test_a_location_is_added_with_rooms_in_its_zone(clinic: Flask) -> None:
    answers = "Lisboa\nRua 1\nEurope/Lisbon\n2\n"
    done = clinic.test_cli_runner().invoke(args=["clinic", "add-location"], input=answers)
    assert done.exit_code == 0
    assert done.stdout.endswith("Lisboa is added.\n")
    with clinic.app_context():
        place = db.session.scalars(select(Location).where(Location.name == "Lisboa")).one()
        assert (place.zone, [room.name for room in place.rooms]) == ("Europe/Lisbon", ["Room 1", "Room 2"])


def test_a_location_needs_a_clinic(app: Flask) -> None:
    command = ["clinic", "add-location", "--name", "A", "--address", "", "--zone", "UTC", "--rooms", "1"]
    done = app.test_cli_runner().invoke(args=command)
    sentence = "The clinic is not set up yet: run flask --app wsgi clinic setup."
    assert (done.exit_code, done.stderr) == (1, f"Error: {sentence}\n")


@pytest.mark.parametrize(
    ("text", "weekdays", "minutes"),
    [
        ("Mon-Fri 09:00-17:00", [0, 1, 2, 3, 4], (540, 1020)),
        ("tue 13:00 - 19:00", [1], (780, 1140)),
        ("Monday, Thurs–Saturday 8:00–12:00", [0, 3, 4, 5], (480, 720)),
        ("Sun-Tue 20:00-24:00", [0, 1, 6], (1200, 1440)),
    ],
)
def test_hours_are_read(text: str, weekdays: list[int], minutes: tuple[int, int]) -> None:
    found = HOURS.convert(text, None, None)
    assert [day.weekday for day in found] == weekdays
    assert {(day.starts_minute, day.ends_minute) for day in found} == {minutes}


@pytest.mark.parametrize(
    "text",
    ["", "Mon", "09:00-17:00", "Mo 09:00-17:00", "Mon-Foo 09:00-17:00", "Mon 9-17", "Mon 09:00-17:60"],
)
def test_what_are_no_hours_is_answered_with_what_they_look_like(text: str) -> None:
    with pytest.raises(BadParameter) as caught:
        HOURS.convert(text, None, None)
    looks = "hours look like 'Mon-Fri 09:00-17:00' or 'Tue,Thu 13:00-19:00'."
    assert caught.value.message == f"{text!r} cannot be read: {looks}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Mon 17:00-09:00", "Working hours end after they begin, on the same day."),
        ("Mon 09:00-25:00", "Working hours end after they begin, on the same day."),
        ("Mon 09:03-17:00", "Working hours begin and end at full five minutes."),
    ],
)
def test_hours_that_make_no_sense_are_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BadParameter) as caught:
        HOURS.convert(text, None, None)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("text", "wall"),
    [
        ("2026-08-03", WallTime(date(2026, 8, 3))),
        ("2026-08-03 14:30", WallTime(date(2026, 8, 3), 870)),
        ("2026-08-03T00:00", WallTime(date(2026, 8, 3), 0)),
    ],
)
def test_dates_and_date_times_are_read(text: str, wall: WallTime) -> None:
    assert WALL_TIME.convert(text, None, None) == wall


@pytest.mark.parametrize(
    "text", ["tomorrow", "20260803", "2026-02-30", "2026-08-03 2pm", "2026-08-03 24:00", "0202-08-03"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadParameter):
        WALL_TIME.convert(text, None, None)


def test_an_empty_date_is_none() -> None:
    assert (DATE.convert("", None, None), DATE.convert("2026-08-03", None, None)) == (None, date(2026, 8, 3))
