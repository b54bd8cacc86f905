"""A feed of 50,000 events: how long it takes, how much memory the process grows by, what one change costs.

The fetches are made in a process of its own, so that its peak of memory is theirs alone.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import select, update

from bench.world import SECRET_KEY, add, visit
from scheduler import create_app
from scheduler.calendars.event import render_event
from scheduler.clock import now
from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType, Clinic, Location, Patient, Practitioner
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.feeds.tokens import bump_feeds, issue_feed_token
from tools.postgres import Cluster

EVENTS = 50_000
BETWEEN = timedelta(minutes=20)


def run() -> dict[str, Any]:
    """Measure on both databases."""
    with tempfile.TemporaryDirectory() as folder, Cluster() as cluster:
        return {
            "sqlite": _measure(f"sqlite:///{Path(folder) / 'bench.db'}"),
            "postgresql": _measure(cluster.create_database("bench")),
        }


def _measure(database_url: str) -> dict[str, float]:
    environment = os.environ | {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY, "LOG_LEVEL": "ERROR"}
    secret = _child(environment, "fill")["secret"]
    return _child(environment, "fetch", secret)


def _child(environment: dict[str, str], *arguments: str) -> Any:
    told = subprocess.run(
        [sys.executable, "-m", "bench.large_feed", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(told.stdout.splitlines()[-1])


def _fill() -> dict[str, str]:
    """One practitioner who treats day and night."""
    upgrade()
    begins_at = (now() - timedelta(days=300)).replace(hour=0, minute=0, second=0, microsecond=0)
    clinic = Clinic(id=1, name="Needle Point", email="", phone="", locale="en", reminder_offsets_minutes=[])
    location = Location(name="Mitte", address="Torstraße 1\n10119 Berlin", zone="Europe/Berlin")
    kind = AppointmentType(name="Dry needling", duration_minutes=20)
    practitioner = Practitioner(given_name="Petra", family_name="Pin")
    patient = Patient(given_name="Paul", family_name="Pain", cautions=[], created_at=begins_at)
    db.session.add_all([clinic, location, kind, practitioner, patient])
    db.session.flush()
    minutes = BETWEEN // timedelta(minutes=1)
    told = {"room_id": None, "changed_at": begins_at, "created_at": begins_at}
    rows = [
        visit(number, practitioner.id, patient.id, begins_at + number * BETWEEN, minutes=minutes, **told)
        for number in range(EVENTS)
    ]
    add(Appointment, rows)
    issued = issue_feed_token(
        practitioner_id=practitioner.id,
        detail="full",
        past_days=366,
        ahead_days=731,
        actor=COMMAND,
        now=now(),
    )
    return {"secret": issued.secret}


def _kilobytes(name: str) -> int:
    """Memory of this process: VmRSS now, VmHWM at its peak."""
    found = re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


def _main(work: str, *arguments: str) -> None:
    app = create_app()
    with app.app_context():
        if work == "fill":
            print(json.dumps(_fill()))
            return
        client, path = app.test_client(), f"/feeds/{arguments[0]}.ics"

        def fetch() -> tuple[float, int]:
            """Milliseconds and bytes of one fetch, read in pieces as a server sends it."""
            begun = time.perf_counter()
            with client.get(path, buffered=False) as answer:
                size = sum(len(part) for part in answer.iter_encoded())
                assert answer.status_code == 200
            return (time.perf_counter() - begun) * 1000, size

        client.get("/healthz")
        before = _kilobytes("VmRSS")
        first, size = fetch()
        grown = _kilobytes("VmHWM") - before
        uid = db.session.scalar(select(Appointment.uid).limit(1))
        db.session.execute(
            update(Appointment).where(Appointment.uid == uid).values(sequence=Appointment.sequence + 1)
        )
        practitioner_id = db.session.scalar(select(Practitioner.id))
        bump_feeds(db.session(), patient_ids=[], practitioner_ids=[practitioner_id or 0], now=now())
        db.session.commit()
        misses = render_event.cache_info().misses
        changed, _ = fetch()
        print(
            json.dumps(
                {
                    "large_first_ms": first,
                    "large_changed_ms": changed,
                    "large_rendered_again": render_event.cache_info().misses - misses,
                    "large_bytes": size,
                    "large_growth_mb": grown / 1024,
                }
            )
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _main(*sys.argv[1:])
    else:
        print(json.dumps(run(), indent=2))
