"""What somebody at the desk has to do by hand: Task."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.models.appointments import Appointment
from scheduler.models.base import Base, Instant, Key, Name, Prose, Word, one_of
from scheduler.models.patients import Patient


class TaskKind(StrEnum):
    """Why it is to be done: call a patient, correct an address, see to a mail, answer a request."""

    CALL = "call"
    ADDRESS = "address"
    MAIL = "mail"
    REQUEST = "request"


class Task(Base):
    """One thing to do for one patient; open until done_at."""

    __tablename__ = "tasks"
    __table_args__ = (
        one_of("kind", TaskKind),
        Index(None, "patient_id"),
        Index(
            "ix_tasks_open",
            "created_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    kind: Mapped[Word]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    note: Mapped[Prose] = mapped_column(default="")
    """What it is about, in words."""
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The same for programs, such as the times that a patient asks for."""
    created_at: Mapped[Instant]
    created_by: Mapped[Name]
    done_at: Mapped[datetime | None]
    done_by: Mapped[Name | None]
    patient: Mapped[Patient] = relationship()
    appointment: Mapped[Appointment | None] = relationship()
