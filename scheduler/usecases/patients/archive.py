"""Putting a patient away who comes no more, and taking them back; nothing that history needs is deleted."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, StaleVersion
from scheduler.models import Appointment, FeedToken, Patient, PlanStatus, TreatmentPlan, WaitlistEntry
from scheduler.models.appointments import NOT_BOOKED
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.feeds.tokens import revoke_token
from scheduler.usecases.gaps.waitlist import settle_entry
from scheduler.usecases.lookup import find
from scheduler.usecases.paging import Page, fetch_page

OPEN_PLANS = (PlanStatus.DRAFT.value, PlanStatus.ACTIVE.value, PlanStatus.PAUSED.value)


@writing
def archive_patient(
    session: Session, patient_id: int, *, version: int, actor: Actor, now: datetime
) -> Patient:
    """Put a patient away: not found by the search, not bookable.

    Their calendar addresses answer no more, and they wait for nothing any more.

    Raises NotFound, StaleVersion, or Conflict while appointments lie ahead or a plan runs.
    """
    patient = _for_change(session, patient_id, version)
    if patient.archived_at is not None:
        return patient
    ahead = session.scalar(
        select(func.count()).where(
            Appointment.patient_id == patient.id,
            Appointment.ends_at > now,
            Appointment.status.not_in(NOT_BOOKED),
        )
    )
    if ahead:
        raise Conflict("Appointments lie ahead (%(count)s). Cancel them first.", count=ahead)
    running = select(TreatmentPlan.name).where(
        TreatmentPlan.patient_id == patient.id, TreatmentPlan.status.in_(OPEN_PLANS)
    )
    name = session.scalar(running.limit(1))
    if name is not None:
        raise Conflict("The plan “%(name)s” is not over. Complete or discontinue it first.", name=name)
    patient.archived_at = now
    patient.version += 1
    _let_go(session, patient, actor, now)
    note_deed(session, actor, "patient_archived", "patient", patient.id, now=now, patient_id=patient.id)
    return patient


@writing
def restore_patient(
    session: Session, patient_id: int, *, version: int, actor: Actor, now: datetime
) -> Patient:
    """Take a patient back who was put away; their old calendar addresses stay revoked.

    Raises NotFound, StaleVersion.
    """
    patient = _for_change(session, patient_id, version)
    if patient.archived_at is not None:
        patient.archived_at = None
        patient.version += 1
        note_deed(session, actor, "patient_restored", "patient", patient.id, now=now, patient_id=patient.id)
    return patient


@reading
def list_archived_patients(session: Session, *, page: int = 1, page_size: int = 50) -> Page[Patient]:
    """Patients who were put away, by family name."""
    query = select(Patient).where(Patient.archived_at.is_not(None))
    return fetch_page(
        session, query.order_by(Patient.family_name, Patient.given_name, Patient.id), page, page_size
    )


def _let_go(session: Session, patient: Patient, actor: Actor, now: datetime) -> None:
    """Revoke the patient's calendar addresses and take them off the waitlist."""
    tokens = select(FeedToken).where(FeedToken.patient_id == patient.id, FeedToken.revoked_at.is_(None))
    for token in session.scalars(tokens.order_by(FeedToken.id)).all():
        revoke_token(session, token, actor=actor, now=now)
    waiting = select(WaitlistEntry).where(
        WaitlistEntry.patient_id == patient.id, WaitlistEntry.closed_at.is_(None)
    )
    for entry in session.scalars(waiting.order_by(WaitlistEntry.id).with_for_update()).all():
        settle_entry(session, entry, "withdrawn", actor, now=now)


def _for_change(session: Session, patient_id: int, version: int) -> Patient:
    patient = find(session, Patient, patient_id)
    lock_resources(session, [("patient", patient.id)])
    session.refresh(patient)
    if patient.version != version:
        raise StaleVersion(current={"version": patient.version})
    return patient
