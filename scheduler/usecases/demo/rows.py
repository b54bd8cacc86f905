"""The demo's story as table rows: patients, plans, appointments."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from scheduler.models import (
    Appointment,
    Consent,
    Patient,
    PatientTerm,
    PlannedSession,
    PlanPhase,
    TreatmentPlan,
)
from scheduler.models.base import Base
from scheduler.usecases.demo.cast import Course, Guest, Visit
from scheduler.usecases.demo.size import Days
from scheduler.usecases.patients.registry import search_terms

Row = dict[str, Any]
Tables = list[tuple[type[Base], list[Row]]]
"""In the order in which they must be written."""
CONSENTS = ("data_protection", "dry_needling")
CONSENT_VERSION = "2025-01"


def patient_tables(guests: list[Guest]) -> Tables:
    """Patients with their search terms and consents."""
    people = [_patient(guest) for guest in guests]
    terms = [
        {"patient_id": row["id"], "term": term}
        for row in people
        for term in sorted(search_terms(Patient(**row)))
    ]
    consents = [
        {
            "patient_id": guest.id,
            "kind": kind,
            "version": CONSENT_VERSION,
            "given_on": guest.consented_on,
            "withdrawn_on": None,
        }
        for guest in guests
        if guest.consented_on is not None
        for kind in CONSENTS
    ]
    return [(Patient, people), (PatientTerm, terms), (Consent, consents)]


def plan_tables(courses: list[Course], days: Days) -> Tables:
    """Plans with their phases and sessions; gives sessions their identities."""
    plans: list[Row] = []
    phases: list[Row] = []
    sessions: list[Row] = []
    for course in courses:
        plans.append(_plan(course, days))
        phase_ids = {}
        for phase in course.protocol.phases:
            phase_ids[phase.position] = len(phases) + 1
            phases.append(
                {
                    "id": len(phases) + 1,
                    "plan_id": course.id,
                    "position": phase.position,
                    "sessions": phase.sessions,
                    "min_days": phase.min_days,
                    "ideal_days": phase.ideal_days,
                    "max_days": phase.max_days,
                }
            )
        for session in course.sessions:
            session.id = len(sessions) + 1
            sessions.append(
                {
                    "id": session.id,
                    "plan_id": course.id,
                    "phase_id": phase_ids[session.phase.position],
                    "number": session.number,
                    "appointment_type_id": session.kind.id,
                    "status": session.status,
                    "reason": session.reason,
                }
            )
    return [(TreatmentPlan, plans), (PlanPhase, phases), (PlannedSession, sessions)]


def appointment_tables(visits: list[Visit], days: Days) -> Tables:
    """Appointments."""
    return [(Appointment, list(_appointments(visits, days)))]


def _patient(guest: Guest) -> Row:
    return {
        "id": guest.id,
        "given_name": guest.given_name,
        "family_name": guest.family_name,
        "email": guest.email,
        "phone": guest.phone,
        "born_on": guest.born_on,
        "locale": guest.locale,
        "zone": None,
        "wants_reminders": guest.wants_reminders,
        "notes": guest.notes,
        "cautions": guest.cautions,
        "attention": guest.attention,
        "wants_invitations": guest.wants_invitations,
        "created_at": guest.created_at,
        "archived_at": None,
        "version": 1,
    }


def _plan(course: Course, days: Days) -> Row:
    return {
        "id": course.id,
        "patient_id": course.guest.id,
        "practitioner_id": course.practitioner_id,
        "protocol_id": course.protocol.id,
        "name": course.protocol.name,
        "condition": course.protocol.condition,
        "target_muscles": course.muscles,
        "preferences": course.preferences,
        "starts_on": days.date_of(course.starts_day),
        "questionnaire": course.questionnaire,
        "status": course.status,
        "version": course.version,
        "created_at": days.at(course.prescribed),
    }


def _appointments(visits: list[Visit], days: Days) -> Iterator[Row]:
    for visit in visits:
        starts_at = days.at(visit.spot.moment)
        ends_at = starts_at + timedelta(minutes=visit.kind.duration_minutes)
        last = visit.tellings[-1]
        cancelled_at = days.at(last.moment) if last.what == "cancelled" else None
        yield {
            "id": visit.id,
            "uid": visit.uid,
            "patient_id": visit.guest.id,
            "practitioner_id": visit.spot.practitioner_id,
            "location_id": visit.spot.location_id,
            "room_id": visit.spot.room_id,
            "appointment_type_id": visit.kind.id,
            "planned_session_id": visit.session.id if visit.session is not None else None,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "busy_from": starts_at - timedelta(minutes=visit.kind.buffer_before_minutes),
            "busy_until": ends_at + timedelta(minutes=visit.kind.buffer_after_minutes),
            "status": visit.status,
            "version": visit.version,
            "sequence": visit.sequence,
            "changed_at": days.at(last.moment),
            "created_at": days.at(visit.booked),
            "cancelled_at": cancelled_at,
            "cancel_reason": visit.reason,
            "override_reason": None,
            "override_rules": [],
        }
