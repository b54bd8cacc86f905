"""Conditions on many numbers: right on both databases, and answered along an index."""

from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Patient
from scheduler.models.base import among, these
from tests.factories import make_patient


def test_among_finds_those_and_no_others(context: Flask) -> None:
    ids = [make_patient("P", str(number)).id for number in range(4)]
    wanted = {ids[0], ids[2]}
    found = db.session.scalars(select(Patient.id).where(among(Patient.id, these(wanted))))
    assert set(found) == wanted
    others = select(Patient.id).where(~among(Patient.id, these(wanted)), Patient.id.in_(ids))
    assert set(db.session.scalars(others)) == {ids[1], ids[3]}
    assert db.session.scalars(select(Patient.id).where(among(Patient.id, these([])))).all() == []


def test_among_is_looked_up_on_sqlite(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        query = select(Patient.id).where(among(Patient.id, these([1])), Patient.archived_at.is_(None))
        with db.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query.compile(db.engine)}", ("[1]",))
            steps = [row.detail for row in plan]
    assert steps[0] == "SEARCH patients USING INTEGER PRIMARY KEY (rowid=?)"
