"""Proposals for a plan from timelines that are there already: how long the thinking alone takes, easy cases and bad."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from scheduler.planning.cadence import Window
from scheduler.planning.hours import WallClock, WeeklyHours, grid_bits, open_bits, wall_clock
from scheduler.planning.series import Preferences, Supply, WantedSession, best_series, propose
from scheduler.planning.timeline import Horizon, bookable_starts, busy_bits

CLINICS = 5
REPEATS = 5
FIRST = date(2026, 1, 5)
TYPE_ID = 1
WEEKLY, THRICE, FOUR_WEEKLY, LOOSE = (5, 7, 10), (2, 2, 3), (21, 28, 42), (2, 7, 30)
SOME_WISHES = Preferences(frozenset({1, 3}), 540, 690, (3,))
NO_WAY = Preferences(frozenset({6}), 0, 300, (99,))


class Case(NamedTuple):
    """A kind of clinic and of plan: practitioners, the share of their half hours that is taken, the course, wishes."""

    name: str
    taken: float
    course: tuple[int, int, int] = WEEKLY
    wishes: Preferences = Preferences()
    practitioners: int = 20
    sessions: int = 12
    days: int = 180
    away: tuple[int, int] | None = None


CASES = [
    Case("empty", 0.0),
    Case("half full", 0.5),
    Case("80 % full", 0.8),
    Case("80 % full, wishes", 0.8, wishes=SOME_WISHES),
    Case("95 % full", 0.95),
    Case("95 % full, wishes", 0.95, wishes=SOME_WISHES),
    Case("99 % full", 0.99),
    Case("nothing near the ideal", 0.8, away=(14, 60)),
    Case("wishes that cannot be met", 0.8, wishes=NO_WAY),
    Case("thrice a week", 0.8, THRICE),
    Case("every four weeks, a year", 0.8, FOUR_WEEKLY, days=365),
    Case("30 loose sessions, a year", 0.9, LOOSE, sessions=30, days=365),
    Case("60 practitioners", 0.8, practitioners=60),
]


def run() -> dict[str, Any]:
    """Milliseconds for the best series alone and for all proposals, over several clinics of every case."""
    return {case.name: _measure(case) for case in CASES}


def _measure(case: Case) -> dict[str, float]:
    first = Window(FIRST, FIRST, FIRST + timedelta(days=case.course[2]))
    sessions = [WantedSession(number, TYPE_ID, 6, *case.course) for number in range(1, case.sessions + 1)]
    alone, all_ = [], []
    for seed in range(CLINICS):
        question = (sessions, _clinic(case, random.Random(seed)), case.wishes, first)
        alone += _timed(partial(best_series, *question))
        all_ += _timed(partial(propose, *question))
    return {
        "best_median_ms": statistics.median(alone),
        "all_median_ms": statistics.median(all_),
        "all_p95_ms": statistics.quantiles(all_, n=20)[-1],
    }


def _timed(work: Callable[[], object]) -> list[float]:
    """The milliseconds of several goes, after one to warm up."""
    work()
    goes = []
    for _ in range(REPEATS):
        begins = time.perf_counter()
        work()
        goes.append((time.perf_counter() - begins) * 1000)
    return goes


def _clinic(case: Case, dice: random.Random) -> Sequence[Supply]:
    zone = ZoneInfo("Europe/Berlin")
    start = datetime.combine(FIRST, datetime.min.time(), zone)
    clock = wall_clock(zone, Horizon.between(start, start + timedelta(days=case.days)))
    supplies = [_practitioner(who, case.taken, clock, dice) for who in range(1, case.practitioners + 1)]
    if case.away:
        days = [FIRST.toordinal() + offset for offset in case.away]
        away = clock.bits_of_days(*days)
        supplies = [
            replace(one, free=one.free & ~away, starts={TYPE_ID: one.starts[TYPE_ID] & ~away}, away=away)
            for one in supplies
        ]
    return supplies


def _practitioner(who: int, taken: float, clock: WallClock, dice: random.Random) -> Supply:
    """Weekdays from 8 to 18 h, appointments of 30 minutes, some of them a quarter of an hour off."""
    rules = [WeeklyHours(weekday, 480, 1080, date(2020, 1, 1)) for weekday in range(5)]
    hours = open_bits(rules, clock.zone, clock.horizon)
    base = clock.horizon.start_tick
    begins = [
        (base + tick + dice.choice([0, 0, 0, 3])) * 300
        for day in clock.days
        for tick in range(day.lo + 96, day.lo + 216, 6)
        if dice.random() < taken
    ]
    free = hours & ~busy_bits([(start, start + 1800) for start in begins], clock.horizon)
    grid = grid_bits(clock.zone, clock.horizon, 15)
    return Supply(who, 1, clock, {TYPE_ID: bookable_starts(hours, free, 6, 0, 0) & grid}, free, hours)
