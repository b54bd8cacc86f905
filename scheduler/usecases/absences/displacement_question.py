"""What displaced appointments ask of the planning floor: when each may be instead, with whom, and what is free then.

Worked out with the absence in place and the displaced appointments thought away.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import Appointment, AppointmentType, Location
from scheduler.models.appointments import INACTIVE
from scheduler.models.base import epoch
from scheduler.planning.cadence import Window
from scheduler.planning.repair import Displaced
from scheduler.planning.series import Fixed, Supply
from scheduler.planning.timeline import TICK_MINUTES, Horizon, busy_bits, tick_of
from scheduler.usecases.absences.displacement_free import TakenSlot, with_absence, without_slots
from scheduler.usecases.absences.displacement_windows import Place, places_of, window_around
from scheduler.usecases.absences.rows import Absence
from scheduler.usecases.availability.free_time import (
    bits_from,
    horizon_of,
    load_availability,
    ticks_of,
)
from scheduler.usecases.availability.rows import active_within
from scheduler.usecases.availability.slots import grid_of
from scheduler.usecases.availability.supply import Sought, supplies_of
from scheduler.usecases.booking.making import own_minutes
from scheduler.usecases.booking.rules import rest_minutes_of

FURTHEST_DAYS = 366
"""Proposals reach no further ahead."""


class Others(StrEnum):
    """Whether a displaced patient may be offered other qualified practitioners."""

    WISHES = "wishes"
    """As the plan's wishes say: those named there, or anybody where nobody is named."""
    ANYONE = "anyone"
    NOBODY = "nobody"


NO_WISHES: Mapping[int, Others] = {}


@dataclass(frozen=True, slots=True)
class Question:
    """What `repair_all` is asked; one entry for each appointment, in the order given."""

    displaced: list[Displaced]
    supplies: list[Supply]
    rooms: Mapping[int, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class _Other:
    """An appointment of a displaced patient that stays, in epoch seconds."""

    id: int
    starts: int
    ends: int
    is_needling: bool
    zone: str


def ask(
    session: Session,
    absence: Absence,
    appointments: Sequence[Appointment],
    *,
    others: Others,
    others_for: Mapping[int, Others] = NO_WISHES,
    taken: Sequence[TakenSlot] = (),
    among: Collection[int] = (),
    beyond_days: int = 0,
    now: datetime,
) -> Question:
    """The question for these appointments, whose relations must be loaded.

    ``others_for`` stands in for ``others`` by appointment; ``among`` names all that are displaced, also those that are
    not asked for: their sessions have no day. Windows end ``beyond_days`` later. A fixed number of queries.
    """
    gone = {*among, *(row.id for row in appointments)}
    today = now.astimezone(absence.zone).date()
    rest_minutes = rest_minutes_of(session)
    places = _places(session, appointments, gone, rest_minutes, today)
    windows = [_window(row, places, today, timedelta(days=beyond_days)) for row in appointments]
    horizon = _horizon(windows, today)
    patients = _others_of(session, {row.patient_id for row in appointments}, gone, horizon)
    displaced = [
        _displaced(
            row,
            window,
            places.get(row.planned_session_id or 0),
            _accepted(row, others_for.get(row.id, others)),
            patients[row.patient_id],
            rest_minutes,
            horizon,
        )
        for row, window in zip(appointments, windows, strict=True)
    ]
    asked = [row.id for row in appointments]
    found = load_availability(session, horizon, grid_minutes=grid_of(session), now=now, without=asked)
    found = with_absence(without_slots(found, taken), absence)
    sought = dict.fromkeys(_sought(row) for row in appointments)
    supplies = supplies_of(found, sought, later=bits_from(horizon, now))
    return Question(displaced, supplies, found.rooms)


def _sought(row: Appointment) -> Sought:
    return Sought(row.appointment_type, own_minutes(row))


def windows_of(
    session: Session, absence: Absence, appointments: Sequence[Appointment], now: datetime
) -> list[Window]:
    """When each of these appointments, whose relations must be loaded, may be instead; in the order given."""
    today = now.astimezone(absence.zone).date()
    gone = {row.id for row in appointments}
    places = _places(session, appointments, gone, rest_minutes_of(session), today)
    return [_window(row, places, today, timedelta()) for row in appointments]


def wall_of(appointment: Appointment) -> datetime:
    """When an appointment starts on the clock of its location."""
    return appointment.starts_at.astimezone(ZoneInfo(appointment.location.zone))


def _places(
    session: Session, rows: Sequence[Appointment], gone: Collection[int], rest_minutes: int, today: date
) -> dict[int, Place]:
    plans = {row.planned_session.plan_id for row in rows if row.planned_session}
    return places_of(session, plans, gone, rest_minutes, today)


def _window(row: Appointment, places: Mapping[int, Place], today: date, beyond: timedelta) -> Window:
    place = places.get(row.planned_session_id or 0)
    window = place.window if place else window_around(wall_of(row).date(), today)
    return replace(window, latest=window.latest + beyond)


def _horizon(windows: Sequence[Window], today: date) -> Horizon:
    latest = max((window.latest for window in windows), default=today)
    return horizon_of(today, min(latest, today + timedelta(days=FURTHEST_DAYS)))


def _accepted(row: Appointment, others: Others) -> frozenset[int] | None:
    """The practitioners to whom the patient would go; None is anybody."""
    if others == Others.ANYONE:
        return None
    if others == Others.NOBODY:
        return frozenset({row.practitioner_id})
    named = row.planned_session.plan.preferences.get("practitioner_ids") if row.planned_session else None
    return frozenset({row.practitioner_id, *named}) if named else None


def _displaced(
    row: Appointment,
    window: Window,
    place: Place | None,
    accepts: frozenset[int] | None,
    others: Sequence[_Other],
    rest_minutes: int,
    horizon: Horizon,
) -> Displaced:
    kind, sought, wall = row.appointment_type, _sought(row), wall_of(row)
    duration, before, after = ticks_of(kind, sought.minutes)
    rest = rest_minutes if kind.is_needling else 0
    near = place.neighbours if place else frozenset()
    return Displaced(
        appointment_id=row.id,
        patient_id=row.patient_id,
        appointment_type_id=sought.key,
        duration_ticks=duration,
        window=window,
        habit=Fixed(
            tick=tick_of(row.starts_at),
            day=wall.toordinal(),
            minute=wall.hour * 60 + wall.minute,
            practitioner_id=row.practitioner_id,
            location_id=row.location_id,
        ),
        accepts=accepts,
        earlier=place.earlier if place else None,
        later=place.later if place else None,
        patient_busy=_busy(others, near, duration, rest, horizon),
        plan_id=_series_of(row),
        number=place.number if place else tick_of(row.starts_at) * 2,
        min_days=place.min_days if place else 0,
        max_days=place.max_days if place else 365,
        rest_minutes=rest,
        before_ticks=before,
        after_ticks=after,
        needs_room=kind.needs_room,
    )


def _series_of(row: Appointment) -> int | None:
    """The plan; needling without one is kept in order and at rest as if it were a plan of the patient's own."""
    if row.planned_session:
        return row.planned_session.plan_id
    return -row.patient_id if row.appointment_type.is_needling else None


def _busy(
    others: Sequence[_Other],
    near: Collection[int],
    duration_ticks: int,
    rest_minutes: int,
    horizon: Horizon,
) -> int:
    """The ticks at which the patient is elsewhere, or has to rest from another needling session.

    The neighbours in the plan are left out of the rest: the planning floor keeps it, and names it as the reason.
    """
    pairs = [(other.starts, other.ends) for other in others]
    if rest_minutes:
        lasts = timedelta(minutes=duration_ticks * TICK_MINUTES)
        rest = timedelta(minutes=rest_minutes)
        for other in others:
            if other.is_needling and other.id not in near:
                zone = ZoneInfo(other.zone)
                wall = datetime.fromtimestamp(other.starts, zone).replace(tzinfo=None)
                # A start is too near if what it takes touches this: on the wall clock, as the rule counts.
                first, last = ((wall + span).replace(tzinfo=zone) for span in (lasts - rest, rest))
                pairs.append((int(first.timestamp()), int(last.timestamp())))
    return busy_bits(pairs, horizon)


def _others_of(
    session: Session, patient_ids: Collection[int], gone: Collection[int], horizon: Horizon
) -> dict[int, list[_Other]]:
    """What else the patients have booked over the horizon, by patient."""
    rows = session.execute(
        select(
            Appointment.patient_id,
            Appointment.id,
            epoch(Appointment.starts_at),
            epoch(Appointment.ends_at),
            AppointmentType.is_needling,
            Location.zone,
        )
        .join(AppointmentType, AppointmentType.id == Appointment.appointment_type_id)
        .join(Location, Location.id == Appointment.location_id)
        .where(
            Appointment.patient_id.in_(patient_ids),
            Appointment.status.not_in(INACTIVE),
            *active_within(horizon),
        )
    )
    found: dict[int, list[_Other]] = defaultdict(list)
    for patient_id, number, starts, ends, is_needling, zone in rows:
        if number not in gone:
            found[patient_id].append(_Other(number, starts, ends, is_needling, zone))
    return found
