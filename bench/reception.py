"""What a receptionist's browser asks all day: the diary of 20 practitioners, whether it changed, and patients by a
few letters among 200,000, against a tenth of them; over HTTP, signed in, on both databases."""

import os
import random
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from flask import Flask
from sqlalchemy import func, insert, select

from bench.server import serving
from bench.world import BATCH, analyse, build, environment_for
from scheduler.extensions import db
from scheduler.models import Patient
from scheduler.models.patients import PatientTerm
from scheduler.models.staff import Role
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.patients.registry import search_terms
from scheduler.usecases.staff.people import add_staff
from scheduler.usecases.staff.sign_in import sign_in
from tools import probe
from tools.postgres import Cluster

APPOINTMENTS = 78_000
PATIENTS = int(os.environ.get("PATIENTS", "200000"))
ROUNDS = 25
PASSWORD = "only for measuring, in a database of its own"
FEWER = PATIENTS // 10
TYPED = (
    "a",
    "0",
    "sch",
    "mül",
    "anna b",
    "0176 04",
    "1984-0",
    "01.02.1950",
    "weber paul",
    "paul we 1950",
    "zzz",
)
"""What is typed at the phone: a letter or digit that many have, beginnings of names, a number, dates, and nobody."""
FAMILIES = (
    *(
        "Müller",
        "Schmidt",
        "Schneider",
        "Fischer",
        "Weber",
        "Meyer",
        "Wagner",
        "Becker",
        "Schulz",
        "Hoffmann",
    ),
    *("Bauer", "Koch", "Richter", "Klein", "Wolf", "Schröder", "Neumann", "Schwarz", "Zimmermann", "Braun"),
)
GIVEN = ("Anna", "Paul", "Emma", "Ben", "Mia", "Jonas", "Lena", "Leon", "Marie", "Finn", "Sophie", "Elias")


def run() -> dict[str, Any]:
    """Median milliseconds as the browser sees them, by database."""
    today = datetime.now(UTC).date()
    today += timedelta(days=(7 - today.weekday()) % 7)  # a day that is worked
    with tempfile.TemporaryDirectory() as folder, Cluster(durable=True) as cluster:
        urls = {
            "sqlite": f"sqlite:///{Path(folder) / 'reception.db'}",
            "postgresql": cluster.create_database("reception"),
        }
        return {name: _measure(url, today) for name, url in urls.items()}


def _measure(url: str, today: date) -> dict[str, float]:
    app, _ = build(url, APPOINTMENTS, today=today)
    with app.app_context():
        now = datetime.now(UTC)
        add_staff(email="rita", name="Rita", role=Role.RECEPTION, password=PASSWORD, actor=COMMAND, now=now)
        secret = sign_in("rita", PASSWORD, source="bench", now=now)
        db.session.remove()
    few = _searched(app, url, secret, FEWER)
    many = _searched(app, url, secret, PATIENTS)
    growth = {f"{name}_growth": many[name] / few[name] for name in few}
    return many | growth | _diary(url, secret, today)


def _searched(app: Flask, url: str, secret: str, patients: int) -> dict[str, float]:
    """Searching in the booking panel and in the list, among so many patients."""
    with app.app_context():
        _add_patients(patients)
        analyse()
        db.session.remove()
        db.engine.dispose()
    with serving(environment_for(url) | {"BASE_URL": "http://127.0.0.1"}) as (port, _):
        browser = Browser(port, f"desk={secret}")
        panel = [browser.median_ms(f"/appointments/new/patients?patient_q={quote(q)}") for q in TYPED]
        listed = [browser.median_ms(f"/patients?q={quote(q)}") for q in TYPED]
    return {
        "patient_search_ms": statistics.median(panel),
        "slowest_patient_search_ms": max(panel),
        "patient_list_ms": statistics.median(listed),
        "slowest_patient_list_ms": max(listed),
    }


def _diary(url: str, secret: str, today: date) -> dict[str, float]:
    """The diary of a day and of the team's week: the page, its data, and whether it changed."""
    with serving(environment_for(url) | {"BASE_URL": "http://127.0.0.1"}) as (port, pid):
        browser = Browser(port, f"desk={secret}")
        day, week = (f"?on={today}&view={view}" for view in ("day", "team"))
        tag = browser.get(f"/diary/version{day}")[1] or ""
        unchanged = {"If-None-Match": tag}
        if browser.get(f"/diary/version{day}", unchanged)[0] != 304:
            raise RuntimeError("an unchanged diary is not answered with 304")
        return {
            "diary_ms": browser.median_ms(f"/diary{day}", {}),
            "diary_server_ms": browser.server_ms(f"/diary{day}", pid),
            "diary_data_ms": browser.median_ms(f"/diary/data{day}"),
            "team_week_ms": browser.median_ms(f"/diary{week}", {}),
            "team_week_server_ms": browser.server_ms(f"/diary{week}", pid),
            "team_week_data_ms": browser.median_ms(f"/diary/data{week}"),
            "version_304_ms": browser.median_ms(f"/diary/version{day}", unchanged),
        }


class Browser:
    """A signed-in browser's connection, kept open."""

    def __init__(self, port: int, cookie: str) -> None:
        self._connection = HTTPConnection(probe.HOST, port, timeout=60)
        self._headers = {"Cookie": cookie}

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str | None]:
        """Status and entity tag; raises RuntimeError for a refusal."""
        asked = {"HX-Request": "true"} if headers is None else headers
        self._connection.request("GET", path, headers=self._headers | asked)
        response = self._connection.getresponse()
        text = response.read()
        if response.status not in {200, 304}:
            raise RuntimeError(f"{path}: {response.status} {text[:300]!r}")
        return response.status, response.headers.get("ETag")

    def median_ms(self, path: str, headers: dict[str, str] | None = None) -> float:
        """The median of some rounds, after two to warm up."""
        times = []
        for _ in range(ROUNDS + 2):
            begun = time.perf_counter()
            self.get(path, headers)
            times.append((time.perf_counter() - begun) * 1000)
        return statistics.median(times[2:])

    def server_ms(self, path: str, pid: int) -> float:
        """The server's own processor time for one answer, whatever else the machine does meanwhile."""
        workers = psutil.Process(pid).children(recursive=True)
        begun = _processor_seconds(workers)
        for _ in range(ROUNDS):
            self.get(path, {})
        return (_processor_seconds(workers) - begun) / ROUNDS * 1000


def _processor_seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _add_patients(wanted: int) -> None:
    """As many more as are missing, with the words by which they are found."""
    chance = random.Random(wanted)
    known = db.session.scalar(select(func.max(Patient.id))) or 0
    for first in range(known + 1, wanted + 1, BATCH):
        numbers = range(first, min(first + BATCH, wanted + 1))
        patients = [_patient(number, chance) for number in numbers]
        terms = [
            {"patient_id": row["id"], "term": term}
            for row in patients
            for term in search_terms(Patient(**row))
        ]
        db.session.execute(insert(Patient), patients)
        db.session.execute(insert(PatientTerm), terms)
        db.session.commit()


def _patient(number: int, chance: random.Random) -> dict[str, Any]:
    return {
        "id": number,
        "given_name": chance.choice(GIVEN),
        "family_name": chance.choice(FAMILIES),
        "born_on": date(1935, 1, 1) + timedelta(days=chance.randrange(30_000)),
        "phone": f"0176 {chance.randrange(10**8):08}",
        "email": f"p{number}@patients.example",
        "cautions": [],
        "created_at": datetime.now(UTC),
        "wants_reminders": True,
        "notes": "",
        "version": 1,
    }
