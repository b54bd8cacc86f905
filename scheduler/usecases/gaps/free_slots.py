"""Gaps: slots that became free again, and who could use one."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.models import Appointment, AppointmentStatus, AppointmentType, AuditEntry, Location
from scheduler.planning.timeline import TICK_MINUTES, Horizon, instant_of, runs, span, tick_of
from scheduler.transaction import reading
from scheduler.usecases.availability.free_time import Desk, bits_from, horizon_of, load_availability
from scheduler.usecases.availability.slots import check_range
from scheduler.usecases.gaps.ranking import Candidate, Slot, checked_slot, ranked_for
from scheduler.usecases.lookup import find

FREED_WITHIN = timedelta(days=14)
"""What became free longer ago is a slot like any other."""
SHOWN = 20

__all__ = ["Candidate", "Gap", "Slot", "list_gaps", "rank_gap"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that became free and still is, [starts_at, ends_at) in UTC."""

    practitioner_id: int
    location_id: int
    starts_at: datetime
    ends_at: datetime
    freed_at: datetime
    """When an appointment there was last cancelled or moved away."""


@dataclass(frozen=True, slots=True)
class _Freed:
    """An appointment's former place, buffers included."""

    practitioner_id: int
    starts_at: datetime
    ends_at: datetime
    freed_at: datetime


@reading
def rank_gap(session: Session, slot: Slot, *, limit: int = SHOWN, now: datetime) -> list[Candidate]:
    """Who could use a slot: plans that are behind, then the waitlist, then plans that would move forward.

    [] when nobody could, or nothing of the slot is free any more. Raises NotFound, InvalidInput.
    """
    checked_slot(session, slot, now)
    return ranked_for(session, slot, now=now, limit=limit)


@reading
def list_gaps(session: Session, *, location_id: int, from_on: date, to_on: date, now: datetime) -> list[Gap]:
    """What was freed within two weeks and is free still, on the local dates from_on to to_on, both included; by start.

    Neighbours become one gap; what is too short for any appointment is left out. Raises NotFound, InvalidInput.
    """
    check_range(from_on, to_on)
    find(session, Location, location_id)
    horizon = horizon_of(from_on, to_on)
    freed = [
        *_cancelled(session, location_id, horizon, now),
        *_moved_away(session, location_id, horizon, now),
    ]
    if not freed:
        return []
    found = load_availability(
        session,
        horizon,
        grid_minutes=TICK_MINUTES,
        now=now,
        practitioner_ids={one.practitioner_id for one in freed},
        location_id=location_id,
    )
    shortest = session.scalar(
        select(func.min(AppointmentType.duration_minutes)).where(AppointmentType.archived_at.is_(None))
    )
    by_person = defaultdict(list)
    for one in freed:
        by_person[one.practitioner_id].append(one)
    gaps = []
    for desk in found.desks:
        days = desk.clock.bits_of_days(from_on.toordinal(), to_on.toordinal())
        free = desk.open & ~desk.busy & days & bits_from(horizon, now + timedelta(seconds=1))
        gaps += _gaps(desk, horizon, free, by_person[desk.practitioner_id], shortest or TICK_MINUTES)
    return sorted(gaps, key=lambda gap: (gap.starts_at, gap.practitioner_id))


def _gaps(desk: Desk, horizon: Horizon, free: int, freed: Iterable[_Freed], shortest: int) -> list[Gap]:
    """The free stretches that were freed, long enough for something."""
    spans = [(_index(horizon, one.starts_at), _index(horizon, one.ends_at), one.freed_at) for one in freed]
    bits = 0
    for lo, hi, _ in spans:
        bits |= span(lo, hi)
    return [
        Gap(
            practitioner_id=desk.practitioner_id,
            location_id=desk.location_id,
            starts_at=instant_of(horizon.start_tick + lo),
            ends_at=instant_of(horizon.start_tick + hi),
            freed_at=max(freed_at for first, last, freed_at in spans if first < hi and lo < last),
        )
        for lo, hi in runs(bits & free)
        if (hi - lo) * TICK_MINUTES >= shortest
    ]


def _index(horizon: Horizon, instant: datetime) -> int:
    return min(max(horizon.index(tick_of(instant)), 0), horizon.ticks)


def _cancelled(session: Session, location_id: int, horizon: Horizon, now: datetime) -> list[_Freed]:
    rows = session.execute(
        select(
            Appointment.practitioner_id,
            Appointment.busy_from,
            Appointment.busy_until,
            Appointment.cancelled_at,
        ).where(
            Appointment.location_id == location_id,
            Appointment.status == AppointmentStatus.CANCELLED.value,
            Appointment.cancelled_at >= now - FREED_WITHIN,
            Appointment.starts_at.between(instant_of(horizon.start_tick), instant_of(horizon.end_tick)),
        )
    )
    return [_Freed(*row[:3], row.cancelled_at or now) for row in rows]


def _moved_away(session: Session, location_id: int, horizon: Horizon, now: datetime) -> list[_Freed]:
    """Where moved appointments were, as the trail tells; without their buffers, which it does not."""
    rows = session.execute(
        select(AuditEntry.at, AuditEntry.detail).where(
            AuditEntry.at >= now - FREED_WITHIN, AuditEntry.action.in_(("appointment_moved", "offer_moved"))
        )
    )
    first, last = instant_of(horizon.start_tick), instant_of(horizon.end_tick)
    found = []
    for at, detail in rows:
        before: dict[str, Any] = detail.get("before") or {}
        if before.get("location_id") != location_id:
            continue
        starts_at, ends_at = (_instant(before[name]) for name in ("starts_at", "ends_at"))
        if first <= starts_at < last:
            found.append(_Freed(before["practitioner_id"], starts_at, ends_at, at))
    return found


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
