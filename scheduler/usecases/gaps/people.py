"""Who waits, and what the diaries of patients leave them: read in bulk for ranking a free slot."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Text, bindparam, cast, or_, select
from sqlalchemy.orm import Session

from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    Hold,
    Location,
    Patient,
    WaitlistEntry,
)
from scheduler.models.appointments import INACTIVE
from scheduler.models.base import among, epoch, numbers
from scheduler.planning.gaps import Engaged, Entry, ToMove, Wishes
from scheduler.planning.timeline import TICK_SECONDS
from scheduler.usecases.gaps.rows import clock_of, own_ticks
from scheduler.usecases.gaps.statements import ENDS, MOVABLE, TYPES, Asked

PEOPLE = numbers("people")


def entries_waiting(
    session: Session, asked: Asked, moves: Iterable[ToMove], lengths: Mapping[int, int]
) -> list[Entry]:
    """Entries of the waitlist in force that want the slot's day, each with the later appointment that it replaces.

    That is the patient's next one of the same type after the slot; one of a plan only if it is among ``moves`` (the
    plan allows it). ``lengths`` in ticks by type. Two queries.
    """
    rows = session.execute(_waiting(), {"day": asked.day, "types": asked.movable_type_ids}).all()
    allowed = {one.number for one in moves}
    later = _later_appointments(session, {row.patient_id for row in rows}, asked, allowed, lengths)
    nothing = (None, None)
    return [
        Entry(
            number=row.id,
            patient_id=row.patient_id,
            type_id=row.appointment_type_id,
            is_needling=row.is_needling,
            wishes=_wishes(
                row.practitioner_ids, row.location_id, row.weekdays, row.from_minute, row.until_minute
            ),
            wanted_from=row.wanted_from,
            wanted_until=row.wanted_until,
            urgency=row.urgency,
            since=datetime.fromtimestamp(row.created, UTC).date(),
            since_second=row.created,
            releases_id=number,
            own_ticks=ticks,
        )
        for row in rows
        for number, ticks in [later.get((row.patient_id, row.appointment_type_id), nothing)]
    ]


@lru_cache(maxsize=1)
def _waiting() -> Any:
    """Lists of wishes as text: most are alike, and reading JSON costs more than the query."""
    return (
        select(
            WaitlistEntry.id,
            WaitlistEntry.patient_id,
            WaitlistEntry.appointment_type_id,
            AppointmentType.is_needling,
            cast(WaitlistEntry.practitioner_ids, Text).label("practitioner_ids"),
            WaitlistEntry.location_id,
            cast(WaitlistEntry.weekdays, Text).label("weekdays"),
            WaitlistEntry.from_minute,
            WaitlistEntry.until_minute,
            WaitlistEntry.wanted_from,
            WaitlistEntry.wanted_until,
            WaitlistEntry.urgency,
            epoch(WaitlistEntry.created_at).label("created"),
        )
        .join(AppointmentType, AppointmentType.id == WaitlistEntry.appointment_type_id)
        .join(Patient, Patient.id == WaitlistEntry.patient_id)
        .where(
            WaitlistEntry.closed_at.is_(None),
            WaitlistEntry.wanted_from <= bindparam("day"),
            WaitlistEntry.wanted_until >= bindparam("day"),
            among(WaitlistEntry.appointment_type_id, TYPES),
            Patient.archived_at.is_(None),
        )
    )


@lru_cache(maxsize=4096)
def _wishes(
    practitioner_ids: str,
    location_id: int | None,
    weekdays: str,
    from_minute: int | None,
    until_minute: int | None,
) -> Wishes:
    return Wishes(
        practitioner_ids=frozenset(json.loads(practitioner_ids)),
        location_id=location_id,
        weekdays=frozenset(json.loads(weekdays)),
        from_minute=from_minute,
        until_minute=until_minute,
    )


def _later_appointments(
    session: Session,
    patient_ids: Collection[int],
    asked: Asked,
    allowed: Collection[int],
    lengths: Mapping[int, int],
) -> dict[tuple[int, int], tuple[int, int | None]]:
    """(patient, type) -> the next appointment after the slot and its own length, where it may be given up."""
    rows = session.execute(_later(), {"people": list(patient_ids), "ends": asked.ends_at})
    found: dict[tuple[int, int], tuple[int, int, int, bool]] = {}
    for patient, kind, start, end, number, planned in rows:
        key, this = (patient, kind), (start, number, end, planned is None or number in allowed)
        found[key] = min(found.get(key, this), this)
    return {
        key: (number, own_ticks(start, end, lengths.get(key[1], 0)))
        for key, (start, number, end, may) in found.items()
        if may
    }


@lru_cache(maxsize=1)
def _later() -> Any:
    """Without an order, for which SQLite would go through all that is booked from the slot on."""
    return select(
        Appointment.patient_id,
        Appointment.appointment_type_id,
        epoch(Appointment.starts_at),
        epoch(Appointment.ends_at),
        Appointment.id,
        Appointment.planned_session_id,
    ).where(
        among(Appointment.patient_id, PEOPLE), Appointment.status.in_(MOVABLE), Appointment.starts_at >= ENDS
    )


def diaries_of(
    session: Session, patient_ids: Collection[int], asked: Asked, rest_minutes: int, now: datetime
) -> dict[int, Engaged]:
    """The patients' own appointments so near that they could stand in the way; those without any are missing."""
    reach = timedelta(minutes=rest_minutes, days=1)
    rows = session.execute(
        _near(),
        {
            "people": list(patient_ids),
            "first": asked.starts_at - reach,
            "last": asked.ends_at + reach,
            "now": now,
        },
    )
    found: dict[int, tuple[dict[int, tuple[int, int]], dict[int, int]]] = defaultdict(lambda: ({}, {}))
    for number, patient, start, end, status, is_needling, zone in rows:
        busy, needling = found[patient]
        busy[number] = (start // TICK_SECONDS, -(-end // TICK_SECONDS))
        if is_needling and status != AppointmentStatus.HELD.value:
            wall = datetime.fromtimestamp(start, clock_of(zone))
            needling[number] = wall.toordinal() * 1440 + wall.hour * 60 + wall.minute
    return {patient: Engaged(busy, needling) for patient, (busy, needling) in found.items()}


@lru_cache(maxsize=1)
def _near() -> Any:
    return (
        select(
            Appointment.id,
            Appointment.patient_id,
            epoch(Appointment.starts_at),
            epoch(Appointment.ends_at),
            Appointment.status,
            AppointmentType.is_needling,
            Location.zone,
        )
        .join(AppointmentType, AppointmentType.id == Appointment.appointment_type_id)
        .join(Location, Location.id == Appointment.location_id)
        .outerjoin(Hold, Hold.id == Appointment.hold_id)
        .where(
            among(Appointment.patient_id, PEOPLE),
            Appointment.status.not_in(INACTIVE),
            Appointment.starts_at.between(bindparam("first"), bindparam("last")),
            or_(Appointment.hold_id.is_(None), Hold.expires_at > bindparam("now")),
        )
    )
