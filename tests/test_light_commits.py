"""Light commits are seen at once and whole; a crash that may undo them shows in the epoch."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from scheduler import create_app, light_commits
from scheduler.extensions import db
from scheduler.light_commits import crash_epoch, light_writer
from scheduler.models import Clinic, Location
from scheduler.models.base import Base
from tests.conftest import settings_for
from tests.factories import make_clinic, save
from tools.postgres import Cluster

PATIENCE_SECONDS = 30
RENAME = update(Clinic).values(name="Other")
NOBODY = update(Clinic).where(Clinic.id == 2).values(name="x")
OTHER_ROW = update(Location).values(name="x")
WRONG = update(Clinic).values(slot_minutes=7)


def clinic_name() -> str | None:
    db.session.rollback()
    return db.session.scalar(text("SELECT name FROM clinics"))


def test_steps_are_seen_by_others_at_once(context: Flask) -> None:
    make_clinic()
    with light_writer() as writer:
        assert writer.write([(RENAME, {}), (NOBODY, {})]) == 0
        assert clinic_name() == "Other"


def test_a_step_that_is_refused_undoes_those_before(context: Flask) -> None:
    make_clinic()
    save(Location(name="Mitte", zone="Europe/Berlin"))
    with light_writer() as writer:
        with pytest.raises(DBAPIError):
            writer.write([(OTHER_ROW, {}), (WRONG, {})])
        db.session.rollback()
        assert db.session.scalar(text("SELECT name FROM locations")) == "Mitte"
        assert writer.write([(NOBODY, {}), (RENAME, {})]) == 1


def test_its_connection_is_nobody_elses(tmp_path: Path) -> None:
    app = create_app(settings_for(f"sqlite:///{tmp_path}/own.db"))
    with app.app_context():
        Base.metadata.create_all(db.engine)
        with light_writer() as writer:
            writer.write([(RENAME, {})])
        connections = [db.engine.connect() for _ in range(5)]
        assert {connection.scalar(text("PRAGMA synchronous")) for connection in connections} == {2}  # FULL
        for connection in connections:
            connection.close()
        db.engine.dispose()


def test_the_epoch_is_the_same_for_every_connection(context: Flask) -> None:
    with Session(db.engine) as one, Session(db.engine) as two:
        assert crash_epoch(one) == crash_epoch(two) != ""


def test_the_epoch_changes_when_the_machine_starts_anew(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    boot_id = tmp_path / "boot_id"
    monkeypatch.setattr(light_commits, "BOOT_ID", boot_id)
    with sqlite_app.app_context(), Session(db.engine) as session:
        assert crash_epoch(session) == ""
        boot_id.write_text("one")
        first = crash_epoch(session)
        boot_id.write_text("two")
        assert crash_epoch(session) != first


@pytest.fixture
def engine_of_its_own() -> Iterator[Engine]:
    with Cluster() as cluster:
        engine = create_engine(cluster.url())
        yield engine
        engine.dispose()


def test_the_epoch_changes_when_the_database_server_crashes(engine_of_its_own: Engine) -> None:
    with Session(engine_of_its_own) as session:
        before = crash_epoch(session)
        backend = session.scalar(text("SELECT pg_backend_pid()"))
    assert backend is not None
    os.kill(backend, signal.SIGKILL)
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while _epoch_now(engine_of_its_own) in {before, None}:
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def _epoch_now(engine: Engine) -> str | None:
    """None while the server recovers."""
    engine.dispose()
    try:
        with engine.connect() as connection, Session(connection) as session:
            return crash_epoch(session)
    except OperationalError:
        return None
