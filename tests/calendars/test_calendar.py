"""The calendar around the events."""

import icalendar
import vobject

from scheduler.calendars.calendar import assemble_calendar
from tests.calendars.test_event import MINIMAL, ROW


def head(**changes: object) -> dict[str, str]:
    feed = assemble_calendar([], MINIMAL._replace(**changes))
    calendar = icalendar.Calendar.from_ical(feed)
    return {name: value.to_ical().decode() for name, value in calendar.items()}


def test_the_head_names_the_clinic_and_asks_to_look_hourly() -> None:
    assert head() == {
        "VERSION": "2.0",
        "PRODID": "-//Needletime//Calendar feed//EN",
        "CALSCALE": "GREGORIAN",
        "NAME": "Needle Point",
        "X-WR-CALNAME": "Needle Point",
        "REFRESH-INTERVAL": "PT1H",
        "X-PUBLISHED-TTL": "PT1H",
    }


def test_the_clinics_name_is_escaped() -> None:
    assert head(clinic_name="Needle, Point; \\N & Sons")["X-WR-CALNAME"] == r"Needle\, Point\; /N & Sons"


def test_a_clinic_without_a_name_has_appointments() -> None:
    assert head(clinic_name="")["NAME"] == "Appointments"


def test_a_calendar_without_events_can_be_read() -> None:
    assert vobject.readOne(assemble_calendar([], MINIMAL).decode()).contents["version"][0].value == "2.0"


def test_no_time_zones_recurrences_methods_or_addresses() -> None:
    feed = assemble_calendar([ROW], MINIMAL).decode()
    for word in ("VTIMEZONE", "TZID", "RRULE", "METHOD", "ORGANIZER", "ATTENDEE", "\ufeff"):
        assert word not in feed


def test_events_keep_their_order() -> None:
    rows = [ROW._replace(uid=f"{number}@needletime") for number in (3, 1, 2)]
    calendar = icalendar.Calendar.from_ical(assemble_calendar(rows, MINIMAL))
    assert [str(event["uid"]) for event in calendar.events] == [row.uid for row in rows]
