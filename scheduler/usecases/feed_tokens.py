"""Secret calendar addresses: issuing, revoking, listing them, and telling them that something changed."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, literal, or_, select, update
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import Appointment, FeedDetail, FeedToken, Patient, Practitioner
from scheduler.models.base import UtcDateTime
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import WORDS, find

SECRET_BYTES = 32
LONGEST_NAME = 200
LONGEST_ALARM_MINUTES = 4 * 7 * 24 * 60
PAST_DAYS = 30
"""Events of so many days before today stay in a feed."""


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
    name: str = "",
    detail: str = FeedDetail.MINIMAL.value,
    alarm_minutes: int | None = None,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> IssuedFeedToken:
    """Make a secret calendar address for one patient or one practitioner.

    ``name`` tells several of one person apart ("phone"); ``detail`` is minimal or full; ``alarm_minutes`` asks for
    an alarm so long before each start. Raises NotFound, InvalidInput, or Conflict when the same request made an
    address before: its secret cannot be shown again.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        raise Conflict(
            "This request already made calendar address %(feed_token_id)s, which was shown only then. "
            "If it is lost, revoke it and make another one.",
            feed_token_id=known[0],
        )
    _refuse_archived(_owner(session, patient_id, practitioner_id))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    token = FeedToken(
        token_hash=hash_secret(secret),
        patient_id=patient_id,
        practitioner_id=practitioner_id,
        name=_checked_name(name),
        detail=_checked_detail(detail),
        alarm_minutes=_checked_alarm(alarm_minutes),
        changed_at=now,
        created_at=now,
    )
    session.add(token)
    session.flush()
    _note(session, actor, "feed_token_issued", token, now)
    remember(session, actor, idempotency, [token.id], now=now)
    return IssuedFeedToken(token.id, secret)


@writing
def revoke_feed_token(session: Session, token_id: int, *, actor: Actor, now: datetime) -> None:
    """Let an address answer 410 from now on; harmless when repeated. Raises NotFound."""
    token = find(session, FeedToken, token_id)
    if token.revoked_at is None:
        token.revoked_at = now
        _note(session, actor, "feed_token_revoked", token, now)


@reading
def list_feed_tokens(
    session: Session, *, patient_id: int | None = None, practitioner_id: int | None = None
) -> list[FeedToken]:
    """A person's addresses that are not revoked, oldest first. Raises NotFound or InvalidInput."""
    _owner(session, patient_id, practitioner_id)
    query = select(FeedToken).filter_by(
        patient_id=patient_id, practitioner_id=practitioner_id, revoked_at=None
    )
    return list(session.scalars(query.order_by(FeedToken.id)))


def hash_secret(secret: str) -> str:
    """What is stored of a secret: SHA-256, hex. 256 random bits need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def bump_feeds(
    session: Session, *, patient_ids: Sequence[int], practitioner_ids: Sequence[int], now: datetime
) -> None:
    """Tell the feeds of these people that an event of theirs changed; part of every transaction that changes one.

    The revision is raised in the database, so that no change is lost to another transaction's.
    """
    owners: list[ColumnElement[bool]] = []
    if patient_ids:
        owners.append(FeedToken.patient_id.in_(patient_ids))
    if practitioner_ids:
        owners.append(FeedToken.practitioner_id.in_(practitioner_ids))
    if owners:
        _bump(session, or_(*owners), now)


def touch_events(session: Session, showing: ColumnElement[bool], *, now: datetime) -> None:
    """Count a change of words that events show (a room, a person, a type was renamed); part of that transaction.

    ``showing`` is a condition on Appointment, such as ``Appointment.room_id == 3``. No mail is owed for it.
    """
    touched = select(Appointment.id).where(showing, Appointment.starts_at >= feed_begins_at(now))
    later = case((Appointment.changed_at > now, Appointment.changed_at), else_=literal(now, UtcDateTime()))
    session.execute(
        update(Appointment)
        .where(Appointment.id.in_(touched))
        .values(sequence=Appointment.sequence + 1, changed_at=later)
    )
    patients = touched.with_only_columns(Appointment.patient_id)
    practitioners = touched.with_only_columns(Appointment.practitioner_id)
    _bump(session, or_(FeedToken.patient_id.in_(patients), FeedToken.practitioner_id.in_(practitioners)), now)


def feed_begins_at(now: datetime) -> datetime:
    """The start of the UTC day from which on events are in a feed."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=PAST_DAYS)


def _bump(session: Session, whose: ColumnElement[bool], now: datetime) -> None:
    session.execute(
        update(FeedToken)
        .where(whose, FeedToken.revoked_at.is_(None))
        .values(revision=FeedToken.revision + 1, changed_at=now),
        execution_options={"synchronize_session": False},
    )


def _owner(session: Session, patient_id: int | None, practitioner_id: int | None) -> Patient | Practitioner:
    if patient_id is not None and practitioner_id is None:
        return find(session, Patient, patient_id)
    if practitioner_id is not None and patient_id is None:
        return find(session, Practitioner, practitioner_id)
    raise InvalidInput("A calendar address belongs to one patient or to one practitioner.")


def _refuse_archived(owner: Patient | Practitioner) -> None:
    if owner.archived_at is not None:
        what = WORDS[type(owner).__name__]
        raise InvalidInput("This %(what)s is archived and gets no calendar address.", what=what)


def _checked_name(name: str) -> str:
    cleaned = " ".join(name.replace("\0", "").split())
    if len(cleaned) > LONGEST_NAME:
        raise InvalidInput("A name has at most %(most)s characters.", most=LONGEST_NAME, field="name")
    return cleaned


def _checked_detail(detail: str) -> str:
    if detail not in set(FeedDetail):
        raise InvalidInput("The detail of a calendar is minimal or full.", field="detail")
    return str(detail)


def _checked_alarm(minutes: int | None) -> int | None:
    if minutes is not None and not 0 <= minutes <= LONGEST_ALARM_MINUTES:
        raise InvalidInput(
            "An alarm comes between 0 and %(most)s minutes before the start.",
            most=LONGEST_ALARM_MINUTES,
            field="alarm_minutes",
        )
    return minutes


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
        name=token.name,
        detail=token.detail,
    )
