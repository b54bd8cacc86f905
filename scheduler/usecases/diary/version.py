"""Whether anything in some days of the diary is new: what a page asks every few seconds.

Appointments and held slots stamp their weeks by triggers of the database. All else that a diary draws (absences,
closures, private calendars, hours, who and what there is) changes rarely and is stamped by the use cases that write it:
one row stands for all of it, beside those of the weeks.
"""

import secrets
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zlib import crc32

from sqlalchemy import bindparam, func, literal, select, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scheduler.models import DiaryWeek, Hold
from scheduler.models.diary_weeks import WEEK_SECONDS
from scheduler.transaction import reading

SURROUNDINGS = {"week": 0, "practitioner_id": 0}
"""The row of what surrounds appointments: a week in 1970, in which nothing can be booked, of nobody."""
STAMP_BITS = 60
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


def stamp_diaries(session: Session) -> None:
    """Let every open diary look again: something that it draws beside appointments changed, in this transaction."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    stamp = secrets.randbits(STAMP_BITS)
    session.execute(
        insert(DiaryWeek)
        .values(**SURROUNDINGS, stamp=stamp)
        .on_conflict_do_update(index_elements=list(SURROUNDINGS), set_={"stamp": stamp})
    )


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
