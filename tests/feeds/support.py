"""What the tests of feeds share: addresses, fetches, visible changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, update
from werkzeug.test import TestResponse

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Appointment, PlannedSession, PlanPhase, TreatmentPlan
from scheduler.transaction import writing
from scheduler.usecases.feeds.tokens import bump_feeds, issue_feed_token
from tests.calendars.parsers import ReadEvent, read_alike
from tests.factories import NOW, RECEPTIONIST, World, save


def tell(world: World) -> None:
    """Tell both calendars that something changed."""
    writing(bump_feeds)(
        patient_ids=[world.patient_id], practitioner_ids=[world.practitioner_id], now=clock.now()
    )


def issue(app: Flask, **wishes: Any) -> str:
    """The path of a new feed."""
    with app.app_context():
        secret = issue_feed_token(**wishes, actor=RECEPTIONIST, now=clock.now()).secret
    return f"/feeds/{secret}.ics"


def change(app: Flask, world: World, uid: str, **values: Any) -> None:
    """Change an appointment visibly, as a use case does."""
    with app.app_context():
        values |= {"sequence": Appointment.sequence + 1, "changed_at": clock.now()}
        db.session.execute(update(Appointment).where(Appointment.uid == uid).values(**values))
        db.session.commit()
        tell(world)


def again(client: FlaskClient, path: str, first: TestResponse) -> TestResponse:
    """Fetch once more as a calendar program does that remembers the ETag."""
    return client.get(path, headers={"If-None-Match": first.headers["ETag"]})


def events_of(response: TestResponse) -> list[ReadEvent]:
    """What every parser reads in a successful answer."""
    assert response.status_code == 200
    return read_alike(response.data)


def make_plan_session(world: World, number: int, total: int) -> int:
    """The number-th planned session of a plan with ``total`` sessions."""
    phase = PlanPhase(position=1, sessions=total, min_days=2, ideal_days=7, max_days=14)
    sessions = [
        PlannedSession(number=each, phase=phase, appointment_type_id=world.needling_id)
        for each in range(1, total + 1)
    ]
    plan = TreatmentPlan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        name="Tension-type headache",
        condition="headache",
        target_muscles=[],
        preferences={},
        starts_on=NOW.date(),
        created_at=NOW,
        phases=[phase],
        sessions=sessions,
    )
    save(plan)
    return sessions[number - 1].id


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """What the driver is asked to execute, BEGIN included where it is a statement of ours."""
    seen: list[str] = []

    class Watched(psycopg.Cursor[Any]):
        def execute(self, query: Any, *args: Any, **options: Any) -> Any:
            seen.append(str(query))
            return super().execute(query, *args, **options)

    class WatchedStream(psycopg.ServerCursor[Any]):
        def execute(self, query: Any, *args: Any, **options: Any) -> Any:
            seen.append(str(query))
            return super().execute(query, *args, **options)

    def watch(connection: Any, *_: object) -> None:
        if engine.dialect.name == "sqlite":
            connection.set_trace_callback(seen.append)
        else:
            connection.cursor_factory = Watched
            connection.server_cursor_factory = WatchedStream

    db.session.rollback()
    engine.dispose()
    event.listen(engine, "checkout", watch)
    try:
        yield seen
    finally:
        db.session.rollback()
        event.remove(engine, "checkout", watch)
        engine.dispose()
