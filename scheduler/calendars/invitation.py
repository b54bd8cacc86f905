"""One appointment as an invitation (iTIP, RFC 5546): a calendar with a method, from the clinic to one person.

The event is that of the feed, under the same UID, so that a calendar that has both shows it once. No answer is asked
for: the appointment is made, and RSVP=FALSE keeps most programs from mailing one.
"""

from typing import NamedTuple

from icalendar import vCalAddress
from icalendar.parser import Contentline, Parameters

from scheduler.calendars.event import EventRow, FeedStyle, render_event

REQUEST, CANCEL = "REQUEST", "CANCEL"


class Party(NamedTuple):
    """A name and the email address that the mail itself comes from or goes to."""

    name: str
    address: str


def method_of(row: EventRow) -> str:
    """What the invitation asks of the calendar; the mail's part must name the same."""
    return CANCEL if row.is_cancelled else REQUEST


def render_invitation(row: EventRow, style: FeedStyle, organizer: Party, attendee: Party) -> bytes:
    """A whole calendar with one event, CRLF line ends; the parties must be those of the mail's From and To."""
    event = render_event(row, style)
    people = "\r\n".join(
        [
            _address_line("ORGANIZER", organizer, {}),
            _address_line(
                "ATTENDEE",
                attendee,
                {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "FALSE"},
            ),
        ]
    )
    head = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Needletime//Invitation//EN\r\nMETHOD:{method_of(row)}\r\n"
    end = b"END:VEVENT\r\n"
    return b"".join(
        [head.encode(), event.removesuffix(end), people.encode(), b"\r\n", end, b"END:VCALENDAR\r\n"]
    )


def _address_line(name: str, party: Party, parameters: dict[str, str]) -> str:
    known = {"CN": party.name.replace('"', "'"), **parameters} if party.name else parameters
    line = Contentline.from_parts(name, Parameters(known), vCalAddress(f"mailto:{party.address}"))
    return bytes(line.to_ical()).decode()
