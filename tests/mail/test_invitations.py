"""Invitations in mails, taken apart by the email package and read back by icalendar and by vobject."""

from email.message import EmailMessage
from typing import Any

import icalendar
import pytest
import vobject

from tests.factories import at
from tests.mail.letters import KINDS, OF_OFFERS, SENDER, rendered, visit

CANCELLED = {"active": False, "sequence": 3}


def parts(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def in_place(message: EmailMessage) -> EmailMessage:
    (part,) = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    assert isinstance(part, EmailMessage)
    return part


def files(message: EmailMessage) -> list[tuple[str, bytes]]:
    return [(part.get_filename() or "", part.get_payload(decode=True)) for part in message.iter_attachments()]  # type: ignore[misc]


def invited(kind: str = "confirmation", *visits: Any, **changes: Any) -> EmailMessage:
    return rendered(kind, *visits, wants_invitations=True, **changes)


def test_one_appointment_comes_in_place_and_as_a_file_that_say_the_same() -> None:
    message = invited()
    assert parts(message) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    ((name, file),) = files(message)
    assert name == "appointment.ics"
    assert file == in_place(message).get_content().replace("\r\n", "\n").replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("kind", "changes", "method", "status"),
    [
        ("confirmation", {}, "REQUEST", "CONFIRMED"),
        ("change", {"sequence": 2}, "REQUEST", "CONFIRMED"),
        ("cancellation", CANCELLED, "CANCEL", "CANCELLED"),
    ],
)
def test_the_method_is_that_of_the_body_and_parsers_agree_on_the_event(
    kind: str, changes: dict[str, Any], method: str, status: str
) -> None:
    part = in_place(invited(kind, visit(**changes)))
    assert part.get_param("method") == method
    raw = part.get_content()
    calendar = icalendar.Calendar.from_ical(raw)
    (event,) = calendar.walk("VEVENT")
    other = vobject.readOne(raw)
    assert (str(calendar["METHOD"]), other.method.value) == (method, method)
    assert (str(event["UID"]), other.vevent.uid.value) == ("7c6d@needletime", "7c6d@needletime")
    sequence = changes.get("sequence", 0)
    assert (event["SEQUENCE"], int(other.vevent.sequence.value)) == (sequence, sequence)
    assert (str(event["STATUS"]), other.vevent.status.value) == (status, status)
    assert (event.decoded("DTSTART"), other.vevent.dtstart.value) == (at(3), at(3))
    assert str(event["ORGANIZER"]) == other.vevent.organizer.value == "mailto:desk@clinic.example"
    assert str(event["ATTENDEE"]) == other.vevent.attendee.value == "mailto:paul@mail.example"
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"
    assert event["ORGANIZER"].params["CN"] == "Needle Point"


def test_a_series_brings_a_file_for_each_date_and_none_in_place() -> None:
    message = invited("series_confirmation", visit(uid="a@x"), visit(at(10), uid="b@x"))
    assert "text/calendar" not in parts(message)
    found = files(message)
    assert [name for name, _ in found] == ["appointment-1.ics", "appointment-2.ics"]
    uids = [str(icalendar.Calendar.from_ical(raw).walk("VEVENT")[0]["UID"]) for _, raw in found]
    assert uids == ["a@x", "b@x"]


@pytest.mark.parametrize("kind", ["reminder", "weekly_summary", *OF_OFFERS])
def test_what_changes_no_calendar_brings_none(kind: str) -> None:
    assert parts(invited(kind)) == ["multipart/alternative", "text/plain", "text/html"]


def test_who_subscribes_to_a_feed_gets_no_invitations() -> None:
    assert parts(rendered("confirmation")) == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize("name", ['Eve "E"; X', "Größe, é", "a:b\\c\r\nBEGIN:VEVENT", ""])
def test_names_cannot_break_the_calendar(name: str) -> None:
    raw = in_place(invited(name=name, sender=SENDER._replace(name=name or "Needle Point"))).get_content()
    assert len(icalendar.Calendar.from_ical(raw).walk("VEVENT")) == 1
    assert vobject.readOne(raw).vevent.attendee.value == "mailto:paul@mail.example"


@pytest.mark.parametrize("kind", KINDS)
def test_subjects_senders_and_files_tell_nothing_of_what_is_treated(kind: str) -> None:
    message = invited(kind)
    told = " ".join([str(message["Subject"]), str(message["From"]), *(name for name, _ in files(message))])
    for word in ("needling", "headache", "migraine", "treatment", "plan", "session", "pain"):
        assert word not in told.lower()


@pytest.mark.parametrize("kind", KINDS)
def test_lines_are_ascii_and_short(kind: str) -> None:
    raw = invited(kind).as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 78
