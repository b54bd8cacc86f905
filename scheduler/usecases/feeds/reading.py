"""Finding a calendar feed: whose it is and whether it changed; its events are read by events.py."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Engine,
    String,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from scheduler.calendars.event import FeedStyle, Viewer
from scheduler.models import (
    Appointment,
    Clinic,
    FeedDetail,
    FeedToken,
    Hold,
    Patient,
    Practitioner,
    Room,
)
from scheduler.models.base import epoch
from scheduler.transaction import writing
from scheduler.usecases.feeds.tokens import FETCH_NOTED_EVERY, hash_secret


@dataclass(frozen=True, slots=True)
class Feed:
    """One address as it is now; instants in epoch seconds."""

    token_id: int
    revision: int
    changed_at: int
    is_revoked: bool
    """Revoked, or its owner is archived."""
    last_fetched_at: int | None
    owner_id: int
    style: FeedStyle
    past_days: int = 30
    ahead_days: int = 365
    held: str | None = None
    """What is held for the owner now, as a short text that is another one after each change; None: not shown."""


def find_feed(engine: Engine, secret: str, *, now: datetime) -> Feed | None:
    """The feed with this secret, or None; one indexed read, which is all that an unchanged feed costs.

    It is read before the events and on its own, so that what is shown is never older than its revision.
    """
    row = _read_row(engine, hash_secret(secret), now)
    if row is None:
        return None
    token_id, revision, changed_at, revoked_at, archived_at, last_fetched_at = row[:6]
    patient_id, practitioner_id, room_id, detail, alarm_minutes, locale, clinic_name = row[6:13]
    past_days, ahead_days, held = row[13:]
    viewer, owner_id = next(
        (viewer, number)
        for viewer, number in zip(Viewer, (patient_id, practitioner_id, room_id), strict=True)
        if number is not None
    )
    return Feed(
        token_id=token_id,
        revision=revision,
        changed_at=changed_at,
        is_revoked=revoked_at is not None or archived_at is not None,
        last_fetched_at=last_fetched_at,
        owner_id=owner_id,
        style=FeedStyle(viewer, FeedDetail(detail), locale or "en", alarm_minutes, clinic_name or ""),
        past_days=past_days,
        ahead_days=ahead_days,
        held=held,
    )


def fetch_is_to_be_noted(feed: Feed, *, now: datetime) -> bool:
    """Whether the last noted fetch is an hour ago."""
    last = feed.last_fetched_at
    return last is None or now.timestamp() - last >= FETCH_NOTED_EVERY.total_seconds()


@writing
def note_fetch(session: Session, token_id: int, *, client: str, now: datetime) -> None:
    """Remember that a calendar program of that family came by."""
    session.execute(
        update(FeedToken).where(FeedToken.id == token_id).values(last_fetched_at=now, client=client),
        execution_options={"synchronize_session": False},
    )


def _read_row(engine: Engine, secret_hash: str, now: datetime) -> Any:
    """What is stored of one feed, by the driver alone: a Session would cost ten times the look-up itself.

    No transaction is begun: a single statement sees one state anyway. A connection that failed is not used again.
    """
    sql, order = _feed_sql(engine.dialect)
    pooled = engine.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        if engine.dialect.name == "sqlite":
            known = {"token_hash": secret_hash, "now": int(now.timestamp())}
            row = driver.execute(sql, [known[name] for name in order]).fetchone()
        else:
            driver.autocommit = True
            row = driver.execute(sql, {"token_hash": secret_hash, "now": now}, binary=True).fetchone()
            driver.autocommit = False
    except Exception as error:
        pooled.invalidate(error)
        raise
    pooled.close()
    return row


@lru_cache(maxsize=4)
def _feed_sql(dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """The statement, and the names of its values in their order."""
    query = (
        select(
            FeedToken.id,
            FeedToken.revision,
            epoch(FeedToken.changed_at),
            epoch(FeedToken.revoked_at),
            epoch(func.coalesce(Patient.archived_at, Practitioner.archived_at, Room.archived_at)),
            epoch(FeedToken.last_fetched_at),
            FeedToken.patient_id,
            FeedToken.practitioner_id,
            FeedToken.room_id,
            FeedToken.detail,
            FeedToken.alarm_minutes,
            func.coalesce(Patient.locale, Practitioner.locale, Clinic.locale),
            Clinic.name,
            FeedToken.past_days,
            FeedToken.ahead_days,
            case((FeedToken.shows_holds, _held_now())),
        )
        .outerjoin(Patient, Patient.id == FeedToken.patient_id)
        .outerjoin(Practitioner, Practitioner.id == FeedToken.practitioner_id)
        .outerjoin(Room, Room.id == FeedToken.room_id)
        .outerjoin(Clinic, true())
        .where(FeedToken.token_hash == bindparam("token_hash"))
    )
    # The values are given to the driver as they are, so none may be left inside.
    compiled: Any = query.compile(dialect=dialect, compile_kwargs={"literal_binds": False})
    return str(compiled), tuple(compiled.positiontup or ())


def _held_now() -> ColumnElement[str]:
    """Number, identities and starts of the owner's slots that are held: found by the few holds in force."""
    told = [func.count(), func.sum(Appointment.id), func.sum(epoch(Appointment.starts_at)), func.max(Hold.id)]
    text: ColumnElement[str] = cast(told[0], String)
    for number in told[1:]:
        text = text + literal_column("'.'") + cast(func.coalesce(number, literal_column("0")), String)
    return (
        select(text)
        .select_from(Hold)
        .join(Appointment, Appointment.hold_id == Hold.id)
        .where(
            Hold.expires_at > bindparam("now"),
            or_(
                Appointment.practitioner_id == FeedToken.practitioner_id,
                Appointment.room_id == FeedToken.room_id,
            ),
        )
        .scalar_subquery()
    )
