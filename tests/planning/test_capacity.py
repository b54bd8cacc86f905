"""Capacity: nothing counted twice, as much as brute force finds, and shortages that are proofs."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations, pairwise

from scheduler.planning.cadence import Phase, Window
from scheduler.planning.capacity import (
    LATER,
    Filling,
    Job,
    Lane,
    Shape,
    Step,
    fill,
    pack,
    waiting_windows,
)

TODAY = date(2026, 3, 2)
WEEKLY = Phase(1, 5, 7, 9)


def window(earliest: int, ideal: int, latest: int) -> Window:
    return Window(*(TODAY + timedelta(days=days) for days in (earliest, ideal, latest)))


def bits(*ticks: int) -> int:
    return sum(1 << tick for tick in ticks)


def units_placed(filling: Filling) -> int:
    return sum(len(places) for places in filling.places)


def most_units(capacities: Sequence[int], jobs: Sequence[Job]) -> int:
    """By Hall's theorem: what is left is the largest surplus of any set of units over the places they know."""
    units = [job for job in jobs for _ in range(job.units) if not job.can_wait]
    waiting = sum(job.units for job in jobs if job.can_wait)
    surplus = 0
    for size in range(1, len(units) + 1):
        for chosen in combinations(units, size):
            known = {place for job in chosen for place in job.places}
            surplus = max(surplus, size - sum(capacities[place] for place in known))
    return waiting + len(units) - surplus


def random_instance(rng: random.Random) -> tuple[list[int], list[Job]]:
    capacities = [rng.randint(0, 3) for _ in range(rng.randint(1, 5))]
    jobs = [
        Job(
            units=rng.choice([1, 1, 1, 2]),
            places=tuple(rng.sample(range(len(capacities)), rng.randint(0, len(capacities)))),
            can_wait=rng.random() < 0.1,
        )
        for _ in range(rng.randint(1, 6))
    ]
    return capacities, jobs


def test_as_many_are_placed_as_there_can_be_and_nothing_is_counted_twice() -> None:
    for seed in range(300):
        capacities, jobs = random_instance(random.Random(seed))
        filling = fill(capacities, jobs)
        used = Counter(place for places in filling.places for place in places if place != LATER)
        assert all(used[place] <= capacity for place, capacity in enumerate(capacities)), f"seed {seed}"
        for job, places in zip(jobs, filling.places, strict=True):
            assert len(places) <= job.units, f"seed {seed}"
            known = {*job.places, LATER} if job.can_wait else {*job.places}
            assert set(places) <= known, f"seed {seed}"
        assert units_placed(filling) == most_units(capacities, jobs), f"seed {seed}"


def test_a_shortage_is_a_proof() -> None:
    """Its jobs know no other places, fill them all, and are exactly as many too many as it says."""
    for seed in range(300):
        capacities, jobs = random_instance(random.Random(seed))
        filling = fill(capacities, jobs)
        left_over = sum(job.units for job in jobs) - units_placed(filling)
        assert sum(shortage.left_over for shortage in filling.shortages) == left_over, f"seed {seed}"
        for shortage in filling.shortages:
            assert shortage.left_over > 0, f"seed {seed}"
            known = {place for job in shortage.jobs for place in jobs[job].places}
            assert known == set(shortage.places), f"seed {seed}"
            # Other units of one of its jobs are in the same places: they know no others.
            wanted = sum(jobs[job].units for job in shortage.jobs)
            there = sum(capacities[place] for place in shortage.places)
            assert wanted - there == shortage.left_over, f"seed {seed}"
            assert not any(jobs[job].can_wait for job in shortage.jobs), f"seed {seed}"
        places = [place for shortage in filling.shortages for place in shortage.places]
        assert len(places) == len(set(places)), f"seed {seed}"


def test_who_comes_first_keeps_a_place() -> None:
    for seed in range(100):
        capacities, jobs = random_instance(random.Random(seed))
        before = fill(capacities, jobs[:-1])
        after = fill(capacities, jobs)
        counts = [len(places) for places in before.places]
        assert [len(places) for places in after.places[:-1]] == counts, f"seed {seed}"


def test_first_choice_is_taken_while_nobody_needs_it_more() -> None:
    assert fill([1, 1], [Job(1, (0, 1))]).places == [[0]]
    assert fill([1, 1], [Job(1, (0, 1)), Job(1, (0,))]).places == [[1], [0]]


def test_who_can_wait_makes_room() -> None:
    assert fill([1], [Job(1, (0,), can_wait=True), Job(1, (0,))]).places == [[LATER], [0]]


def most_packed(starts: Sequence[int], whole: int) -> int:
    """By trying every set of starts."""
    for size in range(len(starts), 0, -1):
        for chosen in combinations(starts, size):
            if all(later - earlier >= whole for earlier, later in pairwise(chosen)):
                return size
    return 0


def test_a_practitioner_alone_is_packed_as_full_as_can_be() -> None:
    for seed in range(200):
        rng = random.Random(seed)
        starts = sorted(rng.sample(range(30), rng.randint(0, 10)))
        shape = Shape(rng.randint(1, 6), rng.randint(0, 2), rng.randint(0, 2))
        (packed,) = pack([Lane(1, 1, bits(*starts))], shape)
        assert len(packed) == most_packed(starts, shape.whole), f"seed {seed}"
        assert set(packed) <= set(starts), f"seed {seed}"


def test_what_is_packed_can_be_booked_together() -> None:
    for seed in range(200):
        lanes, shape, rooms = random_lanes(random.Random(seed))
        assert_bookable_together(lanes, shape, rooms, pack(lanes, shape, rooms), f"seed {seed}")


Rooms = dict[int, dict[int, int]]


def random_lanes(rng: random.Random) -> tuple[list[Lane], Shape, Rooms]:
    lanes = [
        Lane(rng.randint(1, 3), rng.randint(1, 2), bits(*rng.sample(range(40), rng.randint(0, 25))))
        for _ in range(rng.randint(1, 5))
    ]
    shape = Shape(rng.randint(1, 6), rng.randint(0, 2), rng.randint(0, 2))
    rooms = {
        place: {10 * place + number: bits(*rng.sample(range(40), 35)) for number in range(rng.randint(0, 2))}
        for place in (1, 2)
    }
    return lanes, shape, rooms


def assert_bookable_together(
    lanes: list[Lane], shape: Shape, rooms: Rooms, packed: list[list[int]], seed: str
) -> None:
    """Only starts that there are, nobody in two places at once, no more at once than there are rooms."""
    people: dict[int, list[int]] = {}
    for lane, ticks in zip(lanes, packed, strict=True):
        assert all(lane.starts >> tick & 1 for tick in ticks), seed
        people.setdefault(lane.practitioner_id, []).extend(ticks)
    for ticks in people.values():
        ordered = sorted(ticks)
        assert all(later - first >= shape.whole for first, later in pairwise(ordered)), seed
    for place, by_room in rooms.items():
        here = [
            tick
            for lane, ticks in zip(lanes, packed, strict=True)
            for tick in ticks
            if lane.location_id == place
        ]
        assert all(any(starts >> tick & 1 for starts in by_room.values()) for tick in here), seed
        at_once = [sum(tick <= other < tick + shape.whole for tick in here) for other in here]
        assert max(at_once, default=0) <= len(by_room), seed


def test_rooms_that_are_short_are_shared_fairly() -> None:
    lanes = [Lane(1, 1, (1 << 24) - 1), Lane(2, 1, (1 << 24) - 1)]
    packed = pack(lanes, Shape(6), {1: {7: (1 << 24) - 1}})
    assert packed == [[0, 12], [6, 18]]


def test_windows_follow_what_was_held() -> None:
    steps = [Step(WEEKLY, held_on=TODAY), Step(WEEKLY), Step(WEEKLY, passed_over=True), Step(WEEKLY)]
    assert waiting_windows(TODAY, steps, TODAY, 7) == [None, window(5, 7, 9), None, window(12, 14, 16)]


def test_window_that_is_over_begins_today_and_the_next_follows_from_there() -> None:
    steps = [Step(WEEKLY, held_on=TODAY - timedelta(days=30)), Step(WEEKLY), Step(WEEKLY)]
    assert waiting_windows(TODAY, steps, TODAY, 7) == [None, window(0, 0, 7), window(5, 7, 9)]


def test_window_that_has_begun_is_cut_to_what_is_left() -> None:
    steps = [Step(WEEKLY, held_on=TODAY - timedelta(days=8)), Step(WEEKLY)]
    assert waiting_windows(TODAY, steps, TODAY, 7) == [None, window(0, 0, 1)]
