"""`flask practitioner absences` and `back`, `flask clinic closures` and `reopen`."""

import pytest
from flask import Flask

from tests.factories import at, make_appointment, make_world

AWAY = ["practitioner", "away", "1", "2099-08-03", "2099-08-14", "--reason", "Sun"]
CLOSED = ["clinic", "close", "Mitte", "2099-03-02 10:00", "2099-03-02 12:00"]


@pytest.fixture
def clinic(app: Flask) -> Flask:
    """The small clinic with an appointment on 2 March 2099, when Mitte is closed."""
    with app.app_context():
        make_appointment(make_world(), at(2).replace(year=2099))
    for command in (AWAY, CLOSED):
        assert run(app, *command)[0] == 0
    return app


def run(app: Flask, *command: str) -> tuple[int, str, str]:
    """Exit code, what it says, and what it complains about."""
    done = app.test_cli_runner().invoke(args=list(command))
    return done.exit_code, done.stdout, done.stderr


def test_absences_are_listed_and_taken_back(clinic: Flask) -> None:
    listed = "1  Petra Pin  2099-08-03 00:00 to 2099-08-15 00:00  Sun\n"
    assert run(clinic, "practitioner", "absences") == (0, listed, "")
    assert run(clinic, "practitioner", "back", "1") == (0, "Absence 1 is taken back.\n", "")
    assert run(clinic, "practitioner", "absences", "--all") == (0, "", "")


def test_closures_are_listed_with_what_is_booked_and_taken_back(clinic: Flask) -> None:
    listed = "1  Mitte  2099-03-02 10:00 to 2099-03-02 12:00  1 booked\n"
    assert run(clinic, "clinic", "closures") == (0, listed, "")
    assert run(clinic, "clinic", "reopen", "1") == (0, "Closure 1 is taken back.\n", "")
    assert run(clinic, "clinic", "closures") == (0, "", "")


def test_room_alone_is_put_out_of_use(clinic: Flask) -> None:
    flood = ("clinic", "close", "Mitte", "2099-03-02", "2099-03-03", "--room")
    told = "Room 1, Mitte is out of use from 2099-03-02 00:00 until 2099-03-04 00:00 (Europe/Berlin).\n"
    booked = "Booked for that time, to be moved or cancelled: 1.\n"
    assert run(clinic, *flood, "Room 1") == (0, told, booked)
    listed = "2  Room 1, Mitte  2099-03-02 00:00 to 2099-03-04 00:00  1 booked\n"
    assert run(clinic, "clinic", "closures")[1].startswith(listed)
    assert run(clinic, *flood, "Cellar") == (1, "", "Error: There is no room named Cellar at Mitte.\n")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["practitioner", "back", "9"], "There is no absence with that number."),
        (["clinic", "reopen", "9"], "There is no closure with that number."),
    ],
)
def test_unknown_number_is_refused_in_a_sentence(clinic: Flask, command: list[str], sentence: str) -> None:
    assert run(clinic, *command) == (1, "", f"Error: {sentence}\n")
