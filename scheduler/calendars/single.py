"""One appointment as a calendar file to keep, under the UID that feeds and invitations use, too."""

from scheduler.calendars.event import EventRow, FeedStyle, render_event


def render_single(row: EventRow, style: FeedStyle) -> bytes:
    """A whole calendar with one event, CRLF line ends; it is published, so nothing is asked for and nothing follows."""
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Needletime//Appointment//EN\r\nMETHOD:PUBLISH\r\n"
    return b"".join([head.encode(), render_event(row, style), b"END:VCALENDAR\r\n"])
