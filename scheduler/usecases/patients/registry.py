"""Patients: registering, changing, finding and looking at them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload

from scheduler.errors import InvalidInput, StaleVersion
from scheduler.models.appointments import NOT_BOOKED, Appointment
from scheduler.models.patients import Patient, PatientTerm
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.feeds.tokens import touch_events
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import BIGGEST_ID, find
from scheduler.usecases.messages.outbox import owe_invitations
from scheduler.usecases.messages.reminder_policy import bring_up_to_date
from scheduler.usecases.paging import Page, fetch_page
from scheduler.usecases.patients.details import checked_detail
from scheduler.usecases.tasks import settle_address_tasks

LAST_LETTER = "\U0010ffff"
"""Behind everything that begins alike: words from ``term`` to ``term + LAST_LETTER`` begin with it."""


@dataclass(frozen=True, slots=True)
class PatientDetails:
    """What is entered about a patient."""

    given_name: str
    family_name: str
    email: str | None = None
    phone: str | None = None
    born_on: date | None = None
    locale: str | None = None
    zone: str | None = None
    """Where they live, for quiet hours; None: where the appointment is."""
    notes: str = ""
    cautions: tuple[str, ...] = ()
    wants_reminders: bool = True
    wants_invitations: bool = False
    muted_kinds: tuple[str, ...] = ()
    reminder_offsets_minutes: tuple[int, ...] | None = None
    """None: as the clinic."""
    attention: str = ""
    reference: str | None = None
    """The patient's number in another system; nobody else's."""


CHOICES_OF_REMINDERS = ("email", "zone", "wants_reminders", "reminder_offsets_minutes")


@writing
def register_patient(
    session: Session,
    details: PatientDetails,
    *,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Patient:
    """Add a patient. Raises InvalidInput with a field and a sentence for what cannot be stored."""
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, Patient, known[0])
    patient = Patient(created_at=now)
    _apply(session, patient, details, now)
    session.add(patient)
    session.flush()
    _index(session, patient)
    note_deed(session, actor, "patient_registered", "patient", patient.id, now=now, patient_id=patient.id)
    remember(session, actor, idempotency, [patient.id], now=now)
    return patient


@writing
def change_patient(
    session: Session, patient_id: int, details: PatientDetails, *, version: int, actor: Actor, now: datetime
) -> Patient:
    """Replace what is known of a patient. Raises NotFound, StaleVersion or InvalidInput."""
    patient = find(session, Patient, patient_id)
    lock_resources(session, [("patient", patient.id)])
    session.refresh(patient)
    if patient.version != version:
        raise StaleVersion(current={"version": patient.version})
    before = known_details(patient)
    _apply(session, patient, details, now)
    follow_change(session, patient, before, actor=actor, now=now)
    if patient.name != f"{before['given_name']} {before['family_name']}":
        stamp_diaries(session)
    return patient


def known_details(patient: Patient) -> dict[str, Any]:
    """The values of PatientDetails that are stored."""
    return {name: getattr(patient, name) for name in PatientDetails.__slots__}


def follow_change(
    session: Session, patient: Patient, before: dict[str, Any], *, actor: Actor, now: datetime, **why: object
) -> None:
    """What follows when details that were ``before`` have changed: version, reminders, feeds, search, trail."""
    patient.version += 1
    if patient.email != before["email"]:
        patient.address_failed_at = None
        settle_address_tasks(session, patient, before["email"] or "", actor=actor, now=now)
    if any(getattr(patient, name) != before[name] for name in CHOICES_OF_REMINDERS):
        bring_up_to_date(session, _still_to_come(session, patient, now), now=now)
    if patient.wants_invitations and not before["wants_invitations"]:
        owe_invitations(session, _still_to_come(session, patient, now), now=now)
    changed = sorted(name for name, value in before.items() if getattr(patient, name) != value)
    session.flush()
    if {"given_name", "family_name"} & set(changed):
        touch_events(session, Appointment.patient_id == patient.id, now=now)
    session.execute(delete(PatientTerm).where(PatientTerm.patient_id == patient.id))
    _index(session, patient)
    note_deed(
        session,
        actor,
        "patient_changed",
        "patient",
        patient.id,
        now=now,
        patient_id=patient.id,
        fields=changed,
        **why,
    )


@reading
def read_details(session: Session, patient_id: int) -> PatientDetails:
    """What is entered about a patient, to change a part of it; showing it is a look (view_patient). Raises NotFound."""
    patient = find(session, Patient, patient_id)
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in known_details(patient).items()
    }
    return PatientDetails(**known)


@writing
def view_patient(session: Session, patient_id: int, *, actor: Actor, now: datetime) -> Patient:
    """The patient with consents, and an audit row that somebody looked. Raises NotFound."""
    patient = find(session, Patient, patient_id)
    note_deed(session, actor, "patient_viewed", "patient", patient.id, now=now, patient_id=patient.id)
    return session.scalars(
        select(Patient).where(Patient.id == patient_id).options(selectinload(Patient.consents))
    ).one()


@reading
def name_patient(session: Session, patient_id: int) -> Patient | None:
    """The patient to be named in a form, without looking into the record; None if there is none."""
    return session.get(Patient, patient_id) if 0 < patient_id <= BIGGEST_ID else None


@reading
def find_patients(session: Session, q: str = "", *, page: int = 1, page_size: int = 50) -> Page[Patient]:
    """Patients, not archived, of whom every word of ``q`` begins a name part, the phone number or the birth date.

    Ordered by family name; an empty ``q`` finds everybody.
    """
    query = select(Patient).where(Patient.archived_at.is_(None))
    for term in query_terms(q):
        beginning = select(PatientTerm.patient_id).where(
            PatientTerm.term >= term, PatientTerm.term < term + LAST_LETTER
        )
        query = query.where(Patient.id.in_(beginning))
    ordered = query.order_by(Patient.family_name, Patient.given_name, Patient.id)
    return fetch_page(session, ordered, page, page_size)


def _still_to_come(session: Session, patient: Patient, now: datetime) -> Sequence[Appointment]:
    return session.scalars(
        select(Appointment).where(
            Appointment.patient_id == patient.id,
            Appointment.starts_at > now,
            Appointment.status.not_in(NOT_BOOKED),
        )
    ).all()


def fold(text: str) -> str:
    """Lower case without accents, for comparing what people type: ``Müller`` and ``muller`` are the same."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def phone_digits(phone: str | None) -> str:
    """The digits of a phone number."""
    return re.sub(r"\D", "", phone or "")


def search_terms(patient: Patient) -> set[str]:
    """The folded words by whose beginning a patient is found."""
    words = set(re.split(r"[^\w]+", fold(patient.name)))
    words.add(fold(patient.family_name).replace(" ", ""))
    digits = phone_digits(patient.phone)
    if digits:
        words |= {digits, digits.lstrip("0")}
        if (patient.phone or "").strip().startswith("+"):
            national = {digits[length:] for length in (1, 2, 3)}
            words |= national | {"0" + number for number in national}
    if patient.email:
        words.add(fold(patient.email))
    if patient.born_on:
        words |= {f"{patient.born_on:%Y%m%d}", f"{patient.born_on:%d%m%Y}"}
    return {word[:80] for word in words if word}


def query_terms(q: str) -> list[str]:
    """What was typed, as beginnings of terms: words, or the digits of a number or date."""
    terms = []
    rest = q
    for run in re.findall(r"[+\d][\d\s./()-]{2,}\d|\d[\d./-]+", q):
        rest = rest.replace(run, " ", 1)
        parts = re.split(r"\D+", run.strip("+"))
        if len(parts) == 3 and all(parts) and (len(parts[0]) == 4 or len(parts[2]) == 4):
            terms.append("".join(part.zfill(2) for part in parts))
        else:
            terms.append("".join(parts))
    for word in re.split(r"[\s,]+", fold(rest)):
        terms += [word] if "@" in word else [part for part in re.split(r"[^\w]+", word) if part]
    return terms


def _index(session: Session, patient: Patient) -> None:
    session.add_all(PatientTerm(patient_id=patient.id, term=term) for term in sorted(search_terms(patient)))


def _apply(session: Session, patient: Patient, details: PatientDetails, now: datetime) -> None:
    checked = {name: checked_detail(name, getattr(details, name), now) for name in PatientDetails.__slots__}
    _refuse_shared_reference(session, patient, checked["reference"])
    for name, value in checked.items():
        setattr(patient, name, value)


def _refuse_shared_reference(session: Session, patient: Patient, reference: str | None) -> None:
    if reference is None or reference == patient.reference:
        return
    if session.scalar(select(Patient.id).where(Patient.reference == reference)) is not None:
        raise InvalidInput("Another patient has that number already.", field="reference")
