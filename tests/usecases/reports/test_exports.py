"""Everything as CSV: readable by spreadsheets, runnable by none, without secrets, in one archive or a folder."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select

from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Hold, Patient, PatientTerm
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.feeds.tokens import issue_feed_token
from scheduler.usecases.imports.appointment_slots import AppointmentChoices
from scheduler.usecases.imports.appointments import import_appointments
from scheduler.usecases.imports.columns import propose_mapping
from scheduler.usecases.imports.patients import PatientChoices, import_patients
from scheduler.usecases.imports.tables import read_table
from scheduler.usecases.reports.exports import (
    NAMES,
    cell_of,
    export_files,
    export_zip,
    exported_tables,
    note_export,
)
from tests.factories import NOW, at, make_appointment, make_patient, make_world, save


@pytest.fixture
def archive(context: Flask) -> zipfile.ZipFile:
    world = make_world()
    make_patient(
        "=cmd|' /C calc'!A0", "Ohm", email="ohm@mail.example", phone="+49 30 1", notes="Zeile 1\nZeile 2; ä"
    )
    make_appointment(world, at(3))
    hold = Hold(
        patient_id=world.patient_id, holder_kind="staff", holder_name="R", created_at=NOW, expires_at=at(2)
    )
    save(hold)
    make_appointment(world, at(4), status="held", hold_id=hold.id)
    issue_feed_token(patient_id=world.patient_id, actor=COMMAND, now=NOW)
    return zipfile.ZipFile(io.BytesIO(b"".join(export_zip())))


def rows_of(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    text = archive.read(name).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_there_is_a_file_for_each_table_that_begins_with_a_mark(archive: zipfile.ZipFile) -> None:
    assert archive.testzip() is None
    assert archive.namelist() == [f"{name}.csv" for name, _ in exported_tables()]
    assert {"patients.csv", "appointments.csv", "plans.csv", "sessions.csv", "messages.csv"} <= set(
        archive.namelist()
    )
    assert {archive.read(name)[:3] for name in archive.namelist()} == {b"\xef\xbb\xbf"}


def test_patients_are_written_so_that_nothing_runs(archive: zipfile.ZipFile) -> None:
    (row,) = [row for row in rows_of(archive, "patients.csv") if row["family_name"] == "Ohm"]
    assert (row["given_name"], row["phone"]) == ("'=cmd|' /C calc'!A0", "'+49 30 1")
    assert (row["notes"], row["wants_reminders"], row["cautions"]) == ("Zeile 1\nZeile 2; ä", "yes", "")


def test_appointments_have_names_beside_their_numbers(archive: zipfile.ZipFile) -> None:
    (row,) = rows_of(archive, "appointments.csv")
    named = [row[name] for name in ("patient", "practitioner", "type", "location", "room", "starts_at")]
    assert named == ["Paul Pain", "Petra Pin", "Dry needling", "Mitte", "Room 1", "2026-03-03T09:00:00+00:00"]


def test_secrets_stay_here(archive: zipfile.ZipFile) -> None:
    headings = {
        heading
        for name in archive.namelist()
        for heading in archive.read(name).decode().split("\r\n")[0].split(",")
    }
    assert [heading for heading in headings if "hash" in heading or "token" in heading] == []
    assert {"staff", "api_keys", "feed_tokens", "browser_sessions"} & set(NAMES) == set()


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_every_cell_that_could_run_is_made_harmless(sign: str) -> None:
    assert cell_of(f"{sign}1+1") == f"'{sign}1+1"
    assert cell_of([f"{sign}1+1"]) == f"'{sign}1+1"


def test_the_folder_holds_the_same_and_is_not_overwritten(context: Flask, tmp_path: Path) -> None:
    make_world()
    folder = tmp_path / "out"
    names = list(export_files(folder))
    assert names == [f"{name}.csv" for name, _ in exported_tables()]
    assert (folder.stat().st_mode & 0o777, (folder / "patients.csv").stat().st_mode & 0o777) == (0o700, 0o600)
    with pytest.raises(FileExistsError):
        list(export_files(folder))


def test_an_export_leaves_a_trail(context: Flask) -> None:
    note_export(actor=COMMAND, now=NOW)
    (entry,) = db.session.scalars(select(AuditEntry))
    assert (entry.action, entry.detail["files"][0]) == ("data_exported", "patients")


def test_what_was_taken_out_comes_in_again_as_it_was(archive: zipfile.ZipFile) -> None:
    table = read_table(archive.read("patients.csv"))
    choices = PatientChoices(propose_mapping("patients", table.headings))
    report = import_patients(table, choices, actor=COMMAND, now=NOW)
    assert (report.problems, report.counts["unchanged"]) == ([], 2)


def test_appointments_that_were_taken_out_come_in_again_here_and_in_an_empty_clinic(
    context: Flask, tmp_path: Path
) -> None:
    world = make_world()
    make_patient("Ann", "Ohm", reference="77", phone="+49 30 1")
    make_appointment(world, at(3))
    make_appointment(world, at(4), status="cancelled", cancelled_at=NOW)
    list(export_files(tmp_path / "out"))
    files = {
        kind: read_table((tmp_path / "out" / f"{kind}.csv").read_bytes())
        for kind in ("patients", "appointments")
    }
    choices = AppointmentChoices(propose_mapping("appointments", files["appointments"].headings))
    here = import_appointments(files["appointments"], choices, actor=COMMAND, now=NOW)
    assert (here.problems, here.counts["unchanged"]) == ([], 2)
    before = stored()
    for model in (Appointment, PatientTerm, Patient):
        db.session.execute(delete(model))
    db.session.commit()
    known = PatientChoices(propose_mapping("patients", files["patients"].headings))
    import_patients(files["patients"], known, actor=COMMAND, now=NOW)
    import_appointments(files["appointments"], choices, actor=COMMAND, now=NOW)
    assert stored() == before


def stored() -> list[tuple[object, ...]]:
    patients = select(Patient.given_name, Patient.family_name, Patient.phone, Patient.reference)
    visits = select(Appointment.uid, Appointment.starts_at, Appointment.ends_at, Appointment.status)
    return [
        tuple(row)
        for query in (patients.order_by(Patient.family_name), visits.order_by(Appointment.starts_at))
        for row in db.session.execute(query)
    ]
