"""The clock: jobs run and are kept, a failing one harms nobody, and it ends when told."""

import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from scheduler import jobs
from scheduler.errors import NotFound
from scheduler.extensions import db
from scheduler.jobs import JOBS, Clock, Job, run_job
from scheduler.models import BrowserSession, IdempotencyKey, JobRun, SignInFailure
from scheduler.models.staff import Role
from scheduler.usecases.housekeeping import finish_job, start_job, tidy_up
from tests.factories import NOW, make_staff, make_world, save

ROOT = Path(__file__).parent.parent
LONG = timedelta(seconds=30)


def wait_for(condition: object) -> None:
    """Until a condition holds; fails after half a minute."""
    end = time.monotonic() + 30
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def runs(app: Flask) -> dict[str, JobRun]:
    with app.app_context():
        found = {row.name: row for row in db.session.query(JobRun)}
        db.session.remove()
        return found


def test_every_job_runs_and_is_kept(app: Flask) -> None:
    with app.app_context():
        make_world()
    for name in JOBS:
        run_job(app, name)
    kept = runs(app)
    assert set(kept) == set(JOBS)
    assert [row.error for row in kept.values()] == [""] * len(JOBS)
    assert all(row.finished_at >= row.started_at for row in kept.values() if row.finished_at)


def test_unknown_job_is_named(app: Flask) -> None:
    with pytest.raises(NotFound, match="no job called dance"):
        run_job(app, "dance")


def test_failing_job_is_kept_and_the_others_go_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def fail(*_: object) -> str:
        raise RuntimeError("broken")

    def work(*_: object) -> str:
        done.append("done")
        return ""

    short = timedelta(milliseconds=50)
    monkeypatch.setattr(jobs, "JOBS", {"fails": Job(short, fail), "works": Job(short, work)})
    ticking = Clock(app)
    ticking.start()
    wait_for(lambda: len(done) > 2)
    ticking.stop()
    assert runs(app)["fails"].error == "RuntimeError"
    assert runs(app)["works"].error == ""


def test_told_to_stop_a_running_job_is_asked_to_end(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def work(_settings: object, stop: jobs.Stop) -> str:
        begun.append("begun")
        wait_for(stop)
        return "ended early"

    monkeypatch.setattr(jobs, "JOBS", {"long": Job(LONG, work)})
    ticking = Clock(app)
    ticking.start()
    wait_for(lambda: begun)
    ticking.stop()
    assert runs(app)["long"].finished_at is not None


ENDING = """
import sys, threading, time
from datetime import timedelta
from scheduler import create_app, jobs
from tests.conftest import settings_for

begun = threading.Event()

def work(_settings, stop):
    begun.set()
    while not stop():
        time.sleep(0.01)
    return "ended early"

jobs.JOBS = {"long": jobs.Job(timedelta(seconds=30), work)}
jobs.start_clock(create_app(settings_for(sys.argv[1])))
begun.wait()
"""


def test_a_process_that_ends_asks_a_running_job_to_end(app: Flask) -> None:
    command = [sys.executable, "-c", ENDING, app.config["SQLALCHEMY_DATABASE_URI"]]
    done = subprocess.run(command, cwd=ROOT, timeout=60, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert runs(app)["long"].finished_at is not None


def test_two_clocks_may_keep_the_first_run_of_a_job(context: Flask) -> None:
    for now in (NOW, NOW + timedelta(seconds=1)):
        start_job("dispatch", now=now)
    finish_job("tidy", error="RuntimeError", now=NOW)
    kept = {row.name: row for row in db.session.query(JobRun)}
    assert kept["dispatch"].started_at == NOW + timedelta(seconds=1)
    assert (kept["tidy"].started_at, kept["tidy"].finished_at, kept["tidy"].error) == (
        NOW,
        NOW,
        "RuntimeError",
    )


def test_tidying_deletes_what_nobody_needs_and_nothing_else(context: Flask) -> None:
    make_world()
    staff = make_staff(Role.RECEPTION)
    hour = timedelta(hours=1)
    for ends_at in (NOW - hour, NOW + hour):
        session = {"staff_id": staff.id, "created_at": NOW, "last_seen_at": NOW}
        save(BrowserSession(token_hash=str(ends_at), expires_at=ends_at, **session))
    for made_at in (NOW - 49 * hour, NOW - 47 * hour):
        save(IdempotencyKey(actor="a", key=str(made_at), fingerprint="", result_ids=[], created_at=made_at))
    for blocked_until in (NOW - 25 * hour, NOW - 23 * hour):
        save(SignInFailure(subject=str(blocked_until), failures=1, blocked_until=blocked_until))
    assert tidy_up(now=NOW) == 3
    assert [db.session.query(model).count() for model in (BrowserSession, IdempotencyKey, SignInFailure)] == [
        1,
        1,
        1,
    ]


def test_clock_process_ends_on_sigterm(app: Flask) -> None:
    code = "from tests.conftest import settings_for; from scheduler import create_app, jobs; import sys; "
    code += "jobs.run_clock(create_app(settings_for(sys.argv[1])))"
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    child = subprocess.Popen([sys.executable, "-c", code, url], cwd=ROOT)
    try:
        wait_for(lambda: set(runs(app)) == set(JOBS))
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0
    finally:
        child.kill()
        child.wait()
