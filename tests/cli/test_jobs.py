"""`flask jobs`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.jobs import JOBS
from scheduler.models import JobRun
from tests.conftest import settings_for

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60


def runs(app: Flask) -> dict[str, str]:
    """Job -> error of its last finished run."""
    with app.app_context():
        rows = db.session.scalars(select(JobRun).where(JobRun.finished_at.is_not(None)))
        return {row.name: row.error for row in rows}


def test_once_runs_all_of_them_and_says_what_was_done(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["jobs", "once"])
    assert done.exit_code == 0
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == list(JOBS)
    assert runs(app) == dict.fromkeys(JOBS, "")


def test_once_runs_one_by_name(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["jobs", "once", "tidy"])
    assert (done.exit_code, done.stdout) == (0, "tidy: 0 rows deleted, 0 waitlist entries over\n")
    assert runs(app) == {"tidy": ""}


def test_an_unknown_name_is_answered_with_the_known_ones(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["jobs", "once", "dance"])
    assert done.exit_code == 2
    assert all(name in done.stderr for name in JOBS)


def test_run_works_until_it_is_told_to_stop(app: Flask) -> None:
    settings = app.config["SETTINGS"]
    environment = {"DATABASE_URL": settings.database_url, "SECRET_KEY": settings.secret_key}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "run"]
    clock = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment)
    try:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while runs(app) != dict.fromkeys(JOBS, "") and time.monotonic() < give_up_at:
            time.sleep(0.1)
        clock.send_signal(signal.SIGTERM)
        assert clock.wait(PATIENCE_SECONDS) == 0
    finally:
        clock.kill()
        clock.wait()
    assert runs(app) == dict.fromkeys(JOBS, "")


def test_run_refuses_a_database_without_tables(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite:///{tmp_path}/empty.db")
    environment = {"DATABASE_URL": settings.database_url, "SECRET_KEY": settings.secret_key}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "run"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
    sentence = "Not started: the database needs migrations: run flask --app wsgi db upgrade."
    assert (done.returncode, done.stderr) == (1, f"Error: {sentence}\n")
