"""The behind board of 2,000 active plans over HTTP, at two sizes of the clinic's history, on both databases.

Beside the time that passed stands the processor time of the service for one call, which a busy machine changes less;
PostgreSQL's own work is only in the former.
"""

import random
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from flask import Flask
from sqlalchemy import bindparam, select, update

from bench.server import Caller, serving
from bench.world import (
    BATCH,
    PATIENTS,
    PRACTITIONERS,
    add,
    analyse,
    build,
    environment_for,
    phase,
    plan,
    planned,
    without_guards,
)
from scheduler.extensions import db
from scheduler.models import Appointment, Message, PlannedSession, PlanPhase, TreatmentPlan
from scheduler.models.base import Base
from tools.postgres import Cluster

SIZES = (78_000, 1_000_000)
PLANS = 2_000
CALLS = 20
SESSIONS = 10
AHEAD_DAYS = 35
"""Of the diary: so that the smaller histories, too, have held sessions in them."""
MESSAGES_PER_APPOINTMENT = 4
"""One mail for so many appointments: enough to show whether the board grows with them."""


def run(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Median milliseconds of the first page of the board, by database and size."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, Cluster(durable=True) as cluster:
        for size in sizes:
            urls = {
                "sqlite": f"sqlite:///{Path(folder) / f'board{size}.db'}",
                "postgresql": cluster.create_database(f"board{size}"),
            }
            for name, url in urls.items():
                found[f"{name} {size:,}"] = _measure(url, size)
    for name in ("sqlite", "postgresql"):
        small, *_, large = (found[f"{name} {size:,}"]["board_ms"] for size in (sizes[0], sizes[-1]))
        found[f"{name} growth of the board"] = {"board_ratio": large / small}
    return found


def _measure(url: str, size: int) -> dict[str, float]:
    today = datetime.now(UTC).date()
    app, key = build(url, size, today=today, ahead_days=AHEAD_DAYS)
    add_plans(app, today, size // MESSAGES_PER_APPOINTMENT)
    with serving(environment_for(url)) as (port, pid), Caller(port, key) as caller:
        lines = caller.call("GET", "/board")["total"]
        took = caller.median_ms("GET", "/board")
        before = _worked_seconds(pid)
        for _ in range(CALLS):
            caller.call("GET", "/board")
        worked = (_worked_seconds(pid) - before) * 1000 / CALLS
        return {"board_ms": took, "board_cpu_ms": worked, "lines": lines}


def _worked_seconds(pid: int) -> float:
    """Processor time of the service so far."""
    service = psutil.Process(pid)
    times = [one.cpu_times() for one in (service, *service.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def add_plans(app: Flask, today: date, messages: int) -> None:
    """2,000 active plans of ten sessions: some held, perhaps one ahead, perhaps one skipped, the rest to place."""
    chance = random.Random(7)
    with app.app_context():
        held = _appointments_by_patient(today)
        db.session.rollback()
        without_guards(lambda: _insert_plans(range(1, PLANS + 1), held, today, chance))
        _insert_messages(messages, today)
        analyse()
        db.session.remove()


def _appointments_by_patient(today: date) -> dict[int, list[tuple[int, bool]]]:
    """Patient -> the ids of their last appointments before today and the first after it, and whether it is ahead."""
    morning = datetime.combine(today, datetime.min.time(), UTC)
    rows = db.session.execute(
        select(Appointment.id, Appointment.patient_id, Appointment.starts_at)
        .where(
            Appointment.patient_id <= PLANS,
            Appointment.starts_at.between(morning - timedelta(days=120), morning + timedelta(days=60)),
        )
        .order_by(Appointment.starts_at)
    ).all()
    found: dict[int, list[tuple[int, bool]]] = {}
    for number, patient, starts_at in rows:
        found.setdefault(patient, []).append((number, starts_at >= morning + timedelta(days=1)))
    return found


def _insert_plans(
    plans: range, appointments: dict[int, list[tuple[int, bool]]], today: date, chance: random.Random
) -> None:
    started = today - timedelta(days=90)
    add(
        TreatmentPlan,
        [plan(number, 1 + number % PRACTITIONERS, started, created_at=datetime.now(UTC)) for number in plans],
    )
    add(PlanPhase, [phase(number, SESSIONS, (5, 7, 9)) for number in plans])
    sessions, links = [], []
    for one in plans:
        listed = appointments.get(one, [])
        past = [number for number, is_ahead in listed if not is_ahead][-chance.randint(1, 6) :]
        ahead = [number for number, is_ahead in listed if is_ahead][: chance.randint(0, 1)]
        states = (
            ["completed"] * len(past) + ["placed"] * len(ahead) + [chance.choice(["skipped", "to_place"])]
        )
        states += ["to_place"] * (SESSIONS - len(states))
        for number, status in enumerate(states[:SESSIONS], start=1):
            row = one * 100 + number
            sessions.append(planned(row, one, number, status))
            if number <= len(past) + len(ahead):
                links.append({"visit": (past + ahead)[number - 1], "planned": row})
    add(PlannedSession, sessions)
    visits = Base.metadata.tables[Appointment.__tablename__]
    link = update(visits).where(visits.c.id == bindparam("visit"))
    db.session.connection().execute(link.values(planned_session_id=bindparam("planned")), links)
    db.session.commit()


def _insert_messages(count: int, today: date) -> None:
    begins = datetime.combine(today, datetime.min.time(), UTC) - timedelta(days=400)
    for first in range(0, count, BATCH):
        rows = []
        for number in range(first, min(first + BATCH, count)):
            sent_at = begins + timedelta(minutes=number % 500_000)
            rows.append(
                {
                    "kind": "reminder",
                    "dedupe_key": f"bench {number}",
                    "patient_id": 1 + number % PATIENTS,
                    "recipient": "p@patients.example",
                    "state": "sent",
                    "due_at": sent_at,
                    "next_attempt_at": sent_at,
                    "attempts": 1,
                    "message_id": f"<bench-{number}@clinic.example>",
                    "sent_at": sent_at,
                    "server_reply": "",
                    "created_at": sent_at,
                }
            )
        add(Message, rows)
