"""Secret calendar addresses: issuing, revoking, listing them, and telling them that something changed."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, literal, or_, select, update
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import Appointment, FeedDetail, FeedToken, Patient, Practitioner, Room
from scheduler.models.base import UtcDateTime
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.feeds.options import (
    AHEAD_DAYS,
    MOST_AHEAD_DAYS,
    MOST_PAST_DAYS,
    PAST_DAYS,
    checked_alarm,
    checked_days,
    checked_detail,
    checked_holds,
    checked_name,
)
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import WORDS, find

SECRET_BYTES = 32
FETCH_NOTED_EVERY = timedelta(hours=1)
Owner = Patient | Practitioner | Room


@dataclass(frozen=True, slots=True)
class IssuedFeedToken:
    """A new token; the secret exists only here and in the address made from it (see calendars.links)."""

    id: int
    secret: str = field(repr=False)


@writing
def issue_feed_token(
    session: Session,
    *,
    patient_id: int | None = None,
    practitioner_id: int | None = None,
    room_id: int | None = None,
    name: str = "",
    detail: str = FeedDetail.MINIMAL.value,
    alarm_minutes: int | None = None,
    past_days: int = PAST_DAYS,
    ahead_days: int = AHEAD_DAYS,
    shows_holds: bool = False,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> IssuedFeedToken:
    """Make a secret calendar address for one patient, one practitioner or one room.

    ``name`` tells several of one person apart ("phone"); ``detail`` is minimal, type or full; ``alarm_minutes`` asks
    for an alarm so long before each start; ``shows_holds``: held slots appear as tentative. Raises NotFound,
    InvalidInput, or Conflict when the same request made an address before: its secret cannot be shown again.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        raise Conflict(
            "This request already made calendar address %(feed_token_id)s, which was shown only then. "
            "If it is lost, revoke it and make another one.",
            feed_token_id=known[0],
        )
    _refuse_archived(_owner(session, patient_id, practitioner_id, room_id))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    token = FeedToken(token_hash=hash_secret(secret), changed_at=now, created_at=now)
    token.patient_id, token.practitioner_id, token.room_id = patient_id, practitioner_id, room_id
    token.name, token.detail = checked_name(name), checked_detail(detail)
    token.alarm_minutes = checked_alarm(alarm_minutes)
    token.past_days = checked_days(past_days, 0, MOST_PAST_DAYS, "past_days")
    token.ahead_days = checked_days(ahead_days, 1, MOST_AHEAD_DAYS, "ahead_days")
    token.shows_holds = checked_holds(shows_holds, patient_id)
    session.add(token)
    session.flush()
    _note(session, actor, "feed_token_issued", token, now)
    remember(session, actor, idempotency, [token.id], now=now)
    return IssuedFeedToken(token.id, secret)


@writing
def revoke_feed_token(session: Session, token_id: int, *, actor: Actor, now: datetime) -> None:
    """Let an address answer 410 from now on; harmless when repeated. Raises NotFound."""
    revoke_token(session, find(session, FeedToken, token_id), actor=actor, now=now)


def revoke_token(session: Session, token: FeedToken, *, actor: Actor, now: datetime) -> None:
    """Let an address answer 410 from now on, in the open transaction; harmless when repeated."""
    if token.revoked_at is None:
        token.revoked_at = now
        _note(session, actor, "feed_token_revoked", token, now)


@writing
def change_feed_token(
    session: Session,
    token_id: int,
    *,
    name: str | None = None,
    detail: str | None = None,
    alarm_minutes: int | None = -1,
    past_days: int | None = None,
    ahead_days: int | None = None,
    shows_holds: bool | None = None,
    actor: Actor,
    now: datetime,
) -> FeedToken:
    """Rename an address or change what it shows; what is None (-1 for the alarm) stays. Calendars keep the address.

    Raises NotFound, InvalidInput, or Conflict for one that is revoked.
    """
    token = find(session, FeedToken, token_id)
    if token.revoked_at is not None:
        raise Conflict("This calendar address is revoked.")
    before = _settings_of(token)
    if name is not None:
        token.name = checked_name(name)
    if detail is not None:
        token.detail = checked_detail(detail)
    if alarm_minutes != -1:
        token.alarm_minutes = checked_alarm(alarm_minutes)
    if past_days is not None:
        token.past_days = checked_days(past_days, 0, MOST_PAST_DAYS, "past_days")
    if ahead_days is not None:
        token.ahead_days = checked_days(ahead_days, 1, MOST_AHEAD_DAYS, "ahead_days")
    if shows_holds is not None:
        token.shows_holds = checked_holds(shows_holds, token.patient_id)
    if _settings_of(token) != before:
        # Counted by the database, as bump_feeds does: no change is lost to another transaction's.
        token.revision, token.changed_at = FeedToken.revision + 1, max(now, token.changed_at)
        _note(session, actor, "feed_token_changed", token, now)
    return token


@reading
def list_feed_tokens(
    session: Session,
    *,
    patient_id: int | None = None,
    practitioner_id: int | None = None,
    room_id: int | None = None,
) -> list[FeedToken]:
    """The addresses of a person or room that are not revoked, oldest first. Raises NotFound or InvalidInput."""
    _owner(session, patient_id, practitioner_id, room_id)
    query = select(FeedToken).filter_by(
        patient_id=patient_id, practitioner_id=practitioner_id, room_id=room_id, revoked_at=None
    )
    return list(session.scalars(query.order_by(FeedToken.id)))


def hash_secret(secret: str) -> str:
    """What is stored of a secret: SHA-256, hex. 256 random bits need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def bump_feeds(
    session: Session, *, patient_ids: Sequence[int], practitioner_ids: Sequence[int], now: datetime
) -> None:
    """Tell the feeds of these people that an event of theirs changed; part of every transaction that changes one.

    The revision is raised in the database, so that no change is lost to another transaction's. Every room's feed is
    told, too: which room an appointment left is not known here, rooms with a feed are few, and one that is told for
    nothing costs its calendar a fetch of the same events.
    """
    owners: list[ColumnElement[bool]] = [FeedToken.room_id > 0]
    if patient_ids:
        owners.append(FeedToken.patient_id.in_(patient_ids))
    if practitioner_ids:
        owners.append(FeedToken.practitioner_id.in_(practitioner_ids))
    if len(owners) > 1:
        _bump(session, or_(*owners), now)


def tell_room(session: Session, room_id: int, *, now: datetime) -> None:
    """Tell the feeds of a room that it is out of use at another time than before; part of that transaction."""
    _bump(session, FeedToken.room_id == room_id, now)


def touch_events(session: Session, showing: ColumnElement[bool], *, now: datetime) -> None:
    """Count a change of words that events show (a room, a person, a type was renamed); part of that transaction.

    ``showing`` is a condition on Appointment, such as ``Appointment.room_id == 3``. No mail is owed for it.
    """
    in_use = select(func.max(FeedToken.past_days)).where(FeedToken.revoked_at.is_(None))
    begins_at = feed_begins_at(now, max(session.scalar(in_use) or 0, PAST_DAYS))
    touched = select(Appointment.id).where(showing, Appointment.starts_at >= begins_at)
    later = case((Appointment.changed_at > now, Appointment.changed_at), else_=literal(now, UtcDateTime()))
    session.execute(
        update(Appointment)
        .where(Appointment.id.in_(touched))
        .values(sequence=Appointment.sequence + 1, changed_at=later)
    )
    patients = touched.with_only_columns(Appointment.patient_id)
    practitioners = touched.with_only_columns(Appointment.practitioner_id)
    rooms = touched.with_only_columns(Appointment.room_id).where(Appointment.room_id.is_not(None))
    concerned = (
        FeedToken.patient_id.in_(patients),
        FeedToken.practitioner_id.in_(practitioners),
        FeedToken.room_id.in_(rooms),
    )
    _bump(session, or_(*concerned), now)


def feed_begins_at(now: datetime, past_days: int) -> datetime:
    """The start of the UTC day from which on events are in a feed."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=past_days)


def _bump(session: Session, whose: ColumnElement[bool], now: datetime) -> None:
    session.execute(
        update(FeedToken)
        .where(whose, FeedToken.revoked_at.is_(None))
        .values(revision=FeedToken.revision + 1, changed_at=now),
        execution_options={"synchronize_session": False},
    )


def _owner(
    session: Session, patient_id: int | None, practitioner_id: int | None, room_id: int | None
) -> Owner:
    named: list[tuple[type[Owner], int]] = [
        (model, number)
        for model, number in ((Patient, patient_id), (Practitioner, practitioner_id), (Room, room_id))
        if number is not None
    ]
    if len(named) != 1:
        raise InvalidInput("A calendar address belongs to one patient, one practitioner or one room.")
    return find(session, *named[0])


def _refuse_archived(owner: Owner) -> None:
    if owner.archived_at is not None:
        what = WORDS[type(owner).__name__]
        raise InvalidInput("This %(what)s is archived and gets no calendar address.", what=what)


def _settings_of(token: FeedToken) -> tuple[object, ...]:
    return (
        token.name,
        token.detail,
        token.alarm_minutes,
        token.past_days,
        token.ahead_days,
        token.shows_holds,
    )


def _note(session: Session, actor: Actor, action: str, token: FeedToken, now: datetime) -> None:
    note_deed(
        session,
        actor,
        action,
        "feed_token",
        token.id,
        now=now,
        patient_id=token.patient_id,
        practitioner_id=token.practitioner_id,
        room_id=token.room_id,
        name=token.name,
        detail=token.detail,
    )
