"""Finding one row by its number, or saying in a sentence that it is not there."""

from typing import TypeVar

from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput, NotFound
from scheduler.models.appointments import AppointmentStatus
from scheduler.models.base import Base

Row = TypeVar("Row", bound=Base)
BIGGEST_ID = 2**31 - 1
WORDS = {
    "Appointment": "appointment",
    "AppointmentType": "appointment type",
    "BusyCalendar": "private calendar",
    "Consent": "consent",
    "Credential": "credential",
    "FeedToken": "calendar address",
    "Hold": "hold",
    "Location": "location",
    "Message": "message",
    "Offer": "offer",
    "OfferTurn": "offer",
    "Patient": "patient",
    "PlannedSession": "planned session",
    "Practitioner": "practitioner",
    "Protocol": "protocol",
    "Room": "room",
    "Staff": "person",
    "Task": "task",
    "TreatmentPlan": "plan",
    "WaitlistEntry": "waitlist entry",
}


def find(session: Session, model: type[Row], number: int) -> Row:
    """The row with that primary key; raises NotFound, also for a slot that is only held."""
    row = session.get(model, number) if 0 < number <= BIGGEST_ID else None
    if row is None or getattr(row, "status", None) == AppointmentStatus.HELD:
        raise NotFound(what=WORDS.get(model.__name__, "entry"))
    return row


def find_in_use(session: Session, model: type[Row], number: int) -> Row:
    """The row with that primary key, as something to book with; raises NotFound, or InvalidInput if archived."""
    row = find(session, model, number)
    _refuse_archived(row)
    return row


def still_in_use(session: Session, row: Base) -> None:
    """Ask again once the row is locked: raise InvalidInput if somebody archived it meanwhile."""
    session.refresh(row, ["archived_at"])
    _refuse_archived(row)


def _refuse_archived(row: Base) -> None:
    if getattr(row, "archived_at", None) is not None:
        raise InvalidInput("This %(what)s is archived and cannot be booked.", what=WORDS[type(row).__name__])
