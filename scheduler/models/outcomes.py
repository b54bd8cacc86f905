"""How the patient is: Outcome."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.models.base import Base, Instant, Key, Word, one_of


class Measure(StrEnum):
    """What is measured.

    Pain now 0-10 (numeric pain rating scale), headache days in 4 weeks 0-28, Headache Impact Test 36-78 (HIT-6), Neck
    Disability Index 0-100 percent (NDI), neck rotation in degrees.
    """

    NPRS = "nprs"
    HEADACHE_DAYS = "headache_days"
    HIT6 = "hit6"
    NDI = "ndi"
    ROTATION = "rotation"


class OutcomeSource(StrEnum):
    """Who said so."""

    PATIENT = "patient"
    CLINIC = "clinic"
    IMPORT = "import"


class Outcome(Base):
    """A dated measure of a patient."""

    __tablename__ = "outcomes"
    __table_args__ = (
        one_of("measure", Measure),
        one_of("source", OutcomeSource),
        CheckConstraint("value BETWEEN 0 AND 360", name="value"),
        Index(None, "patient_id", "measure", "measured_on"),
        Index(None, "appointment_id"),
    )

    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("treatment_plans.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    """The appointment before which it was asked for."""
    measure: Mapped[Word]
    value: Mapped[int]
    measured_on: Mapped[date]
    """Local date."""
    source: Mapped[Word]
    created_at: Mapped[Instant]
