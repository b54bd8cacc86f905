"""Making room: an appointment gets a slot that others hold, and those move on, each within its own window."""

from collections.abc import Iterator

from scheduler.planning.repair.market import Candidate, Market, Promise

LONGEST_CHAIN = 4
MOST_BLOCKERS = 2
TRIES = 400
"""So many slots held by others are tried for one appointment; a bound on the time, the same on every machine."""


class Chains:
    """Changes of the promises of a market; each is made as a whole or not at all."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._tries = 0
        self._locked: set[int] = set()

    def house(self, at: int) -> bool:
        """Give an appointment a slot, others moving on if need be; False, and nothing changed, if no way was found."""
        for longest in range(LONGEST_CHAIN + 1):
            self._tries = TRIES
            self._locked = set()
            if self._house(at, longest):
                return True
        return False

    def house_instead(self, at: int, later: set[int]) -> int | None:
        """Give an appointment a slot by leaving out one of some others; which one, or None if that does not help."""
        market = self._market
        for candidate, blockers in self._held_candidates(at):
            leaving = sorted(blockers & later)
            for other in leaving[-1:]:
                saved = {one: market.withdraw(one) for one in blockers}
                self._tries, self._locked = TRIES // 10, {at}
                market.promise(at, candidate)
                if self._house_all(sorted(blockers - {other}), 1):
                    return other
                market.withdraw(at)
                self._give_back(saved)
        return None

    def improve(self, at: int) -> bool:
        """Move an appointment to a cheaper slot, or swap it with one other if that saves more than it costs."""
        market = self._market
        before = market.promises[at]
        market.withdraw(at)
        best = next(market.open_candidates(at))
        for candidate in market.candidates[at]:
            if candidate.cost >= best.cost:
                break
            blockers = market.blockers(at, candidate)
            if len(blockers) == 1 and self._swap(at, candidate, min(blockers), best.cost - candidate.cost):
                return True
        if best.cost < before.candidate.cost:
            market.promise(at, best)
            return True
        market.restore(at, before)
        return False

    def _swap(self, at: int, candidate: Candidate, other: int, saved: int) -> bool:
        """Take the slot of another one, if that finds a slot which costs it less than is saved."""
        market = self._market
        theirs = market.withdraw(other)
        market.promise(at, candidate)
        elsewhere = next(market.open_candidates(other), None)
        if elsewhere and elsewhere.cost - theirs.candidate.cost < saved:
            market.promise(other, elsewhere)
            return True
        market.withdraw(at)
        market.restore(other, theirs)
        return False

    def _house(self, at: int, longest: int) -> bool:
        market = self._market
        free = next(market.open_candidates(at), None)
        if free:
            market.promise(at, free)
            return True
        if not longest:
            return False
        self._locked.add(at)
        for candidate, blockers in self._held_candidates(at):
            if self._tries <= 0:
                break
            if blockers & self._locked or len(blockers) > MOST_BLOCKERS:
                continue
            self._tries -= 1
            saved = {one: market.withdraw(one) for one in blockers}
            market.promise(at, candidate)
            if self._house_all(sorted(blockers), longest - 1):
                self._locked.discard(at)
                return True
            market.withdraw(at)
            self._give_back(saved)
        self._locked.discard(at)
        return False

    def _house_all(self, ones: list[int], longest: int) -> bool:
        """House several, or none of them."""
        before = dict(self._market.promises)
        if all(self._house(one, longest) for one in ones):
            return True
        self._return_to(before)
        return False

    def _return_to(self, promises: dict[int, Promise]) -> None:
        market = self._market
        changed = [at for at, promise in market.promises.items() if promises.get(at) is not promise]
        for at in changed:
            market.withdraw(at)
        self._give_back({at: promise for at, promise in promises.items() if at not in market.promises})

    def _give_back(self, saved: dict[int, Promise]) -> None:
        for at, promise in saved.items():
            self._market.restore(at, promise)

    def _held_candidates(self, at: int) -> Iterator[tuple[Candidate, frozenset[int]]]:
        """The candidates that others hold, one for each set of holders, the fewest holders first."""
        market = self._market
        found: dict[frozenset[int], Candidate] = {}
        for candidate in market.candidates[at]:
            found.setdefault(market.blockers(at, candidate), candidate)
        yield from sorted(
            ((candidate, held) for held, candidate in found.items()), key=lambda one: (len(one[1]), one[0])
        )
