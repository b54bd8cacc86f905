"""What is done from a patient's page: moving, cancelling, the list of appointments, consents, the archive."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import InvalidInput, NotFound, SchedulerError
from scheduler.http_errors import problem_of
from scheduler.models import Appointment
from scheduler.usecases.appointments.changing import cancel_appointment, move_appointment
from scheduler.usecases.appointments.mailed_list import mail_appointment_list
from scheduler.usecases.appointments.queries import get_appointment
from scheduler.usecases.clinic.catalogue import list_locations, list_practitioners
from scheduler.usecases.patients.archive import archive_patient, list_archived_patients, restore_patient
from scheduler.usecases.patients.consents import record_consent, withdraw_consent
from scheduler.usecases.patients.record import see_patient_record
from scheduler.usecases.patients.registry import view_patient
from scheduler.usecases.patients.trail import read_trail
from scheduler.usecases.series.alternatives import appointment_alternatives
from scheduler.web import once
from scheduler.web.appointment_answers import Answer, target_in
from scheduler.web.appointments import asked_first
from scheduler.web.deeds import deed_sentence
from scheduler.web.formats import moment
from scheduler.web.free_times import by_day
from scheduler.web.notices import notice
from scheduler.web.patient_page import patient_page
from scheduler.web.requests import page_number
from scheduler.web.wall_times import day_or, wall

pages = Blueprint("patient_actions", __name__, url_prefix="/patients")
PAGE_SIZE = 40


@pages.get("/archived")
@guard("patients.read")
def archived() -> str:
    """Patients who were put away."""
    page = page_number()
    found = list_archived_patients(page=page, page_size=PAGE_SIZE)
    return render_template("patients/archived.html", found=found, page=page, page_size=PAGE_SIZE)


@pages.get("/<int:patient_id>/history")
@guard("patients.read")
def history(patient_id: int) -> str:
    """Who changed what, the latest first; with who looked if asked for."""
    patient = view_patient(patient_id, actor=current_actor(), now=clock.now())
    looks, page = "looks" in request.args, page_number()
    return render_template(
        "patients/history.html",
        patient=patient,
        found=read_trail(patient_id, looks=looks, page=page, page_size=PAGE_SIZE),
        deed_sentence=deed_sentence,
        looks=looks,
        page=page,
        page_size=PAGE_SIZE,
    )


@pages.get("/<int:patient_id>/appointments")
@guard("patients.read")
def sheet(patient_id: int) -> str:
    """What is ahead, to print and hand over."""
    patient = view_patient(patient_id, actor=current_actor(), now=clock.now())
    ahead = see_patient_record(patient_id, now=clock.now()).upcoming
    return render_template("patients/sheet.html", patient=patient, appointments=ahead, printed_at=clock.now())


@pages.post("/<int:patient_id>/appointments/mail")
@guard("appointments.write")
def mail_list(patient_id: int) -> Answer:
    """Owe the patient one mail that lists what is ahead."""

    def act() -> str:
        message = mail_appointment_list(
            patient_id, actor=current_actor(), now=clock.now(), idempotency=once.asked_once()
        )
        return gettext("The list goes to %(email)s.", email=message.recipient)

    return _done(patient_id, act)


@pages.get("/<int:patient_id>/appointments/<int:appointment_id>/free")
@guard("appointments.write")
def free(patient_id: int, appointment_id: int) -> str:
    """A part of the page: other times for an appointment, those of its practitioner first."""
    row = _of_patient(patient_id, appointment_id)
    found = appointment_alternatives(appointment_id, now=clock.now())
    same = [slot for slot in found.slots if slot.practitioner_id == row.practitioner_id]
    others = [slot for slot in found.slots if slot.practitioner_id != row.practitioner_id]
    return render_template(
        "patients/free.html",
        appointment=row,
        found=found,
        groups=[by_day(same), by_day(others)],
        people={person.id: person.name for person in list_practitioners().items},
        places={place.id: place for place in list_locations().items},
    )


@pages.post("/<int:patient_id>/appointments/<int:appointment_id>/move")
@guard("appointments.write")
def move(patient_id: int, appointment_id: int) -> Answer:
    """Move to a time that was offered, or to one that was typed; what that would break of its plan is asked first."""
    row = _of_patient(patient_id, appointment_id)
    if "slot" not in request.form and (question := asked_first(appointment_id)):
        return question

    def act() -> str:
        starts_at, practitioner_id, location_id = target_in(request.form, row.location.zone)
        moved = move_appointment(
            appointment_id,
            version=request.form.get("version", 0, type=int),
            starts_at=starts_at,
            practitioner_id=practitioner_id,
            location_id=location_id,
            override_reason=request.form.get("override_reason"),
            actor=current_actor(),
            now=clock.now(),
        )
        return gettext("Moved to %(when)s.", when=moment(moved.starts_at, moved.location.zone))

    return _done(patient_id, act, entered=_as_typed(row))


@pages.post("/<int:patient_id>/appointments/<int:appointment_id>/cancel")
@guard("appointments.write")
def cancel(patient_id: int, appointment_id: int) -> Answer:
    """Cancel with a reason; its session is to place again."""

    def act() -> str:
        _of_patient(patient_id, appointment_id)
        cancel_appointment(
            appointment_id,
            version=request.form.get("version", 0, type=int),
            reason=request.form.get("reason", ""),
            actor=current_actor(),
            now=clock.now(),
        )
        return gettext("Cancelled.")

    return _done(patient_id, act)


@pages.post("/<int:patient_id>/consents")
@guard("patients.write")
def consent(patient_id: int) -> Answer:
    """Record that the patient agreed."""

    def act() -> str:
        given_on = day_or(request.form.get("given_on"), date.min)
        record_consent(
            patient_id,
            kind=request.form.get("kind", ""),
            version=request.form.get("edition", ""),
            given_on=given_on,
            actor=current_actor(),
            now=clock.now(),
        )
        return gettext("The consent is recorded.")

    return _done(patient_id, act)


@pages.post("/<int:patient_id>/consents/<int:consent_id>/withdraw")
@guard("patients.write")
def withdraw(patient_id: int, consent_id: int) -> Answer:
    """Record that the patient takes a consent back."""

    def act() -> str:
        withdraw_consent(patient_id, consent_id, actor=current_actor(), now=clock.now())
        return gettext("The consent is withdrawn as of today.")

    return _done(patient_id, act)


@pages.post("/<int:patient_id>/archive")
@guard("patients.write")
def archive(patient_id: int) -> Answer:
    """Put the patient away."""

    def act() -> str:
        version = request.form.get("version", 0, type=int)
        archive_patient(patient_id, version=version, actor=current_actor(), now=clock.now())
        return gettext("The patient is archived.")

    return _done(patient_id, act)


@pages.post("/<int:patient_id>/restore")
@guard("patients.write")
def restore(patient_id: int) -> Answer:
    """Take the patient back."""

    def act() -> str:
        version = request.form.get("version", 0, type=int)
        restore_patient(patient_id, version=version, actor=current_actor(), now=clock.now())
        return gettext("The patient is back.")

    return _done(patient_id, act)


def _done(patient_id: int, act: Callable[[], str], entered: Mapping[str, str] | None = None) -> Answer:
    """Do it and show the page anew with what was done, or at once with why not and what was entered."""
    try:
        notice(act())
    except NotFound:
        raise
    except SchedulerError as error:
        return patient_page(patient_id, error, entered=entered or request.form), problem_of(error).status
    return redirect(url_for("patients.show", patient_id=patient_id), 303)


def _of_patient(patient_id: int, appointment_id: int) -> Appointment:
    """The appointment, if it is this patient's. Raises NotFound."""
    row = get_appointment(appointment_id)
    if row.patient_id != patient_id:
        raise NotFound(what="appointment")
    return row


def _as_typed(row: Appointment) -> dict[str, str]:
    """What was asked for as the fields show it, also where an offered slot was pressed."""
    entered = request.form.to_dict()
    if "slot" in entered:
        with suppress(InvalidInput):
            starts_at, practitioner_id, _ = target_in(request.form, row.location.zone)
            on, at = wall(starts_at, row.location.zone).split("T")
            entered |= {"on": on, "at": at, "practitioner_id": str(practitioner_id)}
    return entered
