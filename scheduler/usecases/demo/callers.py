"""Patients of the demo's morning: who cancels, waits, asks for another time, cannot be reached."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from scheduler.models import (
    Appointment,
    AppointmentType,
    Message,
    MessageState,
    Patient,
    TaskKind,
    TreatmentPlan,
    Urgency,
)
from scheduler.models.appointments import AppointmentStatus
from scheduler.models.plans import PlanStatus
from scheduler.transaction import reading
from scheduler.usecases.actors import Actor
from scheduler.usecases.appointments.changing import cancel_appointment
from scheduler.usecases.demo.words import clinic_data
from scheduler.usecases.gaps.waitlist import EntryWish, add_to_waitlist, close_entry
from scheduler.usecases.messages.returns import Report, ReportKind, keep_report
from scheduler.usecases.patient_side.links import issue_link, note_use, patient_actor, visitor_for
from scheduler.usecases.patient_side.times import Wish, ask_for_times
from scheduler.usecases.plans.board import behind_board
from scheduler.usecases.series.alternatives import appointment_alternatives
from scheduler.usecases.tasks import add_task, finish_task

SOURCE = "demo"
NOT_FOUND = "550 5.1.1 Mailbox unavailable: user unknown"
U = Urgency
WAITING: tuple[tuple[int, str, int, tuple[int, ...], int | None, int | None], ...] = (
    # hours ago, urgency, days that they can wait, weekdays, from, until
    (2, U.URGENT, 7, (), None, None),
    (26, U.SOON, 21, (0, 1, 2, 3, 4), 16 * 60, None),
    (30, U.SOON, 14, (1, 3), None, 12 * 60),
    (75, U.ROUTINE, 60, (), 8 * 60, 11 * 60),
    (150, U.ROUTINE, 45, (4,), None, None),
    (200, U.ROUTINE, 30, (), None, None),
)


@dataclass(frozen=True, slots=True)
class Call:
    """What every scene knows."""

    desk: Actor
    zone: ZoneInfo
    now: datetime
    link_key: str
    example: int
    """The patient whom every visitor is told to open: nothing bad happens to them."""

    @property
    def today(self) -> date:
        """The date at the clinic."""
        return self.now.astimezone(self.zone).date()

    def ago(self, minutes: int) -> datetime:
        """So many minutes before now."""
        return self.now - timedelta(minutes=minutes)


@reading
def booked_ahead(session: Session, call: Call, *, from_days: int, to_days: int) -> list[Appointment]:
    """Booked appointments of plans that start so many times 24 hours from now, of patients with an address."""
    query = (
        select(Appointment)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            Appointment.status == AppointmentStatus.BOOKED.value,
            Appointment.planned_session_id.is_not(None),
            Appointment.starts_at.between(
                call.now + timedelta(days=from_days), call.now + timedelta(days=to_days)
            ),
            Patient.email.is_not(None),
            Patient.id != call.example,
        )
        .options(joinedload(Appointment.patient))
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return list(session.scalars(query))


def cancel_some(call: Call) -> bool:
    """Three patients cancelled on their own page; each of another practitioner, where there are so many."""
    seen: set[int] = set()
    for row in booked_ahead(call, from_days=2, to_days=8):
        if row.practitioner_id in seen:
            continue
        seen.add(row.practitioner_id)
        cancel_appointment(
            row.id,
            version=row.version,
            reason="patient",
            actor=patient_actor(row.patient_id, SOURCE),
            now=call.ago(40 * len(seen)),
        )
        if len(seen) == 3:
            break
    return bool(seen)


def wait_for_slots(call: Call) -> bool:
    """Six patients wait, from urgent to whenever it suits; one has what they wanted, one gave up waiting."""
    people = _without_plan(call)
    notes = clinic_data().words["waitlist"]
    kind = _session_type()
    for number, (patient_id, wish) in enumerate(zip(people, (*WAITING, *WAITING[2:4]), strict=False)):
        hours, urgency, days, weekdays, first, until = wish
        entry = add_to_waitlist(
            patient_id,
            EntryWish(
                appointment_type_id=kind,
                wanted_from=call.today,
                wanted_until=call.today + timedelta(days=days),
                weekdays=weekdays,
                from_minute=first,
                until_minute=until,
                urgency=urgency,
                note=notes[number % len(notes)],
            ),
            actor=call.desk,
            now=call.ago(hours * 60),
        )
        if number >= len(WAITING):
            why = ("booked", "withdrawn")[number % 2]
            close_entry(entry.id, why=why, version=entry.version, actor=call.desk, now=call.ago(90))
    return bool(people)


@reading
def _without_plan(session: Session, call: Call) -> list[int]:
    """Patients with a phone who have no plan that goes on, those who were met last first."""
    busy = exists().where(
        TreatmentPlan.patient_id == Patient.id,
        TreatmentPlan.status.in_((PlanStatus.ACTIVE.value, PlanStatus.DRAFT.value, PlanStatus.PAUSED.value)),
    )
    query = select(Patient.id).where(~busy, Patient.phone.is_not(None), Patient.id != call.example)
    return list(session.scalars(query.order_by(Patient.id.desc()).limit(len(WAITING) + 2)))


@reading
def _session_type(session: Session) -> int:
    query = select(AppointmentType.id).where(AppointmentType.is_needling.is_(True))
    return session.scalars(query.order_by(AppointmentType.duration_minutes).limit(1)).one()


def ask_for_another_time(call: Call) -> bool:
    """Two patients ask on their own page for other times, one of them with a word about it."""
    remarks = iter((clinic_data().words["remarks"][0], ""))
    asked = 0
    for row, wishes in _movable(call):
        ask_for_times(
            row.patient_id,
            row.id,
            wishes,
            version=row.version,
            remark=next(remarks),
            actor=patient_actor(row.patient_id, SOURCE),
            now=call.ago(35 + 60 * asked),
        )
        asked += 1
        if asked == 2:
            break
    return asked > 0


def _movable(call: Call) -> Iterator[tuple[Appointment, list[Wish]]]:
    patients = set()
    for row in booked_ahead(call, from_days=3, to_days=12):
        if row.patient_id in patients:
            continue
        patients.add(row.patient_id)
        on = row.starts_at.astimezone(call.zone).date()
        slots = [one for one in appointment_alternatives(row.id, now=call.now).slots if one.on != on]
        if slots:
            chosen = slots[:: max(1, len(slots) // 2)][:2]
            yield row, [Wish(one.starts_at, one.practitioner_id, one.location_id) for one in chosen]


def note_calls(call: Call) -> bool:
    """Two calls are to be made to patients whose plans are behind; a third one was made."""
    lines = [line for line in behind_board(today=call.today, now=call.now).items if line.phone]
    notes = clinic_data().words["calls"]
    for number, line in enumerate(lines[: len(notes)]):
        task = add_task(
            kind=TaskKind.CALL.value,
            patient_id=line.patient_id,
            note=notes[number],
            actor=call.desk,
            now=call.ago(60 * (number + 1)),
        )
        if number == len(notes) - 1:
            finish_task(task.id, actor=call.desk, now=call.ago(20))
    return bool(lines)


def return_a_mail(call: Call) -> bool:
    """The last mail that still matters came back: a failed mail, a mark on the address, a task."""
    message_id = _last_sent(call)
    report = Report(ReportKind.RETURNED, message_id or "", NOT_FOUND)
    return message_id is not None and keep_report(report, now=call.ago(10))


@reading
def _last_sent(session: Session, call: Call) -> str | None:
    query = select(Message.message_id).where(
        Message.state == MessageState.SENT.value,
        Message.patient_id != call.example,
        Message.pointless_at > call.now + timedelta(hours=12),
    )
    return session.scalars(query.order_by(Message.sent_at.desc(), Message.id).limit(1)).first()


def open_own_pages(call: Call) -> bool:
    """Some patients know the address of their own page; the first two have just looked."""
    patients = [
        call.example,
        *dict.fromkeys(row.patient_id for row in booked_ahead(call, from_days=0, to_days=3)),
    ]
    for number, patient_id in enumerate(patients[:8]):
        secret = issue_link(patient_id, key=call.link_key, actor=call.desk, now=call.ago(3 * 24 * 60))
        if number < 2:
            note_use(visitor_for(secret, now=call.now), now=call.ago(75 * number))
    return True


CALLS: tuple[Callable[[Call], bool], ...] = (
    cancel_some,
    wait_for_slots,
    ask_for_another_time,
    note_calls,
    return_a_mail,
    open_own_pages,
)
