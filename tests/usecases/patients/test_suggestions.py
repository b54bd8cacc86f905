"""Patients by a few letters: every word counts, nobody twice, nobody archived."""

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.patients.registry import PatientDetails, register_patient
from scheduler.usecases.patients.suggestions import suggest_patients
from tests.factories import NOW


def register(given_name: str, family_name: str, **more: str) -> None:
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
