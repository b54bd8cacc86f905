"""Bringing appointments and diaries in: no double bookings, nothing doubled, mails only as asked."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Closure, Credential, FeedToken, Message, TimeOff
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.booking.rules import RULES
from scheduler.usecases.feeds.tokens import issue_feed_token
from scheduler.usecases.imports.appointment_slots import AppointmentChoices
from scheduler.usecases.imports.appointments import check_appointments, import_appointments
from scheduler.usecases.imports.columns import propose_mapping
from scheduler.usecases.imports.patients import PatientChoices, import_patients
from scheduler.usecases.imports.report import Report
from scheduler.usecases.imports.tables import read_table
from tests.factories import (
    NOW,
    World,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_world,
    save,
)

HEAD = "Patient;Behandler;Terminart;Datum;Uhrzeit;Dauer;Raum;Status\n"


@pytest.fixture
def world(context: object) -> World:
    return make_world()


def bring(text: str, *, only_good: bool = False, **choices: object) -> Report:
    table = read_table(text.encode())
    wanted = AppointmentChoices(propose_mapping("appointments", table.headings), **choices)  # type: ignore[arg-type]
    return import_appointments(table, wanted, only_good=only_good, reference=9, actor=COMMAND, now=NOW)


def told(report: Report) -> list[tuple[int, str, str, str]]:
    return [(one.row, one.column, one.value, one.sentence % one.details) for one in report.problems]


def kinds() -> list[str]:
    return list(db.session.scalars(select(Message.kind).order_by(Message.id)))


def test_past_and_future_are_stored_with_what_the_row_says(world: World) -> None:
    report = bring(
        HEAD + "Paul Pain;Petra Pin;Dry needling;02.02.2026;10:00;;;\n"
        "Pain, Paul;pin;Review;20.03.2026;14.30 Uhr;45;Room 2;bestätigt\n"
        "Paul Pain;Petra Pin;Review;03.02.2026;10:00;;;storniert\n"
    )
    assert (report.written, told(report)) == (True, [])
    rows = db.session.scalars(select(Appointment).order_by(Appointment.id)).all()
    assert [(row.status, row.starts_at, row.room_id) for row in rows] == [
        ("completed", at(2, month=2), world.room_ids[0]),
        ("confirmed", at(20, 14, 30), world.room_ids[1]),
        ("cancelled", at(3, month=2), None),
    ]
    assert rows[1].ends_at - rows[1].starts_at == timedelta(minutes=45)
    assert [row.action for row in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))] == [
        *["appointment_imported"] * 3,
        "imported",
    ]


def test_future_appointments_are_reminded_of_but_not_confirmed_unless_asked(world: World) -> None:
    row = "Paul Pain;Petra Pin;Review;{}.03.2026;10:00;;;\n"
    bring(HEAD + row.format("20"))
    assert kinds() == ["reminder", "reminder"]
    bring(HEAD + row.format("23") + row.format("24"), confirm=True)
    assert sorted(kinds()[2:]) == [*["reminder"] * 4, "series_confirmation"]


def test_feeds_learn_of_it(world: World) -> None:
    issue_feed_token(practitioner_id=world.practitioner_id, actor=COMMAND, now=NOW)
    bring(HEAD + "Paul Pain;Petra Pin;Review;20.03.2026;10:00;;;\n")
    assert db.session.scalars(select(FeedToken.revision)).one() == 1


def test_bringing_it_in_twice_doubles_nothing_even_what_was_moved_here(world: World) -> None:
    text = HEAD + "Paul Pain;Petra Pin;Review;20.03.2026;10:00;;;\nPaul Pain;;Review;23.03.2026;10:00;;;\n"
    bring(text)
    row = db.session.scalars(select(Appointment).order_by(Appointment.id)).first()
    assert row is not None
    for name in ("starts_at", "ends_at", "busy_from", "busy_until"):
        setattr(row, name, getattr(row, name) + timedelta(days=1))
    db.session.commit()
    report = bring(text)
    assert report.counts == {"new": 0, "updated": 0, "unchanged": 2, "left_out": 0}
    assert [sentence % details for sentence, details in report.notes] == [
        "Known appointments that are at another time here than in the file, and stay as they are: 1."
    ]
    assert db.session.scalar(select(func.count(Appointment.id))) == 2


def test_every_problem_is_told_by_row_and_nothing_is_written(world: World) -> None:
    make_patient("Ann", "Ohm")
    make_appointment(world, at(20))
    make_practitioner(world.location_id, given_name="Rita", family_name="Rest")
    text = HEAD + (
        "Paul Pain;Petra Pin;Review;20.03.2026;11:00;;;\n"
        "Nobody Known;Petra Pin;Review;20.03.2026;12:00;;;\n"
        "Ann Ohm;Dr. Who;Review;20.03.2026;12:00;;;\n"
        "Ann Ohm;Petra Pin;Massage;20.03.2026;12:00;;;\n"
        "Ann Ohm;Petra Pin;Review;20.03.2026;10:15;;;\n"
        "Ann Ohm;Petra Pin;Review;20.03.2026;11:15;;;\n"
        "Ann Ohm;Rita Rest;Review;20.03.2026;10:00;;Room 1;\n"
        "Ann Ohm;Petra Pin;Review;20.03.2026;12:02;;;\n"
        "Ann Ohm;Petra Pin;Review;29.03.2026;02:30;;;\n"
        "Ann Ohm;Petra Pin;Review;20.03.2026;late;;;\n"
        "Ann Ohm;Petra Pin;Review;20.03.2026;13:00;;Room 9;\n"
        "Ann Ohm;Petra Pin;Review;20.03.2026;13:00;;;vielleicht\n"
        "Ann Ohm;;Review;20.03.2026;13:00;;;\n"
    )
    report = bring(text)
    reasons = {(row, column): reason for row, column, _, reason in told(report)}
    assert reasons == {
        (3, "Patient"): "There is no such patient; bring the patients in first.",
        (4, "Behandler"): "No practitioner is called that; there are: Petra Pin, Rita Rest.",
        (5, "Terminart"): "No appointment type is called that; there are: First visit, Dry needling, Review.",
        (6, ""): "The practitioner is already busy at that time.",
        (7, ""): "The practitioner is already busy at that time, by row 2.",
        (8, ""): "The room is already busy at that time.",
        (9, "Datum, Uhrzeit"): "Appointments start on a multiple of 5 minutes.",
        (10, "Datum, Uhrzeit"): "The clocks go forward then: that time does not exist.",
        (11, "Uhrzeit"): "This is no time of day that can be read.",
        (12, "Raum"): "That location has no such room; there are: Room 1, Room 2.",
        (
            13,
            "Status",
        ): "That status is not known; there are: booked, confirmed, arrived, completed, cancelled, no_show.",
        (14, "Behandler"): "No practitioner is named, and there are several: choose one for such rows.",
    }
    assert [value for row, _, value, _ in sorted(told(report)) if row in (9, 10, 11)] == [
        "20.03.2026 12:02",
        "29.03.2026 02:30",
        "late",
    ]
    assert (report.written, report.counts["new"]) == (False, 1)
    assert bring(text, only_good=True).counts["new"] == 1
    assert db.session.scalar(select(func.count(Appointment.id))) == 2


def test_everything_that_is_wrong_with_one_row_is_told(world: World) -> None:
    report = bring(HEAD + "Nobody Known;Dr. Who;Massage;late;;lang;;vielleicht\n")
    assert sorted((column, value) for _, column, value, _ in told(report)) == [
        ("Behandler", "Dr. Who"),
        ("Datum", "late"),
        ("Dauer", "lang"),
        ("Patient", "Nobody Known"),
        ("Status", "vielleicht"),
        ("Terminart", "Massage"),
    ]


def test_what_breaks_a_rule_is_told_and_brought_in_with_the_rules(world: World) -> None:
    save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(24, 8), ends_at=at(24, 18)))
    save(Closure(location_id=world.location_id, starts_at=at(25, 8), ends_at=at(25, 18), reason="Fair"))
    text = HEAD + (
        "Paul Pain;;Dry needling;20.03.2026;10:00;;;\n"  # less than two days before the next
        "Paul Pain;;Dry needling;21.03.2026;10:00;;;\n"  # a Saturday
        "Paul Pain;;Review;24.03.2026;10:00;;;\n"
        "Paul Pain;;Review;25.03.2026;10:00;;;\n"
        "Paul Pain;;Review;26.03.2026;10:00;;;\n"
        "Paul Pain;;Review;22.02.2026;10:00;;;\n"  # what has been is not asked
        "Paul Pain;;Review;28.03.2026;10:00;;;storniert\n"
    )
    wanted = [(2, "rest"), (3, "outside_hours"), (3, "rest"), (4, "away"), (5, "closed")]
    table = read_table(text.encode())
    choices = AppointmentChoices(propose_mapping("appointments", table.headings))
    dry = check_appointments(table, choices, now=NOW)
    assert [(one.row, one.sentence) for one in dry.warnings] == [
        (row, RULES[code].sentence) for row, code in wanted
    ]
    report = bring(text)
    assert (report.written, report.problems, report.warned) == (True, [], 4)
    rows = db.session.scalars(select(Appointment).order_by(Appointment.starts_at)).all()
    assert [(row.override_reason, row.override_rules) for row in rows] == [
        (None, []),
        ("Imported", ["rest"]),
        ("Imported", ["outside_hours", "rest"]),
        ("Imported", ["away"]),
        ("Imported", ["closed"]),
        (None, []),
        (None, []),
    ]
    kept = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "appointment_imported").order_by(AuditEntry.id)
    )
    assert [entry.detail["rules"] for entry in kept][:2] == [["rest"], ["outside_hours", "rest"]]


def test_a_room_out_of_use_is_not_chosen_and_told_where_the_file_names_it(world: World) -> None:
    first, second = world.room_ids
    for starts_at, ends_at in ((at(24, 8), at(24, 12)), (at(24, 9), at(24, 18))):
        save(Closure(location_id=world.location_id, room_id=first, starts_at=starts_at, ends_at=ends_at))
    report = bring(
        HEAD + "Paul Pain;;Review;24.03.2026;15:00;;;\nPaul Pain;;Review;24.03.2026;16:00;;Room 1;\n"
    )
    assert [(one.row, one.sentence) for one in report.warnings] == [(3, RULES["closed"].sentence)]
    rows = db.session.scalars(select(Appointment).order_by(Appointment.starts_at)).all()
    assert [(row.room_id, row.override_rules) for row in rows] == [(second, []), (first, ["closed"])]


def test_a_credential_that_is_not_held_then_is_told(world: World) -> None:
    credential = db.session.scalars(select(Credential)).one()
    credential.expires_on = at(19).date()
    db.session.commit()
    report = bring(HEAD + "Paul Pain;;Dry needling;20.03.2026;10:00;;;\n")
    assert [one.sentence for one in report.warnings] == [
        "The practitioner has no valid credential for this on that day."
    ]


@pytest.mark.parametrize(
    ("moment", "starts_at"),
    [
        ("2026-03-20 10:00", at(20)),
        ("2026-03-20T10:00:00+02:00", datetime(2026, 3, 20, 8, tzinfo=UTC)),
        ("2026-03-20T10:00Z", datetime(2026, 3, 20, 10, tzinfo=UTC)),
        ("20.03.2026 10:00 Uhr", at(20)),
        ("20/03/2026 2:30 PM", at(20, 14, 30)),
        ("20 March 2026, 10:00", at(20)),
    ],
)
def test_moments_are_read_as_they_are_written(world: World, moment: str, starts_at: datetime) -> None:
    bring(f'Patient,Start,Type\nPaul Pain,"{moment}",Review\n')
    assert db.session.scalars(select(Appointment.starts_at)).one() == starts_at


def test_patients_are_found_by_their_number_or_email(world: World) -> None:
    table = read_table(b"id,given name,family name\n77,Ann,Ohm\n")
    import_patients(
        table, PatientChoices(propose_mapping("patients", table.headings)), actor=COMMAND, now=NOW
    )
    bring(
        "Patient ID,Email,Start,Type\n77,,2026-03-20 10:00,Review\n,paul.pain@mail.example,2026-03-20 11:00,Review\n"
    )
    rows = db.session.scalars(select(Appointment).order_by(Appointment.starts_at)).all()
    assert [row.patient.name for row in rows] == ["Ann Ohm", "Paul Pain"]


def test_a_dry_run_writes_nothing(world: World) -> None:
    table = read_table((HEAD + "Paul Pain;Petra Pin;Review;20.03.2026;10:00;;;\n").encode())
    report = check_appointments(
        table, AppointmentChoices(propose_mapping("appointments", table.headings)), now=NOW
    )
    assert (report.counts["new"], db.session.scalar(select(func.count(Appointment.id)))) == (1, 0)
