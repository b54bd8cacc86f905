"""Outcomes: what was measured, what may be entered, and whether a course of treatment helps.

The smallest changes that matter, as published for who is treated here:

- pain (NPRS) 2.5 of 10 points and NDI 5.5 of 50 points, which is 11 percent: cervicogenic headache, n = 110
  (Young, Dunning, Butts, Cleland, Fernández-de-las-Peñas 2019, Cephalalgia 39:44-51);
- HIT-6 8 points: chronic tension-type headache, n = 186 (Castien, Blankenstein, van der Windt, Dekker 2012,
  Cephalalgia 32:710-714). In migraine 2.5 to 6 points matter (Smelt and others 2014, Cephalalgia,
  doi 10.1177/0333102413497599): the larger figure rather asks for one review too many;
- headache days: half of them, the responder of the International Headache Society's guidelines for trials
  (Bendtsen and others 2010, Cephalalgia 30:1-16).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import combinations_with_replacement
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import Appointment, Location, Measure, Outcome, OutcomeSource, Patient, PlannedSession
from scheduler.models.appointments import NOT_BOOKED
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find
from scheduler.usecases.wall_clock import latest_today

RANGES: Mapping[str, range] = {
    Measure.NPRS: range(11),
    Measure.HEADACHE_DAYS: range(29),
    Measure.HIT6: range(36, 79),
    Measure.NDI: range(101),
    Measure.ROTATION: range(181),
}
"""What a value may be."""
SMALLEST_CHANGE: Mapping[str, float] = {Measure.NPRS: 2.5, Measure.HIT6: 8, Measure.NDI: 11}
"""By so much a measure must fall for the change to matter; headache days must fall by half."""
HIT6_ANSWERS = (6, 8, 10, 11, 13)
EARLIEST = timedelta(days=5 * 366)


@dataclass(frozen=True, slots=True)
class Entered:
    """A value before it is kept."""

    measure: str
    value: int


@writing
def record_outcome(
    session: Session,
    patient_id: int,
    *,
    measure: str,
    value: int,
    measured_on: date,
    appointment_id: int | None = None,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Outcome:
    """Keep what staff measured or read from a form; ``measured_on`` is the local date.

    Without ``appointment_id`` it belongs to the patient's appointment of that day, if there is one. What was entered
    for the same appointment on the same day is corrected. Raises NotFound, InvalidInput, or Conflict for what was
    recorded on an earlier day.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, Outcome, known[0])
    patient = find(session, Patient, patient_id)
    lock_resources(session, [("patient", patient.id)])
    today = latest_today(session, now)
    if not today - EARLIEST <= measured_on <= today:
        raise InvalidInput("Enter a date of the last five years, today at the latest.", field="measured_on")
    if appointment_id is None:
        appointment = _appointment_of_day(session, patient_id, measured_on)
    else:
        appointment = _own_appointment(session, patient_id, appointment_id)
    (row,) = keep_values(
        session,
        patient_id,
        appointment,
        [Entered(measure, value)],
        measured_on=measured_on,
        source=OutcomeSource.CLINIC,
        actor=actor,
        now=now,
    )
    remember(session, actor, idempotency, [row.id], now=now)
    return row


@reading
def list_outcomes(session: Session, patient_id: int, *, measure: str | None = None) -> list[Outcome]:
    """A patient's values, the earliest first. Raises NotFound."""
    find(session, Patient, patient_id)
    query = select(Outcome).where(Outcome.patient_id == patient_id)
    if measure is not None:
        query = query.where(Outcome.measure == measure)
    return list(session.scalars(query.order_by(Outcome.measured_on, Outcome.id)))


def keep_values(
    session: Session,
    patient_id: int,
    appointment: Appointment | None,
    values: Sequence[Entered],
    *,
    measured_on: date,
    source: OutcomeSource,
    actor: Actor,
    now: datetime,
) -> list[Outcome]:
    """Keep checked values in the open transaction, the patient locked; never two of a measure for one appointment.

    Raises InvalidInput, or Conflict when one was recorded on another day, or by the clinic and a patient sends it.
    """
    for entered in values:
        check_value(entered.measure, entered.value)
    before = _recorded(session, patient_id, appointment, measured_on)
    plan_id = _plan_of(session, appointment)
    rows = []
    for entered in values:
        row = before.get(entered.measure)
        if row is None:
            row = Outcome(
                patient_id=patient_id,
                plan_id=plan_id,
                appointment_id=appointment.id if appointment else None,
                measure=entered.measure,
                value=entered.value,
                measured_on=measured_on,
                source=source.value,
                created_at=now,
            )
            session.add(row)
        else:
            _refuse_correction(row, measured_on, source)
            row.value, row.source, row.created_at = entered.value, source.value, now
        rows.append(row)
    session.flush()
    for row in rows:
        _note(session, row, actor, now)
    return rows


def check_value(measure: str, value: int) -> None:
    """Raise InvalidInput for what cannot be a value of the measure."""
    if measure not in RANGES:
        raise InvalidInput("There is no such measure.", field="measure")
    allowed = RANGES[measure]
    if value not in allowed:
        raise InvalidInput(
            "Enter a whole number from %(least)s to %(most)s.",
            least=allowed[0],
            most=allowed[-1],
            field="value",
        )
    if measure == Measure.HIT6 and value not in hit6_totals():
        raise InvalidInput(
            "Six answers of the HIT-6 never add up to %(value)s. Please add them up again.",
            value=value,
            field="value",
        )


@lru_cache(maxsize=1)
def hit6_totals() -> frozenset[int]:
    """What six answers can add up to: 37, for one, cannot be."""
    return frozenset(sum(six) for six in combinations_with_replacement(HIT6_ANSWERS, 6))


def local_date(appointment: Appointment) -> date:
    """The date of an appointment where it takes place."""
    return appointment.starts_at.astimezone(ZoneInfo(appointment.location.zone)).date()


def _recorded(
    session: Session, patient_id: int, appointment: Appointment | None, measured_on: date
) -> dict[str, Outcome]:
    """By measure, what is there already: of the appointment, or without one of the day."""
    query = select(Outcome).where(Outcome.patient_id == patient_id)
    if appointment is not None:
        query = query.where(Outcome.appointment_id == appointment.id)
    else:
        query = query.where(Outcome.appointment_id.is_(None), Outcome.measured_on == measured_on)
    query = query.order_by(Outcome.id).execution_options(populate_existing=True)
    return {row.measure: row for row in session.scalars(query)}


def _refuse_correction(row: Outcome, measured_on: date, source: OutcomeSource) -> None:
    """Raise Conflict for a value of another day, and for one of the clinic's that a patient would change."""
    if row.measured_on != measured_on:
        raise Conflict("This was recorded on an earlier day and stays as it is.")
    if source == OutcomeSource.PATIENT and row.source != source:
        raise Conflict("The clinic has recorded this already.")


def _note(session: Session, row: Outcome, actor: Actor, now: datetime) -> None:
    note_deed(
        session,
        actor,
        "outcome_recorded",
        "outcome",
        row.id,
        now=now,
        patient_id=row.patient_id,
        measure=row.measure,
        appointment_id=row.appointment_id,
    )


def _plan_of(session: Session, appointment: Appointment | None) -> int | None:
    if appointment is None or appointment.planned_session_id is None:
        return None
    return session.get_one(PlannedSession, appointment.planned_session_id).plan_id


def _own_appointment(session: Session, patient_id: int, appointment_id: int) -> Appointment:
    appointment = find(session, Appointment, appointment_id)
    if appointment.patient_id != patient_id:
        raise InvalidInput("That is no appointment of this patient.", field="appointment_id")
    return appointment


def _appointment_of_day(session: Session, patient_id: int, on: date) -> Appointment | None:
    """The patient's first appointment of a local day, one of a plan before others."""
    noon = datetime(on.year, on.month, on.day, 12, tzinfo=ZoneInfo("UTC"))
    rows = session.scalars(
        select(Appointment)
        .join(Location, Location.id == Appointment.location_id)
        .where(
            Appointment.patient_id == patient_id,
            Appointment.status.not_in(NOT_BOOKED),
            Appointment.starts_at.between(noon - timedelta(hours=30), noon + timedelta(hours=30)),
        )
        .order_by(Appointment.planned_session_id.is_(None), Appointment.starts_at)
    )
    return next((row for row in rows if local_date(row) == on), None)
