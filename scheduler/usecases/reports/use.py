"""Utilisation: how much of the practitioners' working time was booked, week by week."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import Appointment, Location, Practitioner
from scheduler.models.appointments import NOT_BOOKED
from scheduler.models.base import epoch
from scheduler.planning.timeline import TICK_MINUTES, Horizon
from scheduler.transaction import reading
from scheduler.usecases.availability.free_time import Desk, bits_from, horizon_of, load_desks
from scheduler.usecases.reports.period import Period, check_period, monday_of, starting_within, zones


@dataclass(frozen=True, slots=True)
class Use:
    """Minutes of work, less closures and absences, and minutes of them that patients had."""

    open_minutes: int = 0
    booked_minutes: int = 0

    def __add__(self, other: "Use") -> "Use":
        return Use(self.open_minutes + other.open_minutes, self.booked_minutes + other.booked_minutes)


@dataclass(frozen=True, slots=True)
class PractitionerUse:
    """A practitioner's weeks, as in Utilisation.mondays."""

    practitioner_id: int
    practitioner: str
    weeks: list[Use]

    @property
    def whole(self) -> Use:
        """All weeks."""
        return sum(self.weeks, Use())


@dataclass(frozen=True, slots=True)
class Utilisation:
    """By practitioner and week; who neither worked nor had a patient is left out."""

    mondays: list[date]
    practitioners: list[PractitionerUse]

    @property
    def weeks(self) -> list[Use]:
        """All practitioners together, by week."""
        return [sum((one.weeks[at] for one in self.practitioners), Use()) for at in range(len(self.mondays))]


@reading
def report_utilisation(session: Session, period: Period) -> Utilisation:
    """Booked minutes against working hours, on each location's clock. Raises InvalidInput or NotFound.

    Appointments count without buffers, and those that were cancelled or missed not at all; work outside the hours can
    make it more than a hundred per cent. Weeks at the ends count only the days of the period. Who or what was archived
    counts up to then.
    """
    check_period(session, period)
    found: dict[tuple[int, date], Use] = defaultdict(Use)
    horizon = horizon_of(period.from_on, period.to_on)
    seen: dict[int, int] = {}
    people, places = _archived(session, Practitioner, horizon), _archived(session, Location, horizon)
    for desk in load_desks(session, horizon, location_id=period.location_id, with_archived=True):
        over = people.get(desk.practitioner_id, 0) | places.get(desk.location_id, 0)
        # Hours at two places at once are one person's time.
        here = desk.open & ~over & ~seen.get(desk.practitioner_id, 0)
        seen[desk.practitioner_id] = seen.get(desk.practitioner_id, 0) | here
        _add_hours(found, desk, here, period)
    clocks = zones(session)
    for practitioner, location, start, end in _booked(session, period):
        day = datetime.fromtimestamp(start, clocks[location]).date()
        if day in period:
            found[practitioner, monday_of(day)] += Use(0, (end - start) // 60)
    return Utilisation(period.mondays, _named(session, found, period.mondays))


def _archived(
    session: Session, model: type[Practitioner] | type[Location], horizon: Horizon
) -> dict[int, int]:
    """The ticks of the horizon from when on each archived one did not work any more."""
    rows = session.execute(select(model.id, model.archived_at).where(model.archived_at.is_not(None)))
    return {number: bits_from(horizon, archived_at) for number, archived_at in rows if archived_at}


def _add_hours(found: dict[tuple[int, date], Use], desk: Desk, here: int, period: Period) -> None:
    for day in desk.clock.days:
        on = date.fromordinal(day.ordinal)
        if on in period:
            minutes = (here >> day.lo & ((1 << (day.hi - day.lo)) - 1)).bit_count() * TICK_MINUTES
            if minutes:
                found[desk.practitioner_id, monday_of(on)] += Use(minutes, 0)


def _booked(session: Session, period: Period) -> Any:
    return session.execute(
        select(
            Appointment.practitioner_id,
            Appointment.location_id,
            epoch(Appointment.starts_at),
            epoch(Appointment.ends_at),
        ).where(Appointment.status.not_in(NOT_BOOKED), *starting_within(period))
    )


def _named(
    session: Session, found: dict[tuple[int, date], Use], mondays: list[date]
) -> list[PractitionerUse]:
    rows = session.execute(
        select(Practitioner.id, Practitioner.given_name, Practitioner.family_name)
        .where(Practitioner.id.in_({number for number, _ in found}))
        .order_by(Practitioner.family_name, Practitioner.id)
    )
    return [
        PractitionerUse(
            number, f"{given} {family}", [found.get((number, monday), Use()) for monday in mondays]
        )
        for number, given, family in rows
    ]
