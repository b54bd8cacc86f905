"""Repairs, timed: one move in a 12-session plan at two sizes of the clinic, and 50 and 200 displaced appointments.

Arithmetic alone first, on what is made up here, the same on every run; then the displaced ones through the use case,
from the database (see displaced.py), and the preview of a move through its own (see moves.py).
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from bench import displaced, moves
from scheduler.planning.cadence import Window
from scheduler.planning.hours import WallClock, WeeklyHours, grid_bits, open_bits, wall_clock
from scheduler.planning.repair import Displaced, repair_all, repair_plan
from scheduler.planning.series import Fixed, Preferences, Supply, WantedSession, best_series
from scheduler.planning.timeline import Horizon, bookable_starts, busy_bits

BERLIN = ZoneInfo("Europe/Berlin")
BEGINS = date(2026, 3, 2)
HORIZON_DAYS = 180
BUSY_SHARE = 0.8
CLINICS = (5, 20)
MOVES = 15
CROWDS = (50, 200)
WEEKS_DAYS = 28
SOLVER_SECONDS = 60
ROOMS = 15


def run(*, long: bool = False) -> dict[str, Any]:
    """Median and worst milliseconds of one repair by the clinic's size, and seconds for all by the number displaced.

    ``long`` adds how many of 200 are housed against what a constraint solver finds in a minute.
    """
    found: dict[str, Any] = {
        "one move, through the use case": moves.run(),
        "one move": {f"{size} practitioners": _one_move(size) for size in CLINICS},
        "all": {f"{count} displaced": _all(count) for count in CROWDS},
        "all through the use case": displaced.run(),
    }
    if long:
        found["all against a minute of CP-SAT"] = _against_solver()
    return found


def _against_solver() -> dict[str, float]:
    """The busy clinic of the tests: 200 displaced appointments, 20 practitioners, four weeks."""
    # Imported here because the solver is needed for nothing else.
    from tests.planning.naive_repair import most_housed
    from tests.planning.test_repair_all import clinic, housed

    world = clinic(random.Random(2), 200, 20, WEEKS_DAYS, 0.93, 9)
    most, unsure = most_housed(*world, seconds=SOLVER_SECONDS, count_rooms=True)
    mine = housed(repair_all(*world))
    return {"housed": mine, "solver": most, "solver_cannot_rule_out": unsure, "housed_ratio": mine / most}


def _one_move(size: int) -> dict[str, float]:
    """A plan of 12 sessions with anybody; each time another of its sessions moves, by -6 to +6 days."""
    rng = random.Random(size)
    clock = _clock(HORIZON_DAYS)
    supplies = [_supply(rng, who, clock, BUSY_SHARE) for who in range(1, size + 1)]
    sessions = [WantedSession(number, 1, 6, 5, 7, 10) for number in range(1, 13)]
    first = Window(BEGINS, BEGINS, BEGINS + timedelta(days=10))
    wishes = Preferences(practitioner_ids=(1,))
    slots = {
        one.number: Fixed(one.tick, one.day, one.minute, one.practitioner_id, one.location_id)
        for one in best_series(sessions, supplies, wishes, first).placed
    }
    took = []
    for _ in range(MOVES):
        number = rng.randint(1, 11)
        slot = slots[number]
        moved = replace(slot, day=slot.day + rng.choice([-6, -4, -3, 3, 4, 6]), minute=600)
        course = [replace(one, fixed=slots[one.number]) for one in sessions[: number - 1]]
        course += [replace(sessions[number - 1], fixed=moved), *sessions[number:]]
        standing = {later: slots[later] for later in range(number + 1, 13)}
        took.append(_milliseconds(lambda: repair_plan(course, standing, supplies, wishes, first)))  # noqa: B023
    return {"repair_ms": median(took), "repair_worst_ms": max(took)}


def _all(count: int) -> dict[str, float]:
    """So many appointments of 20 practitioners over four weeks, each with up to a week of room and two to go to."""
    rng = random.Random(count)
    clock = _clock(WEEKS_DAYS)
    supplies = [_supply(rng, who, clock, BUSY_SHARE) for who in range(1, 21)]
    crowd = []
    for number in range(count):
        day = rng.randrange(WEEKS_DAYS - 7)
        who = rng.randint(1, 20)
        window = Window(*(BEGINS + timedelta(days=day + later) for later in (0, 3, rng.randint(3, 6))))
        crowd.append(
            Displaced(
                appointment_id=number,
                patient_id=number,
                appointment_type_id=1,
                duration_ticks=6,
                window=window,
                habit=Fixed(0, BEGINS.toordinal() + day, 60 * rng.randint(8, 17), who, 1),
                accepts=rng.choice([None, frozenset({who, rng.randint(1, 20)})]),
            )
        )
    rooms = {1: dict.fromkeys(range(ROOMS), 0)}
    begins = perf_counter()
    lines = repair_all(crowd, supplies, rooms)
    seconds = perf_counter() - begins
    return {"repair_all_s": seconds, "housed": sum(line.offer is not None for line in lines)}


def _clock(days: int) -> WallClock:
    start = datetime.combine(BEGINS, datetime.min.time(), BERLIN)
    end = datetime.combine(BEGINS + timedelta(days=days), datetime.min.time(), BERLIN)
    return wall_clock(BERLIN, Horizon.between(start.astimezone(UTC), end.astimezone(UTC)))


def _supply(rng: random.Random, who: int, clock: WallClock, busy: float) -> Supply:
    """A practitioner who works weekdays from 8 to 18 h, in half hours of which a share is taken."""
    rules = [WeeklyHours(weekday, 480, 1080, date(2020, 1, 1)) for weekday in range(5)]
    hours = open_bits(rules, clock.zone, clock.horizon)
    first = clock.horizon.start_tick
    taken = [
        ((first + tick) * 300, (first + tick + 6) * 300)
        for day in clock.days
        for tick in range(day.lo + 96, day.lo + 216, 6)
        if rng.random() < busy
    ]
    free = hours & ~busy_bits(taken, clock.horizon)
    starts = bookable_starts(hours, free, 6, 0, 0) & grid_bits(clock.zone, clock.horizon, 15)
    return Supply(who, 1, clock, {1: starts}, free, hours)


def _milliseconds(work: Callable[[], object]) -> float:
    begins = perf_counter()
    work()
    return (perf_counter() - begins) * 1000
