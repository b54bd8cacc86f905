"""Ranking one freed slot against 500 and 2,000 active plans and a tenth as many entries of the waitlist.

On SQLite and on PostgreSQL, through the use case, rows of the diary remembered as in a process that serves. Beside
the time that passed stands the processor time of this process, which a busy machine changes less; PostgreSQL's own
work is only in the former.
"""

import gc
import random
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any
from zoneinfo import ZoneInfo

from bench import world
from scheduler.extensions import db
from scheduler.models import Appointment, PlannedSession, PlanPhase, TreatmentPlan, WaitlistEntry
from scheduler.usecases.availability.slots import find_slots
from scheduler.usecases.gaps.free_slots import rank_gap
from scheduler.usecases.gaps.ranking import Slot
from tools.postgres import Cluster

SIZES = (500, 2000)
SESSIONS = 12
EVERY_DAYS = 14
RANKINGS = 25
BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 3, 2)
"""A Monday."""
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)


def run() -> dict[str, Any]:
    """Median and worst milliseconds of one ranking, by database and number of plans."""
    with tempfile.TemporaryDirectory() as folder, Cluster() as cluster:
        found: dict[str, Any] = {"sqlite": {}, "postgresql": {}}
        for size in SIZES:
            cluster.create_database(f"gaps{size}")
            urls = {
                "sqlite": f"sqlite:///{Path(folder) / str(size)}.db",
                "postgresql": cluster.url(f"gaps{size}"),
            }
            for name, url in urls.items():
                found[name][f"{size} plans"] = _measure(url, size)
    return found


def _measure(url: str, size: int) -> dict[str, float]:
    app, _ = world.build(url, 0, today=TODAY)
    with app.app_context():
        _fill(size)
        world.analyse()
        gc.collect()
        gc.freeze()
        took, worked, count = [], [], 0
        for slot in _free_slots():
            begins, works = perf_counter(), process_time()
            count += len(rank_gap(slot, now=NOW))
            worked.append((process_time() - works) * 1000)
            took.append((perf_counter() - begins) * 1000)
            db.session.rollback()
        db.session.remove()
        db.engine.dispose()
        gc.unfreeze()
    # The first ranking of a process works the diary's weeks out; the others find them remembered.
    return {
        "gap_ms": median(took[1:]),
        "gap_worst_ms": max(took[1:]),
        "gap_cpu_ms": median(worked[1:]),
        "candidates": count / RANKINGS,
    }


def _free_slots() -> list[Slot]:
    """Free half hours of the coming days, by chance."""
    friday = TODAY + timedelta(days=4)
    found = find_slots(appointment_type_id=1, from_on=TODAY, to_on=friday, location_id=1, now=NOW)
    return [
        Slot(one.practitioner_id, one.location_id, one.starts_at, one.ends_at)
        for one in random.Random(3).sample(found, RANKINGS)
    ]


def _fill(size: int) -> None:
    """Plans in mid-course, some of them behind; one session in two weeks fits into the diary."""
    rng = random.Random(size)
    taken: set[tuple[int, datetime]] = set()
    plans, phases, sessions, visits = [], [], [], []
    for plan in range(1, size + 1):
        held, booked = rng.randint(0, 6), rng.choice([0, 1, 2, 3, 4])
        person = rng.randint(1, world.PRACTITIONERS)
        begins = TODAY - timedelta(days=EVERY_DAYS * held - rng.randint(-3, EVERY_DAYS - 3))
        wishes = {"weekdays": [0, 2, 4]} if plan % 3 else {"practitioner_ids": [person]}
        plans.append(world.plan(plan, person, begins, preferences=wishes, created_at=NOW))
        phases.append(world.phase(plan, SESSIONS, (11, EVERY_DAYS, 18)))
        for number in range(1, SESSIONS + 1):
            day = begins + timedelta(days=EVERY_DAYS * (number - 1) + rng.choice([0, 0, 0, 1, 2]))
            starts_at = _free_half_hour(rng, taken, person, day) if number <= held + booked else None
            status = "to_place" if starts_at is None else "completed" if starts_at < NOW else "placed"
            key = (plan - 1) * SESSIONS + number
            sessions.append(world.planned(key, plan, number, status))
            if starts_at is not None:
                past = {"status": "completed"} if starts_at < NOW else {}
                visits.append(world.visit(key, person, plan, starts_at, planned_session_id=key, **past))
    waiting = [_entry(rng, number) for number in range(size // 10)]
    for model, rows in (
        (TreatmentPlan, plans),
        (PlanPhase, phases),
        (PlannedSession, sessions),
        (WaitlistEntry, waiting),
    ):
        world.add(model, rows)
    world.without_guards(lambda: world.add(Appointment, visits))


def _free_half_hour(
    rng: random.Random, taken: set[tuple[int, datetime]], person: int, day: date
) -> datetime | None:
    """A start that nobody has yet, on the day or one of the next, on a weekday; None on a full diary."""
    for later in range(5):
        on = day + timedelta(days=later)
        if on.weekday() > 4:
            continue
        for half in rng.sample(range(16), 16):
            starts_at = datetime(on.year, on.month, on.day, 9 + half // 2, 30 * (half % 2), tzinfo=BERLIN)
            if (person, starts_at) not in taken:
                taken.add((person, starts_at))
                return starts_at.astimezone(UTC)
    return None


def _entry(rng: random.Random, number: int) -> dict[str, object]:
    return {
        "patient_id": world.PATIENTS - number,
        "appointment_type_id": 1,
        "practitioner_ids": [],
        "weekdays": rng.choice([[], [0, 1], [2, 3, 4]]),
        "wanted_from": TODAY,
        "wanted_until": TODAY + timedelta(days=30),
        "urgency": rng.choice(["urgent", "soon", "routine"]),
        "note": "",
        "version": 1,
        "created_at": NOW - timedelta(days=number),
    }
