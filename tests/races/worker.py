"""One of several processes that book, place, move and cancel as fast as they can.

It tells whatever was acknowledged, after it was. Where it is to stall, it stops for good in the middle of that
transaction, after everything is written and before the commit, and says so: the moment to be killed.
"""

import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from scheduler import create_app
from scheduler.errors import SchedulerError
from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType, Patient, Practitioner
from scheduler.usecases.appointments.changing import book_appointment, cancel_appointment, move_appointment
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from tests.conftest import settings_for
from tests.factories import NOW, RECEPTIONIST, at

SERIES = 3


Line = dict[str, Any]
"""What is acknowledged: whoever hears it may rely on it."""


def stall_at(transaction: int, ends: Connection) -> None:
    """Stop for good in the n-th transaction that changed something."""
    seen = 0

    @event.listens_for(Session, "before_commit")
    def stall(session: Session) -> None:
        nonlocal seen
        if not session.info.get("wrote"):
            return
        seen += 1
        if seen == transaction:
            session.flush()
            ends.send({"op": "stalled"})
            time.sleep(600)

    @event.listens_for(Session, "after_flush")
    def note(session: Session, _context: object) -> None:
        session.info["wrote"] = True


class Desk:
    """A receptionist in a hurry."""

    def __init__(self, seed: int, ends: Connection) -> None:
        self.ends = ends
        self.random = random.Random(seed)
        self.patients = list(db.session.scalars(select(Patient.id)))
        self.practitioners = list(db.session.scalars(select(Practitioner.id)))
        self.kind = db.session.scalars(
            select(AppointmentType.id).where(AppointmentType.name == "Review")
        ).one()
        db.session.rollback()

    def say(self, **line: Any) -> None:
        """Acknowledge."""
        self.ends.send(line)

    def act(self) -> None:
        """Do one thing, chosen by chance; refusals are part of the day."""
        deeds: list[Callable[[], None]] = [self.book, self.book, self.place, self.move, self.cancel]
        try:
            self.random.choice(deeds)()
        except SchedulerError as error:
            self.say(op="refused", code=error.code)

    def some_time(self) -> tuple[int, int]:
        """A day and a quarter of an hour in three crowded mornings."""
        return self.random.randint(3, 5), self.random.randrange(0, 180, 15)

    def book(self) -> None:
        day, minute = self.some_time()
        booked = book_appointment(
            patient_id=self.random.choice(self.patients),
            practitioner_id=self.random.choice(self.practitioners),
            appointment_type_id=self.kind,
            starts_at=at(day, 9) + timedelta(minutes=minute),
            actor=RECEPTIONIST,
            now=NOW,
        )
        self.say(op="kept", ids=[booked.id], version=booked.version)

    def place(self) -> None:
        plan = prescribe_plan(
            patient_id=self.random.choice(self.patients),
            practitioner_id=self.practitioners[0],
            starts_on=date(2026, 3, 3),
            phases=[PhaseWish(SERIES, 0, 1, 3, self.kind)],
            actor=RECEPTIONIST,
            now=NOW,
        )
        chosen = [
            ChosenSlot(
                number,
                at(2 + number, 9) + timedelta(minutes=self.some_time()[1]),
                self.random.choice(self.practitioners),
            )
            for number in range(1, SERIES + 1)
        ]
        placed = place_plan(plan.id, sessions=chosen, actor=RECEPTIONIST, now=NOW)
        self.say(op="kept", ids=[row.id for row in placed], version=1)

    def some_appointment(self) -> Appointment | None:
        rows = db.session.scalars(select(Appointment).where(Appointment.status == "booked")).all()
        return self.random.choice(rows) if rows else None

    def move(self) -> None:
        row = self.some_appointment()
        if row is not None:
            day, minute = self.some_time()
            starts_at = at(day, 9) + timedelta(minutes=minute)
            moved = move_appointment(
                row.id, version=row.version, starts_at=starts_at, actor=RECEPTIONIST, now=NOW
            )
            self.say(op="kept", ids=[moved.id], version=moved.version)

    def cancel(self) -> None:
        row = self.some_appointment()
        if row is not None:
            gone = cancel_appointment(row.id, version=row.version, actor=RECEPTIONIST, now=NOW)
            self.say(op="kept", ids=[gone.id], version=gone.version)


def be_busy(url: str, seed: int, deeds: int, stall: int, ends: Connection) -> None:
    """Act ``deeds`` times."""
    app = create_app(settings_for(url))
    if stall:
        stall_at(stall, ends)
    with app.app_context():
        desk = Desk(seed, ends)
        for _ in range(deeds):
            desk.act()
