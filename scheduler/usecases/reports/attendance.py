"""Attendance: who did not come or cancelled late, by weekday, by how long before it was booked, and by reminder."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import (
    Appointment,
    AppointmentStatus,
    Clinic,
    Message,
    MessageItem,
    MessageKind,
    MessageState,
)
from scheduler.models.base import epoch
from scheduler.planning.reports import LEAD_BANDS, Attendance, band_of
from scheduler.transaction import reading
from scheduler.usecases.reports.period import Period, check_period, starting_within, zones

OURS = frozenset({"clinic", "no_capacity"})
"""Reasons of cancellations that are not the patient's."""
KEPT = frozenset({AppointmentStatus.ARRIVED.value, AppointmentStatus.COMPLETED.value})
OPEN = frozenset({AppointmentStatus.BOOKED.value, AppointmentStatus.CONFIRMED.value})


@dataclass(frozen=True, slots=True)
class AttendanceReport:
    """What became of the appointments of a period that are over."""

    by_weekday: list[Attendance]
    """Monday first."""
    by_lead: list[Attendance]
    """By days from booking to appointment, in LEAD_BANDS."""
    with_reminder: Attendance
    without_reminder: Attendance
    unmarked: int
    """Over, but nobody said what became of them: not counted."""
    notice_hours: int
    """A cancellation is late when it comes less than so long before the start."""

    @property
    def whole(self) -> Attendance:
        """All of them."""
        return self.with_reminder + self.without_reminder


@reading
def report_attendance(session: Session, period: Period, *, now: datetime) -> AttendanceReport:
    """Kept, missed and late cancelled appointments that started before ``now``. Raises InvalidInput or NotFound.

    Cancellations in time are not counted, and neither are those for the clinic's own reasons.
    """
    check_period(session, period)
    notice = timedelta(hours=session.get_one(Clinic, 1).cancel_notice_hours)
    reminded = _reminded(session, period)
    clocks = zones(session)
    weekdays: dict[int, Attendance] = defaultdict(Attendance)
    leads: dict[int, Attendance] = defaultdict(Attendance)
    reminders: dict[bool, Attendance] = defaultdict(Attendance)
    unmarked = 0
    for row in _rows(session, period, now):
        clock = clocks[row.location_id]
        local = datetime.fromtimestamp(row.starts, clock)
        if local.date() not in period:
            continue
        if row.status in OPEN:
            unmarked += 1
            continue
        outcome = _outcome(row, notice)
        if outcome is not None:
            booked = datetime.fromtimestamp(row.created, clock)
            weekdays[local.weekday()] += outcome
            leads[band_of((local.date() - booked.date()).days, LEAD_BANDS)] += outcome
            reminders[row.id in reminded] += outcome
    return AttendanceReport(
        by_weekday=_listed(weekdays, 7),
        by_lead=_listed(leads, len(LEAD_BANDS)),
        with_reminder=reminders[True],
        without_reminder=reminders[False],
        unmarked=unmarked,
        notice_hours=notice // timedelta(hours=1),
    )


def _outcome(row: Any, notice: timedelta) -> Attendance | None:
    """One appointment as it counts; None where it does not."""
    if row.status in KEPT:
        return Attendance(kept=1)
    if row.status == AppointmentStatus.NO_SHOW.value:
        return Attendance(missed=1)
    is_late = row.cancelled is not None and row.starts - row.cancelled < notice.total_seconds()
    return Attendance(late=1) if is_late and row.cancel_reason not in OURS else None


def _listed(found: Mapping[int, Attendance], count: int) -> list[Attendance]:
    return [found.get(at, Attendance()) for at in range(count)]


def _rows(session: Session, period: Period, now: datetime) -> Any:
    return session.execute(
        select(
            Appointment.id,
            Appointment.location_id,
            Appointment.status,
            Appointment.cancel_reason,
            epoch(Appointment.starts_at).label("starts"),
            epoch(Appointment.created_at).label("created"),
            epoch(Appointment.cancelled_at).label("cancelled"),
        ).where(
            Appointment.status != AppointmentStatus.HELD.value,
            Appointment.starts_at < now,
            *starting_within(period),
        )
    )


def _reminded(session: Session, period: Period) -> frozenset[int]:
    """Appointments of the period for which a reminder went out."""
    rows = session.scalars(
        select(MessageItem.appointment_id)
        .join(Message, Message.id == MessageItem.message_row_id)
        .join(Appointment, Appointment.id == MessageItem.appointment_id)
        .where(
            Message.kind == MessageKind.REMINDER.value,
            Message.state == MessageState.SENT.value,
            *starting_within(period),
        )
    )
    return frozenset(rows)
