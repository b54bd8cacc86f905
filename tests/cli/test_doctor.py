"""`flask doctor` tells a sound installation from one that is not, and keeps its mouth shut about secrets."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url

from scheduler import create_app
from scheduler.clock import now
from scheduler.extensions import db
from scheduler.jobs import JOBS
from scheduler.models import JobRun
from scheduler.models.overlap_guard import create_statements, drop_statements
from tests.conftest import settings_for
from tests.factories import make_clinic, save
from tests.mail.smtp_server import HOST, ScriptedServer
from tools import probe

GUARDED = ("ok", "guards", "The database refuses double bookings.")


def report(app: Flask, **environment: str) -> tuple[int, list[tuple[str, str, str]]]:
    """Exit code and (level, subject, sentence) of each line, with other settings than the application's own."""
    own = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings_for(own.database_url, **environment)
    try:
        done = app.test_cli_runner().invoke(args=["doctor"])
    finally:
        app.config["SETTINGS"] = own
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    return done.exit_code, [(line[:8].strip(), line[9:33].strip(), line[34:]) for line in lines]


def about(subject: str, app: Flask, **environment: str) -> list[tuple[str, str]]:
    """(level, sentence) of the lines on one subject."""
    return [(level, said) for level, on, said in report(app, **environment)[1] if on == subject]


@pytest.fixture
def unguarded(app: Flask) -> Iterator[Flask]:
    """The application on a database that lost the guard of rooms."""
    with app.app_context():
        dialect = db.engine.dialect.name
        dropped = [sql for sql in drop_statements(dialect) if "overlap_room" in sql]
        execute(dropped)
    yield app
    with app.app_context():
        execute([*drop_statements(dialect), *create_statements(dialect)])


def execute(statements: list[str]) -> None:
    with db.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_sound_installation_has_no_problem(app: Flask) -> None:
    with app.app_context():
        make_clinic()
        save(*(JobRun(name=name, started_at=now(), finished_at=now()) for name in JOBS))
    with ScriptedServer() as server:
        code, lines = report(app, SMTP_URL=f"smtp://{HOST}:{server.port}")
    assert code == 0
    assert {(level, subject) for level, subject, _ in lines if subject != "file"} == {
        ("ok", subject)
        for subject in (
            *("secret key", "address", "mail", "database", "schema", "guards", "clinic"),
            *(f"job {name}" for name in JOBS),
        )
    }


def test_a_lost_guard_is_a_problem(unguarded: Flask) -> None:
    code, lines = report(unguarded)
    assert code == 1
    assert [line for line in lines if line[0] == "PROBLEM"] == [
        ("PROBLEM", "guards", "The database would accept double bookings of: room.")
    ]


def test_a_clinic_to_be_set_up_and_a_clock_that_never_ran_are_warnings(app: Flask) -> None:
    code, lines = report(app)
    assert code == 0
    assert GUARDED in lines
    assert [subject for level, subject, _ in lines if level == "warning" and subject != "file"] == [
        "mail",
        "clinic",
        *(f"job {name}" for name in JOBS),
    ]


@pytest.mark.parametrize(
    ("ago", "error", "level"),
    [
        (timedelta(0), "", "ok"),
        (timedelta(hours=4), "", "PROBLEM"),
        (timedelta(0), "OperationalError", "PROBLEM"),
    ],
)
def test_a_job_that_is_late_or_fails_is_a_problem(app: Flask, ago: timedelta, error: str, level: str) -> None:
    with app.app_context():
        save(JobRun(name="tidy", started_at=now() - ago, finished_at=now(), error=error))
    assert [found for found, _ in about("job tidy", app)] == [level]


@pytest.mark.parametrize(
    ("address", "level"),
    [
        ("http://127.0.0.1:8000", "ok"),
        ("http://localhost", "ok"),
        ("https://desk.clinic.example", "ok"),
        ("http://desk.clinic.example", "PROBLEM"),
    ],
)
def test_the_address_must_be_encrypted_unless_it_is_local(app: Flask, address: str, level: str) -> None:
    assert [found for found, _ in about("address", app, BASE_URL=address)] == [level]


@pytest.mark.parametrize(("key", "level"), [("ab" * 20, "warning"), ("f3a9" + "b81c7d20e645" * 3, "ok")])
def test_a_key_of_few_letters_is_not_random(app: Flask, key: str, level: str) -> None:
    assert [found for found, _ in about("secret key", app, SECRET_KEY=key)] == [level]


def test_a_mail_server_that_is_not_there_is_a_problem(app: Flask) -> None:
    port = probe.free_port()
    (finding,) = about("mail", app, SMTP_URL=f"smtp://{HOST}:{port}")
    assert finding[0] == "PROBLEM"
    assert finding[1].startswith(f"The mail server does not let us in: {HOST}:{port} cannot be used: ")


def test_a_refused_mail_password_is_a_problem_and_not_shown(app: Flask) -> None:
    with ScriptedServer(password="right") as server:
        (finding,) = about("mail", app, SMTP_URL=f"smtp://desk:wr0ng-secret@{HOST}:{server.port}")
    assert finding[0] == "PROBLEM"
    assert "wr0ng-secret" not in finding[1]


def test_a_sender_that_nobody_set_is_a_warning(app: Flask) -> None:
    with ScriptedServer() as server:
        levels = about("mail", app, SMTP_URL=f"smtp://{HOST}:{server.port}", MAIL_FROM="clinic@localhost")
    assert [level for level, _ in levels] == ["warning", "ok"]


def test_the_database_password_is_not_shown(postgresql_app: Flask) -> None:
    url = make_url(postgresql_app.config["SETTINGS"].database_url).set(password="t0p-secret")
    app = create_app(settings_for(url.render_as_string(hide_password=False)))
    done = app.test_cli_runner().invoke(args=["doctor"])
    with app.app_context():
        db.engine.dispose()
    assert "t0p-secret" not in done.output
    assert f"needletime:***@127.0.0.1:{url.port}/test" in done.output


def test_a_database_that_does_not_answer_is_a_problem() -> None:
    app = create_app(settings_for(f"postgresql://127.0.0.1:{probe.free_port()}/none"))
    (finding,) = about("database", app)
    assert finding[0] == "PROBLEM"
    assert finding[1].startswith("It cannot be reached: ")


def test_a_database_without_tables_is_a_problem(tmp_path: Path) -> None:
    app = create_app(settings_for(f"sqlite:///{tmp_path}/empty.db"))
    tmp_path.chmod(0o700)
    code, lines = report(app)
    assert code == 1
    assert lines[-1] == ("PROBLEM", "schema", "There are no tables yet: run flask --app wsgi db upgrade.")


@pytest.mark.parametrize(
    ("folder", "file", "found"), [(0o755, 0o644, 1), (0o700, 0o644, 0), (0o755, 0o600, 0)]
)
def test_an_sqlite_file_that_others_can_read_is_a_warning(
    tmp_path: Path, folder: int, file: int, found: int
) -> None:
    path = tmp_path / "clinic.db"
    path.touch()
    path.chmod(file)
    tmp_path.chmod(folder)
    app = create_app(settings_for(f"sqlite:///{path}"))
    sentence = f"Other users of this machine can read {path}: chmod 600 it."
    assert about("file", app) == [("warning", sentence)] * found
