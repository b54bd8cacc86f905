"""One mail for several appointments of a patient on one day: reminders are joined when the first of them is claimed.

The others' appointments become items of that one, too, and they themselves are cancelled: whatever moves afterwards
is looked up in the items of messages in force, so each start is reminded of once.
Only reminders of the same offset and local day are joined.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, text, update
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


def join_reminders(session: Session, claimed: Mapping[int, int], *, now: datetime) -> set[int]:
    """Join reminders that are claimed in this transaction with due ones of their day; which of them others tell.

    ``claimed`` is message -> patient. Most days have one reminder: only where there are more, the others are locked
    and all is read anew.
    """
    if not claimed:
        return set()
    shared = _shared_days(_rows(session, set(claimed.values()), now), set(claimed))
    if not shared:
        return set()
    rows = [row for group in shared for row in group]
    ours = set(claimed) | _locked(session, {row.id for row in rows} - set(claimed))
    rows = [row for row in _rows(session, {row.patient_id for row in rows}, now) if row.id in ours]
    joined: set[int] = set()
    for group in _shared_days(rows, set(claimed)):
        messages = {row.id for row in group}
        leader = min(messages & set(claimed))
        _join(session, leader, group)
        joined |= messages - {leader}
    return joined


def _shared_days(rows: Sequence[Any], claimed: Set[int]) -> list[list[Any]]:
    """The rows of each day that several messages are about, one of them claimed."""
    by_day: dict[Day, list[Any]] = defaultdict(list)
    for row in rows:
        if row.id in claimed or row.state == MessageState.DUE:
            by_day[_day(row)].append(row)
    messages = ((group, {row.id for row in group}) for group in by_day.values())
    return [group for group, ids in messages if len(ids) > 1 and ids & claimed]


def _locked(session: Session, ids: Collection[int]) -> set[int]:
    """Those that are still due, and that nobody else works on."""
    query = select(Message.id).where(among(Message.id, these(ids)), Message.state == MessageState.DUE.value)
    return set(session.scalars(query.order_by(Message.id).with_for_update(skip_locked=True)))


def _rows(session: Session, patient_ids: Collection[int], now: datetime) -> Sequence[Any]:
    """Their reminders that are owed soon, a row for each appointment that stands as it is told."""
    rows = session.execute(
        select(
            Message.id,
            Message.state,
            Message.patient_id,
            Message.offset_minutes,
            MessageItem.appointment_id,
            MessageItem.starts_at.label("told_at"),
            Appointment.sequence,
            Appointment.starts_at,
            Location.zone,
        )
        .join(MessageItem, MessageItem.message_row_id == Message.id)
        .join(Appointment, Appointment.id == MessageItem.appointment_id)
        .join(Location, Location.id == Appointment.location_id)
        .join(Patient, Patient.id == Message.patient_id)
        .where(
            among(Message.patient_id, these(patient_ids)),
            # The states as literal words: SQLite uses the partial index only for the very condition it was made with.
            text("messages.state IN ('due', 'claimed', 'sending')"),
            Message.next_attempt_at <= now + LOOK_AHEAD,
            Message.kind == MessageKind.REMINDER.value,
            Appointment.status.not_in(NOT_BOOKED),
            Patient.wants_reminders,
            Patient.email != "",
            Patient.archived_at.is_(None),
        )
        .order_by(Message.id, MessageItem.appointment_id)
    )
    # Not asked of the database, which would look appointments up by their start instead of their number.
    return [row for row in rows if row.starts_at == row.told_at and row.starts_at > now]


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
