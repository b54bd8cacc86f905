"""The secret address of a patient's own page: one that is good for each patient, made when a mail first needs it.

It lasts half a year from the last time it was used or sent, and can be revoked: the next mail then brings another one.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Row, Select, func, insert, select, true, update
from sqlalchemy.orm import Session

from scheduler.errors import NotFound
from scheduler.models import AuditEntry, Clinic, FeedToken, Patient, PatientLink, Role
from scheduler.models.base import among, these
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.feeds.tokens import hash_secret, revoke_token
from scheduler.usecases.links import patient_secret
from scheduler.usecases.lookup import find

LASTS = timedelta(days=180)
RENEWED_EVERY = timedelta(days=30)
"""A link that is used lasts LASTS from then on, written down at most so often."""
USE_NOTED_EVERY = timedelta(hours=1)
NONCE_BYTES = 12
PATIENT = "patient"
"""What kind of actor patients are."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who opened the page, and by which link."""

    patient_id: int
    link_id: int
    nonce: str = field(repr=False)
    expires_at: datetime
    last_used_at: datetime | None
    locale: str
    """BCP 47: the patient's own, else the clinic's."""


def patient_actor(patient_id: int, source: str) -> Actor:
    """A patient who acts on their own page."""
    return Actor(PATIENT, patient_id, "on their own page", Role.PRACTITIONER, source)


def link_for(session: Session, patient_id: int, key: str, now: datetime) -> str:
    """The secret of the patient's page, in the open transaction; a link is made where none is good any more."""
    return links_for(session, [patient_id], key, now)[patient_id]


def links_for(session: Session, patient_ids: Collection[int], key: str, now: datetime) -> dict[int, str]:
    """patient id -> the secret of their page, as ``good_links``."""
    found = good_links(session, patient_ids, key, now)
    return {number: patient_secret(key, row.id, row.nonce) for number, row in found.items()}


def good_links(
    session: Session, patient_ids: Collection[int], key: str, now: datetime
) -> dict[int, Row[int, int, str, datetime]]:
    """patient id -> their link that is good, made where there is none; as many statements for any number of patients.

    Those that will soon run out are renewed: they are about to be sent.
    """
    found = _good(session, patient_ids, now)
    missing = sorted(set(patient_ids) - set(found))
    if missing:
        _make(session, missing, key, now)
        found |= _good(session, missing, now)
    old = [row.id for row in found.values() if row.expires_at < now + LASTS - RENEWED_EVERY]
    if old:
        _set(session, old, expires_at=now + LASTS)
    return found


@writing
def issue_link(session: Session, patient_id: int, *, key: str, actor: Actor, now: datetime) -> str:
    """The secret of the patient's page, to hand it over at the desk. Raises NotFound."""
    find(session, Patient, patient_id)
    lock_resources(session, [("patient", patient_id)])
    secret = link_for(session, patient_id, key, now)
    note_deed(session, actor, "patient_link_shown", "patient", patient_id, now=now, patient_id=patient_id)
    return secret


@writing
def revoke_links(session: Session, patient_id: int, *, actor: Actor, now: datetime) -> int:
    """Let the page's address open nothing any more; how many calendars ended with it. Raises NotFound.

    The calendar addresses that were made on the page answer no more: whoever had its link may have subscribed to them.
    Those that the desk gave out stay.
    """
    find(session, Patient, patient_id)
    lock_resources(session, [("patient", patient_id)])
    good = PatientLink.patient_id == patient_id, PatientLink.revoked_at.is_(None)
    rows = session.scalars(select(PatientLink.id).where(*good)).all()
    if rows:
        _set(session, rows, revoked_at=now)
    calendars = session.scalars(_made_on_the_page(patient_id)).all()
    for token in calendars:
        revoke_token(session, token, actor=actor, now=now)
    if rows or calendars:
        note_deed(
            session,
            actor,
            "patient_link_revoked",
            "patient",
            patient_id,
            now=now,
            patient_id=patient_id,
            calendars=len(calendars),
        )
    return len(calendars)


@reading
def good_link(session: Session, patient_id: int, *, now: datetime) -> PatientLink | None:
    """The patient's link that is good now, to be told about at the desk; without its secret."""
    query = select(PatientLink).where(
        PatientLink.patient_id == patient_id, PatientLink.revoked_at.is_(None), PatientLink.expires_at > now
    )
    return session.scalars(query.order_by(PatientLink.id.desc()).limit(1)).first()


@reading
def visitor_for(session: Session, secret: str, *, now: datetime) -> Visitor:
    """Whose page a secret opens. Raises NotFound for an unknown, revoked or expired one, or an archived patient."""
    row = session.execute(
        select(
            PatientLink.patient_id,
            PatientLink.id,
            PatientLink.nonce,
            PatientLink.expires_at,
            PatientLink.last_used_at,
            func.coalesce(Patient.locale, Clinic.locale, "en"),
        )
        .select_from(PatientLink)
        .join(Patient, Patient.id == PatientLink.patient_id)
        .outerjoin(Clinic, true())
        .where(
            PatientLink.token_hash == hash_secret(secret[:100]),
            PatientLink.revoked_at.is_(None),
            PatientLink.expires_at > now,
            Patient.archived_at.is_(None),
        )
    ).first()
    if row is None:
        raise NotFound("There is no page at this address.")
    return Visitor(*row)


def use_is_to_be_noted(visitor: Visitor, *, now: datetime) -> bool:
    """Whether the last noted use is an hour ago."""
    return visitor.last_used_at is None or now - visitor.last_used_at >= USE_NOTED_EVERY


@writing
def note_use(session: Session, visitor: Visitor, *, now: datetime) -> None:
    """Remember to the hour that the page was opened, and let the link last on."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    changes: dict[str, datetime] = {"last_used_at": hour}
    if visitor.expires_at < now + LASTS - RENEWED_EVERY:
        changes["expires_at"] = now + LASTS
    _set(session, [visitor.link_id], **changes)


def _made_on_the_page(patient_id: int) -> Select[FeedToken]:
    """The patient's good calendar addresses that the patient, not the desk, had made; the trail tells."""
    made = select(AuditEntry.entity_id).where(
        AuditEntry.patient_id == patient_id,
        AuditEntry.action == "feed_token_issued",
        AuditEntry.actor_kind == PATIENT,
    )
    return (
        select(FeedToken)
        .where(FeedToken.patient_id == patient_id, FeedToken.revoked_at.is_(None), FeedToken.id.in_(made))
        .order_by(FeedToken.id)
    )


def _good(
    session: Session, patient_ids: Collection[int], now: datetime
) -> dict[int, Row[int, int, str, datetime]]:
    """By patient, the newest link that is good."""
    rows = session.execute(
        select(PatientLink.id, PatientLink.patient_id, PatientLink.nonce, PatientLink.expires_at)
        .where(
            among(PatientLink.patient_id, these(patient_ids)),
            PatientLink.revoked_at.is_(None),
            PatientLink.expires_at > now,
        )
        .order_by(PatientLink.id)
    ).all()
    return {row.patient_id: row for row in rows}


def _make(session: Session, patient_ids: Collection[int], key: str, now: datetime) -> None:
    """Rows first, for the secret follows from their numbers; until then the hash is that of nothing anybody has."""
    rows = [
        {
            "patient_id": number,
            "nonce": (nonce := secrets.token_urlsafe(NONCE_BYTES)),
            "token_hash": hash_secret(f"unused {nonce}"),
            "created_at": now,
            "expires_at": now + LASTS,
        }
        for number in patient_ids
    ]
    made = session.execute(insert(PatientLink).returning(PatientLink.id, PatientLink.nonce), rows).all()
    session.execute(
        update(PatientLink),
        [{"id": row.id, "token_hash": hash_secret(patient_secret(key, row.id, row.nonce))} for row in made],
    )


def _set(session: Session, ids: Collection[int], **values: datetime) -> None:
    session.execute(
        update(PatientLink)
        .where(PatientLink.id.in_(ids))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
