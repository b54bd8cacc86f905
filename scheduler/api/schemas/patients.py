"""Patients in and out. Lists show no more than it takes to recognise a person."""

from typing import Any

from scheduler.api.answers import day_or_none, picked, utc, utc_or_none
from scheduler.api.fields import Choice, Day, Flag, Input, Many, Number, Paging, Text
from scheduler.api.schemas.common import Output, day, flag, instant, many, page_of, parts, text, whole
from scheduler.models import Consent, Patient
from scheduler.planning.timeline import TICK_MINUTES
from scheduler.usecases.mail_choices import LONGEST_OFFSET_MINUTES, MOST_REMINDERS, MUTABLE_KINDS
from scheduler.usecases.patients.consents import KINDS, LONGEST_VERSION
from scheduler.usecases.patients.details import (
    LONGEST_ATTENTION,
    LONGEST_EMAIL,
    LONGEST_NAME,
    LONGEST_PHONE,
    LONGEST_REFERENCE,
)

LONGEST_NOTES = 20_000
MOST_CAUTIONS = 40


class PatientsQuery(Paging):
    """Whom to look for."""

    q = Text(
        200,
        load_default="",
        metadata={"description": "Beginnings of names, of the phone number, or of the birth date."},
    )


class NewPatient(Input):
    """A patient to register."""

    given_name = Text(LONGEST_NAME, shortest=1, required=True)
    family_name = Text(LONGEST_NAME, shortest=1, required=True)
    email = Text(LONGEST_EMAIL, allow_none=True)
    phone = Text(LONGEST_PHONE, allow_none=True)
    born_on = Day(allow_none=True)
    locale = Text(
        40, allow_none=True, metadata={"description": "Language of mails, such as de; null: the clinic's."}
    )
    zone = Text(
        64,
        allow_none=True,
        metadata={
            "description": "IANA time zone for quiet hours, such as Europe/Lisbon; null: the location's."
        },
    )
    notes = Text(LONGEST_NOTES)
    cautions = Many(
        Text(80, shortest=1), MOST_CAUTIONS, metadata={"description": "Clinical cautions, such as pregnancy."}
    )
    wants_reminders = Flag()
    wants_invitations = Flag(
        metadata={"description": "Each mail brings its appointments as invitations (iMIP)."}
    )
    muted_kinds = Many(
        Choice(MUTABLE_KINDS),
        len(MUTABLE_KINDS),
        metadata={"description": "Kinds of mails not to send; changes and cancellations are always told."},
    )
    reminder_offsets_minutes = Many(
        Number(TICK_MINUTES, LONGEST_OFFSET_MINUTES),
        MOST_REMINDERS,
        allow_none=True,
        metadata={"description": "How long before an appointment to remind; null: as the clinic."},
    )
    attention = Text(
        LONGEST_ATTENTION, metadata={"description": "What whoever opens the record must see first."}
    )
    reference = Text(
        LONGEST_REFERENCE,
        allow_none=True,
        metadata={"description": "The patient's number in another system; no two may have the same."},
    )


class PatientChange(NewPatient):
    """What changes of a patient; the rest stays, null empties."""

    version = Number(required=True, metadata={"description": "The one that you saw."})
    given_name = Text(LONGEST_NAME, shortest=1)
    family_name = Text(LONGEST_NAME, shortest=1)


class PatientVersion(Input):
    """What was seen of a patient."""

    version = Number(required=True, metadata={"description": "The one that you saw."})


class NewConsent(Input):
    """A consent that a patient gave."""

    kind = Choice(KINDS, required=True)
    version = Text(
        LONGEST_VERSION,
        shortest=1,
        required=True,
        metadata={"description": "Edition of the text, such as 2026-01."},
    )
    given_on = Day(required=True, metadata={"description": "Today at the latest."})


class PatientRowSchema(Output):
    """A patient in a list."""

    id = whole()
    name = text()
    born_on = day(none=True)


class ConsentSchema(Output):
    """A consent, in force from given_on until the day before withdrawn_on."""

    id = whole()
    kind = text()
    version = text("Edition of the text that was signed.")
    given_on = day()
    withdrawn_on = day(none=True)


class PatientSchema(Output):
    """All that is known of a patient. Reading it is noted in the audit trail."""

    id = whole()
    name = text()
    given_name = text()
    family_name = text()
    email = text(none=True)
    phone = text(none=True)
    born_on = day(none=True)
    locale = text(none=True)
    zone = text(none=True)
    notes = text()
    cautions = many(text())
    wants_reminders = flag()
    wants_invitations = flag()
    muted_kinds = many(text())
    reminder_offsets_minutes = many(whole(), none=True)
    attention = text()
    reference = text(none=True)
    consents = parts(ConsentSchema)
    version = whole("Counts every change; send it back with an edit.")
    created_at = instant()
    archived_at = instant(none=True)


PatientPage = page_of(PatientRowSchema)


def patient_row_json(row: Patient) -> dict[str, Any]:
    """A patient in a list."""
    return {"id": row.id, "name": row.name, "born_on": day_or_none(row.born_on)}


def patient_json(row: Patient) -> dict[str, Any]:
    """A patient."""
    return {
        **picked(row, "id", "name", "given_name", "family_name", "email", "phone"),
        "born_on": day_or_none(row.born_on),
        **picked(row, "locale", "zone", "notes", "cautions", "wants_reminders", "wants_invitations"),
        **picked(row, "muted_kinds", "reminder_offsets_minutes", "attention", "reference"),
        "consents": [consent_json(consent) for consent in row.consents],
        "version": row.version,
        "created_at": utc(row.created_at),
        "archived_at": utc_or_none(row.archived_at),
    }


def consent_json(row: Consent) -> dict[str, Any]:
    """A consent."""
    return {
        **picked(row, "id", "kind", "version"),
        "given_on": day_or_none(row.given_on),
        "withdrawn_on": day_or_none(row.withdrawn_on),
    }
