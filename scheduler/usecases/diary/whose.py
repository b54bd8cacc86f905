"""Whose week a diary opens with: who works at a location on its days."""

from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.models import WorkingHours
from scheduler.transaction import reading


@reading
def who_works_at(session: Session, location_id: int, from_on: date, to_on: date) -> frozenset[int]:
    """Numbers of the practitioners who have hours at the location in force on a date from from_on to to_on."""
    found = session.scalars(
        select(WorkingHours.practitioner_id)
        .where(
            WorkingHours.location_id == location_id,
            WorkingHours.valid_from <= to_on,
            or_(WorkingHours.valid_until.is_(None), WorkingHours.valid_until >= from_on),
        )
        .distinct()
    )
    return frozenset(found)
