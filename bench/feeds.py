"""Calendar feeds: an unchanged one against a constant route, a rebuilt one against icalendar alone."""

import json
import os
import re
import selectors
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from icalendar import Calendar, Event
from sqlalchemy import update

from bench.server import serving
from bench.world import add, environment_for, visit
from scheduler import create_app
from scheduler.calendars.calendar import assemble_calendar
from scheduler.calendars.event import EventRow, render_event
from scheduler.clock import now
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AppointmentType,
    Clinic,
    Location,
    Patient,
    PlannedSession,
    PlanPhase,
    Practitioner,
    Room,
    TreatmentPlan,
)
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.feeds.events import each_event
from scheduler.usecases.feeds.reading import find_feed
from scheduler.usecases.feeds.tokens import bump_feeds, issue_feed_token
from tools import probe
from tools.postgres import Cluster

EVENTS = 2000
SESSIONS = 8
PER_DAY = 6
ROUNDS = 9
CONNECTIONS = 16
SECONDS_EACH = 1.0


def run() -> dict[str, Any]:
    """Measure on both databases; the ratios are ours against theirs (higher is better), in one run."""
    with tempfile.TemporaryDirectory() as folder, Cluster(durable=True) as cluster:
        return {
            "sqlite": _measure(f"sqlite:///{Path(folder) / 'bench.db'}"),
            "postgresql": _measure(cluster.create_database("bench")),
        }


def _measure(database_url: str) -> dict[str, float]:
    environment = environment_for(database_url)
    os.environ.update(environment)
    app = create_app()
    with app.app_context():
        upgrade()
        practitioner_id = _fill()
        secret = issue_feed_token(
            practitioner_id=practitioner_id, detail="full", actor=COMMAND, now=now()
        ).secret
        rebuilt = _measure_rebuilding(app, secret, practitioner_id)
    return rebuilt | _measure_unchanged(environment, secret)


def _fill() -> int:
    """A practitioner with 2,000 appointments in a year, each a numbered session of a plan; returns their id."""
    begins_at = now().replace(hour=8, minute=0, second=0) - timedelta(days=20)
    clinic = Clinic(
        id=1,
        name="Needle Point",
        email="desk@clinic.example",
        phone="",
        locale="en",
        reminder_offsets_minutes=[],
    )
    location = Location(name="Mitte", address="Torstraße 1\n10119 Berlin", zone="Europe/Berlin")
    room = Room(name="Room 1", location=location)
    kind = AppointmentType(name="Dry needling", duration_minutes=30)
    practitioner = Practitioner(given_name="Petra", family_name="Pin")
    patients = [
        Patient(given_name="Paul", family_name=f"Pain {number}", cautions=[], created_at=begins_at)
        for number in range(EVENTS // SESSIONS)
    ]
    db.session.add_all([clinic, location, room, kind, practitioner, *patients])
    db.session.flush()
    plans = [_plan(patient, practitioner, kind, begins_at) for patient in patients]
    db.session.add_all(plans)
    db.session.flush()
    sessions = [
        planned for number in range(SESSIONS) for planned in (plan.sessions[number] for plan in plans)
    ]
    told = {"changed_at": begins_at, "created_at": begins_at}
    rows = []
    for number, planned in enumerate(sessions):
        starts_at = begins_at + timedelta(days=number // PER_DAY, hours=number % PER_DAY)
        patient_id = planned.plan.patient_id
        rows.append(
            visit(number, practitioner.id, patient_id, starts_at, planned_session_id=planned.id, **told)
        )
    add(Appointment, rows)
    return practitioner.id


def _plan(
    patient: Patient, practitioner: Practitioner, kind: AppointmentType, begins_at: datetime
) -> TreatmentPlan:
    phase = PlanPhase(position=1, sessions=SESSIONS, min_days=2, ideal_days=7, max_days=14)
    return TreatmentPlan(
        patient=patient,
        practitioner=practitioner,
        name="Weekly course",
        target_muscles=[],
        preferences={},
        starts_on=begins_at.date(),
        created_at=begins_at,
        phases=[phase],
        sessions=[
            PlannedSession(number=number, phase=phase, appointment_type=kind)
            for number in range(1, SESSIONS + 1)
        ],
    )


def _measure_rebuilding(app: Flask, secret: str, practitioner_id: int) -> dict[str, float]:
    """Milliseconds (medians) from one change to the new bytes: query, render one event, join."""
    feed = find_feed(db.engine, secret, now=now())
    assert feed is not None

    def rebuild() -> bytes:
        return assemble_calendar(each_event(feed, now=now()), feed.style)

    render_event.cache_clear()
    cold = _milliseconds(rebuild)
    rows = list(each_event(feed, now=now()))
    assert len(rows) == EVENTS
    warm, theirs = [], []
    for number in range(ROUNDS):
        _change_one(rows[number].uid, practitioner_id)
        misses = render_event.cache_info().misses
        warm.append(_milliseconds(rebuild))
        assert render_event.cache_info().misses == misses + 1
        theirs.append(_milliseconds(lambda: _with_icalendar_alone(rows)))
    ours, alone = statistics.median(warm), statistics.median(theirs)
    return {
        "rebuild_cold_ms": cold,
        "rebuild_ms": ours,
        "icalendar_alone_ms": alone,
        "rebuild_ratio": alone / ours,
    }


def _change_one(uid: str, practitioner_id: int) -> None:
    db.session.execute(
        update(Appointment).where(Appointment.uid == uid).values(sequence=Appointment.sequence + 1)
    )
    bump_feeds(db.session(), patient_ids=[], practitioner_ids=[practitioner_id], now=now())
    db.session.commit()


def _with_icalendar_alone(rows: list[EventRow]) -> bytes:
    """The same events as components of icalendar, serialised by it."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Needletime//Calendar feed//EN")
    for row in rows:
        event = Event()
        event.add("uid", row.uid)
        event.add("dtstamp", datetime.fromtimestamp(row.changed_at, UTC))
        event.add("last-modified", datetime.fromtimestamp(row.changed_at, UTC))
        event.add("sequence", row.sequence)
        event.add("dtstart", datetime.fromtimestamp(row.starts_at, UTC))
        event.add("dtend", datetime.fromtimestamp(row.ends_at, UTC))
        session = f"Session {row.session_number} of {row.session_total}"
        event.add("summary", f"{row.person_name} · {row.type_name} · {session}")
        event.add("location", f"{row.room_name}, Needle Point, {row.location_name}, {row.address}")
        event.add("status", "CANCELLED" if row.is_cancelled else "CONFIRMED")
        event.add("transp", "TRANSPARENT" if row.is_cancelled else "OPAQUE")
        calendar.add_component(event)
    serialised: bytes = calendar.to_ical()
    return serialised


def _milliseconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _measure_unchanged(environment: dict[str, str], secret: str) -> dict[str, float]:
    """Requests per second (medians) of a 304 and of a constant route, in turns on one server."""
    path = f"/feeds/{secret}.ics"
    with serving(environment) as (port, _):
        etag = _etag(port, path)
        constant, unchanged = [], []
        for _ in range(ROUNDS):
            constant.append(_requests_per_second(port, "/healthz", {}))
            unchanged.append(_requests_per_second(port, path, {"If-None-Match": etag}))
    ours, theirs = statistics.median(unchanged), statistics.median(constant)
    return {
        "unchanged_per_second": ours,
        "constant_per_second": theirs,
        "unchanged_ratio": ours / theirs,
    }


def _etag(port: int, path: str) -> str:
    connection = HTTPConnection(probe.HOST, port)
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.headers["ETag"]


def _requests_per_second(port: int, path: str, headers: dict[str, str]) -> float:
    """Answers per second over kept connections, each asked again as soon as it has answered."""
    lines = [f"GET {path} HTTP/1.1", "Host: bench", *(f"{name}: {value}" for name, value in headers.items())]
    request = "\r\n".join([*lines, "", ""]).encode()
    waiting = selectors.DefaultSelector()
    connections = [socket.create_connection((probe.HOST, port)) for _ in range(CONNECTIONS)]
    for connection in connections:
        waiting.register(connection, selectors.EVENT_READ, (connection, bytearray()))
        connection.sendall(request)
    answers, begun = 0, time.perf_counter()
    while (took := time.perf_counter() - begun) < SECONDS_EACH:
        for key, _ in waiting.select(1):
            connection, received = key.data
            received += connection.recv(65536)
            if _is_whole(received):
                answers += 1
                received.clear()
                connection.sendall(request)
    for connection in connections:
        connection.close()
    return answers / took


def _is_whole(received: bytearray) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    if head.startswith(b"HTTP/1.1 304 "):
        return True
    assert head.startswith(b"HTTP/1.1 200 "), bytes(head)
    length = re.search(rb"content-length: (\d+)", head.lower())
    assert length is not None
    return len(body) >= int(length[1])


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
