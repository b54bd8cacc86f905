"""A patient's own copy of a protocol: TreatmentPlan, PlanPhase, PlannedSession."""

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.models.appointment_types import AppointmentType
from scheduler.models.base import Base, Instant, Key, Name, Word, one_of
from scheduler.models.patients import Patient
from scheduler.models.practitioners import Practitioner
from scheduler.models.protocols import CADENCE


class PlanStatus(StrEnum):
    """The life of a plan."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    DISCONTINUED = "discontinued"


class SessionStatus(StrEnum):
    """The life of a planned session; an appointment fills it, and losing the appointment returns it to to_place."""

    TO_PLACE = "to_place"
    PLACED = "placed"
    COMPLETED = "completed"
    MISSED = "missed"
    SKIPPED = "skipped"


PASSED_OVER = (SessionStatus.MISSED.value, SessionStatus.SKIPPED.value)
"""Sessions that are not waited for: the next one follows the one before them."""


class Questionnaire(StrEnum):
    """What a patient is asked once a month: the Headache Impact Test or the Neck Disability Index."""

    HIT6 = "hit6"
    NDI = "ndi"


class TreatmentPlan(Base):
    """So many sessions, so far apart, for one patient."""

    __tablename__ = "treatment_plans"
    __table_args__ = (
        one_of("status", PlanStatus),
        one_of("questionnaire", Questionnaire),
        Index(None, "patient_id"),
        Index(None, "status"),
    )

    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    """Who prescribes, and is preferred."""
    protocol_id: Mapped[int | None] = mapped_column(ForeignKey("protocols.id"))
    name: Mapped[Name]
    condition: Mapped[Name] = mapped_column(default="")
    target_muscles: Mapped[list[str]]
    preferences: Mapped[dict[str, Any]]
    """weekdays [0-6], from_minute, until_minute, practitioner_ids (first preferred), location_id; all optional."""
    starts_on: Mapped[date]
    questionnaire: Mapped[Word | None]
    """Asked once a month while the plan is active; null: none."""
    status: Mapped[Word] = mapped_column(default=PlanStatus.ACTIVE.value)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Instant]
    patient: Mapped[Patient] = relationship()
    practitioner: Mapped[Practitioner] = relationship()
    phases: Mapped[list["PlanPhase"]] = relationship(
        order_by="PlanPhase.position", cascade="all, delete-orphan"
    )
    sessions: Mapped[list["PlannedSession"]] = relationship(
        order_by="PlannedSession.number", back_populates="plan", cascade="all, delete-orphan"
    )


class PlanPhase(Base):
    """So many sessions of a plan at one cadence."""

    __tablename__ = "plan_phases"
    __table_args__ = (
        UniqueConstraint("plan_id", "position"),
        CheckConstraint("sessions BETWEEN 1 AND 60", name="sessions"),
        CheckConstraint(CADENCE, name="cadence"),
    )

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("treatment_plans.id"))
    position: Mapped[int]
    sessions: Mapped[int]
    min_days: Mapped[int]
    ideal_days: Mapped[int]
    max_days: Mapped[int]


class PlannedSession(Base):
    """One numbered session of a plan. Its window is never stored: it follows from the phases and what was held."""

    __tablename__ = "planned_sessions"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        one_of("status", SessionStatus),
        Index(None, "status"),
    )

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("treatment_plans.id"))
    phase_id: Mapped[int] = mapped_column(ForeignKey("plan_phases.id"))
    number: Mapped[int]
    """1 is the first."""
    appointment_type_id: Mapped[int] = mapped_column(ForeignKey("appointment_types.id"))
    status: Mapped[Word] = mapped_column(default=SessionStatus.TO_PLACE.value)
    reason: Mapped[Name] = mapped_column(default="")
    """Why it is to be placed again, was missed or skipped."""
    plan: Mapped[TreatmentPlan] = relationship(back_populates="sessions")
    phase: Mapped[PlanPhase] = relationship()
    appointment_type: Mapped[AppointmentType] = relationship()
