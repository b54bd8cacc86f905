"""What the steps leave behind beyond columns: named checks, guards, rows; and the way back."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import create_engine, inspect, select, text

from scheduler import create_app
from scheduler.extensions import db
from scheduler.models import AuditEntry, Base, Closure, Patient, diary_weeks, overlap_guard
from tests.conftest import settings_for
from tests.factories import at, make_appointment, make_message, make_patient, make_world, save


def checks(url_or_engine: object) -> dict[str, set[str]]:
    """Names of the checks by table."""
    found = inspect(url_or_engine)
    return {
        table: {str(check["name"]) for check in found.get_check_constraints(table)}
        for table in Base.metadata.tables
    }


@pytest.fixture
def fresh(request: pytest.FixtureRequest, app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """An application on a migrated database of its own, which may be changed."""
    if app.config["SETTINGS"].database_url.startswith("sqlite"):
        url = f"sqlite:///{tmp_path / 'steps.db'}"
    else:
        cluster = request.getfixturevalue("cluster")
        url = cluster.create_database(f"steps_{abs(hash(tmp_path)):x}")
    new = create_app(settings_for(url))
    with new.app_context():
        upgrade()
    yield new
    with new.app_context():
        db.session.remove()
        db.engine.dispose()


def test_checks_are_named_as_the_models_say(fresh: Flask, tmp_path: Path) -> None:
    plain = create_engine(f"sqlite:///{tmp_path / 'plain.db'}")
    Base.metadata.create_all(plain)
    with fresh.app_context():
        migrated = checks(db.engine)
    if db_is_postgresql(fresh):
        migrated["appointments"].discard("ck_appointments_length")
    assert migrated == checks(plain)
    plain.dispose()


def db_is_postgresql(app: Flask) -> bool:
    with app.app_context():
        return db.engine.dialect.name == "postgresql"


def guards(app: Flask) -> set[str]:
    """Names of triggers and exclusion constraints."""
    with app.app_context(), db.engine.connect() as connection:
        if db.engine.dialect.name == "sqlite":
            found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        else:
            found = connection.execute(
                text(
                    "SELECT conname FROM pg_constraint WHERE contype = 'x' "
                    "UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
                )
            )
        return set(found.scalars())


def expected_guards(app: Flask) -> set[str]:
    dialect = "postgresql" if db_is_postgresql(app) else "sqlite"
    words = " ".join(
        overlap_guard.create_statements(dialect) + diary_weeks.create_statements(dialect)
    ).split()
    return {
        word
        for before, word in itertools.pairwise(words)
        if before in {"TRIGGER", "CONSTRAINT"} and not word.startswith("ck_")
    }


def test_no_step_drops_a_guard(fresh: Flask) -> None:
    assert guards(fresh) == expected_guards(fresh)
    with fresh.app_context():
        downgrade(revision="0001")
    assert guards(fresh) == expected_guards(fresh)


def test_rows_survive_the_way_back_and_forth(fresh: Flask) -> None:
    with fresh.app_context():
        world = make_world()
        appointment = make_appointment(world, at(3))
        make_message(appointment)
        counts = "SELECT (SELECT count(*) FROM appointments), (SELECT count(*) FROM message_items), name FROM clinics"
        before = db.session.execute(text(counts)).one()
        db.session.remove()
        downgrade(revision="0001")
        upgrade()
        assert tuple(db.session.execute(text(counts)).one()) == tuple(before) == (1, 1, "Needle Point")


def test_first_line_of_marked_notes_becomes_what_is_seen_first(fresh: Flask) -> None:
    notes = {
        "marked": "!! Owes 20 EUR\nLikes mornings\n! not this",
        "alone": "! Knocks twice",
        "known": "! Old",
        "inside": "Careful! Steep stairs",
        "empty": "! !\nNothing",
        "long": "!" + "x" * 400,
    }
    with fresh.app_context():
        for name, text_ in notes.items():
            make_patient(name, "Pain", notes=text_, attention="Seen" if name == "known" else "")
        db.session.remove()
        downgrade(revision="0003")
        upgrade()
        rows = {row.given_name: row for row in db.session.scalars(select(Patient))}
        assert {name: (row.attention, row.notes, row.version) for name, row in rows.items()} == {
            "marked": ("Owes 20 EUR", "Likes mornings\n! not this", 2),
            "alone": ("Knocks twice", "", 2),
            "known": ("Seen", notes["known"], 1),
            "inside": ("", notes["inside"], 1),
            "empty": ("", notes["empty"], 1),
            "long": ("x" * 299 + "…", notes["long"], 2),
        }
        trail = db.session.execute(
            select(AuditEntry.patient_id, AuditEntry.detail).where(AuditEntry.actor_name == "upgrade")
        )
        assert dict(map(tuple, trail)) == {
            rows[name].id: {"fields": ["attention", "notes"]} for name in ("marked", "alone", "long")
        }


def test_way_back_opens_locations_whose_rooms_are_out_of_use(fresh: Flask) -> None:
    with fresh.app_context():
        world = make_world()
        times = {"location_id": world.location_id, "starts_at": at(3), "ends_at": at(4)}
        save(Closure(**times, reason="Holiday"), Closure(**times, room_id=world.room_ids[0], reason="Flood"))
        db.session.remove()
        downgrade(revision="0003")
        upgrade()
        found = db.session.scalars(select(Closure)).all()
        assert [(row.reason, row.room_id) for row in found] == [("Holiday", None)]
