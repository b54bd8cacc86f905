"""Bringing waiting reminders up to date when the clinic's policy or a patient's choice has changed.

What is wanted is computed anew for each appointment that stands: reminders that are not wanted any more are taken
back, others wait for their new time, missing ones are owed, and one that was taken back before waits again. Doing it
twice changes nothing. What was claimed to be sent, or was tried already, is left as it is.

A change of the clinic's policy is brought to all appointments in chunks, each a transaction that notes in the audit
trail how far it came; so whoever goes on after a crash goes on there, and another change begins anew.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from scheduler.models.appointments import NOT_BOOKED, Appointment
from scheduler.models.audit import AuditEntry
from scheduler.models.clinic import Clinic
from scheduler.models.messages import Message, MessageItem, MessageKind, MessageState
from scheduler.planning.due import reminders_due
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.messages.outbox import Person, known_reminders, people_to_tell, policy_for
from scheduler.usecases.messages.outbox_rows import Draft, dedupe_key, write_drafts

S = MessageState
REMINDER = MessageKind.REMINDER
NOT_WANTED_NOW = "The patient or the clinic chose other reminders."
CHANGED, BROUGHT = "reminders_changed", "reminders_brought_up_to_date"
CHUNK = 200


def bring_up_to_date(session: Session, appointments: Sequence[Appointment], *, now: datetime) -> None:
    """Make the waiting reminders of these appointments those that are wanted now; never commits.

    Whoever calls holds the locks of their patients.
    """
    clinic = session.get(Clinic, 1)
    if clinic is None or not appointments:
        return
    people = people_to_tell(session, appointments, now)
    wanted = {row.id: _wanted(row, people.get(row.id), clinic) for row in appointments}
    waiting = _waiting(session, list(wanted))
    _take_back(session, [row.id for row in waiting if row.offset_minutes not in wanted[row.appointment_id]])
    for row in waiting:
        due_at = wanted[row.appointment_id].get(row.offset_minutes)
        if due_at is not None and due_at != row.due_at and due_at > now:
            _wait(session, Message.id == row.id, due_at)
    known = known_reminders(session, list(wanted))
    missing = [
        Draft(REMINDER, [row], people[row.id].address, due_at, offset)
        for row in appointments
        for offset, due_at in wanted[row.id].items()
        if due_at >= now and (row.id, offset) not in known
    ]
    for draft in missing:
        _wait_again(session, draft)
    write_drafts(session, missing, now)


@reading
def policy_is_new(session: Session) -> bool:
    """Whether waiting reminders have still to follow a change of the clinic's policy: two indexed looks."""
    change, _, done = _progress(session)
    return change is not None and not done


@writing
def follow_policy(session: Session, *, actor: Actor, now: datetime) -> int:
    """Bring the next appointments up to date with the clinic's policy; how many, 0 when all are."""
    change, last, done = _progress(session)
    if change is None or done:
        return 0
    ahead = (
        Appointment.id > last,
        Appointment.starts_at > now,
        Appointment.status.not_in(NOT_BOOKED),
    )
    found = session.execute(
        select(Appointment.id, Appointment.patient_id).where(*ahead).order_by(Appointment.id).limit(CHUNK)
    ).all()
    lock_resources(session, {("patient", row.patient_id) for row in found})
    ids = [row.id for row in found]
    rows = session.scalars(
        select(Appointment)
        .where(Appointment.id.in_(ids), *ahead)
        .order_by(Appointment.id)
        .execution_options(populate_existing=True)
    ).all()
    bring_up_to_date(session, rows, now=now)
    note_deed(
        session,
        actor,
        BROUGHT,
        "clinic",
        1,
        now=now,
        change=change,
        up_to=ids[-1] if ids else last,
        done=len(found) < CHUNK,
    )
    return len(found)


def _progress(session: Session) -> tuple[int | None, int, bool]:
    """The last change of the policy, the appointment up to which it was followed, and whether that was the last one."""
    change = session.scalar(_last(CHANGED))
    if change is None:
        return None, 0, False
    row = session.scalars(
        select(AuditEntry).where(AuditEntry.id == _last(BROUGHT).scalar_subquery(), AuditEntry.id > change)
    ).first()
    if row is None or row.detail.get("change") != change:
        return change, 0, False
    return change, int(row.detail["up_to"]), bool(row.detail["done"])


def _last(action: str) -> Any:
    return select(func.max(AuditEntry.id)).where(
        AuditEntry.entity == "clinic", AuditEntry.entity_id == 1, AuditEntry.action == action
    )


def _wanted(appointment: Appointment, person: Person | None, clinic: Clinic) -> dict[int, datetime]:
    """Offset -> when its reminder is due; those whose time has passed, too."""
    if person is None or not person.wants_reminders:
        return {}
    booked_at = appointment.changed_at if appointment.sequence else appointment.created_at
    due = reminders_due(
        appointment.starts_at, booked_at, ZoneInfo(person.zone), policy_for(clinic, person), booked_at
    )
    return {each.offset_minutes: each.due_at for each in due}


def _waiting(session: Session, appointment_ids: Sequence[int]) -> list[Any]:
    """Reminders of one appointment each that were never tried, locked against being claimed."""
    rows = session.execute(
        select(Message.id, Message.offset_minutes, Message.due_at, MessageItem.appointment_id)
        .join(MessageItem, MessageItem.message_row_id == Message.id)
        .where(
            MessageItem.appointment_id.in_(appointment_ids),
            Message.kind == REMINDER.value,
            Message.state == S.DUE.value,
            Message.attempts == 0,
        )
        .with_for_update(of=Message)
    ).all()
    by_message: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_message[row.id].append(row)
    return [found[0] for found in by_message.values() if len(found) == 1]


def _take_back(session: Session, ids: Sequence[int]) -> None:
    if ids:
        session.execute(
            update(Message)
            .where(Message.id.in_(ids), Message.state == S.DUE.value)
            .values(state=S.CANCELLED.value, server_reply=NOT_WANTED_NOW, claimed_by=None)
            .execution_options(synchronize_session=False)
        )


def _wait_again(session: Session, draft: Draft) -> None:
    """Let a reminder that was taken back wait again; its place in the outbox is taken for ever."""
    first = draft.appointments[0]
    key = dedupe_key(REMINDER, first.id, first.sequence, draft.offset_minutes, first.patient_id)
    taken_back = (Message.dedupe_key == key) & (Message.state == S.CANCELLED.value)
    _wait(session, taken_back, draft.due_at, state=S.DUE.value, server_reply="", recipient=draft.address)


def _wait(session: Session, which: Any, due_at: datetime, **values: object) -> None:
    session.execute(
        update(Message)
        .where(which)
        .values(due_at=due_at, next_attempt_at=due_at, **values)
        .execution_options(synchronize_session=False)
    )
