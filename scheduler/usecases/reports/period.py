"""What all reports share: the local dates looked at, where, and the trail of what was taken out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import Appointment, Location
from scheduler.transaction import writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.lookup import find

LONGEST_DAYS = 366
MARGIN = timedelta(days=1)
"""A local date begins and ends at most so far from the same one in UTC."""


@dataclass(frozen=True, slots=True)
class Period:
    """Local dates, both included, at one location or at all."""

    from_on: date
    to_on: date
    location_id: int | None = None

    def __contains__(self, day: date) -> bool:
        return self.from_on <= day <= self.to_on

    @property
    def mondays(self) -> list[date]:
        """The weeks that it touches."""
        first = monday_of(self.from_on)
        return [first + timedelta(days=at) for at in range(0, (self.to_on - first).days + 1, 7)]


def check_period(session: Session, period: Period) -> None:
    """Raise InvalidInput for days in the wrong order or too many, NotFound for an unknown location."""
    if period.to_on < period.from_on:
        raise InvalidInput("The last day must not lie before the first.", field="to")
    if (period.to_on - period.from_on).days >= LONGEST_DAYS:
        raise InvalidInput("At most a year can be looked at.", field="to")
    if period.location_id is not None:
        find(session, Location, period.location_id)


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def zones(session: Session) -> dict[int, ZoneInfo]:
    """The clock of every location, archived ones too."""
    return {number: ZoneInfo(zone) for number, zone in session.execute(select(Location.id, Location.zone))}


def starting_within(period: Period) -> list[ColumnElement[bool]]:
    """Conditions for appointments that may start in the period, bounded for the index; the local date decides."""
    start = datetime.combine(period.from_on, datetime.min.time(), UTC) - MARGIN
    end = datetime.combine(period.to_on, datetime.min.time(), UTC) + MARGIN + timedelta(days=1)
    conditions = [Appointment.starts_at >= start, Appointment.starts_at < end]
    if period.location_id is not None:
        conditions.append(Appointment.location_id == period.location_id)
    return conditions


@writing
def note_report_export(session: Session, report: str, period: Period, *, actor: Actor, now: datetime) -> None:
    """Write into the trail that somebody took a report out as a file."""
    note_deed(
        session,
        actor,
        "report_exported",
        "report",
        None,
        now=now,
        report=report,
        from_on=period.from_on.isoformat(),
        to_on=period.to_on.isoformat(),
        location_id=period.location_id,
    )
