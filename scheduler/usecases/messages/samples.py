"""Mails to look at that nobody gets: a reminder under a policy, and the invented appointment that all of them have."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import AppointmentType, Clinic, Location, MessageKind, Practitioner, Room
from scheduler.planning.due import DueReminder, reminders_due
from scheduler.transaction import reading
from scheduler.usecases.clinic.settings import ReminderWishes, policy_of
from scheduler.usecases.messages.letter_rows import sender_of
from scheduler.usecases.messages.letters import Letter, Visit

SAMPLE_DAYS_AHEAD, SAMPLE_AT = 8, time(10, 0)


@dataclass(frozen=True, slots=True)
class Sample:
    """A reminder as it would be sent: the letter, and when each would go out by the clock of ``zone``."""

    letter: Letter
    due: list[DueReminder]
    zone: str


@reading
def sample_reminder(
    session: Session, wishes: ReminderWishes, given_name: str, *, now: datetime, locale: str | None = None
) -> Sample:
    """A reminder of an invented appointment a week ahead at 10:00, at the first location and with who treats there.

    ``given_name`` is the invented patient's. Raises InvalidInput where the policy makes no sense.
    """
    policy = policy_of(wishes)
    visit = invented_visit(session, now)
    letter = invented_letter(session, MessageKind.REMINDER, locale, given_name, given_name, (visit,))
    due = reminders_due(visit.starts_at, now, ZoneInfo(visit.zone), policy, now)
    return Sample(letter, due, visit.zone)


def invented_letter(
    session: Session, kind: str, locale: str | None, given_name: str, name: str, visits: tuple[Visit, ...]
) -> Letter:
    """A mail that is never sent; in the clinic's language where none is given."""
    clinic = session.get_one(Clinic, 1)
    return Letter(
        id=0,
        kind=str(kind),
        message_id="sample",
        recipient=clinic.email,
        recipient_told=clinic.email,
        given_name=given_name,
        name=name,
        locale=locale or clinic.locale,
        zone=None,
        wants_reminders=True,
        attempts=0,
        pointless_at=None,
        visits=visits,
        sender=sender_of(session),
    )


def invented_visit(session: Session, now: datetime) -> Visit:
    """A morning some days ahead at the first location, with who is there to treat."""
    place = session.scalars(
        select(Location).where(Location.archived_at.is_(None)).order_by(Location.id).limit(1)
    ).one()
    practitioner = session.scalars(
        select(Practitioner).where(Practitioner.archived_at.is_(None)).order_by(Practitioner.id).limit(1)
    ).first()
    room = session.scalar(
        select(Room.name).where(Room.location_id == place.id, Room.archived_at.is_(None)).order_by(Room.id)
    )
    minutes = session.scalar(
        select(AppointmentType.duration_minutes)
        .where(AppointmentType.archived_at.is_(None))
        .order_by(AppointmentType.id.desc())
    )
    zone = ZoneInfo(place.zone)
    on = now.astimezone(zone).date() + timedelta(days=SAMPLE_DAYS_AHEAD)
    starts_at = datetime.combine(on, SAMPLE_AT, zone).astimezone(now.tzinfo)
    return Visit(
        appointment_id=0,
        sequence=0,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes or 30),
        active=True,
        practitioner=practitioner.name if practitioner else "Nina Nadel",
        location=place.name,
        address=place.address,
        room=room or "",
        zone=place.zone,
        told_sequence=0,
        told_at=starts_at,
    )
