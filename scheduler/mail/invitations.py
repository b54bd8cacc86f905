"""The invitations that a letter carries to patients who want appointments that way."""

from scheduler.calendars.event import EventRow, FeedStyle, Viewer
from scheduler.calendars.invitation import Party, method_of, render_invitation
from scheduler.mail.parts import Invitation
from scheduler.models.feeds import FeedDetail
from scheduler.models.messages import MessageKind
from scheduler.usecases.messages.letters import Letter, Visit

CARRIED = (
    MessageKind.CONFIRMATION.value,
    MessageKind.SERIES_CONFIRMATION.value,
    MessageKind.CHANGE.value,
    MessageKind.SERIES_CHANGED.value,
    MessageKind.CANCELLATION.value,
)
"""Kinds that change what is in a calendar; a reminder changes nothing."""


def letter_invitations(letter: Letter, mail_from: str) -> tuple[Invitation, ...]:
    """One for each appointment, from and to the mail's own addresses; none for kinds that change no calendar."""
    if letter.kind not in CARRIED:
        return ()
    style = FeedStyle(
        viewer=Viewer.PATIENT,
        detail=FeedDetail.MINIMAL,
        locale=letter.locale,
        alarm_minutes=None,
        clinic_name=letter.sender.name,
    )
    organizer = Party(letter.sender.name, mail_from)
    attendee = Party(letter.name, letter.recipient)
    events = map(_event, letter.visits)
    return tuple(
        Invitation(method_of(row), render_invitation(row, style, organizer, attendee)) for row in events
    )


def _event(visit: Visit) -> EventRow:
    return EventRow(
        uid=visit.uid,
        sequence=visit.sequence,
        changed_at=int((visit.changed_at or visit.starts_at).timestamp()),
        starts_at=int(visit.starts_at.timestamp()),
        ends_at=int(visit.ends_at.timestamp()),
        is_cancelled=not visit.active,
        location_name=visit.location,
        address=visit.address,
        room_name=visit.room or None,
        type_name=None,
        person_name=None,
        session_number=None,
        session_total=None,
    )
