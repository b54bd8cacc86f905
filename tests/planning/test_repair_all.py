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


@pytest.mark.parametrize("seed", range(40))
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


def test_of_two_hundred_nearly_as_many_are_housed_as_can_be() -> None:
    world = clinic(random.Random(2), 200, 20, 28, 0.93, 9)
    lines = repair_all(*world)
    check(world, lines)
    assert housed(lines) >= 0.98 * most_housed(*world, seconds=10, count_rooms=True)[0]


def test_the_same_question_has_the_same_answer() -> None:
    answers = [repair_all(*clinic(random.Random(5), 40, 6, 14, 0.9, 3)) for _ in range(2)]
    assert answers[0] == answers[1]


WEEK = clock_over(7)


def desk(who: int, *minutes: int, day: int = 1) -> Supply:
    """Free for half an hour at these minutes of one day."""
    begins = WEEK.days[day].lo
    free = sum(0x3F << begins + minute // 5 for minute in minutes)
    return Supply(who, 1, WEEK, {1: fits(free, 6)}, free, free)


ROOM = {1: {1: 0, 2: 0, 3: 0}}
TUESDAY = Fixed(0, BASE - 6, 600, 1, 1)


def displaced(
    number: int, last: int = 5, *, accepts: frozenset[int] | None = None, patient: int = 0
) -> Displaced:
    return Displaced(number, patient or number, 1, 6, window(0, last), TUESDAY, accepts)


def offered(lines: Sequence[RehousedLine]) -> list[tuple[int, int] | None]:
    """Practitioner and minute, line by line."""
    return [(line.offer.practitioner_id, line.offer.minute) if line.offer else None for line in lines]


def test_the_habitual_practitioner_and_time_of_day_are_kept() -> None:
    lines = repair_all([displaced(1)], [desk(2, 600), desk(1, 540, 600, 660)], ROOM)
    assert offered(lines) == [(1, 600)]


def test_another_practitioner_is_offered_only_where_the_patient_accepts() -> None:
    lines = repair_all([displaced(1, accepts=frozenset({1})), displaced(2)], [desk(2, 600, 660)], ROOM)
    assert offered(lines) == [None, (2, 600)]
    assert lines[0].reason == "not_accepted"


def test_nobody_takes_the_only_slot_of_another() -> None:
    picky = displaced(2, accepts=frozenset({1}))
    lines = repair_all([displaced(1), picky], [desk(1, 600), desk(2, 600)], ROOM)
    assert offered(lines) == [(2, 600), (1, 600)]


def test_of_two_for_one_slot_the_one_whose_window_ends_first_has_it() -> None:
    lines = repair_all([displaced(1, last=5), displaced(2, last=3)], [desk(1, 600)], ROOM)
    assert offered(lines) == [None, (1, 600)]
    assert lines[0].reason == "needed_by_others"


def test_more_housed_counts_more_than_who_is_urgent() -> None:
    # The long one fits only where two short ones would.
    long = replace(displaced(1, last=3), duration_ticks=12, appointment_type_id=2)
    free = desk(1, 600, 630)
    both = replace(
        free, starts={1: free.starts[1] & ~desk(1, 605, 610, 615, 620, 625).starts[1], 2: fits(free.free, 12)}
    )
    lines = repair_all([long, displaced(2), displaced(3)], [both], ROOM)
    assert [line.offer is not None for line in lines] == [False, True, True]


def test_a_room_is_promised_once() -> None:
    lines = repair_all([displaced(1), displaced(2)], [desk(1, 600), desk(2, 600)], {1: {7: 0}})
    assert [line.offer.room_id if line.offer else None for line in lines] == [7, None]


def test_no_room_is_needed_where_none_is_asked_for() -> None:
    lines = repair_all([replace(displaced(1), needs_room=False)], [desk(1, 600)], {})
    assert lines[0].offer is not None
    assert lines[0].offer.room_id is None


def test_a_patient_is_in_one_place_at_a_time() -> None:
    lines = repair_all([displaced(1, patient=9), displaced(2, patient=9)], [desk(1, 600), desk(2, 600)], ROOM)
    assert [line.reason for line in lines] == [None, "needed_by_others"]


def test_a_slot_during_another_appointment_of_the_patient_is_not_offered() -> None:
    busy = desk(1, 600).free
    lines = repair_all([replace(displaced(1), patient_busy=busy)], [desk(1, 600)], ROOM)
    assert (lines[0].offer, lines[0].reason) == (None, "patient_busy")


def test_rest_to_the_sessions_that_stay_is_kept() -> None:
    earlier = Neighbour(BASE, 600, 2880)
    lines = repair_all([replace(displaced(1), earlier=earlier)], [desk(1, 600, day=1)], ROOM)
    assert lines[0].reason == "rest_period"
    lines = repair_all([replace(displaced(1), earlier=earlier)], [desk(1, 600, day=2)], ROOM)
    assert offered(lines) == [(1, 600)]


def test_sessions_of_one_plan_keep_their_order_and_gap() -> None:
    first = replace(displaced(1, patient=9), plan_id=4, number=1)
    second = replace(displaced(2, patient=9), plan_id=4, number=2, min_days=2, max_days=3)
    desks = [desk(1, 600, day=1), desk(1, 600, day=2), desk(1, 600, day=4)]
    lines = repair_all([second, first], desks, ROOM)
    days = [line.offer.day - BASE if line.offer else None for line in lines]
    assert days in ([4, 1], [4, 2])


def test_a_window_after_all_free_time_says_so() -> None:
    late = replace(displaced(1), window=window(20, 22))
    assert repair_all([late], [desk(1, 600)], ROOM)[0].reason == "past_horizon"


def test_nobody_displaced_needs_nothing() -> None:
    assert repair_all([], [desk(1, 600)], ROOM) == []


def test_the_same_appointment_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="only once"):
        repair_all([displaced(1), displaced(1)], [], {})
