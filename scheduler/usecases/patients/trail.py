"""Who changed what about a patient, and who looked: a patient's part of the audit trail."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import AuditEntry
from scheduler.transaction import reading
from scheduler.usecases.paging import Page, fetch_page

LOOKS = ("patient_viewed",)
"""Deeds that change nothing."""


@reading
def read_trail(
    session: Session, patient_id: int, *, looks: bool = False, page: int = 1, page_size: int = 50
) -> Page[AuditEntry]:
    """A patient's entries, the latest first; ``looks`` adds who only looked."""
    query = select(AuditEntry).where(AuditEntry.patient_id == patient_id)
    if not looks:
        query = query.where(AuditEntry.action.not_in(LOOKS))
    return fetch_page(session, query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()), page, page_size)
