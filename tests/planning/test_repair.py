"""Repairing one plan: the best of all changes on thousands of small plans, and the rules that hold on any."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scheduler.planning.cadence import Verdict, Window
from scheduler.planning.hours import WallClock, WeeklyHours, grid_bits, open_bits, wall_clock
from scheduler.planning.repair import Repair, repair_plan
from scheduler.planning.series import Fixed, Preferences, Supply, WantedSession, Weights
from scheduler.planning.timeline import Horizon, bookable_starts
from tests.planning.naive_repair import NaiveRepair

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 23)


def clock_over(days: int) -> WallClock:
    start = datetime(2026, 3, 23, tzinfo=BERLIN)
    return wall_clock(
        BERLIN, Horizon.between(start.astimezone(UTC), (start + timedelta(days=days)).astimezone(UTC))
    )


def random_world(rng: random.Random) -> dict[str, Any]:
    """A plan of up to five sessions over two weeks in which clocks change; a few starts, slots anywhere."""
    days = rng.randint(4, 14)
    clock = clock_over(days)
    base = MONDAY.toordinal()
    sessions, standing = [], {}
    day = base + rng.randint(-2, 3)
    for number in range(1, rng.randint(1, 5) + 1):
        gaps = sorted(rng.choice([0, 1, 1, 2, 2, 3, 4]) for _ in range(3))
        wanted = WantedSession(
            number=number,
            appointment_type_id=rng.choice([1, 1, 1, 2]),
            duration_ticks=rng.choice([6, 9]),
            min_days=gaps[0],
            ideal_days=gaps[1],
            max_days=gaps[2],
            rest_minutes=rng.choice([0, 0, 1440, 2880, 2940]),
            before_ticks=rng.choice([0, 0, 2]),
            after_ticks=rng.choice([0, 0, 3]),
        )
        day += rng.choice([gaps[1], gaps[1], gaps[0], gaps[2] + 1, -1])
        slot = Fixed(1, day, 60 * rng.choice([8, 9, 10, 14]), rng.choice([1, 2, 9]), 1)
        kind = rng.random()
        if kind < 0.2:
            wanted = replace(wanted, fixed=slot)
        elif kind < 0.8:
            standing[number] = slot
        sessions.append(wanted)
    edges = sorted(base + rng.randint(-1, 3) for _ in range(3))
    return {
        "sessions": sessions,
        "standing": standing,
        "supplies": [random_supply(rng, who, clock) for who in rng.choice([[1], [1, 2], [1, 1]])],
        "preferences": Preferences(
            weekdays=frozenset(rng.sample(range(7), rng.choice([0, 0, 2]))),
            until_minute=rng.choice([None, 600]),
            practitioner_ids=rng.choice([(), (1,), (2, 1)]),
        ),
        "first": Window(*(date.fromordinal(edge) for edge in edges)),
        "weights": Weights()
        if rng.random() < 0.7
        else Weights(day_off_ideal=0, practitioner_change=rng.randint(0, 9)),
    }


def random_supply(rng: random.Random, who: int, clock: WallClock) -> Supply:
    starts = {1: 0, 2: 0}
    free = 0
    for day in clock.days:
        for _ in range(rng.choice([0, 1, 1])):
            index = min(
                day.lo + 12 * rng.choice([1, 2, 8, 9, 10, 14]) + rng.choice([0, 0, 3]),
                clock.horizon.ticks - 1,
            )
            free |= 0xFFFF << index & clock.horizon.all
            starts[rng.choice([1, 1, 2])] |= 1 << index
    return Supply(who, 1, clock, starts, free, free)


def repaired(world: dict[str, Any]) -> Repair:
    return repair_plan(
        world["sessions"],
        world["standing"],
        world["supplies"],
        world["preferences"],
        world["first"],
        world["weights"],
    )


@pytest.mark.parametrize("block", range(4))
def test_a_repair_is_the_best_of_all_changes(block: int) -> None:
    for seed in range(block * 500, block * 500 + 500):
        world = random_world(random.Random(seed))
        found = repaired(world)
        assert (found.broken, found.moved, found.cost) == NaiveRepair(world).best(), seed


CLOCK = clock_over(120)


def weekdays_only(who: int = 1, taken: int = 0) -> Supply:
    """Weekdays 8 to 18 h in half-hour appointments, less some ticks."""
    hours = open_bits([WeeklyHours(day, 480, 1080, MONDAY) for day in range(5)], BERLIN, CLOCK.horizon)
    starts = bookable_starts(hours, hours & ~taken, 6, 0, 0) & grid_bits(BERLIN, CLOCK.horizon, 15)
    return Supply(who, 1, CLOCK, {1: starts}, hours & ~taken, hours)


def at(day: int, minute: int = 600, who: int = 1) -> Fixed:
    """A slot so many days after the first Monday; its tick is right."""
    begins = next(each.lo for each in CLOCK.days if each.ordinal == MONDAY.toordinal() + day)
    return Fixed(CLOCK.horizon.start_tick + begins + minute // 5, MONDAY.toordinal() + day, minute, who, 1)


def weekly(count: int, fixed: dict[int, Fixed]) -> list[WantedSession]:
    return [WantedSession(number, 1, 6, 5, 7, 10, fixed=fixed.get(number)) for number in range(1, count + 1)]


def steps(repair: Repair) -> list[str]:
    return [line.step for line in repair.lines]


def days_of(repair: Repair) -> list[int | None]:
    return [line.after.slot.day - MONDAY.toordinal() if line.after.slot else None for line in repair.lines]


def test_a_plan_in_its_windows_is_left_alone() -> None:
    standing = {number: at(7 * (number - 1)) for number in range(2, 6)}
    found = repair_plan(weekly(5, {1: at(0)}), standing, [weekdays_only()], Preferences())
    assert (found.broken, found.moved, found.cost, set(steps(found))) == (0, 0, 0, {"stays"})


def test_one_move_moves_one_other_where_that_is_enough() -> None:
    standing = {3: at(14), 4: at(21), 5: at(28)}
    found = repair_plan(weekly(5, {1: at(0), 2: at(11)}), standing, [weekdays_only()], Preferences())
    assert steps(found) == ["stays", "stays", "moves", "stays", "stays"]
    assert days_of(found) == [0, 11, 16, 21, 28]


def test_gaps_are_told_before_and_after() -> None:
    found = repair_plan(weekly(3, {1: at(0), 2: at(11)}), {3: at(14)}, [weekdays_only()], Preferences())
    before, after = found.lines[2].before, found.lines[2].after
    assert before.gap and after.gap
    assert (before.gap.days, before.gap.verdict, before.broken) == (3, Verdict.TOO_SHORT, True)
    assert (after.gap.days, after.gap.verdict, after.broken) == (7, Verdict.FINE, False)


def test_a_window_with_nothing_free_stays_broken_and_says_why() -> None:
    leave = CLOCK.bits_of_days(MONDAY.toordinal() + 14, MONDAY.toordinal() + 27)
    supply = weekdays_only(taken=leave)
    away = replace(supply, away=leave)
    found = repair_plan(weekly(3, {1: at(0), 2: at(9)}), {3: at(28)}, [away], Preferences())
    assert (found.broken, found.moved, steps(found)) == (1, 0, ["stays", "stays", "stays"])
    assert found.lines[2].reason == "away"


def test_a_lost_slot_is_placed_and_nothing_else_moves() -> None:
    standing = {3: at(14), 4: at(21)}
    found = repair_plan(weekly(4, {1: at(0)}), standing, [weekdays_only()], Preferences())
    assert steps(found) == ["stays", "placed", "stays", "stays"]
    assert (found.moved, days_of(found)) == (0, [0, 7, 14, 21])


def test_a_session_for_which_nothing_is_free_is_named() -> None:
    found = repair_plan(weekly(2, {1: at(0)}), {}, [weekdays_only(taken=CLOCK.horizon.all)], Preferences())
    assert (found.broken, steps(found), found.lines[1].reason) == (1, ["stays", "unplaced"], "fully_booked")


def test_a_slot_freed_by_another_session_may_be_used() -> None:
    free = [at(16), at(23)]
    held = sum(1 << CLOCK.horizon.index(slot.tick) for slot in free)
    supply = replace(weekdays_only(), starts={1: held})
    found = repair_plan(weekly(4, {1: at(0), 2: at(10)}), {3: at(14), 4: at(16)}, [supply], Preferences())
    assert (found.broken, found.moved, days_of(found)) == (0, 2, [0, 10, 16, 23])


def test_a_fixed_session_out_of_its_window_is_not_moved() -> None:
    found = repair_plan(weekly(2, {1: at(0), 2: at(30)}), {}, [weekdays_only()], Preferences())
    assert (found.broken, found.lines[1].reason) == (1, "fixed")


def test_a_plan_without_sessions_needs_no_repair() -> None:
    assert repair_plan([], {}, [], Preferences()) == Repair((), 0, 0, 0)


def test_a_slot_for_a_fixed_session_is_refused() -> None:
    with pytest.raises(ValueError, match="not fixed"):
        repair_plan(weekly(1, {1: at(0)}), {1: at(7)}, [], Preferences())


@pytest.mark.parametrize("seed", range(40))
def test_new_slots_are_free_rested_in_their_windows_and_all_needed(seed: int) -> None:
    rng = random.Random(seed)
    moved_number = rng.randint(1, 10)
    supplies = [weekdays_only(who, some_taken(rng)) for who in (1, 2, 3)]
    slots = {number: at(7 * (number - 1), who=2) for number in range(1, 12)}
    moved = at(7 * (moved_number - 1) + rng.choice([-6, -4, 4, 9]) + 7, 540, who=2)
    fixed = {number: slots[number] for number in range(1, moved_number)} | {moved_number: moved}
    standing = {number: slot for number, slot in slots.items() if number > moved_number}
    sessions = weekly(11, fixed)
    found = repair_plan(sessions, standing, supplies, Preferences())
    assert found == repair_plan(sessions, standing, supplies, Preferences())
    after = {line.number: line.after.slot for line in found.lines if line.after.slot}
    for line in found.lines:
        if line.step == "moves":
            assert line.after.slot and not line.after.broken
            supply = supplies[line.after.slot.practitioner_id - 1]
            assert supply.starts[1] >> CLOCK.horizon.index(line.after.slot.tick) & 1
            assert broken_windows(sessions, after | {line.number: standing[line.number]}) > found.broken
            others = [slot for number, slot in after.items() if number != line.number]
            assert all(abs(slot.tick - line.after.slot.tick) >= 576 for slot in others)
        else:
            assert line.after.slot == line.before.slot
    assert broken_windows(sessions, after) == found.broken


def some_taken(rng: random.Random) -> int:
    """Whole half hours, all but a few."""
    return sum(0x3F << tick for tick in range(0, CLOCK.horizon.ticks - 6, 6) if rng.random() < 0.93)


def broken_windows(sessions: Iterable[WantedSession], slots: dict[int, Fixed]) -> int:
    gaps = [(one, slots[one.number].day - slots[one.number - 1].day) for one in sessions if one.number > 1]
    return sum(not one.min_days <= days <= one.max_days for one, days in gaps)
