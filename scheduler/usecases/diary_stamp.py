"""One stamp of all that surrounds the appointments in a diary: who writes any of it renews it in that transaction."""

import secrets

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scheduler.models import DiaryWeek

SURROUNDINGS = {"week": 0, "practitioner_id": 0}
"""Its row beside those of the weeks: a week in 1970, in which nothing can be booked, of nobody."""
STAMP_BITS = 60


def stamp_diaries(session: Session) -> None:
    """Let every open diary look again: something that it draws beside appointments changed, in this transaction."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    stamp = secrets.randbits(STAMP_BITS)
    session.execute(
        insert(DiaryWeek)
        .values(**SURROUNDINGS, stamp=stamp)
        .on_conflict_do_update(index_elements=list(SURROUNDINGS), set_={"stamp": stamp})
    )
