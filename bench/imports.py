"""Bringing patients in, timed on both databases: a file of 20,000, read, checked and written; then once more."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from flask_migrate import upgrade

from bench.world import environment_for
from config import read_settings
from scheduler import create_app
from scheduler.extensions import db
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.imports.columns import propose_mapping
from scheduler.usecases.imports.patients import PatientChoices, check_patients, import_patients
from scheduler.usecases.imports.tables import read_table
from tools.postgres import Cluster

PATIENTS = 20_000
HEADINGS = "Patientennummer;Vorname;Nachname;Geburtsdatum;E-Mail;Telefon;Bemerkungen"


def run() -> dict[str, Any]:
    """Seconds of a dry run, of the import and of the same import again, by database."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        found["sqlite"] = _time(f"sqlite:///{folder}/imports.db")
    with Cluster() as cluster:
        cluster.create_database("imports")
        found["postgresql"] = _time(cluster.url("imports"))
    return found


def make_file(patients: int = PATIENTS) -> bytes:
    """A German file with so many patients, no two of them the same."""
    lines = [HEADINGS]
    for number in range(patients):
        born = f"{number % 28 + 1:02}.{number % 12 + 1:02}.{1940 + number % 70}"
        lines.append(
            f"P{number:06};Jörg {number % 97};Müller-{number};{born};p{number}@patients.example;"
            f'+49 30 {1000000 + number};"Zeile 1\nZeile {number}"'
        )
    return "\r\n".join(lines).encode("cp1252")


def _time(url: str) -> dict[str, float]:
    app = create_app(read_settings(environment_for(url)))
    data, now = make_file(), datetime.now(UTC)
    with app.app_context():
        upgrade(directory=str(Path(__file__).parent.parent / "migrations"))
        begins = perf_counter()
        table = read_table(data)
        choices = PatientChoices(propose_mapping("patients", table.headings))
        check_patients(table, choices, now=now)
        checked = perf_counter()
        first = import_patients(table, choices, actor=COMMAND, now=now)
        written = perf_counter()
        second = import_patients(table, choices, actor=COMMAND, now=now)
        again = perf_counter()
        db.session.remove()
        db.engine.dispose()
    if first.counts["new"] != PATIENTS or second.counts["unchanged"] != PATIENTS:
        raise RuntimeError(f"not all were brought in once: {first.counts}, then {second.counts}")
    return {"dry_run_s": checked - begins, "import_s": written - checked, "again_s": again - written}
