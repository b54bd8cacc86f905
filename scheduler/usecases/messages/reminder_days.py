"""One mail for several appointments of a patient on one day: reminders are joined when the first of them is claimed.

The others' appointments become items of that one, too, and they themselves are cancelled: whatever moves afterwards
is looked up in the items of messages in force, so each start is reminded of once.
Only reminders of the same offset and local day are joined.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, or_, select, text, update
from sqlalchemy.orm import Session

from scheduler.models.appointments import NOT_BOOKED, Appointment
from scheduler.models.base import among, these
from scheduler.models.clinic import Location
from scheduler.models.messages import Message, MessageItem, MessageKind, MessageState
from scheduler.models.patients import Patient

TOLD_TOGETHER = "Another reminder of the same day tells it."
LOOK_AHEAD = timedelta(hours=48)
"""Reminders of one day fall due within this: a day's length and quiet hours."""
Day = tuple[int, int | None, date]
"""Patient, offset and local day."""


def join_reminders(session: Session, ids: Collection[int], *, now: datetime) -> set[int]:
    """Join the reminders among ``ids``, which are claimed in this transaction; which of them are told by others."""
    by_day: dict[Day, list[Any]] = defaultdict(list)
    for row in _rows(session, ids, now):
        by_day[_day(row)].append(row)
    joined: set[int] = set()
    claimed = set(ids)
    for rows in by_day.values():
        messages = {row.id for row in rows}
        if len(messages) < 2 or not messages & claimed:
            continue
        leader = min(messages & claimed)
        _join(session, leader, rows)
        joined |= messages - {leader}
    return joined


def _rows(session: Session, ids: Collection[int], now: datetime) -> Sequence[Any]:
    """Reminders that are claimed, and due ones of the same patients; a row for each appointment that stands."""
    patients = select(Message.patient_id).where(
        among(Message.id, these(ids)), Message.kind == MessageKind.REMINDER.value
    )
    return session.execute(
        select(
            Message.id,
            Message.patient_id,
            Message.offset_minutes,
            MessageItem.appointment_id,
            Appointment.sequence,
            Appointment.starts_at,
            Location.zone,
        )
        .join(MessageItem, MessageItem.message_row_id == Message.id)
        .join(Appointment, Appointment.id == MessageItem.appointment_id)
        .join(Location, Location.id == Appointment.location_id)
        .join(Patient, Patient.id == Message.patient_id)
        .where(
            # The states as literal words: SQLite uses the partial index only for the very condition it was made with.
            text("messages.state IN ('due', 'claimed', 'sending')"),
            Message.next_attempt_at <= now + LOOK_AHEAD,
            Message.kind == MessageKind.REMINDER.value,
            or_(among(Message.id, these(ids)), Message.state == MessageState.DUE.value),
            Message.patient_id.in_(patients),
            Appointment.starts_at == MessageItem.starts_at,
            Appointment.starts_at > now,
            Appointment.status.not_in(NOT_BOOKED),
            Patient.wants_reminders,
            Patient.email != "",
            Patient.archived_at.is_(None),
        )
        .order_by(Message.id)
        .with_for_update(of=Message, skip_locked=True)
    ).all()


def _day(row: Any) -> Day:
    return row.patient_id, row.offset_minutes, row.starts_at.astimezone(ZoneInfo(row.zone)).date()


def _join(session: Session, leader: int, rows: Sequence[Any]) -> None:
    """Make one reminder of several; its own appointments are among the rows."""
    told = {row.appointment_id for row in rows if row.id == leader}
    others = {row.appointment_id: row for row in rows if row.appointment_id not in told}
    if others:
        items = [
            {
                "message_row_id": leader,
                "appointment_id": row.appointment_id,
                "sequence": row.sequence,
                "starts_at": row.starts_at,
            }
            for row in others.values()
        ]
        session.execute(insert(MessageItem.__table__), items)
    quiet = {"synchronize_session": False}
    session.execute(
        update(Message)
        .where(Message.id == leader)
        .values(pointless_at=max(row.starts_at for row in rows))
        .execution_options(**quiet)
    )
    session.execute(
        update(Message)
        .where(Message.id.in_({row.id for row in rows} - {leader}))
        .values(state=MessageState.CANCELLED.value, server_reply=TOLD_TOGETHER, claimed_by=None)
        .execution_options(**quiet)
    )
