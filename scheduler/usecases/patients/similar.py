"""Who is registered already and may be the same person: before a new patient is made."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.models import Patient, PatientTerm
from scheduler.transaction import reading
from scheduler.usecases.patients.registry import LAST_LETTER, PatientDetails, fold, phone_digits

MOST = 5
READ_AT_ONCE = 20
SHORTEST = 5
"""Of what may be a number or an address."""
TELLING_DIGITS = 9
"""By the last ones +49 30 … and 030 … are the same."""


@reading
def find_similar(session: Session, details: PatientDetails) -> list[Patient]:
    """Patients with the same phone number or address, or the same family name and birth date or given name.

    Archived ones too: they come back instead of being made twice. At most five, by name.
    """
    found: dict[int, Patient] = {}
    for candidates, may_be in ((_contacts(details), _same_contact), (_namesakes(details), _is_namesake)):
        if candidates is None:
            continue
        ordered = candidates.order_by(Patient.family_name, Patient.given_name, Patient.id)
        rows = session.scalars(ordered, execution_options={"yield_per": READ_AT_ONCE})
        for patient in _first((row for row in rows if may_be(row, details)), MOST):
            found[patient.id] = patient
        rows.close()
    by_name = sorted(found.values(), key=lambda one: (one.family_name, one.given_name, one.id))
    return by_name[:MOST]


def _first(rows: Iterator[Any], most: int) -> list[Patient]:
    return [row for _, row in zip(range(most), rows, strict=False)]


def _contacts(details: PatientDetails) -> Select[Any] | None:
    digits, is_abroad = phone_digits(details.phone), (details.phone or "").strip().startswith("+")
    national = {digits[length:] for length in (1, 2, 3)} if is_abroad else set()
    terms = [term for term in {digits, _address(details.email), *national} if len(term) >= SHORTEST]
    having = select(PatientTerm.patient_id).where(PatientTerm.term.in_(terms))
    return select(Patient).where(Patient.id.in_(having)) if terms else None


def _namesakes(details: PatientDetails) -> Select[Any] | None:
    """Of one family name there may be thousands: the birth date or the given name must be alike, too."""
    family, given = _family(details.family_name), fold(details.given_name)[:3]
    other = aliased(PatientTerm)
    namesakes = (
        select(PatientTerm.patient_id)
        .join(other, other.patient_id == PatientTerm.patient_id)
        .where(PatientTerm.term == family[:80])
    )
    by_given = select(Patient).where(
        Patient.id.in_(namesakes.where(other.term.between(given, given + LAST_LETTER)))
    )
    if details.born_on is None:
        return by_given if family and given else None
    same_day = namesakes.where(other.term == f"{details.born_on:%Y%m%d}")
    unborn = by_given.where(Patient.born_on.is_(None)).with_only_columns(Patient.id)
    alike = or_(Patient.id.in_(same_day), Patient.id.in_(unborn)) if given else Patient.id.in_(same_day)
    return select(Patient).where(alike) if family else None


def _is_namesake(patient: Patient, details: PatientDetails) -> bool:
    if _family(patient.family_name) != _family(details.family_name):
        return False
    if details.born_on is not None and patient.born_on is not None:
        return patient.born_on == details.born_on
    return fold(patient.given_name)[:3] == fold(details.given_name)[:3]


def _same_contact(patient: Patient, details: PatientDetails) -> bool:
    digits, email = phone_digits(details.phone), _address(details.email)
    last = digits[-TELLING_DIGITS:]
    same_phone = len(digits) >= SHORTEST and phone_digits(patient.phone).endswith(last.lstrip("0"))
    return same_phone or (bool(email) and fold(patient.email or "") == email)


def _family(name: str) -> str:
    return fold(name).replace(" ", "")


def _address(email: str | None) -> str:
    return fold(email or "").strip()
