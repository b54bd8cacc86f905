"""Which column holds what: proposed by the names that columns have in English and German files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduler.errors import InvalidInput
from scheduler.usecases.patients.registry import fold

Mapping_ = Mapping[int, str]
"""Column, from 0 -> code of a field; a column that is not in it is left out."""
SEVERAL = frozenset({"notes"})
"""Fields that may be made of several columns."""

PATIENT_FIELDS: dict[str, str] = {
    "given_name": "given name, first name, firstname, forename, givenname, vorname, rufname, prenom,"
    " patient first name, first",
    "family_name": "family name, last name, lastname, surname, familyname, nachname, familienname, zuname, name 1,"
    " patient last name, last",
    "name": "name, full name, patient, patient name, patientenname, kunde, client, client name, customer",
    "email": "email, e mail, mail, email address, e mail adresse, emailadresse, mailadresse, patient email",
    "phone": "mobile, mobile phone, cell, cell phone, mobile number, handy, mobil, mobiltelefon, handynummer, natel,"
    " phone, telephone, phone number, tel, telefon, telefonnummer, rufnummer, patient phone",
    "born_on": "birth date, birthdate, date of birth, dob, birthday, born, born on, geburtsdatum, geb, geb datum,"
    " geboren, geboren am, gebdatum, geburtstag",
    "locale": "language, locale, lang, sprache, preferred language, korrespondenzsprache",
    "wants_reminders": "reminders, wants reminders, send reminders, email reminders, erinnerungen, erinnerung",
    "notes": "notes, note, comment, comments, remarks, remark, notizen, notiz, bemerkung, bemerkungen, kommentar,"
    " hinweis, hinweise",
    "attention": "attention, alert, alerts, warning, achtung, wichtig",
    "cautions": "cautions, caution, contraindications, risks, vorsicht, kontraindikationen, risiken",
    "reference": "patient number, patient no, patientennummer, patienten nr, patientnr, pat nr, patient id, patid,"
    " patienten id, client id, kundennummer, kunden nr, external id, file number, mrn, reference, number, nummer,"
    " no, nr, id",
}
APPOINTMENT_FIELDS: dict[str, str] = {
    "name": "patient, patient name, name, full name, client, client name, patientenname, kunde",
    "given_name": "given name, first name, patient first name, vorname, firstname",
    "family_name": "family name, last name, patient last name, nachname, lastname, surname, familienname",
    "born_on": PATIENT_FIELDS["born_on"] + ", patient born on",
    "email": PATIENT_FIELDS["email"],
    "phone": PATIENT_FIELDS["phone"],
    "reference": "patient reference, patient number, patientennummer, patienten nr, pat nr, kundennummer, patient id,"
    " client id, patienten id, external id, mrn",
    "uid": "uid",
    "practitioner": "practitioner, practitioner name, therapist, provider, staff, doctor, clinician, behandler,"
    " therapeut, therapeutin, arzt, mitarbeiter, behandelnde",
    "type": "type, appointment type, service, treatment, reason, terminart, termintyp, art, leistung, behandlung",
    "starts": "start, starts, starts at, start time, start date, begin, begins, appointment start, date, day,"
    " appointment date, datum, tag, beginn, termin, terminbeginn, startzeit, anfang",
    "start_time": "time, uhrzeit, zeit, from, von, time from, begin time, start hour",
    "ends": "end, ends, ends at, end time, until, to, ende, bis, endzeit, terminende, appointment end",
    "minutes": "duration, minutes, length, duration minutes, dauer, minuten, dauer minuten, dauer in minuten",
    "location": "location, site, branch, clinic, standort, ort, filiale, praxis",
    "room": "room, raum, zimmer, resource, behandlungsraum",
    "status": "status, state, appointment status, zustand, terminstatus",
}
FIELDS = {"patients": PATIENT_FIELDS, "appointments": APPOINTMENT_FIELDS}
"""What is brought in -> field -> names of its columns, folded, the usual one first."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is shown for correction."""

    index: int
    heading: str
    samples: tuple[str, ...]
    field: str
    """What it is taken for; "" leaves it out."""


def propose_mapping(kind: str, headings: Sequence[str]) -> dict[int, str]:
    """What each column seems to hold: a field goes to the column that its list of names has first."""
    ranks: list[tuple[int, int, str]] = []
    for field, listed in FIELDS[kind].items():
        names = [name.strip() for name in listed.split(",")]
        ranks += [
            (names.index(plain), index, field)
            for index, heading in enumerate(headings)
            for plain in [plain_heading(heading)]
            if plain in names
        ]
    found: dict[int, str] = {}
    for _, index, field in sorted(ranks):
        if index not in found and (field in SEVERAL or field not in found.values()):
            found[index] = field
    if (
        kind == "patients"
        and {"name", "given_name"} <= set(found.values())
        and "family_name" not in found.values()
    ):
        found = {index: "family_name" if field == "name" else field for index, field in found.items()}
    return found


def checked_mapping(kind: str, headings: Sequence[str], mapping: Mapping_) -> dict[int, str]:
    """The mapping, if it can be worked with; raises InvalidInput with a sentence."""
    used = [field for field in mapping.values() if field]
    for field in used:
        if field not in FIELDS[kind]:
            raise InvalidInput(
                "There is no field %(name)s; there are: %(known)s.",
                name=field,
                known=", ".join(FIELDS[kind]),
                field="mapping",
            )
        if field not in SEVERAL and used.count(field) > 1:
            raise InvalidInput(
                "Two columns are taken for the same: %(headings)s. Choose one of them.",
                headings=", ".join(headings[index] for index, name in mapping.items() if name == field),
                field="mapping",
            )
    is_named = "name" in used or {"given_name", "family_name"} <= set(used)
    if not is_named and (kind == "patients" or not {"reference", "email"} & set(used)):
        raise InvalidInput(
            "Say which columns hold the given name and the family name, or which one holds the whole name.",
            field="mapping",
        )
    if kind == "appointments" and "starts" not in used:
        raise InvalidInput("Say which column holds the beginning of the appointment.", field="mapping")
    return {index: field for index, field in mapping.items() if field}


def columns_of(headings: Sequence[str], rows: Sequence[Sequence[str]], mapping: Mapping_) -> list[Column]:
    """The columns with the first three values of each, for showing."""
    shown = []
    for index, heading in enumerate(headings):
        values = dict.fromkeys(row[index] for row in rows[:200] if row[index])
        shown.append(
            Column(index, heading, tuple(value[:60] for value in list(values)[:3]), mapping.get(index, ""))
        )
    return shown


def plain_heading(heading: str) -> str:
    """Folded, words only: ``E-Mail-Adresse:`` and ``e mail adresse`` are the same."""
    return " ".join(re.findall(r"[^\W_]+", fold(heading)))
