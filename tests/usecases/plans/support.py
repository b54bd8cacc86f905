"""Plans of weekly sessions: prescribed, proposed, placed, and where they stand."""

from datetime import date
from typing import Any

from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, PlannedSession, TreatmentPlan
from scheduler.usecases.appointments.changing import change_status
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from scheduler.usecases.series.proposals import ProposedSession, SeriesProposal, propose_series
from tests.factories import NOW, RECEPTIONIST, World, make_world

WEEKLY = PhaseWish(sessions=4, min_days=5, ideal_days=7, max_days=9)


def prescribe(world: World, *phases: PhaseWish, **changes: Any) -> TreatmentPlan:
    """A plan of weekly sessions from Tuesday, 3 March, unless told otherwise."""
    asked: dict[str, Any] = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "starts_on": date(2026, 3, 3),
        "phases": phases or (WEEKLY,),
        "actor": RECEPTIONIST,
        "now": NOW,
    }
    return prescribe_plan(**asked | changes)


def best(plan: TreatmentPlan, **changes: Any) -> SeriesProposal:
    """The first of the proposals for what is to place."""
    return propose_series(plan.id, **{"now": NOW} | changes)[0]


def chosen(sessions: list[ProposedSession]) -> list[ChosenSlot]:
    """What a proposal's form sends: every session that has no appointment yet."""
    return [ChosenSlot(row.number, row.starts_at, row.practitioner_id) for row in sessions if not row.fixed]


def place(plan: TreatmentPlan, slots: list[ChosenSlot], **changes: Any) -> list[Appointment]:
    """Book a series as the receptionist."""
    return place_plan(plan.id, sessions=slots, **{"actor": RECEPTIONIST, "now": NOW} | changes)


def statuses(plan: TreatmentPlan) -> list[str]:
    """Of the sessions, in order."""
    query = (
        select(PlannedSession.status).where(PlannedSession.plan_id == plan.id).order_by(PlannedSession.number)
    )
    return list(db.session.scalars(query))


def version_of(plan: TreatmentPlan) -> int:
    """As it is stored now."""
    db.session.rollback()
    return db.session.get_one(TreatmentPlan, plan.id).version


def placed_plan(*phases: PhaseWish, place_first: int = 4) -> tuple[TreatmentPlan, list[Appointment]]:
    """A plan with the appointments of its first sessions."""
    plan = prescribe(make_world(), *phases)
    return plan, place(plan, chosen(best(plan).sessions)[:place_first])


def hold(appointment: Appointment) -> Appointment:
    """The patient came."""
    return change_status(appointment.id, version=1, status="completed", actor=RECEPTIONIST, now=NOW)


def plan_status(plan: TreatmentPlan) -> str:
    """As it is stored now."""
    db.session.rollback()
    return db.session.get_one(TreatmentPlan, plan.id).status
