"""Migrations lead to the models, and one that is killed half-way leaves the old schema or the new one."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import create_engine, inspect

from scheduler.extensions import db
from scheduler.models import Base
from tools.postgres import Cluster

ROOT = Path(__file__).parents[2]
EVERYTHING = {*Base.metadata.tables, "alembic_version"}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new.db'}"
    cluster: Cluster = request.getfixturevalue("cluster")
    name = f"killed_{tmp_path.name.translate(str.maketrans('[]-', '___')).lower()}"
    return cluster.create_database(name)


def upgrade_killed_at(url: str, statement: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.migrations.killed_child", url, str(statement)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def test_models_and_migrations_agree(context: Flask) -> None:
    with db.engine.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(connection, {"compare_type": True}), db.metadata
        )
    assert differences == []


def test_upgrade_killed_half_way_leaves_the_old_schema_and_can_be_repeated(empty_url: str) -> None:
    for statement in (2, 30, 55):
        killed = upgrade_killed_at(empty_url, statement)
        assert killed.returncode == -9
        assert tables(empty_url) <= {"alembic_version"}
    finished = upgrade_killed_at(empty_url, 0)
    assert (finished.returncode, int(finished.stdout) > 55) == (0, True)
    assert tables(empty_url) == EVERYTHING
