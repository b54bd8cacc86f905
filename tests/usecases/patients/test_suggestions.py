"""Patients by a few letters: every word counts, nobody twice, nobody archived."""

from datetime import date

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.patients import suggestions
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from scheduler.usecases.patients.similar import find_similar
from scheduler.usecases.patients.suggestions import search_patients, suggest_patients
from tests.factories import NOW


def register(given_name: str, family_name: str, **more: object) -> None:
    register_patient(PatientDetails(given_name, family_name, **more), actor=COMMAND, now=NOW)  # type: ignore[arg-type]


def names(q: str, limit: int = 8) -> list[str]:
    return [patient.name for patient in suggest_patients(q, limit=limit).items]


@pytest.fixture
def known(context: Flask) -> None:
    register("Anna", "Bauer", email="anna@mail.example")
    register("Anna", "Becker", phone="0176 1234567")
    register("Bert", "Annaberg")
    register("Jörg", "Müller")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("anna", ["Bert Annaberg", "Anna Bauer", "Anna Becker"]),
        ("anna b", ["Bert Annaberg", "Anna Bauer", "Anna Becker"]),
        ("be anna", ["Bert Annaberg", "Anna Becker"]),
        ("mull jorg", ["Jörg Müller"]),
        ("0176 12", ["Anna Becker"]),
        ("anna zz", []),
        (" , ", []),
    ],
)
def test_every_word_begins_something_of_the_patient(q: str, found: list[str]) -> None:
    assert names(q) == found


@pytest.mark.usefixtures("known")
def test_it_says_whether_there_are_more() -> None:
    assert [suggest_patients("anna", limit=limit).more for limit in (2, 3)] == [True, False]


@pytest.mark.usefixtures("known")
def test_who_is_archived_is_not_offered() -> None:
    patient = suggest_patients("mull", limit=1).items[0]
    patient.archived_at = NOW
    db.session.commit()
    assert names("mull") == []


@pytest.mark.usefixtures("known")
def test_the_list_is_counted_and_paged_unless_too_many_match(monkeypatch: pytest.MonkeyPatch) -> None:
    page = search_patients("anna", page=2, page_size=2)
    assert ([patient.name for patient in page.items], page.total) == (["Anna Becker"], 3)
    monkeypatch.setattr(suggestions, "MOST_READ", 3)
    page = search_patients("anna", page=1, page_size=2)
    assert ([patient.name for patient in page.items], page.total) == (["Anna Bauer", "Anna Becker"], None)
    assert search_patients("!", page=1, page_size=2).total == 0


@pytest.mark.parametrize(
    ("details", "found"),
    [
        (PatientDetails("Anne", "Müller"), ["Anna Müller"]),
        (PatientDetails("Otto", "Mueller", born_on=date(1980, 12, 31)), []),
        (PatientDetails("Otto", "MULLER", born_on=date(1980, 12, 31)), ["Berta Müller"]),
        (PatientDetails("Anna", "Müller", born_on=date(1980, 12, 31)), ["Anna Müller", "Berta Müller"]),
        (PatientDetails("Berta", "Müller", born_on=date(1970, 1, 1)), []),
        (PatientDetails("Otto", "Weber", phone="+49 176 1234567"), ["Cara Weber"]),
        (
            PatientDetails("Otto", "Other", phone="0176 1234567", email="A@mail.example"),
            ["Anna Müller", "Cara Weber"],
        ),
        (PatientDetails("", "Müller"), []),
        (PatientDetails("Anna", ""), []),
    ],
)
def test_who_may_be_the_same_is_told(context: Flask, details: PatientDetails, found: list[str]) -> None:
    register("Anna", "Müller", email="a@mail.example")
    register("Berta", "Müller", born_on=date(1980, 12, 31))
    register("Cara", "Weber", phone="0176 1234567")
    assert [patient.name for patient in find_similar(details)] == found
