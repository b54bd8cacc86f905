"""Who is registered already and may be the same person: before a new patient is made."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.models import Patient, PatientTerm
from scheduler.transaction import reading
from scheduler.usecases.patients.registry import PatientDetails, fold, phone_digits

MOST = 5


@reading
def find_similar(session: Session, details: PatientDetails) -> list[Patient]:
    """Patients with the same phone number or address, or the same family name and birth date or given name.

    Archived ones too: they come back instead of being made twice. At most five.
    """
    digits, email = phone_digits(details.phone), fold(details.email or "").strip()
    same = [PatientTerm.term == term for term in (digits, email) if len(term) >= 5]
    terms = select(PatientTerm.patient_id).where(or_(*same)) if same else None
    family, given = fold(details.family_name).replace(" ", ""), fold(details.given_name)
    by_name = select(PatientTerm.patient_id).where(PatientTerm.term == family[:80])
    candidates = select(Patient).where(
        Patient.id.in_(by_name) if terms is None else or_(Patient.id.in_(by_name), Patient.id.in_(terms))
    )
    found = []
    for patient in session.scalars(candidates.order_by(Patient.family_name, Patient.given_name, Patient.id)):
        is_namesake = fold(patient.family_name).replace(" ", "") == family and (
            (details.born_on is not None and patient.born_on == details.born_on)
            or (fold(patient.given_name)[:3] == given[:3] and None in (details.born_on, patient.born_on))
        )
        same_contact = (digits and phone_digits(patient.phone).endswith(digits.lstrip("0"))) or (
            email and fold(patient.email or "") == email
        )
        if is_namesake or same_contact:
            found.append(patient)
    return found[:MOST]
