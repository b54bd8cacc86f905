"""Whatever happens to plans, in whatever order: no session is lost, no window disagrees with its history."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from scheduler.errors import SchedulerError
from scheduler.extensions import db
from scheduler.models import Appointment, Message, TreatmentPlan
from scheduler.planning.cadence import Window
from scheduler.usecases.appointments.changing import change_status, move_appointment
from scheduler.usecases.plans.course import change_course, extend_plan
from scheduler.usecases.plans.life import complete_plan, discontinue_plan, pause_plan, resume_plan
from scheduler.usecases.plans.prescribing import PhaseWish, get_plan, local_day
from scheduler.usecases.plans.sessions import give_up_session, skip_session, take_back_session
from tests.factories import NOW, RECEPTIONIST, make_patient, make_world
from tests.usecases.plans.support import best, chosen, place, prescribe

STEPS = 50
GONE = {"cancelled", "no_show", "held"}
COURSES = (PhaseWish(2, 2, 3, 5), PhaseWish(1, 5, 7, 9), PhaseWish(3, 10, 14, 18))


class Desk:
    """Somebody who does one thing after the other to two plans, with now and then a stale version."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        world = make_world()
        self.plans = [prescribe(world).id, prescribe(world, patient_id=make_patient("Second").id).id]
        self.now = NOW

    def act(self) -> str:
        """Do one thing, or be refused and have changed nothing; what it was."""
        self.now += timedelta(hours=self.random.choice((0, 1, 30)))
        deeds: list[tuple[int, Callable[[TreatmentPlan], Any]]] = [
            (6, self.place),
            (6, self.follow),
            (2, self.move),
            (4, self.decide),
            (1, self.change_status),
            (1, self.extend),
            (1, self.change_course),
        ]
        (deed,) = self.random.choices([deed for _, deed in deeds], [weight for weight, _ in deeds])
        plan = db.session.get_one(TreatmentPlan, self.random.choice(self.plans))
        before = everything()
        try:
            deed(plan)
        except SchedulerError as error:
            assert everything() == before
            return f"{error.code}"
        return deed.__name__

    def by(self, plan: TreatmentPlan) -> dict[str, Any]:
        stale = self.random.random() < 0.05
        return {"version": plan.version - stale, "actor": RECEPTIONIST, "now": self.now}

    def place(self, plan: TreatmentPlan) -> None:
        slots = chosen(best(plan, now=self.now, limit=1).sessions)
        place(plan, slots[: self.random.randint(1, 3)], now=self.now)

    def visit(self, plan: TreatmentPlan) -> Appointment | None:
        theirs = select(Appointment).where(Appointment.patient_id == plan.patient_id)
        rows = db.session.scalars(theirs.order_by(Appointment.id)).all()
        return self.random.choice(rows) if rows else None

    def follow(self, plan: TreatmentPlan) -> None:
        visit = self.visit(plan)
        if visit is not None:
            status = self.random.choice(
                ("confirmed", "arrived", "completed", "completed", "no_show", "cancelled")
            )
            change_status(visit.id, version=visit.version, status=status, actor=RECEPTIONIST, now=self.now)

    def move(self, plan: TreatmentPlan) -> None:
        visit = self.visit(plan)
        if visit is not None:
            later = visit.starts_at + timedelta(days=self.random.choice((1, 7)))
            by = {"actor": RECEPTIONIST, "now": self.now}
            move_appointment(visit.id, version=visit.version, starts_at=later, **by)

    def decide(self, plan: TreatmentPlan) -> None:
        deed = self.random.choice((skip_session, give_up_session, take_back_session))
        deed(plan.id, self.random.randint(1, len(plan.sessions) + 1), reason="patient", **self.by(plan))

    def change_status(self, plan: TreatmentPlan) -> None:
        deeds = [
            pause_plan,
            pause_plan,
            pause_plan,
            resume_plan,
            resume_plan,
            complete_plan,
            discontinue_plan,
        ]
        deed: Any = self.random.choice(deeds[: 7 if self.random.random() < 0.2 else 5])
        release = {} if deed is resume_plan else {"release": self.random.random() < 0.5}
        deed(plan.id, reason="clinic", **release, **self.by(plan))

    def extend(self, plan: TreatmentPlan) -> None:
        extend_plan(plan.id, phases=[self.random.choice(COURSES)], **self.by(plan))

    def change_course(self, plan: TreatmentPlan) -> None:
        phases = self.random.sample(COURSES, self.random.randint(1, 2))
        from_number = self.random.randint(1, len(plan.sessions))
        change_course(plan.id, from_number=from_number, phases=phases, **self.by(plan))


def everything() -> list[Any]:
    """All rows that a refusal must leave alone."""
    db.session.rollback()
    tables = (
        "treatment_plans",
        "plan_phases",
        "planned_sessions",
        "appointments",
        "messages",
        "audit_entries",
    )
    return [db.session.execute(text(f"SELECT * FROM {table} ORDER BY id")).all() for table in tables]


def check_plan(plan_id: int) -> None:
    view = get_plan(plan_id)
    plan, sessions = view.plan, view.plan.sessions
    assert [row.number for row in sessions] == list(range(1, len(sessions) + 1))
    owners = [phase.id for phase in plan.phases for _ in range(phase.sessions)]
    assert [row.phase_id for row in sessions] == owners
    filling = {row.planned_session_id: row for row in active() if row.planned_session_id}
    for row in sessions:
        visit = filling.get(row.id)
        if row.status in {"placed", "completed"}:
            assert visit is not None
            assert (visit.status == "completed") == (row.status == "completed")
        else:
            assert visit is None
    statuses = {row.status for row in sessions}
    if plan.status == "completed":
        assert statuses.isdisjoint({"to_place", "placed"})
    elif plan.status == "discontinued":
        assert "to_place" not in statuses
    else:
        assert statuses & {"to_place", "placed"} or "completed" not in statuses
    days = {row.number: local_day(filling[row.id]) for row in sessions if row.id in filling}
    assert [line.window for line in view.lines] == recomputed(plan, days)


def recomputed(plan: TreatmentPlan, days: dict[int, date]) -> list[Window]:
    """The windows worked out session by session from what happened, in other words than the code's."""
    found: list[Window] = []
    for row in plan.sessions:
        before = [
            other for other in plan.sessions[: row.number - 1] if other.status not in {"skipped", "missed"}
        ]
        phase = row.phase
        if not before:
            found.append(Window(plan.starts_on, plan.starts_on, plan.starts_on + timedelta(phase.max_days)))
            continue
        last = before[-1].number
        day = days[last] if last in days else found[last - 1].ideal
        gaps = (phase.min_days, phase.ideal_days, phase.max_days)
        found.append(Window(*(day + timedelta(gap) for gap in gaps)))
    return found


def active() -> list[Appointment]:
    return [
        row
        for row in db.session.scalars(select(Appointment).order_by(Appointment.id))
        if row.status not in GONE
    ]


def check_diary_and_messages() -> None:
    overlaps = [
        (one.id, other.id)
        for one, other in combinations(active(), 2)
        if (one.practitioner_id == other.practitioner_id or one.patient_id == other.patient_id)
        and one.starts_at < other.ends_at
        and other.starts_at < one.ends_at
    ]
    assert overlaps == []
    rows = {row.id: row for row in db.session.scalars(select(Appointment))}
    told: Counter[int] = Counter()
    for message in db.session.scalars(select(Message)):
        if message.kind == "cancellation":
            told.update(item.appointment_id for item in message.items)
            assert {rows[item.appointment_id].status for item in message.items} == {"cancelled"}
        elif message.state == "due" and message.kind in {"reminder", "change"}:
            (item,) = message.items
            # A no-show may be mended: its reminder is only dropped when it would be sent.
            assert rows[item.appointment_id].status != "cancelled"
            assert rows[item.appointment_id].starts_at == item.starts_at
    assert set(told.values()) <= {1}


@pytest.mark.parametrize("seed", range(3))
def test_no_history_loses_a_session_or_tells_what_never_was(context: Flask, seed: int) -> None:
    desk = Desk(seed)
    done: Counter[str] = Counter()
    for _ in range(STEPS):
        done[desk.act()] += 1
        db.session.rollback()
        for plan_id in desk.plans:
            check_plan(plan_id)
        check_diary_and_messages()
    assert done["place"] >= 1
    assert done.keys() & {"decide", "extend", "change_course", "change_status", "follow"}
