"""Whether an import was committed: its audit row says so, even if the process that wrote it is gone."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import AuditEntry
from scheduler.transaction import reading


@reading
def committed_import(session: Session, reference: int) -> Mapping[str, Any] | None:
    """What the trail tells of the import with this reference: its counts; None if it was not committed."""
    told = select(AuditEntry.detail).where(AuditEntry.entity == "import", AuditEntry.entity_id == reference)
    return session.scalars(told.order_by(AuditEntry.id.desc()).limit(1)).first()
