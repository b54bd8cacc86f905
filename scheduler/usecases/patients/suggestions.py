"""A few patients for what was typed at the phone, read along the index of words: fast however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from scheduler.models import Patient
from scheduler.models.base import among, these
from scheduler.models.patients import PatientTerm
from scheduler.transaction import reading
from scheduler.usecases.patients.registry import LAST_LETTER, fold, query_terms

SAME_PATIENT = 4
"""As many words of one patient may begin alike (a name and an email address): so many more rows are read."""

MOST_READ = 2000
"""Of words that match, to be sorted by name and counted; where there are more, more letters are wanted."""


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
    numbers = list(dict.fromkeys(session.scalars(_matching(terms).limit((limit + 1) * SAME_PATIENT))))
    found = _with_numbers(session, _by_name(session, numbers[:limit]))
    return Suggestions(found, more=len(numbers) > limit)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of patients by family name; ``total`` is None where so many match that they are not counted."""

    items: list[Patient]
    total: int | None


@reading
def search_patients(session: Session, q: str, *, page: int, page_size: int) -> Found:
    """The patients whom suggest_patients would offer, page by page (1 is the first).

    Where more than MOST_READ words match, only the first page is told, of those whose word comes first.
    """
    terms = sorted(query_terms(q), key=len, reverse=True)
    if not terms:
        return Found([], 0)
    read = session.scalars(_matching(terms).limit(MOST_READ)).all()
    numbers = list(dict.fromkeys(read))
    if len(read) == MOST_READ:
        return Found(_with_numbers(session, _by_name(session, numbers[:page_size])), None)
    first = (page - 1) * page_size
    return Found(_with_numbers(session, _by_name(session, numbers)[first : first + page_size]), len(numbers))


def _matching(terms: Sequence[str]) -> Select[Any]:
    """Patients who have all the terms, along the index of the first; one may come several times."""
    query = (
        select(PatientTerm.patient_id)
        .join(Patient, Patient.id == PatientTerm.patient_id)
        .where(Patient.archived_at.is_(None), _begins(PatientTerm.term, terms[0]))
        .order_by(PatientTerm.term, PatientTerm.patient_id)
    )
    for term in terms[1:]:
        other = aliased(PatientTerm)
        query = query.where(
            select(other.term).where(other.patient_id == Patient.id, _begins(other.term, term)).exists()
        )
    return query


def _by_name(session: Session, numbers: Sequence[int]) -> list[int]:
    """The patients' numbers by name, Ä among A.

    Sorted here: asked for an order, SQLite would go through all patients in it, to find a few.
    """
    rows = session.execute(
        select(Patient.id, Patient.family_name, Patient.given_name).where(among(Patient.id, these(numbers)))
    )
    return [row.id for row in sorted(rows, key=lambda row: (fold(f"{row[1]} {row[2]}"), row.id))]


def _with_numbers(session: Session, numbers: Sequence[int]) -> list[Patient]:
    """The patients in the order of their numbers here; there are few."""
    found = {row.id: row for row in session.scalars(select(Patient).where(Patient.id.in_(numbers)))}
    return [found[number] for number in numbers if number in found]


def _begins(column: InstrumentedAttribute[str], term: str) -> ColumnElement[bool]:
    """Compared bytewise, a prefix is a range of the index."""
    return (column >= term) & (column < term + LAST_LETTER)
