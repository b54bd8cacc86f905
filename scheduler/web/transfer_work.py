"""Checking an uploaded file, and bringing it in while the page watches."""

import logging
import secrets
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import IO, Any

from flask import Flask, current_app

from config import Settings
from scheduler import clock
from scheduler.errors import SchedulerError
from scheduler.usecases.actors import Actor
from scheduler.usecases.imports.appointment_slots import AppointmentChoices
from scheduler.usecases.imports.appointments import check_appointments, import_appointments
from scheduler.usecases.imports.columns import propose_mapping
from scheduler.usecases.imports.diary import DiaryChoices, check_diary, import_diary
from scheduler.usecases.imports.outcome import committed_import
from scheduler.usecases.imports.patients import PatientChoices, check_patients, import_patients
from scheduler.usecases.imports.report import Progress, Report
from scheduler.usecases.imports.tables import Table, read_table
from scheduler.usecases.imports.waiting import State, WaitingRoom, open_room

log = logging.getLogger(__name__)
PATIENTS, APPOINTMENTS, DIARY = "patients", "appointments", "diary"
KINDS = (PATIENTS, APPOINTMENTS, DIARY)
OPEN, RUNNING, DONE, FAILED = "open", "running", "done", "failed"
LOST = "The service was stopped in the middle. Nothing was written; it can be started again."
SURPRISE = "Something went wrong here. It has been noted; nothing was written."


def room() -> WaitingRoom:
    """The folder for this service's uploads; what was forgotten there is swept out."""
    settings: Settings = current_app.config["SETTINGS"]
    found = open_room(settings.secret_key, settings.database_url)
    found.sweep(clock.now())
    return found


def new_state(kind: str, filename: str, owner: int | None) -> State:
    """The state of a file that was just uploaded."""
    return {
        "owner": owner,
        "kind": kind,
        "filename": Path(filename.replace("\\", "/")).name[:120],
        "reference": secrets.randbelow(2**31 - 1) + 1,
        "phase": OPEN,
        "mapping": None,
        "choices": {},
        "share": 0,
        "sentence": None,
        "uploaded_at": clock.now().isoformat(),
    }


def table_of(kind: str, data: bytes) -> Table | None:
    """The table of a CSV file; None for a diary."""
    return None if kind == DIARY else read_table(data)


def mapping_of(state: State, table: Table) -> dict[int, str]:
    """As corrected by hand, else as proposed."""
    if state["mapping"] is None:
        return propose_mapping(state["kind"], table.headings)
    return {
        int(index): field for index, field in state["mapping"].items() if int(index) < len(table.headings)
    }


def check(state: State, data: bytes) -> Report:
    """The dry run. Raises InvalidInput where something must be chosen first."""
    choices, now = state["choices"], clock.now()
    if state["kind"] == DIARY:
        return check_diary(data, _diary_choices(choices), now=now)
    table = read_table(data)
    if state["kind"] == PATIENTS:
        return check_patients(table, _patient_choices(state, table), now=now)
    return check_appointments(table, _appointment_choices(state, table), now=now)


def start(waiting: WaitingRoom, token: str, state: State, *, only_good: bool, actor: Actor) -> bool:
    """Begin to bring a file in, beside this request; False if that is going on already."""
    claim = waiting.claim(token)
    if claim is None:
        return False
    with ExitStack() as held:
        held.enter_context(claim)
        if waiting.state(token, state["owner"])["phase"] not in (OPEN, FAILED):
            return False  # Somebody else began and was done while this request was on its way.
        waiting.save(token, {**state, "phase": RUNNING, "share": 0, "sentence": None})
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        work = (app, waiting, token, state, only_good, actor, claim)
        threading.Thread(target=_run, args=work, name="import").start()
        held.pop_all()
    return True


def look_after(waiting: WaitingRoom, token: str, state: State) -> State:
    """The state, put right if the process that worked on it is gone: the audit trail says whether it had finished."""
    if state["phase"] != RUNNING or waiting.is_claimed(token):
        return state
    # Whoever works writes how it ended before letting go: only a state that is still the same was left by the dead.
    state = waiting.state(token, state["owner"])
    if state["phase"] != RUNNING:
        return state
    counts = committed_import(state["reference"])
    if counts is not None:
        waiting.forget_data(token)
        told = {name: number for name, number in counts.items() if name != "what"}
        state = {**state, "phase": DONE, "share": 1, "counts": told}
    else:
        state = {**state, "phase": FAILED, "sentence": [LOST, {}]}
    waiting.save(token, state)
    return state


def _run(
    app: Flask,
    waiting: WaitingRoom,
    token: str,
    state: State,
    only_good: bool,
    actor: Actor,
    claim: IO[bytes],
) -> None:
    running = {**state, "phase": RUNNING, "sentence": None}

    def progress(share: float) -> None:
        waiting.save(token, {**running, "share": round(share, 3)})

    with claim:
        try:
            with app.app_context():
                report = _bring_in(running, waiting.data(token), only_good, actor, progress)
        except SchedulerError as error:
            _fail(waiting, token, running, error.sentence, dict(error.details))
            return
        except Exception:
            log.exception("an import failed")
            _fail(waiting, token, running, SURPRISE, {})
            return
        waiting.keep_report(token, report)
        if report.written:
            waiting.forget_data(token)
            waiting.save(token, {**running, "phase": DONE, "share": 1, "counts": report.counts})
        else:
            waiting.save(token, {**running, "phase": OPEN})


def _fail(
    waiting: WaitingRoom, token: str, state: State, sentence: str, details: Mapping[str, object]
) -> None:
    told = {name: str(value) for name, value in details.items()}
    waiting.save(token, {**state, "phase": FAILED, "sentence": [sentence, told]})


def _bring_in(state: State, data: bytes, only_good: bool, actor: Actor, progress: Progress) -> Report:
    common: dict[str, Any] = {
        "only_good": only_good,
        "reference": state["reference"],
        "actor": actor,
        "now": clock.now(),
        "progress": progress,
    }
    if state["kind"] == DIARY:
        return import_diary(data, _diary_choices(state["choices"]), **common)
    table = read_table(data)
    if state["kind"] == PATIENTS:
        return import_patients(table, _patient_choices(state, table), **common)
    return import_appointments(table, _appointment_choices(state, table), **common)


def _patient_choices(state: State, table: Table) -> PatientChoices:
    choices = state["choices"]
    keep = choices.get("known") == "keep"
    return PatientChoices(mapping_of(state, table), choices.get("dates") or None, not keep)


def _appointment_choices(state: State, table: Table) -> AppointmentChoices:
    choices = state["choices"]
    return AppointmentChoices(
        mapping_of(state, table),
        choices.get("dates") or None,
        choices.get("practitioner_id"),
        choices.get("appointment_type_id"),
        choices.get("location_id"),
        bool(choices.get("confirm")),
    )


def _diary_choices(choices: Mapping[str, Any]) -> DiaryChoices:
    return DiaryChoices(
        choices.get("practitioner_id") or 0,
        choices.get("as_what") or "absences",
        _day(choices.get("from_on")),
        _day(choices.get("until_on")),
        choices.get("location_id"),
        bool(choices.get("with_titles", True)),
        choices.get("appointment_type_id"),
        bool(choices.get("confirm")),
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
