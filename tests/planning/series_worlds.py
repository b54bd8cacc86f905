"""Clinics for the tests of series: made by hand, small random ones and medium random ones."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.planning.cadence import Window
from scheduler.planning.hours import WallClock, WeeklyHours, grid_bits, open_bits, wall_clock
from scheduler.planning.series import Fixed, Preferences, Proposal, Supply, WantedSession, Weights
from scheduler.planning.timeline import Horizon, bookable_starts, busy_bits, span

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 2)
ANY_DAY = Window(MONDAY, MONDAY, MONDAY + timedelta(days=6))
NO_WISHES = Preferences()

# Days around which clocks change, and quiet ones; Lord Howe by 30 minutes, Chatham on a quarter-hour offset.
PLACES = [
    ("Europe/Berlin", date(2026, 3, 27)),
    ("Europe/Berlin", date(2026, 10, 23)),
    ("Australia/Lord_Howe", date(2026, 4, 3)),
    ("Pacific/Chatham", date(2026, 9, 25)),
    ("America/New_York", date(2026, 1, 30)),
]
RESTS = [0, 1440, 2880, 2880, 2880, 3000, 4320]


def clinic(
    starts: dict[int, list[tuple[date, int]]], days: int = 60, zone: ZoneInfo = BERLIN, **layers: int
) -> list[Supply]:
    """Practitioners with these starts (date, minute) for appointment type 1, free for half an hour from each."""
    begins = datetime.combine(MONDAY, datetime.min.time(), zone)
    clock = wall_clock(zone, Horizon.between(begins, begins + timedelta(days=days)))
    supplies = []
    for who, times in starts.items():
        bits = free = 0
        for index in range(clock.horizon.ticks):
            day, minute = clock.at(index)
            if (date.fromordinal(day), minute) in times:
                bits |= 1 << index
                free |= span(index, index + 6)
        supplies.append(Supply(who, 1, clock, {1: bits}, free, free, **layers))
    return supplies


def wanted(number: int, min_days: int = 5, ideal: int = 7, max_days: int = 10, **more: Any) -> WantedSession:
    return WantedSession(number, 1, 6, min_days, ideal, max_days, **more)


def days_of(proposal: Proposal) -> list[date]:
    return [date.fromordinal(session.day) for session in proposal.placed]


def day(offset: int) -> date:
    return MONDAY + timedelta(days=offset)


def small_world(rng: random.Random) -> dict[str, Any]:
    """A question that can be answered by trying everything: a few days, starts strewn about, all kinds of trouble."""
    name, begins = rng.choice(PLACES)
    zone = ZoneInfo(name)
    days = rng.randint(4, 16)
    start = datetime.combine(begins, datetime.min.time(), tzinfo=zone) + timedelta(
        minutes=5 * rng.randint(0, 40)
    )
    horizon = Horizon.between(start.astimezone(UTC), (start + timedelta(days=days)).astimezone(UTC))
    clocks = [wall_clock(zone, horizon)] * 3 + [wall_clock(ZoneInfo("Europe/Lisbon"), horizon)]
    sessions = [_small_session(rng, number, clocks[0]) for number in range(1, rng.randint(1, 5) + 1)]
    first_day = begins.toordinal() + rng.randint(-3, days)
    edges = sorted(date.fromordinal(first_day + rng.randint(0, 6)) for _ in range(3))
    return {
        "sessions": sessions,
        "supplies": [
            _small_supply(rng, who, where, rng.choice(clocks))
            for who, where in rng.choice(
                [[(1, 1)], [(1, 1), (2, 1)], [(1, 1), (1, 2)], [(1, 1), (2, 2), (3, 1)]]
            )
        ],
        "preferences": _preferences(rng),
        "first": Window(*edges),
        "weights": Weights() if rng.random() < 0.6 else _weights(rng),
    }


def medium_world(rng: random.Random) -> dict[str, Any]:
    """A weekly, a fortnightly or a thrice-weekly course in a busy clinic of a few practitioners."""
    zone = ZoneInfo("Europe/Berlin")
    begins = date(2026, 3, 2)
    course = rng.choice([(5, 7, 10), (12, 14, 18), (2, 2, 4)])
    number = rng.randint(3, 6)
    start = datetime.combine(begins, datetime.min.time(), tzinfo=zone)
    clock = wall_clock(zone, Horizon.between(start, start + timedelta(days=number * course[1] + 10)))
    busy = rng.choice([0.9, 0.95, 0.98])
    sessions = [WantedSession(k, 1, 6, *course) for k in range(1, number + 1)]
    if rng.random() < 0.5:
        kept = rng.randrange(number)
        day = begins.toordinal() + kept * course[1] + rng.randint(0, 1)
        sessions[kept] = replace(sessions[kept], fixed=Fixed(0, day, 600, rng.randint(1, 6), 1))
    return {
        "sessions": sessions,
        "supplies": [weekday_supply(rng, who, clock, busy, 60) for who in range(1, rng.randint(3, 6))],
        "preferences": _preferences(rng),
        "first": Window(begins, begins, begins + timedelta(days=course[2])),
        "weights": Weights(),
    }


def weekday_supply(rng: random.Random, who: int, clock: WallClock, busy: float, grid: int) -> Supply:
    """A practitioner who works weekdays from 8 to 18 h, in half hours of which a share is taken."""
    rules = [WeeklyHours(weekday, 480, 1080, date(2020, 1, 1)) for weekday in range(5)]
    hours = open_bits(rules, clock.zone, clock.horizon)
    base = clock.horizon.start_tick
    taken = []
    for day in clock.days:
        for tick in range(day.lo + 96, day.lo + 216, 6):
            if rng.random() < busy:
                begins = base + tick + rng.choice([0, 0, 0, 3])
                taken.append((begins * 300, (begins + 6) * 300))
    free = hours & ~busy_bits(taken, clock.horizon)
    starts = bookable_starts(hours, free, 6, 0, 0) & grid_bits(clock.zone, clock.horizon, grid)
    return Supply(who, 1, clock, {1: starts}, free, hours)


def _small_supply(rng: random.Random, who: int, where: int, clock: WallClock) -> Supply:
    ticks = clock.horizon.ticks
    opens = rng.choice([0, 96, 144])
    starts = {1: 0, 2: 0}
    free = 0
    for day in clock.days:
        for _ in range(rng.choice([0, 1, 2, 2])):
            index = day.lo + opens + rng.choice([0, 3, 6, 7, 12, 20, 30, 31, 60, 90])
            if index < ticks:
                free |= span(
                    index - rng.choice([0, 0, 2, 6, 9]), min(index + rng.choice([6, 8, 12, 20]), ticks)
                )
                starts[rng.choice([1, 1, 1, 2])] |= 1 << index
    if rng.random() < 0.2:
        del starts[2]
    return Supply(who, where, clock, starts, free, free)


def _small_session(rng: random.Random, number: int, clock: WallClock) -> WantedSession:
    gaps = sorted(rng.choice([0, 1, 2, 2, 3, 4, 7]) for _ in range(3))
    fixed = None
    if rng.random() < 0.2:
        ordinal = clock.at(0)[0] + rng.randint(-3, 12)
        minute = 5 * rng.randint(0, 287)
        fixed = Fixed(0, ordinal, minute, rng.choice([1, 2, 9]), rng.choice([1, 2]))
    return WantedSession(
        number=number,
        appointment_type_id=rng.choice([1, 1, 1, 2]),
        duration_ticks=rng.choice([6, 6, 9]),
        min_days=gaps[0],
        ideal_days=gaps[1],
        max_days=gaps[2],
        rest_minutes=rng.choice(RESTS),
        fixed=fixed,
        before_ticks=rng.choice([0, 0, 1, 3]),
        after_ticks=rng.choice([0, 0, 2]),
    )


def _preferences(rng: random.Random) -> Preferences:
    return Preferences(
        weekdays=frozenset(rng.sample(range(7), rng.choice([0, 0, 1, 3]))),
        from_minute=rng.choice([None, None, 0, 540, 725]),
        until_minute=rng.choice([None, None, 600, 800, 1440]),
        practitioner_ids=tuple(rng.sample([1, 2, 3, 9], rng.choice([0, 0, 1, 2]))),
        location_id=rng.choice([None, None, 1, 2]),
    )


def _weights(rng: random.Random) -> Weights:
    return Weights(
        day_off_ideal=rng.randint(0, 4),
        weekday_change=rng.randint(0, 3),
        practitioner_change=rng.randint(0, 6),
        time_change=rng.randint(0, 3),
        time_change_hours=rng.randint(0, 5),
        weekday_missed=rng.randint(0, 8),
        time_missed=rng.randint(0, 8),
        practitioner_missed=rng.randint(0, 8),
        practitioner_rank=rng.randint(0, 3),
        location_missed=rng.randint(0, 8),
        fragmented=rng.randint(0, 3),
        usable_minutes=rng.choice([15, 30, 32]),
    )
