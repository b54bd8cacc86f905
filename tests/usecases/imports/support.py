"""Diaries of other programs, written line by line."""

HEAD = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n"
NINE = "DTSTART;TZID=Europe/Berlin:20260323T090000\nDTEND;TZID=Europe/Berlin:20260323T100000\n"


def calendar(*events: str) -> bytes:
    """A file that holds these events, numbered from 0 on."""
    bodies = (f"BEGIN:VEVENT\nUID:{number}\n{event}\nEND:VEVENT\n" for number, event in enumerate(events))
    return (HEAD + "".join(bodies) + "END:VCALENDAR\n").replace("\n", "\r\n").encode()
