"""The best series is the best one, keeps every rule, says what it costs and why, and comes with real alternatives."""

import random
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scheduler.planning.series import (
    Choice,
    PlacedSession,
    Preferences,
    Proposal,
    Supply,
    Weights,
    best_series,
    clearly_different,
    propose,
    series_cost,
)
from tests.planning.naive_series import World, cheapest_by_solver, cheapest_by_trying, set_bits
from tests.planning.series_worlds import ANY_DAY, NO_WISHES, clinic, day, medium_world, small_world, wanted


def choices(proposal: Proposal, supplies: list[Supply]) -> dict[int, Choice]:
    """The starts of a proposal, by session number, as places in the list of supplies."""
    places = {(one.practitioner_id, one.location_id): index for index, one in enumerate(supplies)}
    return {
        session.number: Choice(places[session.practitioner_id, session.location_id], session.tick)
        for session in proposal.placed
        if not session.fixed
    }


# The optimum


@pytest.mark.parametrize("chunk", range(8))
def test_the_cost_is_the_least_of_all_combinations(chunk: int) -> None:
    for seed in range(chunk * 300, chunk * 300 + 300):
        world = small_world(random.Random(seed))
        assert best_series(**world).cost == cheapest_by_trying(World(**world)), f"seed {seed}"


@pytest.mark.parametrize("chunk", range(8))
def test_the_cost_is_the_solvers_optimum(chunk: int) -> None:
    for seed in range(chunk * 13, chunk * 13 + 13):
        world = medium_world(random.Random(seed))
        assert best_series(**world).cost == cheapest_by_solver(World(**world)), f"seed {seed}"


def test_the_two_oracles_agree() -> None:
    for seed in range(40):
        world = World(**small_world(random.Random(f"oracles {seed}")))
        assert cheapest_by_solver(world) == cheapest_by_trying(world), f"seed {seed}"


def test_weights_count_only_by_their_ratios() -> None:
    tenfold = Weights(
        **{
            name: getattr(Weights(), name) * (1 if name in ("time_change_hours", "usable_minutes") else 10)
            for name in Weights.__slots__
        }
    )
    for seed in range(50):
        world = medium_world(random.Random(f"tenfold {seed}"))
        once, tenfold_once = best_series(**world), best_series(**world | {"weights": tenfold})
        assert tenfold_once.cost == 10 * once.cost, f"seed {seed}"


# Every proposal


@pytest.mark.parametrize("chunk", range(4))
def test_a_proposal_keeps_the_rules_and_costs_what_it_says(chunk: int) -> None:
    for seed in range(chunk * 100, chunk * 100 + 100):
        world = small_world(random.Random(f"rules {seed}"))
        for proposal in propose(**world):
            # series_cost refuses starts that cannot be booked and broken windows and rests.
            cost = series_cost(
                world["sessions"],
                world["supplies"],
                world["preferences"],
                choices(proposal, world["supplies"]),
                world["first"],
                world["weights"],
            )
            assert cost == proposal.cost
            notes = sum(note.cost for session in proposal.placed for note in session.notes)
            assert notes + len(proposal.unplaced) * world["weights"].unplaced == proposal.cost
            numbers = [session.number for session in (*proposal.placed, *proposal.unplaced)]
            assert sorted(numbers) == [session.number for session in world["sessions"]]


def test_ticks_days_and_minutes_agree() -> None:
    for seed in range(200):
        world = small_world(random.Random(f"ticks {seed}"))
        for session in best_series(**world).placed:
            if session.fixed:
                continue
            clock = next(
                one.clock
                for one in world["supplies"]
                if (one.practitioner_id, one.location_id) == (session.practitioner_id, session.location_id)
            )
            assert clock.at(clock.horizon.index(session.tick)) == (session.day, session.minute)


def test_notes_state_the_facts() -> None:
    for seed in range(120):
        world = medium_world(random.Random(f"notes {seed}"))
        before: PlacedSession | None = None
        for session in best_series(**world).placed:
            notes = {note.code: note for note in session.notes}
            if before is None:
                assert session.days_since_previous is None
            else:
                assert session.days_since_previous == session.day - before.day
            if before and not (before.fixed and session.fixed):
                assert ("other_practitioner" in notes) == (session.practitioner_id != before.practitioner_id)
                assert ("other_time" in notes) == (abs(session.minute - before.minute) > 30)
                if session.number == before.number + 1:
                    ideal = world["sessions"][session.number - 1].ideal_days
                    off = session.day - before.day - ideal
                    assert ("gap_longer" in notes, "gap_shorter" in notes) == (off > 0, off < 0)
                    assert ("other_weekday" in notes) == (ideal % 7 == 0 and off % 7 != 0)
            wishes = world["preferences"]
            if not session.fixed:
                weekday = date.fromordinal(session.day).weekday()
                missed = bool(wishes.weekdays) and weekday not in wishes.weekdays
                assert ("outside_preference_weekday" in notes) == missed
            before = session


def test_the_same_question_has_the_same_answer() -> None:
    for seed in range(40):
        first = propose(**medium_world(random.Random(seed)))
        assert propose(**medium_world(random.Random(seed))) == first


def test_the_order_of_supplies_does_not_change_the_cost() -> None:
    for seed in range(40):
        world = medium_world(random.Random(seed))
        backwards = world | {"supplies": world["supplies"][::-1]}
        assert best_series(**backwards).cost == best_series(**world).cost


# Alternatives


def without(world: dict[str, Any], best: Proposal, difference: str | None) -> dict[str, Any]:
    """The world without the starts that an alternative has to keep away from."""
    placed = [session for session in best.placed if not session.fixed]
    minute = sorted(session.minute for session in placed)[len(placed) // 2]

    def most(values: list[int]) -> int:
        return max(values, key=lambda value: (values.count(value), -values.index(value)))

    who = most([session.practitioner_id for session in placed])
    weekday = most([session.day % 7 for session in placed])
    supplies = []
    for supply in world["supplies"]:
        starts = {}
        for type_id, bits in supply.starts.items():
            kept = 0
            for index in set_bits(bits):
                on, at = supply.clock.at(index)
                unwanted = {
                    "time_of_day": abs(at - minute) < 120,
                    "practitioner": supply.practitioner_id == who,
                    "weekday": on % 7 == weekday,
                }
                if not unwanted[str(difference)]:
                    kept |= 1 << index
            starts[type_id] = kept
        supplies.append(replace(supply, starts=starts))
    return world | {"supplies": supplies}


def test_an_alternative_is_the_best_that_avoids_what_is_usual() -> None:
    seen = set()
    for seed in range(250):
        world = small_world(random.Random(f"alternatives {seed}"))
        best, *others = propose(**world)
        for other in others:
            assert other.cost == cheapest_by_trying(World(**without(world, best, other.differs_in))), (
                f"seed {seed}"
            )
            seen.add(other.differs_in)
    assert seen == {"time_of_day", "practitioner", "weekday"}


def test_alternatives_differ_clearly_from_all_before_them() -> None:
    for seed in range(60):
        proposals = propose(**medium_world(random.Random(seed)))
        assert [proposal.differs_in is None for proposal in proposals] == [True] + [False] * (
            len(proposals) - 1
        )
        for later in range(len(proposals)):
            for earlier in range(later):
                assert clearly_different(proposals[earlier], proposals[later])
                assert len(proposals[later].unplaced) == len(proposals[0].unplaced)
                assert proposals[earlier].cost <= proposals[later].cost


def test_there_are_no_alternatives_where_nothing_else_is_free() -> None:
    supplies = clinic({1: [(day(0), 600), (day(7), 600)]})
    assert len(propose([wanted(1), wanted(2)], supplies, NO_WISHES, ANY_DAY)) == 1


def test_the_limit_is_how_many_proposals_there_are_at_most() -> None:
    everything = [(day(offset), minute) for offset in range(20) for minute in (540, 720, 900)]
    supplies = clinic({1: everything, 2: everything})
    question = ([wanted(1), wanted(2)], supplies, NO_WISHES, ANY_DAY)
    assert [len(propose(*question, limit=limit)) for limit in (1, 2, 3, 4)] == [1, 2, 3, 4]


def test_alternatives_come_cheapest_first_and_say_how_they_differ() -> None:
    everything = [(day(offset), minute) for offset in range(20) for minute in (540, 720)]
    supplies = clinic({1: everything, 2: everything})
    wishes = Preferences(practitioner_ids=(1,), from_minute=500, until_minute=600)
    found = propose([wanted(1), wanted(2)], supplies, wishes, ANY_DAY, limit=4)
    assert [(one.cost, one.differs_in) for one in found] == [
        (0, None),
        (2, "weekday"),
        (12, "time_of_day"),
        (12, "practitioner"),
    ]
