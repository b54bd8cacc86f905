"""Owing the mails that ask patients how they are, to those whom no reminder asks on the same day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, joinedload

from scheduler.models.appointments import Appointment
from scheduler.models.clinic import Clinic
from scheduler.models.messages import Message, MessageItem, MessageKind, MessageState
from scheduler.models.outcomes import Outcome
from scheduler.models.patients import Patient
from scheduler.models.plans import PlannedSession, PlanStatus, TreatmentPlan
from scheduler.planning.due import ReminderPolicy, reminders_due
from scheduler.transaction import reading, writing
from scheduler.usecases.messages.outbox_rows import Draft, dedupe_key, write_drafts
from scheduler.usecases.patient_side.check_in import COMING, OPENS

K = MessageKind
BEFORE_MINUTES = 24 * 60
TOO_LATE = timedelta(hours=2)
"""Nobody is asked by mail who comes so soon."""


@reading
def check_ins_due(session: Session, *, now: datetime) -> bool:
    """Whether anything may have to be owed: a look that writes nothing, for most ticks of the clock."""
    return bool(_asked(session, now))


@writing
def owe_check_ins(session: Session, *, now: datetime) -> int:
    """Owe one mail before each session of an active plan, a day ahead outside of quiet hours; how many.

    Those whom a reminder asks, who want no such mail, have no address or have answered are left out.
    """
    clinic, rows = session.get(Clinic, 1), _asked(session, now)
    if clinic is None or not rows:
        return 0
    policy = _policy(clinic)
    drafts = [Draft(K.CHECK_IN, [row], row.patient.email or "", _due_at(row, policy, now)) for row in rows]
    write_drafts(session, drafts, now)
    return len(drafts)


def check_ins_ahead(
    session: Session, *, now: datetime, until: datetime
) -> list[tuple[Appointment, datetime]]:
    """Appointments whose patients will be asked in [now, until), and when, as things are now; for the dry run."""
    clinic, rows = session.get(Clinic, 1), _asked(session, now, until + OPENS)
    if clinic is None or not rows:
        return []
    policy = _policy(clinic)
    asked = [(row, _due_at(row, policy, now)) for row in rows]
    return [(row, due_at) for row, due_at in asked if due_at < until]


def _policy(clinic: Clinic) -> ReminderPolicy:
    return ReminderPolicy(
        offsets_minutes=(BEFORE_MINUTES,),
        quiet_from_minute=clinic.quiet_from_minute,
        quiet_until_minute=clinic.quiet_until_minute,
        not_if_booked_within_minutes=0,
    )


def _due_at(row: Appointment, policy: ReminderPolicy, now: datetime) -> datetime:
    """A day before, outside of quiet hours; at once where that is past, as for what was booked later."""
    zone = ZoneInfo(row.patient.zone or row.location.zone)
    due = reminders_due(row.starts_at, now, zone, policy, now)
    return due[0].due_at if due else now


def _asked(session: Session, now: datetime, until: datetime | None = None) -> Sequence[Appointment]:
    """Appointments near enough, whose patients neither were asked nor are going to be by a reminder.

    ``until``: of those that start up to then.
    """
    clinic = session.get(Clinic, 1)
    if clinic is None or not clinic.asks_check_in:
        return []
    rows = session.scalars(
        select(Appointment)
        .join(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            Appointment.status.in_(COMING[:2]),
            Appointment.starts_at.between(now + TOO_LATE, until or now + OPENS),
            TreatmentPlan.status == PlanStatus.ACTIVE.value,
            Patient.email != "",
            Patient.archived_at.is_(None),
            ~_is_reminded(),
            ~exists().where(Outcome.appointment_id == Appointment.id),
        )
        .options(joinedload(Appointment.patient), joinedload(Appointment.location))
        .order_by(Appointment.id)
        .execution_options(populate_existing=True)
    ).all()
    keys = {dedupe_key(K.CHECK_IN, row.id, row.sequence, None, row.patient_id): row for row in rows}
    owed = session.scalars(select(Message.dedupe_key).where(Message.dedupe_key.in_(list(keys))))
    done = set(owed)
    return [
        row
        for key, row in keys.items()
        if key not in done and K.CHECK_IN not in (row.patient.muted_kinds or ())
    ]


def _is_reminded() -> ColumnElement[bool]:
    """Whether a reminder of the appointment's present start went out, or will, so near that it asks, too."""
    return exists().where(
        MessageItem.appointment_id == Appointment.id,
        MessageItem.starts_at == Appointment.starts_at,
        Message.id == MessageItem.message_row_id,
        Message.kind == K.REMINDER.value,
        Message.state != MessageState.CANCELLED.value,
        Message.offset_minutes <= BEFORE_MINUTES,
    )
