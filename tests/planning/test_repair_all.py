"""Many displaced appointments at once: as many housed as CP-SAT can, nothing promised twice, and reasons."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from scheduler.planning.cadence import Window
from scheduler.planning.hours import WallClock, WeeklyHours, grid_bits, open_bits, wall_clock
from scheduler.planning.repair import Displaced, Offer, RehousedLine, repair_all
from scheduler.planning.series import Fixed, Supply
from scheduler.planning.series.reasons import Neighbour
from scheduler.planning.timeline import Horizon, bookable_starts, fits
from tests.planning.naive_repair import Take, most_housed, patient_can, takes_of

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 23)
BASE = MONDAY.toordinal()


class Clinic(NamedTuple):
    displaced: list[Displaced]
    supplies: list[Supply]
    rooms: dict[int, dict[int, int]]


def clock_over(days: int) -> WallClock:
    start = datetime(2026, 3, 23, tzinfo=BERLIN)
    return wall_clock(
        BERLIN, Horizon.between(start.astimezone(UTC), (start + timedelta(days=days)).astimezone(UTC))
    )


def some_taken(rng: random.Random, clock: WallClock, share: float) -> int:
    """Half hours from 8 to 18 h, a share of them."""
    ticks = (tick for day in clock.days for tick in range(day.lo + 96, day.lo + 216, 6))
    return sum(0x3F << tick for tick in ticks if rng.random() < share)


def supply_of(
    rng: random.Random, who: int, where: int, clock: WallClock, share: float, rooms: Mapping[int, int]
) -> Supply:
    hours = open_bits([WeeklyHours(day, 480, 1080, MONDAY) for day in range(5)], BERLIN, clock.horizon)
    free = hours & ~some_taken(rng, clock, share)
    everything = clock.horizon.all
    starts = {}
    for kind, (before, duration, after) in KINDS.items():
        own = bookable_starts(hours, free, duration, before, after) & grid_bits(BERLIN, clock.horizon, 15)
        roomy = 0
        for busy in rooms.values():
            roomy |= fits(everything & ~busy, before + duration + after) << before
        starts[kind] = own & roomy
    return Supply(who, where, clock, starts, free, hours)


KINDS = {1: (0, 6, 0), 2: (1, 9, 2), 3: (0, 6, 3)}


def clinic(rng: random.Random, count: int, people: int, days: int, share: float, rooms_each: int) -> Clinic:
    """So many displaced appointments in a busy clinic; some patients have several sessions of a plan among them."""
    clock = clock_over(days)
    rooms = {
        where: {10 * where + k: some_taken(rng, clock, rng.choice([0, 0.3])) for k in range(rooms_each)}
        for where in (1, 2)
    }
    supplies = []
    for who in range(1, people + 1):
        where = rng.choice([1, 1, 2])
        supplies.append(supply_of(rng, who, where, clock, share, rooms[where]))
    displaced: list[Displaced] = []
    for number in range(count):
        kind = rng.choice([1, 1, 2, 3])
        before, duration, after = KINDS[kind]
        first = rng.randint(0, max(days - 6, 0))
        days_wide = rng.randint(0, 5)
        one = Displaced(
            appointment_id=100 + number,
            patient_id=number,
            appointment_type_id=kind,
            duration_ticks=duration,
            window=window(first, first + days_wide),
            habit=Fixed(0, BASE + rng.randrange(7), 60 * rng.randint(8, 17), rng.randint(1, people), 1),
            accepts=rng.choice(
                [None, frozenset(rng.sample(range(1, people + 1), rng.randint(1, min(people, 3))))]
            ),
            patient_busy=some_taken(rng, clock, 0.1),
            before_ticks=before,
            after_ticks=after,
            needs_room=rng.random() < 0.8,
            rest_minutes=rng.choice([0, 1440, 2880]),
        )
        if displaced and rng.random() < 0.25:
            previous = displaced[-1]
            one = replace(
                one,
                patient_id=previous.patient_id,
                plan_id=previous.plan_id,
                number=previous.number + 1,
                max_days=7,
            )
        else:
            one = replace(one, plan_id=rng.choice([None, number]))
        displaced.append(one)
    return Clinic(displaced, supplies, rooms)


def window(first: int, last: int) -> Window:
    days = [MONDAY + timedelta(days=day) for day in (first, (first + last) // 2, last)]
    return Window(*days)


def housed(lines: Sequence[RehousedLine]) -> int:
    return sum(line.offer is not None for line in lines)


def check(world: Clinic, lines: Sequence[RehousedLine]) -> None:
    """Each slot is one that the appointment could have, and no two of them collide."""
    assert [line.appointment_id for line in lines] == [one.appointment_id for one in world.displaced]
    used: set[tuple[str, int, int]] = set()
    taken: list[tuple[Displaced, Take]] = []
    for one, line in zip(world.displaced, lines, strict=True):
        assert (line.offer is None) == (line.reason is not None)
        if line.offer is None:
            continue
        take = take_of(world, line.offer)
        assert take in takes_of(one, world.supplies, world.rooms)
        index = take[1]
        for tick in range(index - one.before_ticks, index + one.duration_ticks + one.after_ticks):
            keys = {("practitioner", take[2], tick)} | (
                {("room", take[3], tick)} if take[3] is not None else set()
            )
            assert not keys & used
            used |= keys
        for other, theirs in taken:
            if other.patient_id == one.patient_id:
                assert patient_can(other, theirs, one, take, world.supplies)
        taken.append((one, take))


def take_of(world: Clinic, offer: Offer) -> Take:
    for number, supply in enumerate(world.supplies):
        if (supply.practitioner_id, supply.location_id) == (offer.practitioner_id, offer.location_id):
            return number, supply.clock.horizon.index(offer.tick), offer.practitioner_id, offer.room_id
    raise LookupError(offer)


@pytest.mark.parametrize("seed", range(60))
def test_as_many_are_housed_as_can_be(seed: int) -> None:
    rng = random.Random(seed)
    world = clinic(
        rng,
        rng.randint(1, 12),
        rng.randint(1, 4),
        rng.randint(3, 8),
        rng.choice([0.5, 0.8, 0.93]),
        rng.randint(1, 3),
    )
    lines = repair_all(*world)
    check(world, lines)
    assert (housed(lines), 0) == most_housed(*world)
