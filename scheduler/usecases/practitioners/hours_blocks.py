"""What working hours mean: when two meet, in which weeks they hold, and which bookings a change would leave outside."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import lcm
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from scheduler.errors import SchedulerError
from scheduler.models import Appointment, WorkingHours
from scheduler.models.appointments import NOT_BOOKED
from scheduler.planning.hours import WeeklyHours, open_bits
from scheduler.planning.timeline import Horizon, span, tick_of
from scheduler.usecases.availability.free_time import PAD
from scheduler.usecases.practitioners.adding import DayHours
from scheduler.usecases.wall_clock import LATEST


@dataclass(frozen=True, slots=True)
class HoursBlock:
    """One week's pattern; valid on [valid_from, valid_until], None goes on for ever."""

    location_id: int
    days: tuple[DayHours, ...]
    valid_from: date
    valid_until: date | None = None
    every_n_weeks: int = 1

    @property
    def key(self) -> str:
        """Which block of a practitioner this is, as addresses carry it."""
        until = self.valid_until or ""
        return f"{self.location_id}_{self.valid_from}_{until}_{self.every_n_weeks}"

    @property
    def minutes(self) -> int:
        """How long a week of it is."""
        return sum(day.ends_minute - day.starts_minute for day in self.days)


@dataclass(frozen=True, slots=True)
class Displaced:
    """A booked appointment that the new hours would no longer cover."""

    appointment_id: int
    starts_at: datetime
    ends_at: datetime
    patient: str
    zone: str


class WouldDisplace(SchedulerError):
    """Booked appointments would fall outside the new hours; ``displaced`` lists them, ``token`` says go on."""

    code = "conflict"
    sentence = "%(count)s booked appointments would fall outside these hours."

    def __init__(self, displaced: Sequence[Displaced]) -> None:
        self.displaced = displaced
        numbers = [item.appointment_id for item in displaced]
        super().__init__(count=len(displaced), token=token_of(displaced), appointment_ids=numbers)


def rule_of(row: WorkingHours) -> WeeklyHours:
    """A row as the planning floor reads it."""
    return WeeklyHours(
        row.weekday, row.starts_minute, row.ends_minute, row.valid_from, row.valid_until, row.every_n_weeks
    )


def in_rhythm(began_on: date, every_n_weeks: int, on: date) -> date:
    """The first day from ``on`` that lies in a week in which hours that began on a day hold."""
    week = began_on - timedelta(days=began_on.weekday())
    behind = ((on - timedelta(days=on.weekday())) - week).days // 7 % every_n_weeks
    if behind == 0:
        return on
    return on - timedelta(days=on.weekday()) + timedelta(weeks=every_n_weeks - behind)


def meet(one: WeeklyHours, other: WeeklyHours) -> bool:
    """Whether two weekly hours hold at one time on one day."""
    if one.weekday != other.weekday:
        return False
    if one.ends_minute <= other.starts_minute or other.ends_minute <= one.starts_minute:
        return False
    first = max(one.valid_from, other.valid_from)
    last = min(one.valid_until or LATEST, other.valid_until or LATEST)
    day = first + timedelta(days=(one.weekday - first.weekday()) % 7)
    # Together they repeat after so many weeks: if they do not meet until then, they never do.
    for week in range(lcm(one.every_n_weeks, other.every_n_weeks)):
        held = day + timedelta(weeks=week)
        if held > last:
            return False
        if all(in_rhythm(rule.valid_from, rule.every_n_weeks, held) == held for rule in (one, other)):
            return True
    return False


def find_displaced(
    session: Session,
    practitioner_id: int,
    before: list[tuple[int, WeeklyHours]],
    after: list[tuple[int, WeeklyHours]],
    now: datetime,
) -> list[Displaced]:
    """Booked appointments to come that the hours before covered and those after do not."""
    booked = session.scalars(
        select(Appointment)
        .where(
            Appointment.practitioner_id == practitioner_id,
            Appointment.status.not_in(NOT_BOOKED),
            Appointment.starts_at > now,
        )
        .options(joinedload(Appointment.patient), joinedload(Appointment.location))
        .order_by(Appointment.starts_at)
    ).all()
    if not booked:
        return []
    horizon = Horizon.between(
        booked[0].starts_at.replace(hour=0, minute=0, second=0) - PAD,
        max(row.ends_at for row in booked).replace(minute=0, second=0) + PAD,
    )
    zones = {row.location_id: ZoneInfo(row.location.zone) for row in booked}
    lost = {
        place: open_bits([rule for where, rule in before if where == place], zone, horizon)
        & ~open_bits([rule for where, rule in after if where == place], zone, horizon)
        for place, zone in zones.items()
    }
    return [
        as_displaced(row)
        for row in booked
        if lost[row.location_id]
        & span(horizon.index(tick_of(row.starts_at)), horizon.index(tick_of(row.ends_at)))
    ]


def as_displaced(row: Appointment) -> Displaced:
    """An appointment as one that falls outside the hours."""
    return Displaced(row.id, row.starts_at, row.ends_at, row.patient.name, row.location.zone)


def token_of(displaced: Sequence[Displaced]) -> str:
    """Which appointments somebody was told of, so that a confirmation counts for these alone."""
    listed = ",".join(f"{item.appointment_id}@{item.starts_at:%Y%m%d%H%M}" for item in displaced)
    return hashlib.sha256(listed.encode()).hexdigest()[:20]
