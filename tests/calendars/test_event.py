"""One appointment as a VEVENT: what it says, and that every parser reads what was meant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calendars import event
from scheduler.calendars.calendar import assemble_calendar
from scheduler.calendars.event import EventRow, FeedStyle, Viewer, render_event
from scheduler.models import FeedDetail
from tests.calendars.parsers import ReadEvent, read_alike

CHANGED_AT = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
STARTS_AT = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
MINIMAL = FeedStyle(Viewer.PATIENT, FeedDetail.MINIMAL, "en", None, "Needle Point")
FULL = MINIMAL._replace(detail=FeedDetail.FULL)
ROW = EventRow(
    uid="3b1f@needletime",
    sequence=2,
    changed_at=int(CHANGED_AT.timestamp()),
    starts_at=int(STARTS_AT.timestamp()),
    ends_at=int(STARTS_AT.timestamp()) + 1800,
    is_cancelled=False,
    location_name="Mitte",
    address="Torstraße 1\n10119 Berlin",
    room_name=None,
    type_name=None,
    person_name=None,
    session_number=None,
    session_total=None,
)
FULL_ROW = ROW._replace(
    room_name="Room 1",
    type_name="Dry needling",
    person_name="Petra Pin",
    session_number=3,
    session_total=8,
)
HARD_TEXT = st.text(st.characters(codec="utf-8"), max_size=200)


def read_one(row: EventRow, style: FeedStyle) -> ReadEvent:
    (read,) = read_alike(assemble_calendar([row], style))
    return read


def title(row: EventRow, **changes: object) -> str:
    return read_one(row, FULL._replace(**changes)).summary


def test_an_event_says_when_and_where_and_nothing_else() -> None:
    assert read_one(ROW, MINIMAL) == ReadEvent(
        uid="3b1f@needletime",
        sequence=2,
        stamped_at=CHANGED_AT,
        modified_at=CHANGED_AT,
        starts_at=STARTS_AT,
        ends_at=STARTS_AT + timedelta(minutes=30),
        summary="Appointment",
        location="Needle Point, Mitte, Torstraße 1, 10119 Berlin",
        status="CONFIRMED",
        transparency="OPAQUE",
    )


def test_a_cancelled_event_says_so_and_leaves_the_time_free() -> None:
    read = read_one(ROW._replace(is_cancelled=True), MINIMAL)
    assert (read.summary, read.status, read.transparency) == (
        "Cancelled: Appointment",
        "CANCELLED",
        "TRANSPARENT",
    )


def test_a_full_title_names_type_person_and_session_for_a_patient() -> None:
    assert title(FULL_ROW) == "Dry needling · Petra Pin · Session 3 of 8"


def test_a_full_title_begins_with_the_patient_for_a_practitioner() -> None:
    row = FULL_ROW._replace(person_name="Paul Pain")
    assert title(row, viewer=Viewer.PRACTITIONER) == "Paul Pain · Dry needling · Session 3 of 8"


def test_a_full_title_outside_a_plan_has_no_session() -> None:
    row = FULL_ROW._replace(session_number=None, session_total=None)
    assert title(row) == "Dry needling · Petra Pin"


def test_a_minimal_title_for_a_practitioner_names_the_room_only() -> None:
    style = MINIMAL._replace(viewer=Viewer.PRACTITIONER)
    assert read_one(FULL_ROW, style).summary == "Appointment · Room 1"


def test_titles_are_in_the_feeds_language(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {
        "Cancelled: %(title)s": "Abgesagt: %(title)s",
        "Session %(number)s of %(total)s": "Sitzung %(number)s von %(total)s",
    }
    languages = {"de": lambda msgid: words.get(msgid, msgid)}
    monkeypatch.setattr(event, "translator", languages.__getitem__)
    row = FULL_ROW._replace(is_cancelled=True)
    assert title(row, locale="de") == "Abgesagt: Dry needling · Petra Pin · Sitzung 3 von 8"
    render_event.cache_clear()


def test_a_location_named_like_the_clinic_is_said_once() -> None:
    row = ROW._replace(location_name="Needle Point")
    assert read_one(row, MINIMAL).location == "Needle Point, Torstraße 1, 10119 Berlin"


def test_an_alarm_rings_where_it_was_asked_for() -> None:
    assert read_one(ROW, MINIMAL._replace(alarm_minutes=90)).alarms == (timedelta(minutes=-90),)


def test_a_cancelled_event_rings_no_alarm() -> None:
    assert read_one(ROW._replace(is_cancelled=True), MINIMAL._replace(alarm_minutes=90)).alarms == ()


@pytest.mark.parametrize(
    ("entered", "shown"),
    [
        (r"Room \N", "Room /N"),
        (r"Room \n; \, \;", "Room /n; /, /;"),
        ("Room\r\n1", "Room, 1"),
        (" Room\n\n 1\n", "Room, 1"),
        ("Room\u20281\x0b2\x0c3\x854", "Room, 1, 2, 3, 4"),
        ("Ro\x00\x07\x1bom\x7f\x9f", "Room"),
        ("Room\t1", "Room 1"),
        ('"Room"; 1:2^n', '"Room"; 1:2^n'),
        ("END:VEVENT\r\nBEGIN:VEVENT", "END:VEVENT, BEGIN:VEVENT"),
        ("é😀" * 60, "é😀" * 60),
    ],
)
def test_difficult_text_is_read_back_alike(entered: str, shown: str) -> None:
    assert title(FULL_ROW._replace(type_name=entered)) == f"{shown} · Petra Pin · Session 3 of 8"


@settings(deadline=None)
@given(kind=HARD_TEXT, person=HARD_TEXT, address=HARD_TEXT)
def test_any_text_gives_the_bytes_that_icalendar_would_write(kind: str, person: str, address: str) -> None:
    row = FULL_ROW._replace(type_name=kind, person_name=person, address=address)
    fragment = render_event(row, FULL._replace(alarm_minutes=15))
    assert icalendar.Event.from_ical(fragment).to_ical(sorted=False) == fragment


@settings(deadline=None)
@given(kind=HARD_TEXT, address=HARD_TEXT)
def test_any_text_is_read_alike_by_every_parser(kind: str, address: str) -> None:
    read = read_one(FULL_ROW._replace(type_name=kind, address=address), FULL)
    plain = read_one(FULL_ROW, FULL)
    assert replace(read, summary="", location="") == replace(plain, summary="", location="")


@settings(deadline=None)
@given(kind=HARD_TEXT, person=HARD_TEXT)
def test_lines_are_folded_at_75_octets_and_end_in_crlf(kind: str, person: str) -> None:
    fragment = render_event(FULL_ROW._replace(type_name=kind, person_name=person), FULL)
    lines = fragment.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert fragment.count(b"\n") == fragment.count(b"\r") == len(lines) - 1
    assert [line.decode() for line in lines][-1] == ""


@settings(deadline=None)
@given(data=st.data())
def test_a_kept_fragment_is_never_that_of_another_row(data: st.DataObject) -> None:
    rows = data.draw(
        st.lists(
            st.builds(
                FULL_ROW._replace,
                sequence=st.integers(0, 2),
                is_cancelled=st.booleans(),
                person_name=st.sampled_from(["Petra Pin", "Peter Pin"]),
                room_name=st.sampled_from(["Room 1", "Room 2", None]),
            ),
            max_size=20,
        )
    )
    render_event.cache_clear()
    kept = [render_event(row, FULL) for row in rows]
    assert kept == [render_event.__wrapped__(row, FULL) for row in rows]
