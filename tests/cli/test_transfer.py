"""`flask patients import`, `flask appointments import`, `flask practitioners import-ics` and `flask export`."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Appointment, Patient, TimeOff
from tests.factories import World, make_world
from tests.usecases.imports.support import NINE, calendar

BAD = "Vorname;Nachname;Geburtsdatum\nAnn;Ohm;31.12.1980\nBea;Kurz;31.02.1980\n"
PROBLEM = "row 3, Geburtsdatum, '31.02.1980': This is no date that can be read."


@pytest.fixture
def world(app: Flask) -> World:
    """A small clinic."""
    with app.app_context():
        return make_world()


def run(app: Flask, *args: object) -> Result:
    return app.test_cli_runner().invoke(args=[str(arg) for arg in args])


def count(app: Flask, model: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A file with one good row and one with a problem."""
    path = tmp_path / "patients.csv"
    path.write_text(BAD)
    return path


def test_problems_are_told_and_nothing_is_written(app: Flask, world: World, bad: Path) -> None:
    done = run(app, "patients", "import", bad)
    assert (done.exit_code, done.stdout) == (1, "Would be done: 1 new, 1 left out.\n")
    assert PROBLEM in done.stderr
    assert "Geburtsdatum: born_on\n" in done.stderr
    assert count(app, Patient) == 1


def test_the_good_rows_are_written_once_however_often_it_is_asked(
    app: Flask, world: World, bad: Path
) -> None:
    first = run(app, "patients", "import", bad, "--only-good")
    again = run(app, "patients", "import", bad, "--only-good")
    assert (first.exit_code, first.stdout) == (0, "Done: 1 new, 1 left out.\n")
    assert again.stdout == "Done: 1 known and unchanged, 1 left out.\n"
    assert count(app, Patient) == 2


def test_a_dry_run_writes_nothing(app: Flask, world: World, tmp_path: Path) -> None:
    path = tmp_path / "good.csv"
    path.write_text("a;b\nAnn;Ohm\n")
    done = run(
        app, "patients", "import", path, "--dry-run", "--map", "a=given_name", "--map", "2=family_name"
    )
    assert (done.exit_code, done.stdout) == (
        0,
        "Would be done: 1 new.\nNothing was written: this was a dry run.\n",
    )
    assert count(app, Patient) == 1


@pytest.mark.parametrize(
    ("mapped", "sentence"),
    [
        ("a=nonsense", "--map looks like 'Column=field'; fields are: given_name"),
        ("z=notes", "There is no column 'z'; there are: Vorname, Nachname, Geburtsdatum."),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(
    app: Flask, world: World, bad: Path, mapped: str, sentence: str
) -> None:
    done = run(app, "patients", "import", bad, "--map", mapped)
    assert done.exit_code == 2
    assert sentence in " ".join(done.stderr.split())


def test_appointments_are_brought_in(app: Flask, world: World, tmp_path: Path) -> None:
    path = tmp_path / "appointments.csv"
    path.write_text("Patient,Start,Type\nPaul Pain,2025-03-20 10:00,Review\n")
    done = run(app, "appointments", "import", path)
    assert (done.exit_code, done.stdout) == (0, "Done: 1 new.\n")
    assert count(app, Appointment) == 1


def test_a_diary_is_brought_in(app: Flask, world: World, tmp_path: Path) -> None:
    path = tmp_path / "diary.ics"
    path.write_bytes(calendar(NINE + "RRULE:FREQ=WEEKLY;COUNT=3"))
    window = ("--from", "2026-03-01", "--until", "2026-03-31")
    done = run(app, "practitioners", "import-ics", world.practitioner_id, path, *window)
    assert (done.exit_code, done.stdout) == (0, "Done: 2 new.\n")
    assert count(app, TimeOff) == 2


def test_everything_is_written_into_a_folder_once(app: Flask, world: World, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = run(app, "export", folder)
    assert done.exit_code == 0
    assert sorted(done.stdout.split()) == sorted(path.name for path in folder.iterdir())
    again = run(app, "export", folder)
    assert (again.exit_code, "is there already: choose an empty folder." in again.stderr) == (1, True)
