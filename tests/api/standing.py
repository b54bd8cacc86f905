"""A clinic with one of everything, and proof that a request changed none of it."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from scheduler.extensions import db
from scheduler.models.staff import Role
from scheduler.usecases.feeds.tokens import issue_feed_token
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.api.support import Caller, make_key, utc
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_world


@dataclass
class Standing:
    """The clinic, its caller, and bodies that would be accepted as they are."""

    app: Flask
    world: World
    desk: Caller
    appointment_id: int
    plan_id: int
    token_id: int
    head: Caller
    """Whoever may do everything."""
    known_rows: list[str] = field(default_factory=list)

    @property
    def bodies(self) -> dict[str, dict[str, Any]]:
        """Path template -> a body that is in order."""
        world = self.world
        who = {"patient_id": world.patient_id, "practitioner_id": world.practitioner_id}
        slot = {"starts_at": utc(at(5, 11)), "practitioner_id": world.practitioner_id}
        return {
            "/patients": {"given_name": "Ann", "family_name": "Ache"},
            "/appointments": {**who, **slot, "appointment_type_id": world.review_id},
            "/appointments/{appointment}/cancel": {"version": 1, "reason": "ill"},
            "/appointments/{appointment}/status": {"version": 1, "status": "confirmed"},
            "/plans": {**who, "starts_on": "2026-03-09", "phases": [PHASE]},
            "/plans/{plan}/proposals": {},
            "/plans/{plan}/placements": {"sessions": [{"number": 1, **slot}]},
            "/holds": {"plan_id": self.plan_id, "sessions": [{"number": 1, **slot}]},
            "/plans/{plan}/pause": {"version": 1, "release": True, "reason": "patient"},
            "/plans/{plan}/resume": {"version": 1, "reason": "patient"},
            "/plans/{plan}/complete": {"version": 1, "release": True},
            "/plans/{plan}/discontinue": {"version": 1, "release": True},
            "/plans/{plan}/extend": {"version": 1, "phases": [PHASE]},
            "/plans/{plan}/course": {"version": 1, "from_number": 2, "phases": [PHASE]},
            "/plans/{plan}/sessions/1/skip": {"version": 1, "reason": "patient"},
            "/plans/{plan}/sessions/1/give-up": {"version": 1},
            "/plans/{plan}/sessions/1/take-back": {"version": 1},
            "/patients/{patient}/feed-tokens": {"name": "phone"},
            "/practitioners/{practitioner}/feed-tokens": {"name": "phone"},
        }

    def path(self, template: str) -> str:
        """The address for a template such as ``/plans/{plan}``."""
        return template.format(
            appointment=self.appointment_id,
            plan=self.plan_id,
            token=self.token_id,
            patient=self.world.patient_id,
            practitioner=self.world.practitioner_id,
        )

    def refuses(self, method: str, template: str, **request: Any) -> dict[str, Any]:
        """Send it; assert that it is refused with a sentence and that no row of any table changed; the problem."""
        response: TestResponse = self.desk.call(method, self.path(template), **request)
        problem: dict[str, Any] = response.get_json()
        assert 400 <= response.status_code < 500, response.text
        assert problem["status"] == response.status_code
        assert problem["detail"].endswith((".", ")")), problem["detail"]
        before, self.known_rows = self.known_rows, self.rows()
        assert self.known_rows == before
        return problem

    def rows(self) -> list[str]:
        """Everything that is stored, read past SQLAlchemy: that is ten times as fast."""
        with self.app.app_context(), closing(db.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            found = []
            for table in db.metadata.sorted_tables:
                cursor.execute(f"SELECT * FROM {table.name} ORDER BY 1")
                found += [repr(row) for row in cursor.fetchall()]
            return found


PHASE = {"sessions": 3, "min_days": 2, "ideal_days": 7, "max_days": 10}


def make_standing(app: Flask) -> Standing:
    """The clinic with an appointment, a plan and a calendar address."""
    with app.app_context():
        world = make_world()
        appointment = make_appointment(world, at(4, 10))
        plan = prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=date(2026, 3, 5),
            phases=[PhaseWish(**PHASE)],
            actor=RECEPTIONIST,
            now=NOW,
        )
        token = issue_feed_token(patient_id=world.patient_id, actor=RECEPTIONIST, now=NOW)
        numbers = (appointment.id, plan.id, token.id)
    head = Caller(app, make_key(app, Role.ADMIN))
    standing = Standing(app, world, Caller(app, make_key(app)), *numbers, head)
    standing.known_rows = standing.rows()
    return standing
