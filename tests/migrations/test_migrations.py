"""Migrations lead to the models, and one that is killed half-way leaves the old schema or the new one."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import create_engine, inspect

from scheduler.extensions import db
from scheduler.models import Base
from tests.forking import forked
from tests.migrations.killed_child import upgrade_until
from tools.postgres import Cluster

EVERYTHING = {*Base.metadata.tables, "alembic_version"}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new.db'}"
    cluster: Cluster = request.getfixturevalue("cluster")
    name = f"killed_{tmp_path.name.translate(str.maketrans('[]-', '___')).lower()}"
    return cluster.create_database(name)


def upgrade_killed_at(url: str, statement: int) -> tuple[int | None, list[int]]:
    """How the process ended, and how many statements it counted if it came to the end."""
    with forked(upgrade_until, url, statement) as child:
        return child.exit_code(), child.hear_all()


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
        assert upgrade_killed_at(empty_url, statement) == (-9, [])
        assert tables(empty_url) <= {"alembic_version"}
    code, (statements,) = upgrade_killed_at(empty_url, 0)
    assert (code, statements > 55) == (0, True)
    assert tables(empty_url) == EVERYTHING
