"""Check-in: before a session of a plan the patient is asked, on their own page, how they are.

Pain now and headache days each time; once a month, where the plan asks for it, the total of a questionnaire that was
filled in on paper: the items of the HIT-6 and the NDI belong to their authors and are not shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import (
    Appointment,
    Clinic,
    Measure,
    Outcome,
    OutcomeSource,
    PlannedSession,
    PlanStatus,
    Questionnaire,
    TreatmentPlan,
)
from scheduler.models.appointments import AppointmentStatus
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.lookup import find
from scheduler.usecases.outcomes.values import Entered, check_value, keep_values

OPENS = timedelta(hours=36)
"""So long before a session it is asked, until it ends: a mail due a day before may go out the evening before that."""
MONTH_DAYS = 28
"""A questionnaire is asked again after so many days."""
NDI_POINTS = 50
"""The NDI's form adds up to 50 points; kept are percent."""
COMING = (AppointmentStatus.BOOKED.value, AppointmentStatus.CONFIRMED.value, AppointmentStatus.ARRIVED.value)


@dataclass(frozen=True, slots=True)
class Question:
    """What a patient is asked before one appointment."""

    appointment_id: int
    starts_at: datetime
    zone: str
    today: date
    """Where it takes place."""
    questionnaire: str | None
    """Its total is asked for, too; None: not this time."""
    answers: Mapping[str, int]
    """measure -> what was said today, which may still be changed."""


@reading
def question_for(session: Session, patient_id: int, *, now: datetime) -> Question | None:
    """What to ask now; None if nothing is: no session is near, the clinic does not ask, or it was answered before."""
    return _question(session, patient_id, now)


@writing
def answer_check_in(
    session: Session,
    patient_id: int,
    appointment_id: int,
    values: Mapping[str, int],
    *,
    actor: Actor,
    now: datetime,
) -> list[Outcome]:
    """Keep what the patient says before an appointment; on the same day it may be said anew.

    ``values`` by measure; the NDI in points of its form. Raises Conflict when nothing is asked for that appointment
    (any more), InvalidInput naming the measure.
    """
    lock_resources(session, [("patient", patient_id)])
    question = _question(session, patient_id, now)
    if question is None or question.appointment_id != appointment_id:
        raise Conflict("There is nothing to answer for this appointment any more.")
    entered = _entered(question, values)
    return keep_values(
        session,
        patient_id,
        session.get_one(Appointment, appointment_id),
        entered,
        measured_on=question.today,
        source=OutcomeSource.PATIENT,
        actor=actor,
        now=now,
    )


@writing
def set_questionnaire(
    session: Session, plan_id: int, questionnaire: str | None, *, actor: Actor, now: datetime
) -> TreatmentPlan:
    """Have a plan's patient asked once a month for the total of the HIT-6 or the NDI; None: for neither.

    Raises NotFound, InvalidInput.
    """
    plan = find(session, TreatmentPlan, plan_id)
    if questionnaire is not None and questionnaire not in set(Questionnaire):
        raise InvalidInput("A questionnaire is hit6 or ndi.", field="questionnaire")
    if plan.questionnaire != questionnaire:
        plan.questionnaire = questionnaire
        note_deed(
            session,
            actor,
            "questionnaire_set",
            "plan",
            plan.id,
            now=now,
            patient_id=plan.patient_id,
            questionnaire=questionnaire,
        )
    return plan


@reading
def plans_that_ask(session: Session, patient_id: int) -> list[TreatmentPlan]:
    """A patient's active plans, each with its questionnaire."""
    query = select(TreatmentPlan).where(
        TreatmentPlan.patient_id == patient_id, TreatmentPlan.status == PlanStatus.ACTIVE.value
    )
    return list(session.scalars(query.order_by(TreatmentPlan.id)))


def _entered(question: Question, values: Mapping[str, int]) -> list[Entered]:
    """Checked answers; the field of what is wrong is its measure."""
    found = []
    for measure in (Measure.NPRS, Measure.HEADACHE_DAYS):
        if measure.value not in values:
            raise InvalidInput("Please choose a number for each question.", field=measure.value)
        found.append(Entered(measure.value, values[measure.value]))
    if question.questionnaire is not None and question.questionnaire in values:
        found.append(Entered(question.questionnaire, _total(question.questionnaire, values)))
    for one in found:
        try:
            check_value(one.measure, one.value)
        except InvalidInput as error:
            raise InvalidInput(error.sentence, **{**error.details, "field": one.measure}) from None
    return found


def _total(questionnaire: str, values: Mapping[str, int]) -> int:
    total = values[questionnaire]
    if questionnaire != Questionnaire.NDI:
        return total
    if not 0 <= total <= NDI_POINTS:
        raise InvalidInput(
            "Enter a whole number from %(least)s to %(most)s.", least=0, most=NDI_POINTS, field=questionnaire
        )
    return total * 100 // NDI_POINTS


def _question(session: Session, patient_id: int, now: datetime) -> Question | None:
    clinic = session.get(Clinic, 1)
    if clinic is None or not clinic.asks_check_in:
        return None
    row = session.scalars(
        select(Appointment)
        .join(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .where(
            Appointment.patient_id == patient_id,
            Appointment.status.in_(COMING),
            Appointment.ends_at > now,
            Appointment.starts_at <= now + OPENS,
            TreatmentPlan.status == PlanStatus.ACTIVE.value,
        )
        .options(
            joinedload(Appointment.location),
            joinedload(Appointment.planned_session).joinedload(PlannedSession.plan),
        )
        .order_by(Appointment.starts_at)
        .limit(1)
    ).first()
    if row is None or row.planned_session is None:
        return None
    today = now.astimezone(ZoneInfo(row.location.zone)).date()
    said = session.scalars(select(Outcome).where(Outcome.appointment_id == row.id)).all()
    asked = [one for one in said if one.measure in (Measure.NPRS, Measure.HEADACHE_DAYS)]
    if any(one.measured_on != today or one.source != OutcomeSource.PATIENT for one in asked):
        return None
    wanted = row.planned_session.plan.questionnaire
    return Question(
        appointment_id=row.id,
        starts_at=row.starts_at,
        zone=row.location.zone,
        today=today,
        questionnaire=wanted if wanted and _is_due(session, patient_id, wanted, row.id, today) else None,
        answers={one.measure: one.value for one in said},
    )


def _is_due(session: Session, patient_id: int, measure: str, appointment_id: int, today: date) -> bool:
    """Whether the last total is a month old, or of this very appointment and day, to be corrected."""
    last = session.scalars(
        select(Outcome)
        .where(Outcome.patient_id == patient_id, Outcome.measure == measure)
        .order_by(Outcome.measured_on.desc(), Outcome.id.desc())
        .limit(1)
    ).first()
    if last is None or (today - last.measured_on).days >= MONTH_DAYS:
        return True
    return (
        last.appointment_id == appointment_id
        and last.measured_on == today
        and last.source == OutcomeSource.PATIENT
    )
