"""Sessions that wait, given the places that there are: what each week is left with, and where it does not work out."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scheduler.models import AppointmentType
from scheduler.planning.capacity import LATER, Filling, Job, Shortage, fill
from scheduler.usecases.availability.free_time import ticks_of
from scheduler.usecases.capacity.rows import Waiting
from scheduler.usecases.capacity.supply import DeskDays, Supply

Desks = tuple[int, ...]
"""Places of desks in the supply's list, best first."""


@dataclass(frozen=True, slots=True)
class Load:
    """A week of a practitioner at a location; all but the minutes in usual sessions."""

    open_minutes: int = 0
    free_minutes: int = 0
    fits: int = 0
    """What can still be booked; ``needed`` of it will be by what waits."""
    needed: int = 0
    short: int = 0
    """What waits and finds no place, in the week of its ideal day and with whom it wants first."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Sessions that have no other days and desks than these, and are too many for them; days included."""

    practitioner_ids: tuple[int, ...]
    location_ids: frozenset[int]
    from_on: date
    to_on: date
    mondays: tuple[date, ...]
    """The weeks from the first to the last day, where no other place in them is left; else empty."""
    free_minutes: int
    fits: int
    sessions: int
    left_over: int
    plan_ids: frozenset[int | None]


@dataclass(frozen=True, slots=True)
class Matched:
    """By (practitioner, location) and Monday, what each week has and is asked for; and where that does not work out."""

    loads: dict[tuple[int, int], dict[date, Load]]
    shortfalls: list[Shortfall]
    waiting_later: int
    """Usual sessions whose window reaches beyond the days looked at, and that can wait until then."""
    last_sessions: int = 0
    last_left_over: int = 0


def match(supply: Supply, waiting: Sequence[Waiting], last: Sequence[Waiting] = ()) -> Matched:
    """Match them, those whose window ends first before the others, and ``last`` after all: what it cannot displace.

    Sessions whose ideal day lies beyond the days looked at are left out.
    """
    return _Match(supply, waiting, last).result()


class _Match:
    def __init__(self, supply: Supply, waiting: Sequence[Waiting], last: Sequence[Waiting]) -> None:
        self._supply = supply
        self._desks_known: dict[tuple[int, tuple[int, ...], int | None], Desks] = {}
        earlier, later = self._in_sight(waiting), self._in_sight(last)
        self._waiting = [*earlier, *later]
        self._first_of_last = len(earlier)
        self._jobs = [self._job(one) for one in self._waiting]
        capacities = [fits for desk in supply.desks for fits in desk.fits]
        self._filling: Filling = fill(capacities, self._jobs)

    def _in_sight(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        end = self._supply.first_on + timedelta(days=self._supply.days)
        seen = [one for one in waiting if one.window.ideal < end and self._supply.usual is not None]
        return sorted(seen, key=lambda one: (one.window.latest, one.window.earliest))

    def result(self) -> Matched:
        missing = [
            len(places) < job.units for places, job in zip(self._filling.places, self._jobs, strict=True)
        ]
        return Matched(
            loads=self._loads(),
            shortfalls=sorted(
                (self._shortfall(shortage) for shortage in self._filling.shortages),
                key=lambda found: (found.from_on, found.practitioner_ids),
            ),
            waiting_later=sum(places.count(LATER) for places in self._filling.places),
            last_sessions=len(self._jobs) - self._first_of_last,
            last_left_over=sum(missing[self._first_of_last :]),
        )

    def _job(self, one: Waiting) -> Job:
        supply = self._supply
        kind = supply.kinds[one.appointment_type_id]
        first, ideal, latest = (
            (day - supply.first_on).days for day in (one.window.earliest, one.window.ideal, one.window.latest)
        )
        asks_more = supply.usual is None or kind.needs_credential not in {None, supply.usual.needs_credential}
        nearest = sorted(range(max(first, 0), min(latest + 1, supply.days)), key=lambda day: abs(day - ideal))
        return Job(
            units=self._units(kind),
            places=tuple(
                desk * supply.days + day
                for day in nearest
                for desk in self._desks_for(one)
                if not asks_more or supply.desks[desk].offers(kind, day)
            ),
            can_wait=latest >= supply.days,
        )

    def _units(self, kind: AppointmentType) -> int:
        """How many usual sessions one of this type takes, buffers included."""
        usual = self._supply.usual
        return -(-sum(ticks_of(kind)) // sum(ticks_of(usual))) if usual is not None else 1

    def _desks_for(self, one: Waiting) -> Desks:
        """With whom the plan wants to be, where it wants, as far as they offer the type; else with anybody who does."""
        asked = (one.appointment_type_id, one.practitioner_ids, one.location_id)
        if asked not in self._desks_known:
            kind = self._supply.kinds[one.appointment_type_id]
            offering = [number for number, desk in enumerate(self._supply.desks) if desk.offers(kind)]
            wanted = [
                number
                for person in one.practitioner_ids
                for number in offering
                if self._supply.desks[number].practitioner_id == person
            ] or offering
            here = [number for number in wanted if self._supply.desks[number].location_id == one.location_id]
            self._desks_known[asked] = tuple(here or wanted)
        return self._desks_known[asked]

    def _loads(self) -> dict[tuple[int, int], dict[date, Load]]:
        supply = self._supply
        needed = [0] * (len(supply.desks) * supply.days)
        short = [0] * len(needed)
        for one, job, places in zip(self._waiting, self._jobs, self._filling.places, strict=True):
            for place in places:
                if place != LATER:
                    needed[place] += 1
            if len(places) < job.units and (desks := self._desks_for(one)):
                day = (one.window.ideal - supply.first_on).days
                short[desks[0] * supply.days + day] += job.units - len(places)
        loads: dict[tuple[int, int], dict[date, Load]] = {}
        for number, desk in enumerate(supply.desks):
            cut = slice(number * supply.days, (number + 1) * supply.days)
            loads[desk.practitioner_id, desk.location_id] = self._by_week(desk, needed[cut], short[cut])
        return loads

    def _by_week(self, desk: DeskDays, needed: Sequence[int], short: Sequence[int]) -> dict[date, Load]:
        found: dict[date, Load] = defaultdict(Load)
        rows = zip(desk.open_minutes, desk.free_minutes, desk.fits, needed, short, strict=True)
        for day, (opened, free, fits, asked, left) in enumerate(rows):
            monday = self._monday(day)
            before = found[monday]
            found[monday] = Load(
                before.open_minutes + opened,
                before.free_minutes + free,
                before.fits + fits,
                before.needed + asked,
                before.short + left,
            )
        return dict(found)

    def _shortfall(self, shortage: Shortage) -> Shortfall:
        supply, days = self._supply, self._supply.days
        listed = [self._waiting[job] for job in shortage.jobs]
        first = max(min((one.window.earliest - supply.first_on).days for one in listed), 0)
        last = max((one.window.latest - supply.first_on).days for one in listed)
        desks = sorted({desk for one in listed for desk in self._desks_for(one)})
        places = set(shortage.places)
        week_first = max(first - self._on(first).weekday(), 0)
        week_last = min(last + 6 - self._on(last).weekday(), days - 1)
        in_weeks = {desk * days + day for desk in desks for day in range(week_first, week_last + 1)}
        is_whole = all(place in places for place in in_weeks if self._fits(place))
        counted = in_weeks if is_whole else places
        return Shortfall(
            practitioner_ids=tuple(dict.fromkeys(supply.desks[desk].practitioner_id for desk in desks)),
            location_ids=frozenset(supply.desks[desk].location_id for desk in desks),
            from_on=self._on(first),
            to_on=self._on(last),
            mondays=tuple(dict.fromkeys(self._monday(day) for day in range(first, last + 1)))
            if is_whole
            else (),
            free_minutes=sum(supply.desks[place // days].free_minutes[place % days] for place in counted),
            fits=sum(self._fits(place) for place in places),
            sessions=len(listed),
            left_over=sum(len(self._filling.places[job]) < self._jobs[job].units for job in shortage.jobs),
            plan_ids=frozenset(one.plan_id for one in listed),
        )

    def _fits(self, place: int) -> int:
        return self._supply.desks[place // self._supply.days].fits[place % self._supply.days]

    def _on(self, day: int) -> date:
        return self._supply.first_on + timedelta(days=day)

    def _monday(self, day: int) -> date:
        on = self._on(day)
        return on - timedelta(days=on.weekday())
