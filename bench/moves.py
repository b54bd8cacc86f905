"""What reception waits for when a session is dragged: the preview of a move with its repair, through the use case.

Beside the time that passed stands the processor time of this process, which a busy machine changes less; PostgreSQL's
own work is only in the former.
"""

import random
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

from bench.world import analyse, build
from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.repairs.preview import preview_move
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from scheduler.usecases.series.proposals import propose_series
from tools.postgres import Cluster

SIZES = (20_000, 78_000)
MOVES = 40


def run(sizes: tuple[int, ...] = SIZES) -> dict[str, dict[str, float]]:
    """Median and worst milliseconds of one repair in a 12-session plan, by database and the clinic's history."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, Cluster(durable=True) as cluster:
        for size in sizes:
            urls = {
                "sqlite": f"sqlite:///{Path(folder) / f'moves{size}.db'}",
                "postgresql": cluster.create_database(f"moves{size}"),
            }
            for name, url in urls.items():
                found[f"{name} {size:,}"] = _measure(url, size)
    return found


def _measure(url: str, size: int) -> dict[str, float]:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    app, _ = build(url, size, today=now.date())
    with app.app_context():
        rows = _plan(now.date() + timedelta(days=1), now)
        # Or the databases would believe that no appointment is one of a plan.
        analyse()
        took, worked = _moves(rows, now)
        db.session.remove()
        db.engine.dispose()
    return {"repair_ms": median(took), "repair_worst_ms": max(took), "repair_cpu_ms": median(worked)}


def _plan(starts_on: date, now: datetime) -> list[tuple[int, datetime]]:
    """A plan of 12 weekly sessions, booked: appointment and start."""
    patient = register_patient(PatientDetails(given_name="Paul", family_name="Pain"), actor=COMMAND, now=now)
    plan = prescribe_plan(
        patient_id=patient.id,
        practitioner_id=1,
        starts_on=starts_on,
        phases=[PhaseWish(12, 5, 7, 10)],
        actor=COMMAND,
        now=now,
    )
    slots = [
        ChosenSlot(one.number, one.starts_at, one.practitioner_id, one.location_id)
        for one in propose_series(plan.id, now=now)[0].sessions
    ]
    booked: list[Appointment] = place_plan(plan.id, sessions=slots, actor=COMMAND, now=now)
    return [(row.id, row.starts_at) for row in booked]


def _moves(rows: list[tuple[int, datetime]], now: datetime) -> tuple[list[float], list[float]]:
    """Milliseconds passed and worked; every time another session, by days enough to break a window."""
    rng = random.Random(1)
    took: list[float] = []
    worked: list[float] = []
    while len(took) < MOVES:
        appointment_id, starts_at = rng.choice(rows[:-1])
        goal = starts_at + timedelta(days=rng.choice([-6, -4, -3, 3, 4, 6]))
        db.session.rollback()
        begins, works = time.perf_counter(), time.process_time()
        found = preview_move(appointment_id, starts_at=goal, now=now)
        if found.newly_broken:
            worked.append((time.process_time() - works) * 1000)
            took.append((time.perf_counter() - begins) * 1000)
    return took, worked
