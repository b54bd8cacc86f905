"""The trail of who did or saw what; written in the same transaction as the deed."""

from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.models.audit import AuditEntry
from scheduler.usecases.actors import Actor


def note_deed(
    session: Session,
    actor: Actor,
    action: str,
    entity: str,
    entity_id: int | None,
    *,
    now: datetime,
    patient_id: int | None = None,
    **detail: object,
) -> None:
    """Add one audit row to the open transaction; ``detail`` takes JSON values and never secrets."""
    session.add(
        AuditEntry(
            at=now,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            source=actor.source,
            action=action,
            entity=entity,
            entity_id=entity_id,
            patient_id=patient_id,
            detail=detail,
        )
    )
