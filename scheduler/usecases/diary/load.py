"""How full the days of a month are: what is open and what is booked, day by day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import Appointment, Closure, Location
from scheduler.models.appointments import NOT_BOOKED
from scheduler.models.base import epoch
from scheduler.planning.hours import start_of_day
from scheduler.planning.timeline import TICK_MINUTES, Horizon
from scheduler.transaction import reading
from scheduler.usecases.availability.free_time import load_desks
from scheduler.usecases.availability.rows import LONGEST
from scheduler.usecases.clinic.catalogue import zone_of
from scheduler.usecases.diary.chosen import EVERYTHING, Chosen
from scheduler.usecases.lookup import find


@dataclass(frozen=True, slots=True)
class DayLoad:
    """One local day: minutes that practitioners work, minutes and number of what is booked, why it is closed."""

    on: date
    open_minutes: int
    booked_minutes: int
    appointments: int
    closure: str | None

    @property
    def share(self) -> float:
        """What is booked of what is open, 0 to 1; 1 where something is booked and nothing open."""
        if not self.open_minutes:
            return float(bool(self.booked_minutes))
        return min(self.booked_minutes / self.open_minutes, 1.0)


@reading
def load_days(
    session: Session, location_id: int, from_on: date, to_on: date, *, chosen: Chosen = EVERYTHING
) -> list[DayLoad]:
    """The local dates from_on to to_on, both included. Raises NotFound for an unknown location."""
    zone = zone_of(find(session, Location, location_id))
    days = [from_on + timedelta(days=number) for number in range((to_on - from_on).days + 1)]
    begins = [start_of_day(day, zone) for day in days] + [start_of_day(to_on + timedelta(days=1), zone)]
    horizon = Horizon.between(begins[0], begins[-1])
    asked = chosen.practitioner_ids or None
    desks = load_desks(session, horizon, practitioner_ids=asked, location_id=location_id)
    booked = _booked(session, location_id, begins[0], begins[-1], chosen, zone)
    closures = _closures(session, location_id, begins)
    found = []
    for place, day in enumerate(days):
        inside = desks[0].clock.bits_of_days(day.toordinal(), day.toordinal()) if desks else 0
        ticks = sum((desk.open & inside).bit_count() for desk in desks)
        minutes, number = booked.get(day, (0, 0))
        found.append(DayLoad(day, ticks * TICK_MINUTES, minutes, number, closures.get(place)))
    return found


def _booked(
    session: Session, location_id: int, start: datetime, end: datetime, chosen: Chosen, zone: ZoneInfo
) -> dict[date, tuple[int, int]]:
    """Minutes and number of appointments by the local day on which they start."""
    rows = session.execute(
        select(epoch(Appointment.starts_at), epoch(Appointment.ends_at)).where(
            Appointment.location_id == location_id,
            Appointment.starts_at > start - LONGEST,
            Appointment.starts_at < end,
            Appointment.ends_at > start,
            Appointment.status.not_in(NOT_BOOKED),
            *chosen.conditions(),
        )
    )
    found: dict[date, tuple[int, int]] = {}
    for begins, ends in rows:
        day = datetime.fromtimestamp(begins, zone).date()
        minutes, number = found.get(day, (0, 0))
        found[day] = (minutes + (ends - begins) // 60, number + 1)
    return found


def _closures(session: Session, location_id: int, begins: list[datetime]) -> dict[int, str]:
    """Place in the list of days -> the reason of a closure that covers that whole day."""
    rows = session.execute(
        select(Closure.starts_at, Closure.ends_at, Closure.reason)
        .where(
            Closure.location_id == location_id,
            Closure.room_id.is_(None),
            Closure.starts_at < begins[-1],
            Closure.ends_at > begins[0],
        )
        .order_by(Closure.starts_at)
    ).all()
    return {
        place: row.reason
        for row in rows
        for place in range(len(begins) - 1)
        if row.starts_at <= begins[place] and row.ends_at >= begins[place + 1]
    }
