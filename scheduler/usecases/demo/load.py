"""Writing the demo clinic into an empty database, in one transaction."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from scheduler.errors import Conflict
from scheduler.models import Clinic, FeedDetail, FeedToken, Location, Patient, Practitioner, Role, Staff
from scheduler.models.base import Base
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.demo.invent import Demo
from scheduler.usecases.feeds.tokens import SECRET_BYTES, hash_secret
from scheduler.usecases.staff.passwords import hash_password

CHUNK = 2000
"""Rows of one statement: between two of them the progress is told."""
FIRST_PRACTITIONER = 1
SIGN_INS = {
    "reception": ("Rita Reception", Role.RECEPTION),
    "admin": ("Ada Admin", Role.ADMIN),
    "practitioner": ("", Role.PRACTITIONER),
}
"""Sign-in name -> person and role; the practitioner is the first one of the demo."""


@dataclass(frozen=True, slots=True)
class LoadedDemo:
    """What was written, and the one secret that cannot be read again."""

    counts: dict[str, int]
    """Table -> rows."""
    feed_secret: str


@reading
def has_data(session: Session) -> bool:
    """Whether the database holds a clinic, or anything of one."""
    return _has_data(session)


@writing
def load_demo(
    session: Session,
    demo: Demo,
    *,
    password: str,
    actor: Actor,
    now: datetime,
    progress: Callable[[float], None] = lambda share: None,
) -> LoadedDemo:
    """Write everything, with three people who sign in by ``password`` and a calendar address for one patient.

    Raises Conflict when the database is not empty, InvalidInput for a password that is too short.
    """
    if _has_data(session):
        raise Conflict("There is data already: the demo clinic needs an empty database.")
    for rows in demo.house.rows:
        session.add_all(rows)
        session.flush()
    counts = _write_tables(session, demo, progress)
    _count_on(session)
    session.add_all(_people(demo, hash_password(password), now))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    session.add(
        FeedToken(
            token_hash=hash_secret(secret),
            patient_id=demo.example_patient_id,
            name="Demo",
            detail=FeedDetail.FULL.value,
            changed_at=now,
            created_at=now,
        )
    )
    note_deed(session, actor, "demo_loaded", "clinic", 1, now=now, seed=demo.size.seed, **counts)
    return LoadedDemo(counts=counts, feed_secret=secret)


def _has_data(session: Session) -> bool:
    return any(
        session.scalar(select(func.min(model.id))) is not None
        for model in (Clinic, Location, Practitioner, Patient)
    )


def _write_tables(session: Session, demo: Demo, progress: Callable[[float], None]) -> dict[str, int]:
    total = sum(len(rows) for _, rows in demo.tables)
    written = 0
    for model, rows in demo.tables:
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            session.execute(insert(model.__table__), chunk)
            written += len(chunk)
            progress(written / total)
    return {model.__tablename__: len(rows) for model, rows in demo.tables}


def _count_on(session: Session) -> None:
    """Let PostgreSQL give the next rows the numbers after ours."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for table in Base.metadata.sorted_tables:
        if "id" in table.columns:
            session.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) "  # noqa: S608
                    f"FROM {table.name} HAVING max(id) IS NOT NULL"
                )
            )


def _people(demo: Demo, password_hash: str, now: datetime) -> list[Staff]:
    practitioner = demo.house.practitioners[FIRST_PRACTITIONER - 1]
    return [
        Staff(
            email=sign_in,
            name=name or practitioner.name,
            role=role.value,
            password_hash=password_hash,
            practitioner_id=practitioner.id if role is Role.PRACTITIONER else None,
            created_at=now,
        )
        for sign_in, (name, role) in SIGN_INS.items()
    ]
