"""Whether anything in some days of the diary is new: what a page asks every few seconds.

Appointments and held slots stamp their weeks by triggers of the database. All else that a diary draws (absences,
closures, private calendars, hours, who and what there is) changes rarely and has one stamp, see diary_stamp.py.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zlib import crc32

from sqlalchemy import bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from scheduler.models import DiaryWeek, Hold
from scheduler.models.diary_weeks import WEEK_SECONDS
from scheduler.transaction import reading
from scheduler.usecases.diary_stamp import SURROUNDINGS

DAY = timedelta(days=1)


@reading
def diary_version(session: Session, from_on: date, to_on: date, *, now: datetime) -> str:
    """A short text that is another one as soon as anything that a diary draws in these local days changes.

    One statement that looks up a few rows by their keys. Holds that ended count as a change. The weeks are those of
    the days in any zone.
    """
    weeks = {"first": _week(from_on - DAY), "last": _week(to_on + 2 * DAY)}
    rows = session.execute(_stamps(), weeks | {"now": now})
    return f"{crc32(repr(sorted(tuple(row) for row in rows)).encode()):08x}"


def _week(on: date) -> int:
    return int(datetime.combine(on, time(), UTC).timestamp()) // WEEK_SECONDS


@lru_cache(maxsize=1)
def _stamps() -> Any:
    """Made once: putting a statement together takes longer than running it."""
    stamps = select(DiaryWeek.practitioner_id, DiaryWeek.week, DiaryWeek.stamp)
    holds = select(literal(-1), literal(-1), func.count(Hold.id)).where(Hold.expires_at > bindparam("now"))
    return union_all(
        stamps.where(DiaryWeek.week.between(bindparam("first"), bindparam("last"))),
        stamps.filter_by(**SURROUNDINGS),
        holds,
    )
