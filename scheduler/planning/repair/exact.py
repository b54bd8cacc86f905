"""As many as possible, provably: branch and bound over the candidates of a few appointments.

Each candidate, with its room, is a bit; what it rules out is a mask. How many more appointments can be housed depends
on the candidates left alone, so what was once refuted is remembered by them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scheduler.planning.repair.market import Candidate, Market, Promise
from scheduler.planning.timeline import indices

MOST_CANDIDATES = 6000
MOST_NODES = 60_000
"""Bounds on the time, the same on every machine; beyond them the answer so far stands."""


class _Seen(NamedTuple):
    """An appointment by its candidates left, with what some of them rule out, and what every one of them does."""

    mine: int
    some: int
    every: int


class Exact:
    """The best choice of candidates for some appointments of a market, what else it promised staying as it is."""

    def __init__(self, market: Market, ones: list[int]) -> None:
        self._market, self._ones = market, ones
        self._choices: list[tuple[int, Promise]] = [
            (at, promise) for at in ones for promise in self._promises(at)
        ]
        self._mine: dict[int, int] = defaultdict(int)
        for bit, (at, _) in enumerate(self._choices):
            self._mine[at] |= 1 << bit
        self._excluded: list[int] = []
        self._refuted: dict[int, int] = {}
        self._nodes = MOST_NODES

    def more_than(self, count: int) -> dict[int, Promise] | None:
        """The most that can be housed, if that is more than a number; None if it is not, or too long to find out."""
        if len(self._choices) > MOST_CANDIDATES:
            return None
        self._excluded = list(self._exclusions())
        best = None
        everything = (1 << len(self._choices)) - 1
        while count < len(self._ones):
            found = self._house(everything, count + 1)
            if found is None:
                return best
            best, count = {self._choices[bit][0]: self._choices[bit][1] for bit in found}, len(found)
        return best

    def _house(self, left: int, count: int) -> list[int] | None:
        """Choices for at least so many appointments among the candidates left."""
        if count <= 0:
            return []
        open_ones = [mine for one in self._ones if (mine := self._mine[one] & left)]
        if len(open_ones) < count or self._refuted.get(left, count + 1) <= count or self._nodes <= 0:
            return None
        self._nodes -= 1
        found = None
        seen = [self._seen(mine, left) for mine in open_ones]
        if _rivals(seen) >= count:
            groups = _apart(seen)
            found = self._branch(open_ones, left, count) if len(groups) == 1 else self._each(groups, count)
        if found is None:
            self._refuted[left] = count
        return found

    def _branch(self, open_ones: list[int], left: int, count: int) -> list[int] | None:
        """Try the candidates of the appointment that has the fewest; then leave it out, if that may be."""
        mine = min(open_ones, key=int.bit_count)
        for bit in self._undominated(mine, left):
            found = self._house(left & ~self._excluded[bit], count - 1)
            if found is not None:
                return [bit, *found]
        return self._house(left & ~mine, count) if len(open_ones) > count else None

    def _each(self, groups: list[list[int]], count: int) -> list[int] | None:
        """House as many of each group as can be, as long as that may be enough."""
        chosen: list[int] = []
        rest = sum(map(len, groups))
        for members in sorted(groups, key=len):
            rest -= len(members)
            least = max(count - len(chosen) - rest, 0)
            for wanted in range(len(members), least - 1, -1):
                found = self._house(sum(members), wanted)
                if found is not None:
                    chosen += found
                    break
            else:
                return None
        return chosen

    def _seen(self, mine: int, left: int) -> _Seen:
        some, every = 0, left
        for bit in indices(mine):
            some |= self._excluded[bit]
            every &= self._excluded[bit]
        return _Seen(mine, some & left, every)

    def _undominated(self, mine: int, left: int) -> Iterator[int]:
        """The candidates of one appointment that rule out no more than another one does, the mildest first."""
        others = left & ~mine
        harms = sorted(
            ((self._excluded[bit] & others, bit) for bit in indices(mine)),
            key=lambda one: (one[0].bit_count(), one[1]),
        )
        kept: list[int] = []
        for harm, bit in harms:
            if all(least & ~harm for least in kept):
                kept.append(harm)
                yield bit

    def _promises(self, at: int) -> Iterator[Promise]:
        """The open candidates in each room that is free, rooms alike but once."""
        market = self._market
        for candidate in market.open_candidates(at):
            if not market.displaced[at].needs_room:
                yield Promise(candidate, None)
                continue
            bits = market.takes(at, candidate.begin)
            where = market.supplies[candidate.supply].location_id
            for room, free in market.rooms.get(where, {}).items():
                if not bits & ~free:
                    yield Promise(candidate, room)

    def _exclusions(self) -> Iterator[int]:
        """By candidate: itself and what it rules out."""
        market = self._market
        covered: dict[tuple[str, int, int], int] = defaultdict(int)
        for bit, (at, promise) in enumerate(self._choices):
            for key in self._keys(at, promise):
                covered[key] |= 1 << bit
        for at, promise in self._choices:
            ruled_out = self._mine[at]
            for key in self._keys(at, promise):
                ruled_out |= covered[key]
            for other in market.siblings[at]:
                for bit in indices(self._mine.get(other, 0)):
                    theirs: Candidate = self._choices[bit][1].candidate
                    if not market.compatible(at, promise.candidate, other, theirs):
                        ruled_out |= 1 << bit
            yield ruled_out

    def _keys(self, at: int, promise: Promise) -> Iterator[tuple[str, int, int]]:
        """Each tick of each resource that a candidate takes."""
        market = self._market
        supply = market.supplies[promise.candidate.supply]
        one = market.displaced[at]
        for tick in range(promise.candidate.begin - one.before_ticks, promise.candidate.begin + one.length):
            yield "practitioner", supply.practitioner_id, tick
            if promise.room is not None:
                yield "room", promise.room, tick


def _rivals(seen: Sequence[_Seen]) -> int:
    """No more than so many can be housed: of a group in which each rules all others out, only one."""
    groups: list[list[_Seen]] = []
    for one in seen:
        for group in groups:
            if all(one.mine & ~other.every == 0 for other in group):
                group.append(one)
                break
        else:
            groups.append([one])
    return len(groups)


def _apart(seen: Sequence[_Seen]) -> list[list[int]]:
    """The appointments, by their candidates, in groups that rule out nothing of each other."""
    groups: list[tuple[int, int, list[int]]] = []
    for one in seen:
        some, all_of, members = one.some, one.mine, [one.mine]
        others = []
        for harm, theirs, group in groups:
            if harm & all_of or some & theirs:
                some, all_of, members = some | harm, all_of | theirs, [*group, *members]
            else:
                others.append((harm, theirs, group))
        groups = [*others, (some, all_of, members)]
    return [members for _, _, members in groups]
