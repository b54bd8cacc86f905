"""All calendars that read from here, as the desk looks after them: whose they are, and which show what is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from scheduler.models import Appointment, FeedToken, Patient, Practitioner, Room
from scheduler.transaction import reading
from scheduler.usecases.feeds.silent import SILENT_AFTER, is_silent


@dataclass(frozen=True, slots=True)
class OwnedCalendar:
    """An address, and the name of whom or what it shows."""

    token: FeedToken
    owner: str


@dataclass(frozen=True, slots=True)
class Calendars:
    """The addresses that answer."""

    of_staff: Sequence[OwnedCalendar]
    """Of practitioners and rooms in use, the oldest first."""
    of_patients: int
    silent: Sequence[OwnedCalendar]
    """Those of ``of_staff`` that show what is over."""
    silent_of_patients: Sequence[OwnedCalendar]
    """Of patients with an appointment ahead, by name."""


@reading
def see_calendars(session: Session, *, now: datetime) -> Calendars:
    """Every address in use; three queries for any number."""
    of_staff = _of_staff(session)
    return Calendars(
        of_staff=of_staff,
        of_patients=session.scalar(_of_patients(func.count())) or 0,
        silent=[each for each in of_staff if is_silent(each.token, now=now)],
        silent_of_patients=_silent_of_patients(session, now),
    )


def _of_patients(*what: Any) -> Select[Any]:
    return (
        select(*what)
        .select_from(FeedToken)
        .join(Patient, Patient.id == FeedToken.patient_id)
        .where(FeedToken.revoked_at.is_(None), Patient.archived_at.is_(None))
    )


def _of_staff(session: Session) -> list[OwnedCalendar]:
    rows = session.execute(
        select(FeedToken, Practitioner, Room)
        .outerjoin(Practitioner, Practitioner.id == FeedToken.practitioner_id)
        .outerjoin(Room, Room.id == FeedToken.room_id)
        .where(
            FeedToken.revoked_at.is_(None),
            FeedToken.patient_id.is_(None),
            Practitioner.archived_at.is_(None),
            Room.archived_at.is_(None),
        )
        .order_by(FeedToken.id)
    )
    return [OwnedCalendar(token, person.name if person else room.name) for token, person, room in rows]


def _silent_of_patients(session: Session, now: datetime) -> list[OwnedCalendar]:
    long_ago = or_(FeedToken.last_fetched_at.is_(None), FeedToken.last_fetched_at <= now - SILENT_AFTER)
    comes = select(Appointment.id).where(
        Appointment.patient_id == FeedToken.patient_id, Appointment.starts_at > now
    )
    rows = session.execute(
        _of_patients(FeedToken, Patient)
        .where(long_ago, comes.exists())
        .order_by(Patient.family_name, Patient.given_name, FeedToken.id)
    )
    return [OwnedCalendar(token, patient.name) for token, patient in rows if is_silent(token, now=now)]
