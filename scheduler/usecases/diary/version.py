"""Whether anything in some days of the diary is new: what a page asks every few seconds."""

from datetime import date, datetime, timedelta
from zlib import crc32

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from scheduler.models import BusyTime, Closure, DiaryWeek, Hold, Location, TimeOff
from scheduler.models.base import epoch
from scheduler.models.diary_weeks import WEEK_SECONDS
from scheduler.planning.hours import start_of_day
from scheduler.transaction import reading
from scheduler.usecases.clinic.catalogue import zone_of
from scheduler.usecases.lookup import find


@reading
def diary_version(session: Session, location_id: int, from_on: date, to_on: date, *, now: datetime) -> str:
    """A short text that is another one as soon as anything in these days changes: bookings, holds, absences.

    One statement, on indexes alone but for absences and closures, of which there are few. Holds that ended count as a
    change.
    """
    zone = zone_of(find(session, Location, location_id))
    start, end = start_of_day(from_on, zone), start_of_day(to_on + timedelta(days=1), zone)
    weeks = (int(start.timestamp()) // WEEK_SECONDS, int(end.timestamp()) // WEEK_SECONDS)
    absences = [
        select(literal(number), func.count(model.id), func.coalesce(func.max(model.id) + ends, 0))
        for number, model, ends in (
            (-1, TimeOff, func.sum(epoch(TimeOff.ends_at))),  # one that has begun is ended by changing it
            (-2, Closure, func.sum(epoch(Closure.ends_at))),
            (-4, BusyTime, 0),
        )
    ]
    holds = select(literal(-3), func.count(Hold.id), literal(0)).where(Hold.expires_at > now)
    stamps = select(DiaryWeek.practitioner_id, DiaryWeek.week, DiaryWeek.stamp)
    rows = session.execute(union_all(stamps.where(DiaryWeek.week.between(*weeks)), *absences, holds))
    return f"{crc32(repr(sorted(tuple(row) for row in rows)).encode()):08x}"
