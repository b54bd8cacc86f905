"""What patients have agreed to: recording a consent, and that it was withdrawn."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput, NotFound
from scheduler.models import Consent, Patient
from scheduler.transaction import lock_resources, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find
from scheduler.usecases.wall_clock import latest_today, today_at

KINDS = ("dry_needling", "data_protection")
"""What the clinic asks its patients to agree to."""
LONGEST_VERSION = 40
EARLIEST = date(1950, 1, 1)


@writing
def record_consent(
    session: Session,
    patient_id: int,
    *,
    kind: str,
    version: str,
    given_on: date,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Consent:
    """Write down that a patient agreed on a day to an edition of the text.

    Raises NotFound, InvalidInput, or Conflict while an earlier one of that kind is in force.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, Consent, known[0])
    patient = find(session, Patient, patient_id)
    edition = _checked_edition(kind, version)
    if not (patient.born_on or EARLIEST) <= given_on <= latest_today(session, now):
        raise InvalidInput("A consent is given on a day that has come.", field="given_on")
    lock_resources(session, [("patient", patient.id)])
    in_force = select(Consent.id).where(
        Consent.patient_id == patient.id, Consent.kind == kind, Consent.withdrawn_on.is_(None)
    )
    if session.scalar(in_force) is not None:
        raise Conflict("This consent is recorded already.")
    consent = Consent(patient_id=patient.id, kind=kind, version=edition, given_on=given_on)
    session.add(consent)
    session.flush()
    note_deed(
        session,
        actor,
        "consent_recorded",
        "consent",
        consent.id,
        now=now,
        patient_id=patient.id,
        kind=kind,
        version=edition,
        given_on=given_on.isoformat(),
    )
    remember(session, actor, idempotency, [consent.id], now=now)
    return consent


def _checked_edition(kind: str, version: str) -> str:
    if kind not in KINDS:
        raise InvalidInput("Choose what was agreed to.", field="kind")
    edition = " ".join(version.replace("\0", "").split())
    if not edition or len(edition) > LONGEST_VERSION:
        raise InvalidInput("Enter the edition of the text, such as 2026-01.", field="version")
    return edition


@writing
def withdraw_consent(
    session: Session, patient_id: int, consent_id: int, *, actor: Actor, now: datetime
) -> Consent:
    """Write down that a patient takes a consent back as of today; harmless when repeated. Raises NotFound."""
    consent = find(session, Consent, consent_id)
    if consent.patient_id != patient_id:
        raise NotFound(what="consent")
    if consent.withdrawn_on is None:
        consent.withdrawn_on = max(today_at(session, None, now), consent.given_on)
        note_deed(
            session,
            actor,
            "consent_withdrawn",
            "consent",
            consent.id,
            now=now,
            patient_id=patient_id,
            kind=consent.kind,
            version=consent.version,
        )
    return consent
