"""Can the coming weeks carry what waits? What still fits, by practitioner, location and week, against what is to place.

How it is counted, and why that is honest:

- Supply is what can really be booked: usual sessions packed into the free time with their buffers, on the clinic's
  grid, where the credential holds and a room is free; nothing of a practitioner or a room twice. A usual session is of
  the type that most waiting sessions have. Free hours stand beside it, with the gaps that are too short for a session.
- Demand is every session to place of an active or draft plan, in its window as the plan shows it (an overdue one from
  today on), with the practitioners that the plan wants. A longer session counts as several usual ones.
- Both meet day by day in a largest matching (planning/capacity.py): a session is left over only where no way of placing
  all the others would leave it a place. Wishes for weekday and time of day are not looked at, nor two windows of one
  patient together, so a warning is never made up by them.
- Practitioners wanted count as firm: a session that waits for one is no demand on another. Only where none of them can
  do it, anybody may.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import Location, Practitioner, Protocol, TreatmentPlan
from scheduler.transaction import reading
from scheduler.usecases.capacity.match import Load, Matched, Shortfall, match
from scheduler.usecases.capacity.rows import Waiting, load_waiting, thought_of
from scheduler.usecases.capacity.supply import load_supply
from scheduler.usecases.lookup import find
from scheduler.usecases.plans.prescribing import PhaseWish, check_phases, checked_preferences, phases_of

WEEKS = 12
MOST_WEEKS = 26
FURTHEST_DAYS = 366
EVERYTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class DeskLoad:
    """A practitioner at a location, week by week as in Capacity.mondays."""

    practitioner_id: int
    practitioner: str
    location_id: int
    location: str
    weeks: list[Load]


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether one plan's sessions find a place after all that waits already."""

    sessions: int
    """Those whose ideal day lies in the weeks looked at."""
    left_over: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """The weeks that begin on these Mondays, on each location's own clock."""

    mondays: list[date]
    usual_type: str
    usual_minutes: int
    desks: list[DeskLoad]
    shortfalls: list[Shortfall]
    practitioners: Mapping[int, str]
    """Names, for the shortfalls."""
    fit: Fit | None = None


@reading
def load_capacity(
    session: Session,
    *,
    from_on: date | None = None,
    weeks: int = WEEKS,
    practitioner_id: int | None = None,
    location_id: int | None = None,
    today: date,
    now: datetime,
) -> Capacity:
    """Supply and demand of so many weeks from the one of ``from_on`` (today's without it).

    All waits count, whoever is asked for: rooms and sessions are shared. Raises NotFound or InvalidInput.
    """
    if practitioner_id is not None:
        find(session, Practitioner, practitioner_id)
    if location_id is not None:
        find(session, Location, location_id)
    mondays = _mondays(from_on or today, weeks, today)
    found = _work_out(session, load_waiting(session, today), mondays[-1] + timedelta(days=6), today, now)
    return _presented(session, found, mondays, practitioner_id, location_id)


@reading
def load_plan_capacity(
    session: Session, plan_id: int, *, weeks: int = WEEKS, today: date, now: datetime
) -> Capacity:
    """The weeks ahead for those whom a plan wants, and whether its own sessions fit in after all others. NotFound."""
    plan = find(session, TreatmentPlan, plan_id)
    waiting = load_waiting(session, today)
    own = [one for one in waiting if one.plan_id == plan.id]
    return _with_fit(session, [one for one in waiting if one.plan_id != plan.id], own, weeks, today, now)


@reading
def load_wish_capacity(
    session: Session,
    *,
    practitioner_id: int,
    protocol_id: int | None = None,
    phases: Sequence[PhaseWish] | None = None,
    starts_on: date,
    preferences: Mapping[str, object] = EVERYTHING,
    first_appointment_type_id: int | None = None,
    instead_of: int | None = None,
    weeks: int = WEEKS,
    today: date,
    now: datetime,
) -> Capacity:
    """The same for a plan that is only being thought of, perhaps instead of one that is written already.

    Raises NotFound or InvalidInput as prescribing it would.
    """
    find(session, Practitioner, practitioner_id)
    protocol = find(session, Protocol, protocol_id) if protocol_id is not None else None
    wanted = phases_of(protocol, phases)
    check_phases(wanted)
    wishes = checked_preferences(session, preferences)
    own = thought_of(session, wanted, starts_on, wishes, practitioner_id, first_appointment_type_id, today)
    others = [one for one in load_waiting(session, today) if one.plan_id != instead_of]
    return _with_fit(session, others, own, weeks, today, now)


def _with_fit(
    session: Session,
    others: list[Waiting],
    own: list[Waiting],
    weeks: int,
    today: date,
    now: datetime,
) -> Capacity:
    mondays = _mondays(today, weeks, today)
    found = _work_out(session, others, mondays[-1] + timedelta(days=6), today, now, own)
    everything = _presented(session, found, mondays, None, None)
    people = {number for one in own for number in one.practitioner_ids}
    own_plan = own[0].plan_id if own else 0
    return Capacity(
        mondays=mondays,
        usual_type=everything.usual_type,
        usual_minutes=everything.usual_minutes,
        desks=[desk for desk in everything.desks if desk.practitioner_id in people],
        shortfalls=[tight for tight in everything.shortfalls if own_plan in tight.plan_ids],
        practitioners=everything.practitioners,
        fit=Fit(found.matched.last_sessions, found.matched.last_left_over),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    matched: Matched
    usual_type: str
    usual_minutes: int


def _work_out(
    session: Session,
    waiting: list[Waiting],
    to_on: date,
    today: date,
    now: datetime,
    own: Sequence[Waiting] = (),
) -> _Found:
    for_plan = own[0].plan_id if own else None
    supply = load_supply(session, [*waiting, *own], today, to_on, now, for_plan=for_plan)
    name, minutes = (supply.usual.name, supply.usual.duration_minutes) if supply.usual else ("", 0)
    return _Found(match(supply, waiting, own), name, minutes)


def _presented(
    session: Session,
    found: _Found,
    mondays: list[date],
    practitioner_id: int | None,
    location_id: int | None,
) -> Capacity:
    people = {row.id: row.name for row in session.query(Practitioner)}
    places = {row.id: row.name for row in session.query(Location)}
    desks = [
        DeskLoad(
            practitioner_id=who,
            practitioner=people[who],
            location_id=where,
            location=places[where],
            weeks=[by_week.get(monday, Load()) for monday in mondays],
        )
        for (who, where), by_week in found.matched.loads.items()
        if practitioner_id in {None, who} and location_id in {None, where}
    ]
    desks.sort(key=lambda desk: (desk.practitioner, desk.location, desk.practitioner_id, desk.location_id))
    return Capacity(
        mondays=mondays,
        usual_type=found.usual_type,
        usual_minutes=found.usual_minutes,
        desks=[desk for desk in desks if any(week != Load() for week in desk.weeks)],
        shortfalls=[
            shortfall
            for shortfall in found.matched.shortfalls
            if shortfall.to_on >= mondays[0]
            and practitioner_id in {None, *shortfall.practitioner_ids}
            and (location_id is None or location_id in shortfall.location_ids)
        ],
        practitioners=people,
    )


def _mondays(from_on: date, weeks: int, today: date) -> list[date]:
    if not 1 <= weeks <= MOST_WEEKS:
        raise InvalidInput("Between 1 and %(most)s weeks can be seen.", most=MOST_WEEKS, field="weeks")
    first = from_on - timedelta(days=from_on.weekday())
    if first < today - timedelta(days=today.weekday()):
        raise InvalidInput("Only this week and later ones can be seen.", field="from")
    if (first - today).days > FURTHEST_DAYS:
        raise InvalidInput("That is too far ahead: at most a year can be seen.", field="from")
    return [first + timedelta(weeks=number) for number in range(weeks)]
