"""Treatment plans: prescribing one, and reading it with its windows and appointments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Required, TypedDict, Unpack
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload, selectinload

from scheduler.errors import InvalidInput
from scheduler.models import (
    Appointment,
    AppointmentType,
    Location,
    Patient,
    PlannedSession,
    PlanPhase,
    PlanStatus,
    Practitioner,
    Protocol,
    TreatmentPlan,
)
from scheduler.models.plans import PASSED_OVER
from scheduler.planning.cadence import Phase, Window, windows
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find, find_in_use, still_in_use
from scheduler.usecases.plans.rows import filled_by

MOST_SESSIONS = 60
PREFERENCES = {"weekdays", "from_minute", "until_minute", "practitioner_ids", "location_id"}


@dataclass(frozen=True, slots=True)
class PhaseWish:
    """One phase of a new plan; days count from the session before. No type: the clinic's needling type."""

    sessions: int
    min_days: int
    ideal_days: int
    max_days: int
    appointment_type_id: int | None = None


class Prescription(TypedDict, total=False):
    """What a plan is written from: the patient's own copy of a protocol, or of phases given instead."""

    practitioner_id: Required[int]
    starts_on: Required[date]
    protocol_id: int | None
    phases: Sequence[PhaseWish] | None
    condition: str
    target_muscles: Sequence[str]
    preferences: Mapping[str, Any] | None
    first_appointment_type_id: int | None
    """Makes session 1 another type, such as a first visit."""


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A planned session with its window and the appointment that fills it."""

    session: PlannedSession
    window: Window
    appointment: Appointment | None
    held_on: date | None
    """Local date of that appointment."""


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan with all its sessions in order."""

    plan: TreatmentPlan
    lines: list[SessionLine]


@writing
def prescribe_plan(
    session: Session,
    *,
    patient_id: int,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
    **prescription: Unpack[Prescription],
) -> TreatmentPlan:
    """Write a patient's plan; all its sessions are to place. Raises NotFound or InvalidInput."""
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, TreatmentPlan, known[0])
    patient = find_in_use(session, Patient, patient_id)
    lock_resources(session, [("patient", patient.id)])
    still_in_use(session, patient)
    plan = TreatmentPlan(patient_id=patient.id, status=PlanStatus.ACTIVE.value, created_at=now)
    write_plan(session, plan, prescription)
    session.add(plan)
    session.flush()
    note_deed(
        session,
        actor,
        "plan_prescribed",
        "plan",
        plan.id,
        now=now,
        patient_id=patient.id,
        sessions=len(plan.sessions),
    )
    remember(session, actor, idempotency, [plan.id], now=now)
    return plan


def write_plan(session: Session, plan: TreatmentPlan, asked: Prescription) -> None:
    """Fill a plan that has no sessions, inside an open transaction. Raises NotFound or InvalidInput."""
    practitioner = find_in_use(session, Practitioner, asked["practitioner_id"])
    protocol_id = asked.get("protocol_id")
    protocol = find_in_use(session, Protocol, protocol_id) if protocol_id is not None else None
    wanted = phases_of(protocol, asked.get("phases"))
    check_phases(wanted)
    if not date(1980, 1, 1) <= asked["starts_on"] <= date(2200, 1, 1):
        raise InvalidInput("That start date is too far away.", field="starts_on")
    plan.practitioner_id = practitioner.id
    plan.protocol_id = protocol.id if protocol else None
    plan.name = protocol.name if protocol else "Individual plan"
    plan.condition = (asked.get("condition") or (protocol.condition if protocol else ""))[:200]
    plan.target_muscles = [muscle[:80] for muscle in asked.get("target_muscles", ())][:40]
    plan.preferences = checked_preferences(session, asked.get("preferences") or {})
    plan.starts_on = asked["starts_on"]
    add_phases(session, plan, wanted, asked.get("first_appointment_type_id"))


@reading
def get_plan(session: Session, plan_id: int) -> PlanView:
    """A plan with windows and appointments. Raises NotFound."""
    return view_of(session, find(session, TreatmentPlan, plan_id))


@reading
def list_plans(session: Session, patient_id: int) -> list[PlanView]:
    """A patient's plans, newest first."""
    plans = session.scalars(
        select(TreatmentPlan)
        .where(TreatmentPlan.patient_id == patient_id)
        .options(
            selectinload(TreatmentPlan.sessions).joinedload(PlannedSession.appointment_type),
            selectinload(TreatmentPlan.phases),
            joinedload(TreatmentPlan.practitioner),
        )
        .order_by(TreatmentPlan.created_at.desc(), TreatmentPlan.id.desc())
    ).all()
    filled = appointments_of(session, [plan.id for plan in plans])
    return [_lined(plan, filled.get(plan.id, {})) for plan in plans]


def view_of(session: Session, plan: TreatmentPlan) -> PlanView:
    """A plan with windows and appointments, inside an open transaction."""
    return _lined(plan, appointments_of(session, [plan.id]).get(plan.id, {}))


def appointments_of(session: Session, plan_ids: Sequence[int]) -> dict[int, dict[int, Appointment]]:
    """Active appointments by plan and planned session, in one query."""
    rows = session.execute(_filled(), {"plans": list(plan_ids)})
    found: dict[int, dict[int, Appointment]] = {}
    for plan_id, planned_id, appointment in rows:
        found.setdefault(plan_id, {})[planned_id] = appointment
    return found


@lru_cache(maxsize=1)
def _filled() -> Any:
    """Made once: with what it loads, putting it together takes longer than running it."""
    return (
        select(PlannedSession.plan_id, PlannedSession.id, Appointment)
        .join(Appointment, filled_by())
        .where(PlannedSession.plan_id.in_(bindparam("plans", expanding=True)))
        .options(
            joinedload(Appointment.location),
            joinedload(Appointment.practitioner),
            joinedload(Appointment.room),
            joinedload(Appointment.appointment_type),
        )
    )


def local_day(appointment: Appointment) -> date:
    """The date of an appointment on its location's wall clock."""
    return appointment.starts_at.astimezone(ZoneInfo(appointment.location.zone)).date()


def checked_preferences(session: Session, preferences: Mapping[str, Any]) -> dict[str, Any]:
    """Preferences as they are stored, without empty ones. Raises InvalidInput or NotFound."""
    unknown = set(preferences) - PREFERENCES
    if unknown:
        raise InvalidInput(
            "There is no preference called %(name)s.", name=", ".join(sorted(unknown)), field="preferences"
        )
    weekdays = preferences.get("weekdays") or []
    if any(weekday not in range(7) for weekday in weekdays):
        raise InvalidInput("Weekdays are numbers from 0 (Monday) to 6 (Sunday).", field="preferences")
    begins, ends = preferences.get("from_minute"), preferences.get("until_minute")
    for minute in (begins, ends):
        if minute is not None and not 0 <= minute <= 1440:
            raise InvalidInput("Times of day lie between 0:00 and 24:00.", field="preferences")
    if begins is not None and ends is not None and begins >= ends:
        raise InvalidInput("The preferred time must begin before it ends.", field="preferences")
    for number in preferences.get("practitioner_ids") or []:
        find_in_use(session, Practitioner, number)
    if preferences.get("location_id") is not None:
        find_in_use(session, Location, preferences["location_id"])
    return {name: value for name, value in preferences.items() if value not in (None, [], ())}


def _lined(plan: TreatmentPlan, filled: Mapping[int, Appointment]) -> PlanView:
    phases = [
        Phase(phase.sessions, phase.min_days, phase.ideal_days, phase.max_days) for phase in plan.phases
    ]
    held = {
        planned.number: local_day(filled[planned.id]) for planned in plan.sessions if planned.id in filled
    }
    passed_over = {planned.number for planned in plan.sessions if planned.status in PASSED_OVER}
    all_windows = windows(plan.starts_on, phases, held, passed_over)
    lines = [
        SessionLine(planned, all_windows[planned.number], filled.get(planned.id), held.get(planned.number))
        for planned in plan.sessions
    ]
    return PlanView(plan, lines)


def phases_of(protocol: Protocol | None, given: Sequence[PhaseWish] | None) -> list[PhaseWish]:
    """The phases to write: those given, else the protocol's own. Raises InvalidInput where there is neither."""
    if given is not None:
        return list(given)
    if protocol is None:
        raise InvalidInput("A plan needs a protocol or phases.", field="protocol_id")
    return [
        PhaseWish(phase.sessions, phase.min_days, phase.ideal_days, phase.max_days, phase.appointment_type_id)
        for phase in protocol.phases
    ]


def check_phases(phases: Sequence[PhaseWish], *, besides: int = 0) -> None:
    """Raise InvalidInput unless these can be phases of a plan that has ``besides`` sessions before them."""
    if not phases:
        raise InvalidInput("A plan needs at least one phase.", field="phases")
    for phase in phases:
        if phase.sessions < 1:
            raise InvalidInput("A phase has at least one session.", field="phases")
        if not 0 <= phase.min_days <= phase.ideal_days <= phase.max_days <= 366:
            raise InvalidInput(
                "Days between sessions must rise from smallest over ideal to largest, at most 366.",
                field="phases",
            )
    if besides + sum(phase.sessions for phase in phases) > MOST_SESSIONS:
        raise InvalidInput("A plan has at most 60 sessions.", field="phases")


def add_phases(
    session: Session, plan: TreatmentPlan, phases: Sequence[PhaseWish], first_type_id: int | None = None
) -> None:
    """Add phases with their sessions after the last; ``first_type_id`` makes a plan's session 1 another type."""
    first_type = find_in_use(session, AppointmentType, first_type_id) if first_type_id is not None else None
    number = len(plan.sessions)
    last = plan.phases[-1].position if plan.phases else 0
    for position, wish in enumerate(phases, start=last + 1):
        kind = type_of(session, wish)
        phase = PlanPhase(
            position=position,
            sessions=wish.sessions,
            min_days=wish.min_days,
            ideal_days=wish.ideal_days,
            max_days=wish.max_days,
        )
        plan.phases.append(phase)
        for _ in range(wish.sessions):
            number += 1
            its_type = first_type if number == 1 and first_type is not None else kind
            plan.sessions.append(PlannedSession(number=number, phase=phase, appointment_type=its_type))


def type_of(session: Session, phase: PhaseWish) -> AppointmentType:
    """The phase's type, or the clinic's shortest needling type in use."""
    if phase.appointment_type_id is not None:
        return find_in_use(session, AppointmentType, phase.appointment_type_id)
    kind = session.scalar(
        select(AppointmentType)
        .where(AppointmentType.is_needling, AppointmentType.archived_at.is_(None))
        .order_by(AppointmentType.duration_minutes, AppointmentType.id)
        .limit(1)
    )
    if kind is None:
        raise InvalidInput("The clinic has no needling appointment type.", field="phases")
    return kind
