"""Patients from a CSV file: a dry run that tells every problem, then all rows or none, or the good ones as asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import Patient
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.imports.bulk import IMPORT_LOCK, insert_patients, note_import
from scheduler.usecases.imports.cells import Cells, asked_writing, read_language, read_words, read_yes
from scheduler.usecases.imports.columns import checked_mapping
from scheduler.usecases.imports.people import (
    People,
    Person,
    digits_of,
    folded_name,
    load_people,
    split_name,
)
from scheduler.usecases.imports.report import NEW, UNCHANGED, UPDATED, Progress, Report, silent
from scheduler.usecases.imports.tables import Table
from scheduler.usecases.patients.details import checked_detail
from scheduler.usecases.patients.registry import follow_change, known_details

CHUNK = 1000
MOST_LOCKS = 1000
"""A database has room for so many locks; beyond it, rows alone are locked."""
SIMPLE = ("given_name", "family_name", "email", "phone", "notes", "attention", "reference")


@dataclass(frozen=True, slots=True)
class PatientChoices:
    """How a file is to be read, and what becomes of patients who are known."""

    mapping: Mapping[int, str]
    date_format: str | None = None
    """A code of dates.PATTERNS; None finds out."""
    update_known: bool = True
    """Whether cells that are not empty replace what is stored (notes are added to); else known patients stay."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One row that passed every check; ``values`` are as stored, empty cells are not in it."""

    row: int
    values: dict[str, Any]
    patient_id: int | None = None

    @property
    def reference(self) -> str:
        """The number in the other program, or ""."""
        return self.values.get("reference") or ""

    @property
    def person(self) -> Person:
        """Who is meant."""
        told = self.values
        known_by = (told.get("born_on"), told.get("email"), told.get("phone"))
        return Person.of(-self.row, told["given_name"], told["family_name"], *known_by)


def check_patients(table: Table, choices: PatientChoices, *, now: datetime) -> Report:
    """What an import would do; writes nothing. Raises InvalidInput for a mapping that cannot be worked with."""
    readings, report = read_patients(table, choices, now=now)
    _dry_run(readings, report, choices, now=now)
    return report


def import_patients(
    table: Table,
    choices: PatientChoices,
    *,
    only_good: bool = False,
    reference: int = 0,
    actor: Actor,
    now: datetime,
    progress: Progress = silent,
) -> Report:
    """Write the rows in one transaction: all of them, or none (``report.written``), or with only_good what is good.

    Importing a file again writes nothing new. ``reference`` is put into the audit trail with the counts.
    """
    readings, report = read_patients(table, choices, now=now)
    progress(0.2)
    if not report.may_write(only_good):
        _dry_run(readings, report, choices, now=now)
        return report
    return _write(readings, report, choices, only_good, reference, actor=actor, now=now, progress=progress)


def read_patients(table: Table, choices: PatientChoices, *, now: datetime) -> tuple[list[Reading], Report]:
    """The rows as they would be stored, and what is wrong with the others; asks no database."""
    mapping = checked_mapping("patients", table.headings, choices.mapping)
    report = Report()
    cells = Cells(table, mapping)
    written = asked_writing(cells, "born_on", choices.date_format, latest=now.date())
    readings = []
    for row in table.rows:
        wrong = len(report.problems)
        values = _read_row(cells, row.number, row.cells, written, report, now)
        if len(report.problems) == wrong:
            readings.append(Reading(row.number, values))
    return readings, report


def _read_row(
    cells: Cells, number: int, row: Sequence[str], written: str | None, report: Report, now: datetime
) -> dict[str, Any]:
    """The checked values of one row; what is wrong goes to the report."""
    texts = {name: cells.text(row, name) for name in SIMPLE}
    if not (texts["given_name"] and texts["family_name"]) and (whole := cells.text(row, "name")):
        texts["given_name"], texts["family_name"] = split_name(whole)
    values: dict[str, Any] = {}
    if extra := cells.surplus(row):
        error = InvalidInput("This row has more cells than there are headings.")
        report.refuse(number, "", extra, error)
    for name, text in texts.items():
        if text or name in ("given_name", "family_name"):
            try:
                values[name] = checked_detail(name, text, now)
            except InvalidInput as error:
                shown = text or cells.text(row, "name")
                report.refuse(number, cells.heading(name) or cells.heading("name"), shown, error)
    for name, read in (
        ("born_on", lambda text: _birth_date(cells, text, written, now)),
        ("locale", read_language),
        ("wants_reminders", read_yes),
        ("cautions", read_words),
    ):
        if text := cells.text(row, name):
            try:
                values[name] = read(text)
            except InvalidInput as error:
                report.refuse(number, cells.heading(name), text, error)
    return values


def _birth_date(cells: Cells, text: str, written: str | None, now: datetime) -> date:
    born_on: date = checked_detail("born_on", cells.date(text, written, latest=now.date()), now)
    return born_on


@reading
def _dry_run(
    session: Session, readings: Sequence[Reading], report: Report, choices: PatientChoices, *, now: datetime
) -> None:
    known = load_people(session, [(line.person, line.reference) for line in readings])
    matched = match_rows(known, readings, report)
    for start in range(0, len(matched), CHUNK):
        chunk = matched[start : start + CHUNK]
        rows = _stored(session, chunk, for_update=False)
        for line in chunk:
            report.outcomes[line.row] = _outcome(line, rows, choices)


@writing
def _write(
    session: Session,
    readings: Sequence[Reading],
    checked: Report,
    choices: PatientChoices,
    only_good: bool,
    reference: int,
    *,
    actor: Actor,
    now: datetime,
    progress: Progress,
) -> Report:
    report = checked.copy()
    lock_resources(session, [("request", IMPORT_LOCK)])
    known = load_people(session, [(line.person, line.reference) for line in readings])
    matched = match_rows(known, readings, report)
    may_write = report.may_write(only_good)
    old = [line for line in matched if line.patient_id is not None]
    new = [line for line in matched if line.patient_id is None]
    if may_write and len(old) <= MOST_LOCKS:
        lock_resources(session, [("patient", line.patient_id or 0) for line in old])
    for start in range(0, len(old), CHUNK):
        chunk = old[start : start + CHUNK]
        rows = _stored(session, chunk, for_update=may_write)
        for line in chunk:
            report.outcomes[line.row] = _outcome(line, rows, choices)
            if may_write and report.outcomes[line.row] == UPDATED:
                _update(session, line, rows[line.patient_id or 0], choices, reference, actor, now)
        session.flush()
        progress(0.3 + 0.6 * (start + len(chunk)) / len(matched))
    for start in range(0, len(new), CHUNK):
        chunk = new[start : start + CHUNK]
        report.outcomes |= dict.fromkeys((line.row for line in chunk), NEW)
        if may_write:
            told = [line.values for line in chunk]
            insert_patients(session, told, reference=reference, actor=actor, now=now)
            progress(0.3 + 0.6 * (len(old) + start + len(chunk)) / len(matched))
    if may_write:
        report.written = True
        # At the end: whoever else changes what diaries show waits for this stamp.
        stamp_diaries(session)
        note_import(session, actor, "patients", report.counts, reference=reference, now=now)
    return report


def match_rows(known: People, readings: Sequence[Reading], report: Report) -> list[Reading]:
    """The rows with the patient whom each means; the same patient twice in the file is a problem of the later row."""
    seen = People()
    taken: dict[int, int] = {}
    matched = []
    for line in readings:
        person = line.person
        try:
            number = known.find(person, line.reference)
            earlier = seen.find(person, line.reference)
            first = taken.get(number, 0) if number is not None else 0
            if first or earlier is not None:
                raise InvalidInput(
                    "The same patient is in row %(row)s already.", row=first or -(earlier or 0)
                )
        except InvalidInput as error:
            name = f"{line.values['given_name']} {line.values['family_name']}"
            report.refuse(line.row, "", name, error)
            continue
        seen.add(person, line.reference)
        if number is not None:
            taken[number] = line.row
        matched.append(Reading(line.row, line.values, number))
    return matched


def _stored(session: Session, readings: Sequence[Reading], *, for_update: bool) -> dict[int, Patient]:
    numbers = [line.patient_id for line in readings if line.patient_id is not None]
    query = select(Patient).where(Patient.id.in_(numbers)).order_by(Patient.id)
    if for_update:
        query = query.with_for_update()
    return {patient.id: patient for patient in session.scalars(query)}


def _outcome(line: Reading, rows: Mapping[int, Patient], choices: PatientChoices) -> str:
    if line.patient_id is None:
        return NEW
    patient = rows[line.patient_id]
    if patient.archived_at is not None:
        return UNCHANGED
    return UPDATED if _changes(line, patient, choices) else UNCHANGED


def _changes(line: Reading, patient: Patient, choices: PatientChoices) -> dict[str, Any]:
    """What the row says differently; notes and cautions are added to what is noted, never replaced."""
    told = dict(line.values)
    if not choices.update_known:
        # The number is noted all the same: by it the appointments of the other program find their patient.
        told = {"reference": line.reference} if line.reference else {}
    notes = told.pop("notes", "")
    cautions = [word for word in told.pop("cautions", []) if word not in patient.cautions]
    changes = {
        name: value for name, value in told.items() if not _is_same(name, getattr(patient, name), value)
    }
    if notes and notes not in patient.notes:
        changes["notes"] = f"{patient.notes}\n{notes}".strip()
    if cautions:
        changes["cautions"] = [*patient.cautions, *cautions]
    return changes


def _is_same(name: str, stored: Any, told: Any) -> bool:
    """Whether two values mean the same: a name in capitals or a number with other spaces is no change."""
    if name in {"given_name", "family_name"}:
        return folded_name(stored) == folded_name(told)
    if name == "phone":
        return digits_of(stored) == digits_of(told)
    return bool(stored == told)


def _update(
    session: Session,
    line: Reading,
    patient: Patient,
    choices: PatientChoices,
    reference: int,
    actor: Actor,
    now: datetime,
) -> None:
    changes = _changes(line, patient, choices)
    if not changes:
        return
    before = known_details(patient)
    for name, value in changes.items():
        setattr(patient, name, value)
    # "import" is a word of the language: it cannot be written as a keyword.
    follow_change(session, patient, before, actor=actor, now=now, **{"import": reference})
