"""A few patients for what was typed at the phone, read along the index of words: fast however many there are."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from scheduler.models import Patient
from scheduler.models.patients import PatientTerm
from scheduler.transaction import reading
from scheduler.usecases.patients.registry import query_terms

LAST = "\U0010ffff"
SAME_PATIENT = 4
"""As many words of one patient may begin alike (a name and an email address): so many more rows are read."""


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Patients by family name, and whether there are more."""

    items: list[Patient]
    more: bool


@reading
def suggest_patients(session: Session, q: str, *, limit: int) -> Suggestions:
    """Up to ``limit`` patients, not archived, of whom every word of ``q`` begins a name part, the phone number or
    the birth date; those whose word comes first in the alphabet. Nobody where nothing was typed.
    """
    terms = sorted(query_terms(q), key=len, reverse=True)
    if not terms:
        return Suggestions([], more=False)
    query = (
        select(PatientTerm.patient_id)
        .join(Patient, Patient.id == PatientTerm.patient_id)
        .where(Patient.archived_at.is_(None), _begins(PatientTerm.term, terms[0]))
        .order_by(PatientTerm.term, PatientTerm.patient_id)
        .limit((limit + 1) * SAME_PATIENT)
    )
    for term in terms[1:]:
        other = aliased(PatientTerm)
        query = query.where(
            select(other.term).where(other.patient_id == Patient.id, _begins(other.term, term)).exists()
        )
    numbers = list(dict.fromkeys(session.scalars(query)))
    chosen = select(Patient).where(Patient.id.in_(numbers[:limit]))
    by_name = chosen.order_by(Patient.family_name, Patient.given_name, Patient.id)
    return Suggestions(list(session.scalars(by_name)), more=len(numbers) > limit)


def _begins(column: InstrumentedAttribute[str], term: str) -> ColumnElement[bool]:
    """Compared bytewise, a prefix is a range of the index."""
    return (column >= term) & (column < term + LAST)
