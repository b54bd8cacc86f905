"""Calendars that have not looked for long although something changed: they show what is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.models import FeedToken, Practitioner, Room
from scheduler.transaction import reading
from scheduler.usecases.feeds.tokens import FETCH_NOTED_EVERY

SILENT_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SilentCalendar:
    """An address whose calendar shows what is over, and the name of the practitioner or room."""

    token: FeedToken
    owner: str


@reading
def list_silent_tokens(session: Session, *, now: datetime) -> list[SilentCalendar]:
    """Calendars of practitioners and rooms in use that show what is over; a patient's are on the patient's page."""
    long_ago = or_(FeedToken.last_fetched_at.is_(None), FeedToken.last_fetched_at <= now - SILENT_AFTER)
    rows = session.execute(
        select(FeedToken, Practitioner, Room)
        .outerjoin(Practitioner, Practitioner.id == FeedToken.practitioner_id)
        .outerjoin(Room, Room.id == FeedToken.room_id)
        .where(
            FeedToken.revoked_at.is_(None),
            FeedToken.patient_id.is_(None),
            Practitioner.archived_at.is_(None),
            Room.archived_at.is_(None),
            long_ago,
        )
        .order_by(FeedToken.id)
    ).all()
    return [
        SilentCalendar(token, person.name if person else room.name)
        for token, person, room in rows
        if is_silent(token, now=now)
    ]


def is_silent(token: FeedToken, *, now: datetime) -> bool:
    """Whether the calendar has not fetched for 7 days although something changed since: it shows what is over.

    A fetch is noted to the hour, so a change counts from an hour after it.
    """
    last_at = token.last_fetched_at
    if last_at is None:
        return token.created_at <= now - SILENT_AFTER and token.changed_at > token.created_at
    return last_at <= now - SILENT_AFTER and token.changed_at > last_at + FETCH_NOTED_EVERY
