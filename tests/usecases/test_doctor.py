"""The probe tells a database whose guards hold from one that lost them."""

import pytest
from flask import Flask
from sqlalchemy import text

from scheduler.extensions import db
from scheduler.models import Appointment, Location, diary_weeks
from scheduler.models.overlap_guard import RESOURCES, create_statements, drop_statements
from scheduler.usecases.doctor import missing_guards, stamps_are_renewed


def test_sound_database_misses_no_guard_and_the_probe_leaves_nothing(context: Flask) -> None:
    assert missing_guards() == []
    assert db.session.query(Appointment).count() == 0
    assert db.session.query(Location).count() == 0


@pytest.mark.parametrize("resource", RESOURCES)
def test_lost_guard_is_named(context: Flask, resource: str) -> None:
    dialect = db.engine.dialect.name
    dropped = [sql for sql in drop_statements(dialect) if f"overlap_{resource}" in sql]
    with db.engine.begin() as connection:
        for statement in dropped:
            connection.execute(text(statement))
    try:
        assert missing_guards() == [resource]
    finally:
        with db.engine.begin() as connection:
            for statement in drop_statements(dialect):
                connection.exec_driver_sql(statement)
            for statement in create_statements(dialect):
                connection.exec_driver_sql(statement)


def test_lost_stamps_are_noticed(context: Flask) -> None:
    assert stamps_are_renewed()
    dialect = db.engine.dialect.name
    with db.engine.begin() as connection:
        for statement in diary_weeks.drop_statements(dialect):
            connection.exec_driver_sql(statement)
    try:
        assert not stamps_are_renewed()
    finally:
        with db.engine.begin() as connection:
            for statement in diary_weeks.create_statements(dialect):
                connection.exec_driver_sql(statement)
