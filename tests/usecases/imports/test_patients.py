"""Bringing patients in: all or none, nothing doubled, every problem told by row."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.errors import InvalidInput
from scheduler.extensions import db
from scheduler.models import AuditEntry, Patient, PatientTerm
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.imports.columns import propose_mapping
from scheduler.usecases.imports.patients import PatientChoices, check_patients, import_patients
from scheduler.usecases.imports.report import Report
from scheduler.usecases.imports.tables import read_table
from scheduler.usecases.patients.registry import find_patients
from tests.factories import NOW, make_patient, make_world

pytestmark = pytest.mark.usefixtures("context")
GOOD = (
    "Nr;Vorname;Nachname;Geburtsdatum;E-Mail;Telefon;Sprache;Erinnerungen;Notiz\n"
    "7;Jörg;Müller;31.12.1980;j@mail.example;+49 30 123;Deutsch;nein;Privat\n"
    "8;Ann;Ohm;01.02.1990;;030 456;;;\n"
)


def bring(text: str, *, only_good: bool = False, dates: str | None = None, update: bool = True) -> Report:
    table = read_table(text.encode())
    choices = PatientChoices(propose_mapping("patients", table.headings), dates, update)
    return import_patients(table, choices, only_good=only_good, reference=5, actor=COMMAND, now=NOW)


def told(report: Report) -> list[tuple[int, str, str, str]]:
    return [(one.row, one.column, one.value, one.sentence % one.details) for one in report.problems]


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_every_column_is_stored_and_the_patients_are_found(app: Flask) -> None:
    report = bring(GOOD)
    assert (report.written, report.counts) == (True, {"new": 2, "updated": 0, "unchanged": 0, "left_out": 0})
    (one,) = find_patients("mull 31.12.1980").items
    assert (one.given_name, one.family_name, one.born_on, one.email) == (
        "Jörg",
        "Müller",
        date(1980, 12, 31),
        "j@mail.example",
    )
    assert (one.phone, one.locale, one.wants_reminders, one.notes, one.cautions) == (
        "+49 30 123",
        "de",
        False,
        "Privat",
        [],
    )
    assert [row.given_name for row in find_patients("030456").items] == ["Ann"]


def test_every_patient_and_the_file_leave_a_trail() -> None:
    bring(GOOD)
    rows = db.session.execute(
        select(AuditEntry.action, AuditEntry.entity, AuditEntry.patient_id.is_not(None)).order_by(
            AuditEntry.id
        )
    ).all()
    assert [tuple(row) for row in rows] == [
        *[("patient_imported", "patient", True)] * 2,
        ("imported", "import", False),
    ]


def test_bringing_a_file_in_twice_doubles_nothing() -> None:
    bring(GOOD)
    terms = count(PatientTerm)
    again = bring(GOOD)
    assert again.counts == {"new": 0, "updated": 0, "unchanged": 2, "left_out": 0}
    assert (count(Patient), count(PatientTerm)) == (2, terms)


@pytest.mark.parametrize(
    ("stored", "row", "outcome"),
    [
        ({"born_on": date(1980, 12, 31)}, "paul,PAIN,1980-12-31,,", "unchanged"),
        ({"born_on": date(1980, 12, 31)}, "Paul,Pain,1980-12-30,,", "new"),
        ({"born_on": date(1980, 12, 31)}, "Paul,Pain,1980-12-31,new@mail.example,", "updated"),
        ({}, "Paul,Pain,,paul.pain@mail.example,", "unchanged"),
        ({}, "Paul,Pain,1980-12-31,paul.pain@mail.example,", "updated"),
        ({}, "Paul,Pain,1980-12-31,other@mail.example,", "new"),
        ({"phone": "+49 30 1234567"}, "Paul,Pain,,,030 1234567", "unchanged"),
        ({"archived_at": NOW}, "Paul,Pain,,paul.pain@mail.example,030 1234567", "unchanged"),
        ({}, "Paul,Pain,,,", "unchanged"),
    ],
)
def test_a_known_patient_is_recognised(stored: dict[str, object], row: str, outcome: str) -> None:
    make_patient(**stored)
    report = bring(f"given name,family name,birth date,email,phone\n{row}\n")
    assert {name for name, number in report.counts.items() if number} == {outcome}


def test_another_programs_number_is_kept_and_goes_before_names() -> None:
    bring("id,given name,family name\n77,Paul,Pain\n")
    report = bring("id,given name,family name,email\n77,Paul,Pain-Smith,p@mail.example\n78,Paul,Pain,\n")
    assert report.counts == {"new": 1, "updated": 1, "unchanged": 0, "left_out": 0}
    rows = db.session.execute(select(Patient.family_name, Patient.reference).order_by(Patient.id)).all()
    assert [tuple(row) for row in rows] == [("Pain-Smith", "77"), ("Pain", "78")]


def test_a_number_that_was_entered_by_hand_is_matched() -> None:
    number = make_patient(reference="A 77").id
    report = bring("id,given name,family name\nA 77,Paula,Pain\n")
    assert (report.counts["updated"], db.session.get_one(Patient, number).given_name) == (1, "Paula")


def test_a_number_that_is_somebody_elses_here_is_a_problem() -> None:
    make_patient(reference="77", born_on=date(1980, 12, 31))
    report = bring("id,given name,family name\n77,Ann,Ohm\n")
    assert told(report) == [(2, "", "Ann Ohm", "The number 77 is that of another patient: Paul Pain.")]
    assert bring("id,given name,family name,born on\n77,Ann,Ohm,1980-12-31\n").counts["updated"] == 1


def test_known_patients_who_stay_as_they_are_get_the_number_all_the_same() -> None:
    number = make_patient().id
    head = "id,given name,family name,email,phone\n"
    bring(head + "77,Paul,Pain,paul.pain@mail.example,030 1\n", update=False)
    patient = db.session.get_one(Patient, number)
    assert (patient.reference, patient.phone) == ("77", None)


def test_cautions_are_added_to_and_attention_is_replaced() -> None:
    number = make_patient(cautions=["pregnancy"], attention="Old").id
    for _ in range(2):
        bring('given name,family name,cautions,alert\nPaul,Pain,"diabetes, pregnancy",Pays cash\n')
    patient = db.session.get_one(Patient, number)
    assert (patient.cautions, patient.attention, patient.version) == (
        ["pregnancy", "diabetes"],
        "Pays cash",
        2,
    )


def test_a_change_raises_the_version_and_is_found_by_the_new_words() -> None:
    number = make_patient().id
    bring("given name,family name,email,phone\nPaul,Pain,paul.pain@mail.example,030 99887\n")
    patient = db.session.get_one(Patient, number)
    assert (patient.version, patient.phone) == (2, "030 99887")
    assert [row.id for row in find_patients("03099887").items] == [number]
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "patient_changed"))
    assert entry.detail == {"fields": ["phone"], "import": 5}


def test_an_empty_cell_deletes_nothing_and_notes_are_added_to() -> None:
    number = make_patient(notes="Likes tea", phone="030 1").id
    for _ in range(2):
        bring(
            "given name,family name,email,phone,notes\nPaul,Pain,paul.pain@mail.example,,Walks with a stick\n"
        )
    patient = db.session.get_one(Patient, number)
    assert (patient.phone, patient.notes, patient.version) == ("030 1", "Likes tea\nWalks with a stick", 2)


def test_known_patients_stay_as_they_are_if_asked() -> None:
    number = make_patient().id
    report = bring(
        "given name,family name,email,phone\nPaul,Pain,paul.pain@mail.example,030 1\n", update=False
    )
    assert report.counts["unchanged"] == 1
    assert db.session.get_one(Patient, number).phone is None


BAD = (
    "given name,family name,birth date,email,phone,language,reminders\n"
    "Good,One,1980-12-31,,,,\n"
    ",Nobody,1980-12-31,,,,\n"
    "Bad,Date,1980-02-31,,,,\n"
    "Bad,Future,2027-01-01,,,,\n"
    "Bad,Mail,,no mail,x,,\n"
    "Bad,Words,,,,Klingon,perhaps\n"
    "good,one,1980-12-31,,,,\n"
    "Too,Long,,,,,,more\n"
)
PROBLEMS = [
    (3, "given name", "", "Please enter the given name and the family name."),
    (4, "birth date", "1980-02-31", "This is no date that can be read."),
    (5, "birth date", "2027-01-01", "That birth date cannot be right; enter it as 1980-12-31."),
    (6, "email", "no mail", "An email address looks like name@example.org."),
    (6, "phone", "x", "A phone number has digits, spaces and + ( ) / - only."),
    (7, "language", "Klingon", "The language is English (en) or German (de)."),
    (7, "reminders", "perhaps", "This should be yes or no."),
    (9, "", "more", "This row has more cells than there are headings."),
    (8, "", "good one", "The same patient is in row 2 already."),
]


def test_every_problem_is_told_with_its_row_value_and_reason_and_nothing_is_written() -> None:
    report = bring(BAD)
    assert told(report) == PROBLEMS
    assert (report.written, report.counts["new"], report.counts["left_out"], count(Patient)) == (
        False,
        1,
        7,
        0,
    )
    assert count(AuditEntry) == 0


def test_the_good_rows_are_written_if_that_is_asked() -> None:
    report = bring(BAD, only_good=True)
    assert (report.written, told(report), count(Patient)) == (True, PROBLEMS, 1)


def test_a_dry_run_tells_the_same_and_writes_nothing() -> None:
    table = read_table(GOOD.encode())
    report = check_patients(table, PatientChoices(propose_mapping("patients", table.headings)), now=NOW)
    assert (report.counts["new"], report.written, count(Patient), count(AuditEntry)) == (2, False, 0, 0)


def test_dates_that_can_be_read_in_two_ways_are_asked_and_then_read_as_told() -> None:
    text = "given name,family name,birth date\nPaul,Pain,01/02/1980\n"
    with pytest.raises(InvalidInput) as refused:
        bring(text)
    assert str(refused.value) == (
        "The dates in birth date can be read in several ways (d/m/Y, m/d/Y). Please choose one."
    )
    bring(text, dates="m/d/Y")
    assert db.session.scalars(select(Patient.born_on)).one() == date(1980, 1, 2)


@pytest.mark.parametrize(
    ("whole", "names"),
    [
        ("Paul Pain", ("Paul", "Pain")),
        ("Pain, Paul Peter", ("Paul Peter", "Pain")),
        ("Ludwig van Beethoven", ("Ludwig", "van Beethoven")),
        ("Anna Maria von der Heide", ("Anna Maria", "von der Heide")),
    ],
)
def test_a_whole_name_is_taken_apart(whole: str, names: tuple[str, str]) -> None:
    bring(f'Patient;Telefon\n"{whole}";030 1\n')
    patient = db.session.scalars(select(Patient)).one()
    assert (patient.given_name, patient.family_name) == names


def test_a_namesake_who_cannot_be_told_apart_is_a_problem() -> None:
    make_world()
    make_patient(email="other@mail.example")
    report = bring("given name,family name\nPaul,Pain\n")
    assert told(report) == [
        (
            2,
            "",
            "Paul Pain",
            "Several known patients could be meant; a birth date or an email tells them apart.",
        )
    ]
