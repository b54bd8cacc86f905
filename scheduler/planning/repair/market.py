"""Who has been promised what: the slots open to each displaced appointment, and the promises made so far.

A candidate is a start at one supply. What it takes is exclusive: the practitioner's time, a room's where one is needed,
and the patient's. Rooms are chosen when a promise is made, the tightest fit first.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from scheduler.planning.hours import DAY_MINUTES
from scheduler.planning.repair.displaced import Displaced, bits_since
from scheduler.planning.series import Supply, Weights
from scheduler.planning.series.costs import time_change_cost, weekday_of
from scheduler.planning.timeline import TICK_MINUTES, fits, indices, span


class Candidate(NamedTuple):
    """A start for a displaced appointment: what it costs, the minutes by which it misses the time of day that the
    patient is used to, the supply's place in the list, and the bit it begins at; in this order one is better.
    """

    cost: int
    off_minutes: int
    supply: int
    begin: int
    day: int
    minute: int


class Promise(NamedTuple):
    """A candidate taken, with its room."""

    candidate: Candidate
    room: int | None


class Market:
    """All displaced appointments, by their place in the list, over one horizon."""

    def __init__(
        self,
        displaced: Sequence[Displaced],
        supplies: Sequence[Supply],
        rooms: Mapping[int, Mapping[int, int]],
        weights: Weights,
    ) -> None:
        self.displaced, self.supplies, self.weights = displaced, supplies, weights
        self.everything = supplies[0].clock.horizon.all if supplies else 0
        self.rooms = {
            where: {room: self.everything & ~busy for room, busy in rooms[where].items()} for where in rooms
        }
        self.candidates = [list(self._candidates(one)) for one in displaced]
        for found in self.candidates:
            found.sort()
        self.promises: dict[int, Promise] = {}
        self.taken: dict[int, int] = defaultdict(int)
        """By practitioner: what the promises take."""
        self.holders: dict[int, set[int]] = defaultdict(set)
        """By practitioner: who holds the promises."""
        self.siblings = self._siblings()

    def takes(self, at: int, index: int) -> int:
        """The ticks that an appointment takes, with its buffers."""
        one = self.displaced[at]
        return span(index - one.before_ticks, index + one.length)

    def promise(self, at: int, candidate: Candidate) -> None:
        """Give an appointment a slot that is open to it."""
        room = self.room_for(at, candidate)
        self.restore(at, Promise(candidate, room))

    def restore(self, at: int, promise: Promise) -> None:
        """Give an appointment a slot in a room."""
        supply = self.supplies[promise.candidate.supply]
        bits = self.takes(at, promise.candidate.begin)
        self.promises[at] = promise
        self.taken[supply.practitioner_id] |= bits
        self.holders[supply.practitioner_id].add(at)
        if promise.room is not None:
            self.rooms[supply.location_id][promise.room] &= ~bits

    def withdraw(self, at: int) -> Promise:
        """Take an appointment's slot back."""
        promise = self.promises.pop(at)
        supply = self.supplies[promise.candidate.supply]
        bits = self.takes(at, promise.candidate.begin)
        self.taken[supply.practitioner_id] &= ~bits
        self.holders[supply.practitioner_id].remove(at)
        if promise.room is not None:
            self.rooms[supply.location_id][promise.room] |= bits
        return promise

    def open_candidates(self, at: int) -> Iterator[Candidate]:
        """The candidates that nobody has been promised, cheapest first."""
        known: dict[int, int] = {}
        for candidate in self.candidates[at]:
            bits = known.get(candidate.supply)
            if bits is None:
                bits = known[candidate.supply] = self._open_starts(at, candidate.supply)
            if bits >> candidate.begin & 1 and self.suits_siblings(at, candidate):
                yield candidate

    def blockers(self, at: int, candidate: Candidate) -> frozenset[int]:
        """Those whose promises stand in the way of a candidate; of several rooms, the one with the fewest."""
        supply = self.supplies[candidate.supply]
        bits = self.takes(at, candidate.begin)
        found = {other for other in self.siblings[at] if other in self.promises}
        found = {other for other in found if not self._apart(at, candidate, other)}
        if self.taken[supply.practitioner_id] & bits:
            for other in self.holders[supply.practitioner_id]:
                if self.takes(other, self.promises[other].candidate.begin) & bits:
                    found.add(other)
        if not self.displaced[at].needs_room:
            return frozenset(found)
        return frozenset(found | self._room_blockers(supply.location_id, bits, found))

    def suits_siblings(self, at: int, candidate: Candidate) -> bool:
        """Whether a candidate keeps its distance from the patient's other displaced appointments."""
        return all(self._apart(at, candidate, other) for other in self.siblings[at] if other in self.promises)

    def compatible(self, at: int, one: Candidate, other_at: int, other: Candidate) -> bool:
        """Whether one patient can have both slots: in the order of the plan, at rest, and the gap as it should be."""
        mine, theirs = self.displaced[at], self.displaced[other_at]
        apart = _wall(other) - _wall(one)
        if mine.plan_id is None or mine.plan_id != theirs.plan_id:
            first = mine if apart >= 0 else theirs
            return abs(apart) >= first.duration_ticks * TICK_MINUTES
        if mine.number > theirs.number:
            return self.compatible(other_at, other, at, one)
        if apart < max(theirs.rest_minutes, mine.duration_ticks * TICK_MINUTES):
            return False
        direct = theirs.number == mine.number + 1
        return not direct or theirs.min_days <= other.day - one.day <= theirs.max_days

    def room_for(self, at: int, candidate: Candidate) -> int | None:
        """The room that a slot fits into most tightly; LookupError if there is none where one is needed."""
        if not self.displaced[at].needs_room:
            return None
        bits = self.takes(at, candidate.begin)
        begins, ends = candidate.begin - self.displaced[at].before_ticks, bits.bit_length()
        best: tuple[int, int] | None = None
        for room, free in self.rooms.get(self.supplies[candidate.supply].location_id, {}).items():
            if bits & ~free == 0:
                busy = self.everything & ~free
                after = busy >> ends
                slack = (after & -after).bit_length() if after else self.everything.bit_length()
                slack += begins - (busy & (1 << begins) - 1).bit_length()
                best = min(best or (slack, room), (slack, room))
        if best is None:
            raise LookupError(f"no room is free for appointment {self.displaced[at].appointment_id}")
        return best[1]

    def _candidates(self, one: Displaced) -> Iterator[Candidate]:
        free_of_patient = (
            fits(self.everything & ~one.patient_busy, one.duration_ticks) if self.everything else 0
        )
        for number, supply in enumerate(self.supplies):
            if one.accepts is not None and supply.practitioner_id not in one.accepts:
                continue
            starts = supply.starts.get(one.appointment_type_id, 0) & free_of_patient
            clock = supply.clock
            first, last = one.window.earliest.toordinal(), one.window.latest.toordinal()
            starts = starts and starts & clock.bits_of_days(first, last)
            if starts and one.needs_room:
                starts &= self._room_starts(one, supply.location_id)
            if starts and one.earlier:
                begins = one.earlier.day * DAY_MINUTES + one.earlier.minute + one.earlier.rest_minutes
                starts &= bits_since(clock, begins)
            if starts and one.later:
                ends = one.later.day * DAY_MINUTES + one.later.minute - one.later.rest_minutes
                starts &= ~bits_since(clock, ends + TICK_MINUTES)
            if not starts:
                continue
            for index in indices(starts):
                day, minute = clock.at(index)
                off = abs(minute - one.habit.minute)
                yield Candidate(self._cost(one, supply, day, minute), off, number, index, day, minute)

    def _cost(self, one: Displaced, supply: Supply, day: int, minute: int) -> int:
        """Days off the ideal, and what the patient is not used to."""
        weights, habit = self.weights, one.habit
        cost = abs(day - one.window.ideal.toordinal()) * weights.day_off_ideal
        cost += time_change_cost(weights, minute - habit.minute)
        cost += weights.practitioner_change * (supply.practitioner_id != habit.practitioner_id)
        cost += weights.location_missed * (supply.location_id != habit.location_id)
        return cost + weights.weekday_change * (weekday_of(day) != weekday_of(habit.day))

    def _open_starts(self, at: int, number: int) -> int:
        one, supply = self.displaced[at], self.supplies[number]
        length = one.before_ticks + one.length
        starts = self.everything
        taken = self.taken[supply.practitioner_id]
        if taken:
            # Before and after the horizon nothing is promised.
            padded = span(0, self.everything.bit_length() + 2 * length) & ~(taken << length)
            starts &= fits(padded, length) >> (length - one.before_ticks)
        if one.needs_room:
            starts &= self._room_starts(one, supply.location_id)
        return starts

    def _room_starts(self, one: Displaced, location_id: int) -> int:
        """The starts at which at least one room of a location is free."""
        starts = 0
        for free in self.rooms.get(location_id, {}).values():
            starts |= fits(free, one.before_ticks + one.length)
        return starts << one.before_ticks

    def _siblings(self) -> list[list[int]]:
        together: dict[int, list[int]] = defaultdict(list)
        for at, one in enumerate(self.displaced):
            together[one.patient_id].append(at)
        return [
            [other for other in together[one.patient_id] if other != at]
            for at, one in enumerate(self.displaced)
        ]

    def _apart(self, at: int, candidate: Candidate, other: int) -> bool:
        return self.compatible(at, candidate, other, self.promises[other].candidate)

    def _room_blockers(self, location_id: int, bits: int, known: set[int]) -> set[int]:
        """The fewest whose promises keep a room from being free, those already known not counted."""
        found: dict[int, set[int]] = {}
        for room, free in self.rooms.get(location_id, {}).items():
            busy = bits & ~free
            held: set[int] = set()
            if busy:
                for other, promise in self.promises.items():
                    where = self.supplies[promise.candidate.supply].location_id
                    if where == location_id and promise.room == room:
                        theirs = self.takes(other, promise.candidate.begin) & bits
                        if theirs:
                            held.add(other)
                            busy &= ~theirs
            if not busy:
                found[room] = held
                if held <= known:
                    break
        return min(found.values(), key=lambda held: (len(held - known), sorted(held)), default=set(known))


def _wall(candidate: Candidate) -> int:
    return candidate.day * DAY_MINUTES + candidate.minute
