"""Real processes refuse to start with a wrong setting or on an unfit database: one sentence, no traceback."""

import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

from scheduler import create_app
from scheduler.extensions import db
from scheduler.models.overlap_guard import drop_statements
from scheduler.usecases.clinic.first_setup import setup_code
from tests.conftest import DATABASES, settings_for
from tools import probe

ROOT = Path(__file__).parents[1]
WRONG_KEY = (
    "SECRET_KEY must be set to at least 32 random characters; make one with "
    "python -c 'import secrets; print(secrets.token_urlsafe(48))' and keep it secret.\n"
)
LOST_GUARD = (
    "Not started: the database would accept double bookings (practitioner): its overlap guards are missing. "
    "Restore it from a backup, or ask for help.\n"
)
NO_TABLES = "Not started: the database needs migrations: run flask --app wsgi db upgrade.\n"
SERVERS = {
    "granian": ["granian", "--interface", "wsgi", "--workers", "1", "--port", "{port}", "--no-access-log"],
    "gunicorn": ["gunicorn", "--no-control-socket", "--bind", "127.0.0.1:{port}"],
}


def start(*module: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `python -m …` in the project's folder."""
    defaults = {"SECRET_KEY": secrets.token_urlsafe(48)}
    done = subprocess.run(
        [sys.executable, *module],
        cwd=ROOT,
        env=os.environ | defaults | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(params=DATABASES)
def unguarded(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated database that lost the guard of practitioners."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/unguarded.db"
    else:
        cluster = request.getfixturevalue("cluster")
        url = cluster.create_database(f"unguarded_{secrets.token_hex(4)}")
    app = create_app(settings_for(url))
    with app.app_context():
        upgrade()
        dropped = [sql for sql in drop_statements(db.engine.dialect.name) if "overlap_practitioner" in sql]
        with db.engine.begin() as connection:
            for statement in dropped:
                connection.exec_driver_sql(statement)
        db.engine.dispose()
    return url


def test_a_wrong_setting_stops_every_command_with_its_sentence() -> None:
    assert start("-m", "flask", "--app", "wsgi", "db", "upgrade", SECRET_KEY="short") == (3, "", WRONG_KEY)


def test_commands_work_on_a_database_without_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    code, _, _ = start("-m", "flask", "--app", "wsgi", "db", "upgrade", DATABASE_URL=url)
    assert code == 0
    code, said, _ = start("-m", "flask", "--app", "wsgi", "demo", "load", "--weeks", "1", DATABASE_URL=url)
    assert code == 0
    assert said.splitlines()[-4].startswith("Nadelpunkt Berlin: 6 practitioners, 240 patients, ")


def test_a_lost_guard_stops_the_service(unguarded: str) -> None:
    assert start("-c", "import wsgi", DATABASE_URL=unguarded) == (3, "", LOST_GUARD)


def test_missing_tables_stop_the_service(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    assert start("-c", "import wsgi", DATABASE_URL=url) == (3, "", NO_TABLES)


def test_a_database_that_is_not_there_stops_the_service() -> None:
    url = f"postgresql://127.0.0.1:{probe.free_port()}/none"
    code, said, errors = start("-c", "import wsgi", DATABASE_URL=url)
    assert (code, said, errors.count("\n")) == (3, "", 1)
    assert errors.startswith("Not started: the database cannot be used: ")


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_ends_when_its_worker_refuses(server: str, tmp_path: Path) -> None:
    options = [option.format(port=probe.free_port()) for option in SERVERS[server]]
    code, _, errors = start("-m", *options, "wsgi:app", DATABASE_URL=f"sqlite:///{tmp_path}/new.db")
    assert code != 0
    assert NO_TABLES in errors
    assert "Traceback" not in errors


def test_a_sound_database_is_served_from(sqlite_app: Flask, tmp_path: Path) -> None:
    path = Path(str(sqlite_app.config["SETTINGS"].database_url).removeprefix("sqlite:///"))
    shutil.copy(path.with_suffix(".empty"), tmp_path / "sound.db")
    code = "import gc, sys, wsgi; sys.exit(not gc.isenabled())"
    assert start("-c", code, DATABASE_URL=f"sqlite:///{tmp_path}/sound.db")[0] == 0


def test_the_code_of_the_first_set_up_is_printed_where_the_service_starts(
    sqlite_app: Flask, tmp_path: Path
) -> None:
    path = Path(str(sqlite_app.config["SETTINGS"].database_url).removeprefix("sqlite:///"))
    shutil.copy(path.with_suffix(".empty"), tmp_path / "new.db")
    key = secrets.token_urlsafe(48)
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/new.db", "SECRET_KEY": key}
    code, said, announced = start("-c", "import wsgi", **environment, BASE_URL="https://desk.example.org")
    assert (code, said) == (0, "")
    assert f"  Open    https://desk.example.org/setup\n  Code    {setup_code(key)}\n" in announced
    _, said, errors = start("-m", "flask", "--app", "wsgi", "staff", "list", **environment)
    assert (said, setup_code(key) in errors) == ("", False)
