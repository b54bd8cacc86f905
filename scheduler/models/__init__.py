"""What is stored. Importing this package registers every model with the metadata."""

from scheduler.models.appointment_types import AppointmentType
from scheduler.models.appointments import Appointment, AppointmentStatus
from scheduler.models.audit import AuditEntry, IdempotencyKey, JobRun
from scheduler.models.base import Base
from scheduler.models.clinic import Clinic, Closure, Location, Room
from scheduler.models.diary_weeks import DiaryWeek
from scheduler.models.feeds import FeedDetail, FeedToken
from scheduler.models.messages import Message, MessageItem, MessageKind, MessageState
from scheduler.models.patients import Consent, Patient, PatientTerm
from scheduler.models.plans import PlannedSession, PlanPhase, PlanStatus, SessionStatus, TreatmentPlan
from scheduler.models.practitioners import Credential, Practitioner, TimeOff, WorkingHours
from scheduler.models.protocols import Protocol, ProtocolPhase
from scheduler.models.staff import ApiKey, BrowserSession, Role, SignInFailure, Staff

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
    "IdempotencyKey",
    "JobRun",
    "Location",
    "Message",
    "MessageItem",
    "MessageKind",
    "MessageState",
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
    "TimeOff",
    "TreatmentPlan",
    "WorkingHours",
]
