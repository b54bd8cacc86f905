"""What is stored. Importing this package registers every model with the metadata."""

from scheduler.models.appointment_types import AppointmentType
from scheduler.models.appointments import Appointment, AppointmentStatus
from scheduler.models.audit import AuditEntry, IdempotencyKey, JobRun
from scheduler.models.base import Base
from scheduler.models.clinic import Clinic, Closure, Location, Rebooking, Room
from scheduler.models.diary_weeks import DiaryWeek
from scheduler.models.feeds import FeedDetail, FeedToken
from scheduler.models.holds import Hold
from scheduler.models.mail_templates import MailTemplate
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
from scheduler.models.outcomes import Measure, Outcome, OutcomeSource
from scheduler.models.patients import Consent, Patient, PatientLink, PatientTerm
from scheduler.models.plans import (
    PlannedSession,
    PlanPhase,
    PlanStatus,
    Questionnaire,
    SessionStatus,
    TreatmentPlan,
)
from scheduler.models.practitioners import (
    BusyCalendar,
    BusyTime,
    Credential,
    Practitioner,
    TimeOff,
    WorkingHours,
)
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
    "BusyCalendar",
    "BusyTime",
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
    "MailTemplate",
    "Measure",
    "Message",
    "MessageItem",
    "MessageKind",
    "MessageState",
    "Offer",
    "OfferStatus",
    "OfferTurn",
    "Outcome",
    "OutcomeSource",
    "Patient",
    "PatientLink",
    "PatientTerm",
    "PlanPhase",
    "PlanStatus",
    "PlannedSession",
    "Practitioner",
    "Protocol",
    "ProtocolPhase",
    "Questionnaire",
    "Rebooking",
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
