"""Patients: search as one types, a patient's page, registering and changing."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import InvalidInput, SchedulerError, StaleVersion
from scheduler.http_errors import problem_of, say
from scheduler.models import Patient
from scheduler.usecases.clinic.catalogue import get_clinic
from scheduler.usecases.mail_choices import MUTABLE, muted_without
from scheduler.usecases.patients import registry as patients
from scheduler.usecases.patients.record import next_appointments
from scheduler.usecases.patients.registry import PatientDetails
from scheduler.usecases.patients.suggestions import search_patients
from scheduler.web import once
from scheduler.web.links import local_path
from scheduler.web.notices import notice
from scheduler.web.patient_page import patient_page
from scheduler.web.requests import page_number, wants_fragment
from scheduler.web.settings.locations import zones
from scheduler.web.words import WORDS

pages = Blueprint("patients", __name__, url_prefix="/patients")
PAGE_SIZE = 25
OFFSETS = (7 * 1440, 3 * 1440, 2 * 1440, 1440, 4 * 60, 2 * 60)
"""Minutes before an appointment at which a patient may wish to be reminded."""
Answer = Response | str | tuple[str, int]


@pages.get("")
@guard("patients.read")
def search() -> Response:
    """Patients found by name, phone or birth date; htmx asks for the list alone."""
    q, page = request.args.get("q", "").strip()[:200], page_number()
    found = (
        search_patients(q, page=page, page_size=PAGE_SIZE)
        if q
        else patients.find_patients(page=page, page_size=PAGE_SIZE)
    )
    soon = next_appointments([patient.id for patient in found.items], now=clock.now())
    template = "patients/found.html" if wants_fragment() else "patients/search.html"
    body = render_template(template, q=q, page=page, page_size=PAGE_SIZE, found=found, soon=soon)
    response = Response(body, mimetype="text/html")
    response.vary.add("HX-Request")
    return response


@pages.get("/<int:patient_id>")
@guard("patients.read")
def show(patient_id: int) -> str:
    """Everything about one patient; looking is noted in the audit trail."""
    return patient_page(patient_id)


@pages.get("/new")
@guard("patients.write")
def new() -> str:
    """The empty form; what was searched for becomes the name."""
    given_name, _, family_name = request.args.get("q", "").strip().rpartition(" ")
    return _form(
        {
            "given_name": given_name,
            "family_name": family_name,
            "wants_reminders": True,
            "mails": list(MUTABLE),
        }
    )


@pages.post("/new")
@guard("patients.write")
def register() -> Answer:
    """Add a patient and show their page."""
    try:
        patient = patients.register_patient(
            _entered(), actor=current_actor(), now=clock.now(), idempotency=once.asked_once()
        )
    except SchedulerError as error:
        return _form_again(error)
    notice(gettext("%(name)s is registered.", name=patient.name))
    return redirect(url_for(".show", patient_id=patient.id), 303)


@pages.get("/<int:patient_id>/edit")
@guard("patients.write")
def edit(patient_id: int) -> str:
    """The form with what is known."""
    patient = patients.view_patient(patient_id, actor=current_actor(), now=clock.now())
    return _form(_known(patient), patient=patient)


@pages.post("/<int:patient_id>/edit")
@guard("patients.write")
def change(patient_id: int) -> Answer:
    """Keep what was entered; where somebody was faster, show both."""
    try:
        patients.change_patient(
            patient_id,
            _entered(),
            version=request.form.get("version", 0, type=int),
            actor=current_actor(),
            now=clock.now(),
        )
    except SchedulerError as error:
        patient = patients.view_patient(patient_id, actor=current_actor(), now=clock.now())
        return _form_again(error, patient=patient)
    notice(gettext("The changes are kept."))
    back = request.args.get("next")
    return redirect(local_path(back) if back else url_for(".show", patient_id=patient_id), 303)


def _entered() -> PatientDetails:
    """The form as details; raises InvalidInput for a birth date that is none."""
    entered = request.form
    return PatientDetails(
        given_name=entered.get("given_name", ""),
        family_name=entered.get("family_name", ""),
        email=entered.get("email"),
        phone=entered.get("phone"),
        born_on=_date(entered.get("born_on", "").strip()),
        locale=entered.get("locale"),
        zone=entered.get("zone"),
        notes=entered.get("notes", ""),
        cautions=tuple(code for code in entered.getlist("cautions") if code in WORDS["caution"]),
        wants_reminders="wants_reminders" in entered,
        wants_invitations="wants_invitations" in entered,
        muted_kinds=muted_without([name for name in MUTABLE if name in entered.getlist("mails")]),
        reminder_offsets_minutes=_offsets(entered.getlist("offsets")),
        attention=entered.get("attention", ""),
        reference=entered.get("reference"),
    )


def _offsets(entered: list[str]) -> tuple[int, ...] | None:
    """None where none is chosen: as the clinic. What is no number of minutes is not one of the choices."""
    return tuple(int(each) for each in entered if each.isdecimal() and len(each) < 7) or None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput("Enter the birth date as 1980-12-31.", field="born_on") from None


def _known(patient: Patient) -> dict[str, Any]:
    """What is stored, as the form names it."""
    known = {name: getattr(patient, name) for name in PatientDetails.__slots__}
    wanted = [name for name, kinds in MUTABLE.items() if not set(kinds) & set(patient.muted_kinds)]
    return known | {"mails": wanted, "offsets": patient.reminder_offsets_minutes or []}


def _form(values: Mapping[str, Any], **more: Any) -> str:
    return render_template(
        "patients/form.html", values=values, form_key=once.new_key(), **_choices(values), **more
    )


def _choices(values: Mapping[str, Any]) -> dict[str, Any]:
    """Times of reminders and zones to choose from, what was chosen elsewhere among them; and the clinic's own."""
    chosen = _offsets([str(each) for each in values.get("offsets", ())]) or ()
    return {
        "offsets": sorted({*OFFSETS, *chosen}, reverse=True),
        "chosen": chosen,
        "clinic_offsets": get_clinic().reminder_offsets_minutes,
        "zones": sorted({*zones(), *filter(None, [values.get("zone")])}),
    }


def _form_again(error: SchedulerError, patient: Patient | None = None) -> tuple[str, int]:
    """The form as it was sent, with the error where it belongs and, if it is stale, what is stored now."""
    values = {
        **request.form,
        **{name: request.form.getlist(name) for name in ("cautions", "mails", "offsets")},
    }
    field = error.details.get("field")
    stored = _known(patient) if patient and isinstance(error, StaleVersion) else {}
    page = render_template(
        "patients/form.html",
        values=values,
        patient=patient,
        form_key=request.form.get(once.FIELD, ""),
        **_choices(values),
        errors={field: say(error)} if field else {},
        sentence=None if field else say(error),
        stored={name: value for name, value in stored.items() if (value or "") != (values.get(name) or "")},
    )
    return page, problem_of(error).status
