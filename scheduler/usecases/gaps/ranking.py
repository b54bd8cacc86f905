"""Ranking who could use one free slot: reading, judging (planning/gaps) and naming; private to the use cases."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import Appointment, AppointmentType, Location, Patient, Practitioner
from scheduler.planning.gaps import (
    Claim,
    Entry,
    Note,
    Opening,
    Ranked,
    ToMove,
    ToPlace,
    fitted,
    movable_to,
    one_each,
    shortlist,
)
from scheduler.planning.timeline import TICK_MINUTES, Horizon, indices, instant_of, span, tick_of
from scheduler.usecases.availability.free_time import PAD, Availability, Desk, load_availability
from scheduler.usecases.booking.rules import checked_start, rest_minutes_of
from scheduler.usecases.gaps.people import diaries_of, entries_waiting
from scheduler.usecases.gaps.rows import House, claims_of_plans, clock_of
from scheduler.usecases.gaps.statements import Asked
from scheduler.usecases.lookup import find_in_use

LONGEST_SLOT = timedelta(hours=12)
LOOKED_AT_FIRST = 100
"""So many of a shortlist are held against their diaries before the rest of it, which is hardly ever needed."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of a practitioner's day at a location, [starts_at, ends_at) in UTC."""

    practitioner_id: int
    location_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could use a slot, and the appointment that it would become; instants in UTC."""

    reason: str
    """behind, waitlist or earlier."""
    number: int
    """Of the planned session, the waitlist entry or the appointment to be moved, as the reason says."""
    patient_id: int
    patient: str
    phone: str | None
    has_address: bool
    """Whether an offer can be mailed."""
    appointment_type_id: int
    starts_at: datetime
    ends_at: datetime
    notes: tuple[Note, ...]
    """Why, and what is not as wished: codes."""
    plan_id: int | None = None
    planned_session_id: int | None = None
    session_number: int | None = None
    waitlist_entry_id: int | None = None
    releases_id: int | None = None
    """The patient's later appointment, which would be moved here …"""
    leaves: Slot | None = None
    """… and the slot that becomes free by it."""


def checked_slot(session: Session, slot: Slot, now: datetime) -> Location:
    """The slot's location; raises NotFound or InvalidInput unless it is on ticks, ahead, and at most 12 hours long."""
    find_in_use(session, Practitioner, slot.practitioner_id)
    location = find_in_use(session, Location, slot.location_id)
    checked_start(slot.starts_at)
    checked_start(slot.ends_at)
    if not timedelta(0) < slot.ends_at - slot.starts_at <= LONGEST_SLOT:
        raise InvalidInput("A slot ends after it starts, at most 12 hours later.", field="ends_at")
    if slot.starts_at <= now:
        raise InvalidInput("This slot has already begun.", field="starts_at")
    return location


def ranked_for(
    session: Session,
    slot: Slot,
    *,
    now: datetime,
    without: Collection[int] = (),
    leave_out: Collection[int] = (),
    only: Collection[tuple[str, int]] | None = None,
    limit: int | None = None,
) -> list[Candidate]:
    """Who could use the slot, first choice first and every patient once; [] when nothing fits into what is free of it.

    ``without`` are appointments to be thought away, ``leave_out`` patients; ``only`` names those who are asked about,
    by reason and number. A fixed number of queries.
    """
    zones = {row.id: row.zone for row in session.execute(_zones())}
    zone = clock_of(zones[slot.location_id])
    kinds = session.scalars(select(AppointmentType).where(AppointmentType.archived_at.is_(None))).all()
    fit = _fit(session, slot, kinds, now, without)
    if not fit.is_free:
        return []
    opening = _opening(slot, fit, zone)
    today = now.astimezone(zone).date()
    asked = Asked(slot.starts_at, slot.ends_at, opening.day, today, list(opening.starts), list(fit.kinds))
    house = House(zones, {kind.id for kind in kinds if kind.is_needling}, opening.lengths)
    behind, booked = claims_of_plans(session, asked, house)
    opening = _with_own_lengths(opening, fit, booked)
    possible = [move for move in booked if movable_to(opening, move)]
    waiting = entries_waiting(session, asked, possible, opening.lengths)
    opening = _with_own_lengths(opening, fit, waiting)
    claims: list[ToPlace | Entry | ToMove] = [*behind, *waiting, *possible]
    short = [
        one
        for one in shortlist(opening, claims, asked.today)
        if one.claim.patient_id not in leave_out and (only is None or (one.reason, one.claim.number) in only)
    ]
    found = _able(session, opening, asked, short[:LOOKED_AT_FIRST], now)
    if len(short) > LOOKED_AT_FIRST and (limit is None or len(found) < limit):
        found = one_each([*found, *_able(session, opening, asked, short[LOOKED_AT_FIRST:], now)])
    return _named(session, opening, found[:limit])


@lru_cache(maxsize=1)
def _zones() -> Any:
    return select(Location.id, Location.zone)


def _able(
    session: Session, opening: Opening, asked: Asked, short: Sequence[Ranked], now: datetime
) -> list[Ranked]:
    """Those of a shortlist whose own diaries leave them free and rested, every patient once."""
    rest = rest_minutes_of(session)
    diaries = diaries_of(session, {one.claim.patient_id for one in short}, asked, rest, now)
    return one_each(fitted(opening, short, diaries, rest))


@dataclass(frozen=True, slots=True)
class Fit:
    """What the diary leaves of a slot."""

    found: Availability
    desk: Desk | None
    """None where the practitioner does not treat there then."""
    first: int
    last: int
    """Ticks of the slot, [first, last)."""
    kinds: Mapping[int, AppointmentType]

    @property
    def is_free(self) -> bool:
        """Whether anything of the slot is."""
        if self.desk is None:
            return False
        horizon = self.found.horizon
        inside = span(horizon.index(self.first), horizon.index(self.last))
        return bool(self.desk.open & ~self.desk.busy & inside)

    def starts(self, type_id: int, own_ticks: int | None = None) -> tuple[int, ...]:
        """The ticks at which an appointment can begin and end within the slot."""
        if self.desk is None:
            return ()
        kind, horizon = self.kinds[type_id], self.found.horizon
        minutes = kind.duration_minutes if own_ticks is None else own_ticks * TICK_MINUTES
        latest = self.last - minutes // TICK_MINUTES
        inside = span(horizon.index(self.first), horizon.index(latest) + 1)
        starts = self.found.starts(self.desk, kind, minutes=minutes) & inside
        return tuple(horizon.start_tick + index for index in indices(starts))


def _fit(
    session: Session,
    slot: Slot,
    kinds: Sequence[AppointmentType],
    now: datetime,
    without: Collection[int],
) -> Fit:
    found = load_availability(
        session,
        Horizon.between(slot.starts_at - PAD, slot.ends_at + PAD),
        grid_minutes=TICK_MINUTES,
        now=now,
        practitioner_ids=[slot.practitioner_id],
        location_id=slot.location_id,
        without=without,
    )
    desk = next(iter(found.desks), None)
    by_id = {kind.id: kind for kind in kinds}
    return Fit(found, desk, tick_of(slot.starts_at), tick_of(slot.ends_at), by_id)


def _opening(slot: Slot, fit: Fit, zone: ZoneInfo) -> Opening:
    """What fits into the slot as the diary stands, by type."""
    wall = slot.starts_at.astimezone(zone)
    return Opening(
        practitioner_id=slot.practitioner_id,
        location_id=slot.location_id,
        day=wall.date(),
        minute=wall.hour * 60 + wall.minute,
        start_tick=fit.first,
        end_tick=fit.last,
        starts={number: ticks for number in fit.kinds if (ticks := fit.starts(number))},
        lengths={number: kind.duration_minutes // TICK_MINUTES for number, kind in fit.kinds.items()},
    )


def _with_own_lengths(opening: Opening, fit: Fit, claims: Iterable[Claim]) -> Opening:
    """Also what fits of appointments with a length of their own; there are few such lengths."""
    own = {(one.type_id, one.own_ticks) for one in claims if one.own_ticks is not None}
    if not own:
        return opening
    starts = {(kind, ticks): fit.starts(kind, ticks) for kind, ticks in own}
    return replace(opening, own_starts={**opening.own_starts, **starts})


def _named(session: Session, opening: Opening, ranked: Sequence[Ranked]) -> list[Candidate]:
    people = session.execute(
        select(Patient.id, Patient.given_name, Patient.family_name, Patient.phone, Patient.email).where(
            Patient.id.in_([one.claim.patient_id for one in ranked])
        )
    )
    by_id = {row.id: row for row in people}
    left = session.execute(
        select(
            Appointment.id,
            Appointment.practitioner_id,
            Appointment.location_id,
            Appointment.starts_at,
            Appointment.ends_at,
        ).where(Appointment.id.in_([one.releases_id for one in ranked if one.releases_id is not None]))
    )
    leaves = {row.id: Slot(*row[1:]) for row in left}
    found = []
    for one in ranked:
        claim, person = one.claim, by_id[one.claim.patient_id]
        is_entry = isinstance(claim, Entry)
        found.append(
            Candidate(
                reason=one.reason,
                number=claim.number,
                patient_id=claim.patient_id,
                patient=f"{person.given_name} {person.family_name}",
                phone=person.phone,
                has_address=bool(person.email),
                appointment_type_id=claim.type_id,
                starts_at=instant_of(one.starts[0]),
                ends_at=instant_of(one.starts[0] + opening.length_of(claim)),
                notes=one.notes,
                plan_id=None if isinstance(claim, Entry) else claim.plan_id,
                planned_session_id=_planned(claim),
                session_number=None if isinstance(claim, Entry) else claim.session_number,
                waitlist_entry_id=claim.number if is_entry else None,
                releases_id=one.releases_id,
                leaves=leaves.get(one.releases_id) if one.releases_id is not None else None,
            )
        )
    return found


def _planned(claim: ToPlace | Entry | ToMove) -> int | None:
    if isinstance(claim, ToMove):
        return claim.planned_session_id
    return claim.number if isinstance(claim, ToPlace) else None
