"""Columns are recognised by their names, in English and German, whatever their accents and cases."""

import pytest

from scheduler.errors import InvalidInput
from scheduler.usecases.imports.columns import checked_mapping, propose_mapping


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        (
            ["First Name", "LAST_NAME", "E-mail", "Date of Birth"],
            ["given_name", "family_name", "email", "born_on"],
        ),
        (
            ["Vorname", "Nachname", "E-Mail-Adresse", "Geb.-Datum"],
            ["given_name", "family_name", "email", "born_on"],
        ),
        (["Patienten-Nr.", "Name", "Handy", "Sprache"], ["reference", "name", "phone", "locale"]),
        (["Name", "Vorname"], ["family_name", "given_name"]),
        (["given_name", "family_name", "born_on"], ["given_name", "family_name", "born_on"]),
        (["Telefon", "Mobil", "Name"], ["", "phone", "name"]),
        (["Bemerkung", "Hinweis", "Name"], ["notes", "notes", "name"]),
        (["Lieblingsfarbe", "Name"], ["", "name"]),
    ],
)
def test_the_columns_of_patients(headings: list[str], fields: list[str]) -> None:
    found = propose_mapping("patients", headings)
    assert [found.get(index, "") for index in range(len(headings))] == fields


def test_the_columns_of_appointments() -> None:
    headings = ["Patient", "Behandler", "Terminart", "Datum", "Uhrzeit", "Dauer", "Raum", "Status"]
    found = propose_mapping("appointments", headings)
    assert [found[index] for index in range(8)] == [
        "name",
        "practitioner",
        "type",
        "starts",
        "start_time",
        "minutes",
        "room",
        "status",
    ]


@pytest.mark.parametrize(
    ("kind", "mapping", "sentence"),
    [
        (
            "patients",
            {0: "given_name"},
            "Say which columns hold the given name and the family name, or which one holds the whole name.",
        ),
        ("patients", {0: "name", 1: "name"}, "Two columns are taken for the same: A, B. Choose one of them."),
        ("appointments", {0: "name"}, "Say which column holds the beginning of the appointment."),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(kind: str, mapping: dict[int, str], sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_mapping(kind, ["A", "B"], mapping)
    assert str(refused.value) == sentence
