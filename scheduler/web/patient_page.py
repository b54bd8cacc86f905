"""A patient's page: what matters on one screen, with the actions beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from flask_babel import gettext

from scheduler import clock
from scheduler.access import current_actor
from scheduler.errors import NeedsOverride, SchedulerError
from scheduler.http_errors import say
from scheduler.models import Patient
from scheduler.usecases.booking.state import MOVABLE
from scheduler.usecases.clinic.catalogue import list_locations, list_practitioners
from scheduler.usecases.feeds.tokens import list_feed_tokens
from scheduler.usecases.messages.overview import list_messages
from scheduler.usecases.patient_side.links import good_link
from scheduler.usecases.patients.consents import KINDS
from scheduler.usecases.patients.record import PatientRecord, see_patient_record
from scheduler.usecases.patients.registry import view_patient
from scheduler.usecases.patients.trail import read_trail
from scheduler.usecases.plans.prescribing import list_plans
from scheduler.web import once
from scheduler.web.deeds import deed_sentence
from scheduler.web.formats import local
from scheduler.web.messages import explain
from scheduler.web.outcome_panel import outcome_panel
from scheduler.web.plan_strip import Strip, strip_of
from scheduler.web.words import word

MESSAGES_SHOWN, DEEDS_SHOWN = 6, 6


@dataclass(frozen=True, slots=True)
class Alert:
    """Something not to be overlooked; ``kind`` is caution, attention or consent."""

    kind: str
    title: str
    text: str


def patient_page(
    patient_id: int, error: SchedulerError | None = None, *, entered: Mapping[str, str] | None = None
) -> str:
    """Everything about one patient; looking is noted. After a refusal: why, with what was entered."""
    now = clock.now()
    patient = view_patient(patient_id, actor=current_actor(), now=now)
    record = see_patient_record(patient_id, now=now)
    strips = [strip_of(view, local(now).date()) for view in list_plans(patient_id)]
    people = {person.id: person.name for person in list_practitioners().items}
    places = {place.id: place.name for place in list_locations().items}
    return render_template(
        "patients/show.html",
        patient=patient,
        record=record,
        running=[strip for strip in strips if strip.open],
        over=[strip for strip in strips if not strip.open],
        lengths={strip.view.plan.id: len(strip.stops) for strip in strips},
        wishes={
            strip.view.plan.id: wishes_in_words(strip.view.plan.preferences, people, places)
            for strip in strips
        },
        alerts=_alerts(patient, record, strips),
        consents=[consent for consent in patient.consents if consent.withdrawn_on is None],
        missing=_missing(patient),
        tokens=list_feed_tokens(patient_id=patient_id),
        outcomes=outcome_panel(patient_id, today=local(now).date()),
        own_link=good_link(patient_id, now=now),
        found=list_messages(patient_id=patient_id, page_size=MESSAGES_SHOWN),
        deeds=read_trail(patient_id, page_size=DEEDS_SHOWN),
        deed_sentence=deed_sentence,
        explain=explain,
        people=people,
        movable=MOVABLE,
        today=local(now).date(),
        form_key=once.new_key(),
        sentence=say(error) if error else None,
        needs_reason=isinstance(error, NeedsOverride),
        entered=entered or {},
        opened=request.view_args.get("appointment_id") if error and request.view_args else None,
    )


def wishes_in_words(
    preferences: Mapping[str, Any], people: Mapping[int, str], places: Mapping[int, str]
) -> str:
    """A plan's preferences in a line, "" without any."""
    parts = []
    if days := preferences.get("weekdays"):
        parts.append(", ".join(word(day, "weekday") for day in days))
    begins, ends = preferences.get("from_minute"), preferences.get("until_minute")
    if begins is not None and ends is not None:
        parts.append(gettext("%(begins)s to %(ends)s", begins=_hour(begins), ends=_hour(ends)))
    elif begins is not None:
        parts.append(gettext("from %(begins)s on", begins=_hour(begins)))
    elif ends is not None:
        parts.append(gettext("before %(ends)s", ends=_hour(ends)))
    parts += [people[number] for number in preferences.get("practitioner_ids", ()) if number in people]
    if preferences.get("location_id") in places:
        parts.append(places[preferences["location_id"]])
    return " · ".join(parts)


def _hour(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


def _missing(patient: Patient) -> list[str]:
    """Kinds of consent that are not in force."""
    known = {consent.kind for consent in patient.consents if consent.withdrawn_on is None}
    return [kind for kind in KINDS if kind not in known]


def _alerts(patient: Patient, record: PatientRecord, strips: list[Strip]) -> list[Alert]:
    """What is on top: attention first, then cautions, then consents missing while something is to come."""
    alerts = []
    if patient.attention:
        alerts.append(Alert("attention", gettext("Attention:"), patient.attention))
    if patient.cautions:
        words = ", ".join(word(code, "caution") for code in patient.cautions)
        alerts.append(Alert("caution", gettext("Caution:"), words))
    missing = _missing(patient)
    if missing and (record.upcoming or any(strip.open for strip in strips)):
        kinds = ", ".join(word(kind, "consent") for kind in missing)
        alerts.append(Alert("consent", gettext("No consent recorded:"), kinds))
    return alerts
