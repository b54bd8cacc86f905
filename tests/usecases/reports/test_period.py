"""Reports: what was used, who came, how plans stand; every appointment and plan counted once."""

from datetime import date, timedelta

import pytest
from flask import Flask

from scheduler.errors import InvalidInput, NotFound
from scheduler.extensions import db
from scheduler.models import AuditEntry, Clinic, Closure, Location, Practitioner, TimeOff, WorkingHours
from scheduler.planning.reports import Attendance
from scheduler.usecases.appointments.changing import cancel_appointment
from scheduler.usecases.reports.period import Period, note_report_export
from scheduler.usecases.reports.use import Use, report_utilisation
from tests.factories import (
    NOW,
    RECEPTIONIST,
    at,
    make_appointment,
    make_message,
    make_patient,
    make_practitioner,
    make_world,
    save,
)
from tests.query_counter import count_queries
from tests.usecases.reports.support import MARCH, attendance, hold, make_place, place, plans, prescribe


def test_utilisation_is_booked_time_of_working_time(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3), minutes=60, busy_from=at(3, 9, 30), busy_until=at(3, 11, 30))
    make_appointment(world, at(10), minutes=30, status="completed")
    found = report_utilisation(MARCH)
    assert found.mondays == [date(2026, 3, 2), date(2026, 3, 9)]
    assert [one.weeks for one in found.practitioners] == [[Use(2400, 60), Use(2400, 30)]]
    assert (found.weeks, found.practitioners[0].whole) == ([Use(2400, 60), Use(2400, 30)], Use(4800, 90))


def test_absences_and_closures_are_no_working_time(context: Flask) -> None:
    world = make_world()
    save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(3, 0), ends_at=at(4, 0)))
    save(Closure(location_id=world.location_id, starts_at=at(5, 12), ends_at=at(6, 0)))
    assert report_utilisation(MARCH).weeks[0] == Use(2400 - 480 - 300, 0)


@pytest.mark.parametrize("status", ["cancelled", "no_show"])
def test_what_did_not_take_place_uses_nothing(context: Flask, status: str) -> None:
    make_appointment(make_world(), at(3), status=status)
    assert report_utilisation(MARCH).weeks[0] == Use(2400, 0)


def test_only_days_of_the_period_count(context: Flask) -> None:
    world = make_world()
    for day in (3, 4, 5):
        make_appointment(world, at(day))
    found = report_utilisation(Period(date(2026, 3, 4), date(2026, 3, 4)))
    assert (found.mondays, found.weeks) == ([date(2026, 3, 2)], [Use(480, 30)])


def test_a_location_counts_by_its_own_clock(context: Flask) -> None:
    world = make_world()
    auckland = make_place("Pacific/Auckland")
    make_practitioner(auckland, family_name="South", weekdays=(0,))
    south = Period(date(2026, 3, 9), date(2026, 3, 9), auckland)
    make_appointment(world, at(8, 21), location_id=auckland, room_id=None, practitioner_id=2)
    assert report_utilisation(south).weeks == [Use(480, 30)]
    before = Period(date(2026, 3, 8), date(2026, 3, 8))
    assert report_utilisation(before).practitioners == []


def test_hours_at_two_places_at_once_count_once(context: Flask) -> None:
    world = make_world()
    twice = WorkingHours(
        practitioner_id=world.practitioner_id,
        location_id=make_place(),
        weekday=0,
        starts_minute=540,
        ends_minute=1080,
        valid_from=date(2025, 1, 6),
    )
    save(twice)
    assert report_utilisation(MARCH).weeks[0] == Use(2400 + 60, 0)


@pytest.mark.parametrize("left", [Practitioner, Location])
def test_who_and_what_was_archived_worked_until_then(
    context: Flask, left: type[Practitioner | Location]
) -> None:
    world = make_world()
    make_appointment(world, at(3))
    db.session.get_one(left, 1).archived_at = at(5, 13) - timedelta(minutes=2)
    db.session.commit()
    assert [one.weeks for one in report_utilisation(MARCH).practitioners] == [[Use(3 * 480 + 240, 30), Use()]]


def test_attendance_tells_kept_missed_and_late(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3), status="completed", created_at=at(2))
    make_appointment(world, at(3, 12), status="arrived", created_at=at(2))
    make_appointment(world, at(4), status="no_show", created_at=at(1))
    make_appointment(world, at(4, 12), status="cancelled", cancelled_at=at(4, 9), created_at=at(1, month=1))
    found = attendance()
    assert found.whole == Attendance(kept=2, missed=1, late=1)
    assert found.by_weekday[1:3] == [Attendance(kept=2), Attendance(missed=1, late=1)]
    assert found.by_lead == [
        Attendance(kept=2),
        Attendance(missed=1),
        Attendance(),
        Attendance(),
        Attendance(late=1),
    ]


def test_every_appointment_counts_once_in_each_view(context: Flask) -> None:
    world = make_world()
    statuses = ["completed", "no_show", "arrived", "cancelled"]
    for number in range(24):
        start = at(2 + number // 3, 9 + number % 3)
        cancelled_at = start - timedelta(hours=2) if number % 4 == 3 else None
        make_appointment(world, start, status=statuses[number % 4], cancelled_at=cancelled_at)
    found = attendance()
    assert found.whole == Attendance(12, 6, 6)
    assert sum(found.by_weekday, Attendance()) == sum(found.by_lead, Attendance()) == found.whole


def test_cancelled_in_time_or_by_the_clinic_is_nobodys_fault(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(4), status="cancelled", cancelled_at=at(3, 9))
    for hour, reason in ((11, "clinic"), (12, "no_capacity")):
        make_appointment(world, at(4, hour), status="cancelled", cancelled_at=at(4, 8), cancel_reason=reason)
    assert attendance().whole == Attendance()


def test_the_clinic_says_what_is_late(context: Flask) -> None:
    make_appointment(make_world(), at(4), status="cancelled", cancelled_at=at(2))
    assert attendance().whole == Attendance()
    db.session.get_one(Clinic, 1).cancel_notice_hours = 72
    db.session.commit()
    assert (attendance().whole, attendance().notice_hours) == (Attendance(late=1), 72)


def test_what_nobody_marked_is_said_but_not_counted(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3))
    make_appointment(world, at(4), status="confirmed")
    make_appointment(world, at(14))
    found = attendance(now=at(5))
    assert (found.whole, found.unmarked) == (Attendance(), 2)


def test_reminder_counts_only_once_it_was_sent(context: Flask) -> None:
    world = make_world()
    sent = make_appointment(world, at(3), status="completed")
    failed = make_appointment(world, at(4), status="no_show")
    make_message(sent, state="sent", sent_at=at(2, 10))
    make_message(sent, state="sent", sent_at=at(2, 11), offset_minutes=60)
    make_message(failed, state="failed")
    found = attendance()
    assert (found.with_reminder, found.without_reminder) == (Attendance(kept=1), Attendance(missed=1))


def test_attendance_of_one_location(context: Flask) -> None:
    world = make_world()
    other = make_place()
    make_appointment(world, at(3), status="completed")
    make_appointment(world, at(4), status="no_show", location_id=other, room_id=None)
    assert attendance(Period(MARCH.from_on, MARCH.to_on, other)).whole == Attendance(missed=1)


def test_real_deeds_are_told_right(context: Flask) -> None:
    world = make_world()
    kept, lost = place(prescribe(world), at(3), at(5))
    hold(kept)
    cancel_appointment(lost.id, version=1, reason="patient", actor=RECEPTIONIST, now=at(4, 20))
    assert attendance().whole == Attendance(kept=1, late=1)


@pytest.mark.parametrize(
    "period",
    [Period(date(2026, 3, 2), date(2026, 3, 1)), Period(date(2026, 3, 2), date(2027, 3, 3))],
)
def test_senseless_period_is_refused(context: Flask, period: Period) -> None:
    make_world()
    for report in (
        lambda: report_utilisation(period),
        lambda: attendance(period),
        lambda: plans(period),
    ):
        with pytest.raises(InvalidInput):
            report()


def test_unknown_location_is_not_found(context: Flask) -> None:
    make_world()
    with pytest.raises(NotFound):
        report_utilisation(Period(MARCH.from_on, MARCH.to_on, 999))


def test_queries_do_not_grow_with_appointments(context: Flask) -> None:
    world = make_world()

    def everything() -> None:
        report_utilisation(MARCH)
        attendance()
        plans()

    with count_queries() as for_none:
        everything()
    for number in range(5):
        appointment = make_appointment(world, at(3 + number), status="completed")
        make_message(appointment, state="sent", sent_at=NOW)
        prescribe(world, patient_id=make_patient(f"P{number}").id)
    with count_queries() as for_many:
        everything()
    assert for_many.total == for_none.total


def test_export_is_noted(context: Flask) -> None:
    make_world()
    note_report_export("plans", MARCH, actor=RECEPTIONIST, now=NOW)
    entry = db.session.query(AuditEntry).filter_by(action="report_exported").one()
    assert (entry.actor_name, entry.detail) == (
        "Rita Reception",
        {"report": "plans", "from_on": "2026-03-02", "to_on": "2026-03-15", "location_id": None},
    )
