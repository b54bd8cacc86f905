"""A slot, or the slots of a series, kept for some minutes while somebody talks to the patient.

The kept slots are rows of ``appointments`` with the status held, so that the same guards keep them exclusive. A hold
whose time is over counts for nobody, even before its rows are cleared away.
"""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.models.base import Base, Instant, Key, Name, Word
from scheduler.models.patients import Patient


class Hold(Base):
    """Slots kept for one patient until ``expires_at``, exclusive. It exists only as long as it matters."""

    __tablename__ = "holds"
    __table_args__ = (Index(None, "expires_at"), Index(None, "plan_id"), Index(None, "patient_id"))

    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("treatment_plans.id"))
    """The plan whose sessions are to be placed; null for a single slot, such as an offer's."""
    holder_kind: Mapped[Word]
    holder_id: Mapped[int | None]
    """Who keeps it: kind and id of an actor."""
    holder_name: Mapped[Name]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    patient: Mapped[Patient] = relationship()
