"""A plan under way, and what its patient says of it."""

from collections.abc import Sequence
from datetime import date, timedelta

from scheduler.extensions import db
from scheduler.models import Appointment, Outcome, PlannedSession, TreatmentPlan
from scheduler.usecases.outcomes.values import record_outcome
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.factories import NOW, RECEPTIONIST, World, make_appointment

TODAY = date(2026, 3, 2)


def make_plan(world: World, sessions: int = 6) -> TreatmentPlan:
    return prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=TODAY - timedelta(days=60),
        phases=[PhaseWish(sessions, 3, 7, 10, world.needling_id)],
        actor=RECEPTIONIST,
        now=NOW,
    )


def fill(world: World, plan: TreatmentPlan, number: int, days: int, status: str = "completed") -> Appointment:
    """Session ``number`` so many days from now at 13:00 in Berlin (six hours after NOW)."""
    planned = db.session.query(PlannedSession).filter_by(plan_id=plan.id, number=number).one()
    row = make_appointment(
        world, NOW + timedelta(days=days, hours=5), planned_session_id=planned.id, status=status
    )
    planned.status = "completed" if status == "completed" else "placed"
    db.session.commit()
    return row


def say(world: World, measure: str, value: int, days: int = 0) -> Outcome:
    on = TODAY + timedelta(days=days)
    return record_outcome(
        world.patient_id, measure=measure, value=value, measured_on=on, actor=RECEPTIONIST, now=NOW
    )


def treated(world: World, pain: Sequence[int]) -> TreatmentPlan:
    """A plan whose sessions were held weekly, the last one a week ago, with pain before each."""
    plan = make_plan(world)
    for number, value in enumerate(pain, start=1):
        days = 7 * (number - len(pain) - 1)
        fill(world, plan, number, days)
        say(world, "nprs", value, days)
    return plan
