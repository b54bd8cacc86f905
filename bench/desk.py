"""What reception waits for: slots, proposals and bookings over HTTP, at two sizes of the clinic's history."""

import os
import statistics
import tempfile
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import insert

from bench.server import Caller, serving
from bench.world import build, environment_for
from scheduler.extensions import db
from scheduler.models import Appointment
from tools.postgres import Cluster

SIZES = (78_000, 1_000_000)
BOOKINGS = 200


def run(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Measure every size on both databases."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, Cluster(durable=True) as cluster:
        for size in sizes:
            urls = {
                "sqlite": f"sqlite:///{Path(folder) / f'bench{size}.db'}",
                "postgresql": cluster.create_database(f"bench{size}"),
            }
            for name, url in urls.items():
                found[f"{name} {size:,}"] = _measure(url, size)
    for name in ("sqlite", "postgresql"):
        small, *_, large = (found[f"{name} {size:,}"]["slots_ms"] for size in (sizes[0], sizes[-1]))
        found[f"{name} growth of slots"] = {"ratio": large / small}
    return found


def _measure(url: str, size: int) -> dict[str, float]:
    today = datetime.now(UTC).date()
    app, key = build(url, size, today=today)
    environment = environment_for(url) | {"RUN_CLOCK": "1"}
    with serving(environment) as (port, pid), Caller(port, key) as caller:
        first = today + timedelta(days=1)
        window = f"from={first}&to={first + timedelta(days=29)}"
        slots = caller.median_ms("GET", f"/slots?appointment_type_id=1&practitioner_id=*&{window}")
        constant = caller.median_ms("GET", "/locations")
        proposals = _proposals(caller, first)
        booked = _bookings_per_second(caller, today)
        memory = _megabytes(pid)
    with app.app_context():
        raw = _raw_inserts_per_second(today)
        db.session.remove()
        db.engine.dispose()
    return {
        "slots_ms": slots,
        "constant_call_ms": constant,
        "proposals_ms": proposals,
        "bookings_per_s": booked,
        "raw_guarded_inserts_per_s": raw,
        "bookings_ratio": booked / raw,
        "memory_mb": memory,
    }


def _proposals(caller: Caller, starts_on: date) -> float:
    """A plan of 12 sessions over 180 days, any of the practitioners."""
    phases = [{"sessions": 12, "min_days": 12, "ideal_days": 14, "max_days": 16}]
    plan = caller.call(
        "POST",
        "/plans",
        {"patient_id": 1, "practitioner_id": 1, "starts_on": starts_on.isoformat(), "phases": phases},
    )
    return caller.median_ms("POST", f"/plans/{plan['id']}/proposals", {})


def _bookings_per_second(caller: Caller, today: date) -> float:
    """Bookings into the slots that are still free, one after the other."""
    first = today + timedelta(days=40)
    path = f"/slots?appointment_type_id=1&practitioner_id=*&from={first}&to={first + timedelta(days=60)}"
    slots = caller.call("GET", path)["slots"]
    step = max(len(slots) // BOOKINGS, 1)
    begun, done = time.perf_counter(), 0
    for number, slot in enumerate(slots[::step][:BOOKINGS]):
        wish = {
            "patient_id": 2000 + number,
            "practitioner_id": slot["practitioner_id"],
            "appointment_type_id": 1,
            "starts_at": slot["starts_at"],
        }
        with suppress(RuntimeError):  # the patient, chosen blindly, may be busy then
            caller.call("POST", "/appointments", wish)
            done += 1
    return done / (time.perf_counter() - begun)


def _raw_inserts_per_second(today: date) -> float:
    """The same rows written straight into the guarded table, one transaction each: the floor below any service."""
    start = datetime.combine(today + timedelta(days=400), datetime.min.time(), UTC)
    times = []
    for number in range(BOOKINGS):
        starts_at = start + timedelta(hours=number)
        row = {
            "uid": f"raw-{number}@needletime",
            "patient_id": 1 + number,
            "practitioner_id": 1 + number % 20,
            "location_id": 1,
            "room_id": 1 + number % 20,
            "appointment_type_id": 1,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=30),
            "busy_from": starts_at,
            "busy_until": starts_at + timedelta(minutes=30),
            "changed_at": start,
            "created_at": start,
            "override_rules": [],
        }
        begun = time.perf_counter()
        db.session.execute(insert(Appointment), [row])
        db.session.commit()
        times.append(time.perf_counter() - begun)
    return 1 / statistics.mean(times)


def _megabytes(pid: int) -> float:
    """Resident memory of the server's worker with the clock in it (the parent is granian's supervisor)."""
    workers = psutil.Process(pid).children(recursive=True)
    return max((worker.memory_info().rss for worker in workers), default=0) / 1e6


if __name__ == "__main__":
    import json

    chosen = tuple(int(text) for text in os.environ.get("SIZES", "").split(",") if text) or SIZES
    print(json.dumps(run(chosen), indent=2))
