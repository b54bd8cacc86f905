"""What is stored. Importing this package registers every model with the metadata."""

from scheduler.models.appointment_types import AppointmentType
from scheduler.models.appointments import Appointment, AppointmentStatus
from scheduler.models.audit import AuditEntry, IdempotencyKey, JobRun
from scheduler.models.base import Base
from scheduler.models.clinic import Clinic, Closure, Location, Room
from scheduler.models.diary_weeks import DiaryWeek
from scheduler.models.feeds import FeedDetail, FeedToken
from scheduler.models.holds import Hold
from scheduler.models.messages import Message, MessageItem, MessageKind, MessageState
from scheduler.models.offers import (
    Offer,
    OfferStatus,
    OfferTurn,
    TurnReason,
    TurnStatus,
    Urgency,
    WaitlistEntry,
)
from scheduler.models.patients import Consent, Patient, PatientTerm
from scheduler.models.plans import PlannedSession, PlanPhase, PlanStatus, SessionStatus, TreatmentPlan
from scheduler.models.practitioners import Credential, Practitioner, TimeOff, WorkingHours
from scheduler.models.protocols import Protocol, ProtocolPhase
from scheduler.models.staff import ApiKey, BrowserSession, Role, SignInFailure, Staff
from scheduler.models.tasks import Task, TaskKind

__all__ = [
    "ApiKey",
    "Appointment",
    "AppointmentStatus",
    "AppointmentType",
    "AuditEntry",
    "Base",
    "BrowserSession",
    "Clinic",
    "Closure",
    "Consent",
    "Credential",
    "DiaryWeek",
    "FeedDetail",
    "FeedToken",
    "Hold",
    "IdempotencyKey",
    "JobRun",
    "Location",
    "Message",
    "MessageItem",
    "MessageKind",
    "MessageState",
    "Offer",
    "OfferStatus",
    "OfferTurn",
    "Patient",
    "PatientTerm",
    "PlanPhase",
    "PlanStatus",
    "PlannedSession",
    "Practitioner",
    "Protocol",
    "ProtocolPhase",
    "Role",
    "Room",
    "SessionStatus",
    "SignInFailure",
    "Staff",
    "Task",
    "TaskKind",
    "TimeOff",
    "TreatmentPlan",
    "TurnReason",
    "TurnStatus",
    "Urgency",
    "WaitlistEntry",
    "WorkingHours",
]
