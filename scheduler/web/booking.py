"""Booking in ten seconds: who, what they most likely want, and when, in the diary's panel or on a page of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, g, render_template, request
from flask_babel import gettext

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import InvalidInput, NeedsOverride, NotFound, SchedulerError
from scheduler.http_errors import problem_of, say
from scheduler.models import AppointmentType, Patient
from scheduler.planning.asked_times import AskedTimes, read_asked_times
from scheduler.usecases.appointments.changing import book_appointment
from scheduler.usecases.appointments.next_visit import NextVisit, days_to_search, suggest_visit
from scheduler.usecases.availability.quick_slots import find_quick_slots
from scheduler.usecases.availability.slots import FoundSlot
from scheduler.usecases.clinic.catalogue import list_appointment_types, list_practitioners
from scheduler.usecases.clinic.desk import Place
from scheduler.usecases.patients.registry import PatientDetails, name_patient, register_patient
from scheduler.usecases.patients.similar import find_similar
from scheduler.usecases.patients.suggestions import Suggestions, suggest_patients
from scheduler.web import once, session
from scheduler.web.appointment_answers import Answer, done, number, panel
from scheduler.web.formats import city, local, moment
from scheduler.web.wall_times import day_or, instant_on, wall

pages = Blueprint("booking", __name__, url_prefix="/appointments/new")
SUGGESTIONS = 8
CARRIED = ("on", "at", "practitioner_id", "location_id", "appointment_type_id", "room_id")
"""What is already known while the patient is looked for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A free slot as the form offers it."""

    value: str
    on: str
    at: str
    until: str
    slot: FoundSlot
    zone: str


@pages.get("")
@guard("appointments.write")
def new() -> str:
    """The form, with what is known from where one clicked and from the patient's plan and last visit."""
    patient_id = request.args.get("patient_id", type=int)
    patient = name_patient(patient_id) if patient_id else None
    if patient_id and patient is None:
        raise NotFound(what="patient")
    own = g.signed_in.practitioner_id
    return _form({"practitioner_id": own, **request.args.to_dict(), "patient": patient})


@pages.get("/patients")
@guard("patients.read")
def patients_found() -> str:
    """A few patients for what was typed, to choose one."""
    q = request.args.get("patient_q", "").strip()[:200]
    return render_template(
        "appointments/suggestions.html", q=q, found=_suggested(q), carried=_carried(request.args)
    )


@pages.get("/slots")
@guard("appointments.write")
def slots() -> str:
    """Free slots for what was said about when; over everybody, unless somebody is asked for."""
    asked = request.args
    said = asked.get("when", "").strip()[:200]
    times = read_asked_times(said, local(clock.now()).date())
    found, sentence = [], None
    try:
        found = _choices(times, asked, patient_id=asked.get("patient_id", type=int))
    except SchedulerError as error:
        sentence = say(error)
    return render_template(
        "appointments/free.html",
        choices=found,
        chosen=None,
        said=said,
        times=times,
        sentence=sentence,
        **_names(),
    )


@pages.post("")
@guard("appointments.write")
def book() -> Answer:
    """Book what was entered; where that is refused, show the form again with the reason and nothing lost."""
    entered = request.form
    patient_id = entered.get("patient_id", 0, type=int)
    place = _place(entered)
    try:
        if not patient_id:
            raise InvalidInput("Please choose the patient.", field="patient_id")
        booked = book_appointment(
            patient_id=patient_id,
            practitioner_id=entered.get("practitioner_id", 0, type=int),
            appointment_type_id=entered.get("appointment_type_id", 0, type=int),
            planned_session_id=_session_filled(patient_id, entered),
            location_id=place.id,
            room_id=entered.get("room_id", type=int) or None,
            starts_at=_start(entered, place.zone),
            override_reason=entered.get("override_reason"),
            actor=current_actor(),
            now=clock.now(),
            idempotency=once.asked_once(),
        )
    except SchedulerError as error:
        known = {**entered.to_dict(), "patient": name_patient(patient_id)}
        return _form(known, error=error), problem_of(error).status
    when = moment(booked.starts_at, booked.location.zone)
    return done(booked, gettext("Booked for %(when)s.", when=when))


@pages.post("/patient")
@guard("patients.write")
def register() -> Answer:
    """Register a new patient without leaving the booking; whoever is like them is shown first."""
    entered = request.form
    known = {**_carried(entered), "new_patient": entered, "patient": None}
    try:
        details = PatientDetails(
            given_name=entered.get("given_name", ""),
            family_name=entered.get("family_name", ""),
            email=entered.get("email"),
            phone=entered.get("phone"),
            born_on=_born_on(entered.get("born_on", "")),
        )
        similar = [] if "is_new" in entered else find_similar(details)
        if similar:
            return _form({**known, "similar": similar}), 409
        patient = register_patient(
            details, actor=current_actor(), now=clock.now(), idempotency=once.asked_once()
        )
    except SchedulerError as error:
        return _form(known, error=error), problem_of(error).status
    return _form({**_carried(entered), "patient": patient})


def _form(values: Mapping[str, Any], error: SchedulerError | None = None) -> str:
    types, q = list_appointment_types().items, values.get("patient_q", "").strip()[:200]
    patient: Patient | None = values["patient"]
    carried = _carried(values)
    visit = suggest_visit(patient.id) if patient else NextVisit()
    values = _prefilled(values, visit, types)
    choices = [] if not patient or values.get("at") or error else _first_choices(values, visit, patient.id)
    best = _best(choices, visit)
    if best is not None:
        values |= {"on": best.on, "at": best.at, "practitioner_id": best.slot.practitioner_id}
        values |= {"location_id": best.slot.location_id}
    return panel(
        "appointments/form.html",
        values=values,
        carried=carried,
        visit=visit,
        choices=choices,
        chosen=best.value if best else None,
        place=_place(values),
        city=city(_place(values).zone),
        types=types,
        q=q,
        found=None if patient else _suggested(q),
        form_key=once.new_key(),
        sentence=say(error) if error else None,
        needs_reason=isinstance(error, NeedsOverride),
        **_names(),
    )


def _prefilled(values: Mapping[str, Any], visit: NextVisit, types: list[AppointmentType]) -> dict[str, Any]:
    """What was entered or clicked, and where nothing was, what the patient most likely wants."""
    needling = sorted((kind.duration_minutes, kind.id) for kind in types if kind.is_needling)
    usual = needling[0][1] if needling else None
    return {
        **values,
        "appointment_type_id": values.get("appointment_type_id") or visit.appointment_type_id or usual,
        "practitioner_id": values.get("practitioner_id") or visit.practitioner_id,
    }


def _first_choices(values: Mapping[str, Any], visit: NextVisit, patient_id: int) -> list[Choice]:
    """Slots in the window of the next session, or the first free ones; with whom they were before, if possible."""
    first, last = days_to_search(visit, local(clock.now()).date())
    times = AskedTimes(first, last)
    asked = {"appointment_type_id": values["appointment_type_id"]}
    try:
        own = {**asked, "with": values.get("practitioner_id")}
        return _choices(times, own, patient_id=patient_id) or _choices(times, asked, patient_id=patient_id)
    except SchedulerError:
        return []


def _choices(times: AskedTimes, asked: Mapping[str, Any], *, patient_id: int | None) -> list[Choice]:
    zones = {place.id: place.zone for place in session.desk().places}
    treats = number(str(asked.get("with") or ""))
    found = find_quick_slots(
        times,
        appointment_type_id=number(str(asked.get("appointment_type_id") or "")) or 0,
        patient_id=patient_id,
        practitioner_ids=[treats] if treats else None,
        now=clock.now(),
    )
    choices = []
    for slot in found:
        start = wall(slot.starts_at, zones[slot.location_id])
        value = f"{slot.starts_at.timestamp():.0f}|{slot.practitioner_id}|{slot.location_id}"
        until = wall(slot.ends_at, zones[slot.location_id])[11:]
        choices.append(Choice(value, start[:10], start[11:], until, slot, zones[slot.location_id]))
    return choices


def _best(choices: list[Choice], visit: NextVisit) -> Choice | None:
    """The one nearest to the session's ideal day, else the first."""
    if not choices or visit.session is None:
        return choices[0] if choices else None
    ideal = visit.session.window.ideal
    return min(
        choices, key=lambda choice: abs((local(choice.slot.starts_at, choice.zone).date() - ideal).days)
    )


def _start(entered: Mapping[str, Any], zone: str) -> datetime:
    """The chosen slot where scripts did not fill in day and time; else day and time on the location's clock."""
    chosen = str(entered.get("slot", "")).partition("|")[0]
    if chosen.isdecimal() and not entered.get("at"):
        return datetime.fromtimestamp(min(int(chosen), 2**40), UTC)
    return instant_on(entered.get("on", ""), entered.get("at", ""), zone)


def _session_filled(patient_id: int, entered: Mapping[str, Any]) -> int | None:
    """The session of the plan that is ticked, as long as what is booked is of its type."""
    ticked = number(str(entered.get("planned_session_id", "")))
    waiting = suggest_visit(patient_id).session if ticked else None
    if waiting is None or waiting.planned_session_id != ticked:
        return ticked
    return ticked if str(waiting.appointment_type_id) == str(entered.get("appointment_type_id")) else None


def _place(values: Mapping[str, Any]) -> Place:
    """The location that the form was opened for, whatever other tabs of this browser look at meanwhile."""
    desk, asked = session.desk(), number(str(values.get("location_id", "")))
    return next((place for place in desk.places if place.id == asked), desk.here)


def _carried(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(values[name]) for name in CARRIED if values.get(name)}


def _names() -> dict[str, Any]:
    return {"practitioners": list_practitioners().items, "places": session.desk().places}


def _suggested(q: str) -> Suggestions | None:
    return suggest_patients(q, limit=SUGGESTIONS) if q else None


def _born_on(text: str) -> date | None:
    if not text.strip():
        return None
    found = day_or(text.strip(), date.min)
    if found == date.min:
        raise InvalidInput("That birth date cannot be read.", field="born_on")
    return found
