"""Every database test runs on SQLite and on PostgreSQL: fixtures for both, emptied before each test."""

import gc
import os
import shutil
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest
import time_machine
from flask import Flask, current_app
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event

from config import Settings, read_settings
from scheduler import create_app
from scheduler.extensions import db
from scheduler.usecases.staff import passwords
from tests.factories import CHEAP_HASHER, NOW
from tools.postgres import Cluster

DATABASES = ("sqlite", "postgresql")
MOST_WORKERS = 8
"""Each of them starts a PostgreSQL and a Chromium of its own."""
COSTLY_HASHER, COSTLY_NOBODYS = passwords.hasher, passwords.NOBODYS
"""What the service hashes passwords with, and what it compares those of unknown people with."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For ``-n auto``: one more than cores, for now and then each waits for a browser, a server or a disk."""
    ours = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(ours + 1, MOST_WORKERS)


def pytest_collection_finish() -> None:
    """What is loaded and collected by now stays: it need not be looked through for garbage again and again."""
    gc.freeze()


def settings_for(database_url: str, **environment: str) -> Settings:
    """Settings of a process under test."""
    return read_settings(
        {
            "DATABASE_URL": database_url,
            "SECRET_KEY": "a secret that only these tests know, long enough",
            "BASE_URL": "http://127.0.0.1:8000",
            "MAIL_FROM": "desk@clinic.example",
            **environment,
        }
    )


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Passwords cost this process next to nothing; a test of signing in looks at what they cost others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "hasher", CHEAP_HASHER)
        patch.setattr(passwords, "NOBODYS", CHEAP_HASHER.hash("nobody's"))
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A throw-away PostgreSQL server for this test process."""
    with Cluster() as started:
        yield started


def _migrated(url: str) -> Flask:
    app = create_app(settings_for(url))
    app.config["TESTING"] = True
    with app.app_context():
        upgrade()
    return app


@pytest.fixture(scope="session")
def sqlite_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on an SQLite file; beside it an empty, migrated copy to start each test from."""
    path = tmp_path_factory.mktemp("sqlite") / "test.db"
    app = _migrated(f"sqlite:///{path}")
    with app.app_context():
        db.engine.dispose()
        event.listen(db.engine, "connect", skip_flushing)
    shutil.copy(path, path.with_suffix(".empty"))
    return app


def skip_flushing(connection: sqlite3.Connection, _record: object) -> None:
    """Not wait for the disk at every commit, as the cluster does not either: no test pulls the plug."""
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session")
def postgresql_app(cluster: Cluster) -> Iterator[Flask]:
    """The application on PostgreSQL."""
    cluster.create_database("test")
    app = _migrated(cluster.url("test"))
    yield app
    janitor(app).close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(params=DATABASES)
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application on each database in turn, empty; no context is pushed."""
    yield from emptied_app(request, request.param)


def emptied_app(request: pytest.FixtureRequest, database: str) -> Iterator[Flask]:
    """What the fixture ``app`` gives on one of DATABASES."""
    app: Flask = request.getfixturevalue(f"{database}_app")
    with app.app_context():
        empty_database()
    yield app
    with app.app_context():
        db.session.remove()


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """The application with a context pushed, for calling use cases; not for HTTP tests."""
    with app.app_context():
        yield app


@pytest.fixture
def monday() -> Iterator[None]:
    """It is NOW, and time goes on; for tests that look at days: by usefixtures, so that it comes first."""
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser or program that calls the application; push no context while it is used."""
    return app.test_client()


def empty_database() -> None:
    """Bring the current application's database back to just migrated.

    An SQLite file is replaced, not overwritten: a request that is still being answered keeps the old one, and does
    not delete the new one's log when it ends (SQLite does so only where the file is still in its place).
    """
    db.session.remove()
    if db.engine.dialect.name == "sqlite":
        db.engine.dispose()
        path = Path(db.engine.url.database or "")
        fresh = path.with_suffix(".fresh")
        shutil.copy(path.with_suffix(".empty"), fresh)
        fresh.replace(path)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return
    connection = janitor(current_app._get_current_object())  # type: ignore[attr-defined]
    filled = connection.execute(_which_are_filled(), prepare=True).fetchall()
    deletions = "".join(f"DELETE FROM {name};" for (name,) in filled)
    connection.execute(deletions + _restart_numbers(connection), prepare=False)


JANITOR = "janitor"
"""By this name tests that cut the service's connections spare this one."""


@cache
def janitor(app: Flask) -> psycopg.Connection[tuple[str]]:
    """A connection that empties the application's PostgreSQL while triggers and foreign keys sleep.

    Of its own: told to let them sleep for once, the application's would forget how it planned its statements.
    """
    url = str(app.config["SETTINGS"].database_url).replace("+psycopg", "")
    return psycopg.connect(
        url, autocommit=True, application_name=JANITOR, options="-c session_replication_role=replica"
    )


@cache
def _which_are_filled() -> str:
    """A query for the names of the tables that have rows: TRUNCATE of all would take 20 times as long as DELETE."""
    names = [table.name for table in db.metadata.sorted_tables]
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in names)


@cache
def _restart_numbers(connection: psycopg.Connection[tuple[str]]) -> str:
    """A statement that lets every table count its rows from 1 again."""
    sequences = connection.execute("SELECT oid FROM pg_class WHERE relkind = 'S'").fetchall()
    return "SELECT " + ", ".join(f"setval({oid}, 1, false)" for (oid,) in sequences)
