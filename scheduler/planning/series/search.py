"""The cheapest series: a best-first search over sets of starts, exact for the costs of costs.py.

The starts of a cell (one session on one day) are the bits of one integer, a lane a practitioner and a bit a tick. All
that are reached at the same cost go on together: to another day, another time of day or another practitioner is a few
shifts, however many starts there are.

The search sweeps over the cells in the order of the sessions, once for each cost so far plus bound, ascending. At each
cost a cell takes in the starts that led to it for so much, lets the ticks within its reach grow by what one more unit
pays for, and passes them on to the cells after it. So a start is first reached at its true cost, and the first complete
series is the cheapest. A start is dropped where an earlier one of the same cell can go on in every way that it can, a
change of time or practitioner included, for no more.
"""

from collections.abc import Generator
from typing import NamedTuple

from scheduler.planning.series.cells import Allowed, Cell, Cells, Option
from scheduler.planning.series.costs import TIME_STEP_TICKS, common_unit, time_change_cost, time_steps
from scheduler.planning.series.diary import Diary
from scheduler.planning.series.legs import BEGINNING, NEVER, Legs
from scheduler.planning.timeline import TICK_MINUTES


class Stop(NamedTuple):
    """A session of the series found, by its place in the list, with its day and its start: one bit of the lanes."""

    session: int
    day: int
    start: int


class Found(NamedTuple):
    """A series and its cost. The sessions missing in it are left out."""

    cost: int
    stops: list[Stop]


Run = Generator[int, None, Found | None]
"""A search under way: yields, ascending, what the series is going to cost at least, and returns it."""


def cheapest(legs: Legs, diary: Diary) -> Found:
    """The cheapest series; at worst all sessions but the fixed ones are left out."""
    run = cheapest_below(NEVER, legs, diary, Allowed())
    while True:
        try:
            next(run)
        except StopIteration as end:
            found: Found = end.value
            return found


def cheapest_below(limit: int, legs: Legs, diary: Diary, allowed: Allowed) -> Run:
    """Look for the cheapest series within what is allowed, as long as it may cost less than the limit.

    Tries to leave out no more sessions than the bound says, then one more, and so on: looking for ways past sessions
    that need not be left out would take long and is hardly ever needed.
    """
    unplaced = legs.weights.unplaced
    top = 0
    while top < limit:
        search = _Search(legs, diary, allowed)
        top = min((max(search.least, top) // unplaced + 1) * unplaced, limit)
        found = yield from search.run(top)
        if found:
            return found
    return None


class _Search:
    """One run of the search."""

    def __init__(self, legs: Legs, diary: Diary, allowed: Allowed) -> None:
        self._lanes, self._weights = diary.lanes, legs.weights
        self._steps = time_steps(legs.weights)
        self._any_time = self._steps[-1].cost
        self._dearest_change = self._any_time + legs.weights.practitioner_change
        self._unit = common_unit(legs.weights)
        self._cells = Cells(legs, diary, allowed)
        self._reached: list[dict[Cell, None]] = [{} for _ in range(len(legs.sessions) + 1)]
        self.least = self._cells.beginning.bound

    def run(self, limit: int) -> Run:
        """Look for the cheapest series as long as it may cost less than the limit."""
        self._cells.spare = limit - self.least
        self._lead_to(self._cells.beginning, 1, self.least)
        cost = self.least
        while cost < limit:
            yield cost
            following = NEVER
            for cells in self._reached:
                for cell in cells:
                    if cell.wakes <= cost and self._visit(cell, cost):
                        return Found(cost, self._traced(cell))
                    if cell.wakes < following:
                        following = cell.wakes
            cost = following
        return None

    def _visit(self, cell: Cell, cost: int) -> bool:
        """Do all that is due in a cell at a cost; whether this completes a series."""
        if not cell.levels:
            self._cells.prepare(cell, cost)
        self._drop_beaten(cell, cost)
        starts = cell.due.pop(cost, 0) & ~cell.beaten
        if starts:
            cell.levels[cost] = starts
            cell.last = cost
        if cost == cell.first + cell.ending:
            return True
        if cost >= cell.reveals:
            self._cells.reveal(cell, cost)
        if cost <= cell.last + self._dearest_change:
            self._grow(cell, starts, cost)
        for added, there, rest, plain in cell.options:
            if there.left and cost >= cell.first + added:
                if plain:
                    reached = there.left
                elif rest is None:
                    # What was within reach when it did not grow was passed on when it last did.
                    reached = there.left & cell.anyone.get(cost - added, 0)
                else:
                    reached = there.left & self._rested(cell, rest, cost - added)
                if reached:
                    self._lead_to(there, reached, cost)
        cell.wakes = self._next_wake(cell, cost)
        return False

    def _next_wake(self, cell: Cell, cost: int) -> int:
        """The next cost at which something may be due in a cell."""
        settled = cell.last + self._dearest_change
        if cost < settled:
            return cost + self._unit
        wakes = [cell.first + cell.ending, cell.reveals, *cell.due]
        for option in cell.options:
            if option.cell.left and cost < settled + option.cost:
                wakes.append(max(cell.first + option.cost, cost + self._unit))
        return min(wakes)

    def _drop_beaten(self, cell: Cell, cost: int) -> None:
        """Drop what is no better than a start that was reached cheaper by a whole change of practitioner or time."""
        lanes, beaten = self._lanes, 0
        past = cell.levels.get(cost - self._weights.practitioner_change)
        if past:
            beaten = lanes.everywhere(lanes.folded(past))
        past = cell.levels.get(cost - self._any_time)
        if past:
            cell.filled |= lanes.filled(lanes.companions(past))
            if not cell.rests:
                beaten |= cell.filled
        if beaten:
            cell.beaten |= beaten
            cell.left &= ~beaten

    def _grow(self, cell: Cell, starts: int, cost: int) -> None:
        """Add to a cell's reach what comes within it at a cost: by a change of time, and then of practitioner."""
        lanes, weights = self._lanes, self._weights
        same, anyone = cell.reachable
        same |= cell.filled
        if starts:
            starts = lanes.companions(starts)
            radius = self._steps[0].radius
            same |= lanes.filled(starts) if radius is None else lanes.near(starts, -radius, radius)
        before = cell.same.get(cost - weights.time_change)
        if before:
            same |= lanes.wider(before, TIME_STEP_TICKS)
        cell.same[cost] = same
        anyone |= same
        before = cell.same.get(cost - weights.practitioner_change)
        if before:
            anyone |= lanes.everywhere(lanes.folded(before))
        cell.anyone[cost] = anyone
        cell.reachable = same, anyone

    def _lead_to(self, cell: Cell, starts: int, cost: int) -> None:
        """Have a cell take in starts that something has led to for the first time, by what they cost on their own."""
        cell.left ^= starts
        self._reached[cell.session + 1][cell] = None
        for price, some in cell.prices:
            hits = starts & some
            if hits:
                level = cost + price - cell.least
                cell.due[level] = cell.due.get(level, 0) | hits
                if level < cell.wakes:
                    cell.wakes = level

    def _rested(self, cell: Cell, rest: int, then: int) -> int:
        """The ticks within a cell's reach at exactly a cost that are at least `rest` ticks later than the start."""
        lanes, found = self._lanes, 0
        for other in (False, True):
            for radius, change in self._steps:
                paid = then - change - other * self._weights.practitioner_change
                starts = cell.levels.get(paid, 0)
                if starts:
                    starts = lanes.folded(starts) if other else lanes.companions(starts)
                    if radius is None:
                        ticks = lanes.since_earliest(starts, rest)
                    else:
                        ticks = lanes.near(starts, max(-radius, rest), radius)
                    found |= lanes.everywhere(ticks) if other else ticks
        return found

    def _traced(self, cell: Cell) -> list[Stop]:
        """The way back from the cheapest start of a cell, as a series from the first session on."""
        stops = []
        level, starts = next(iter(cell.levels.items()))
        start = starts & -starts
        while cell.session != BEGINNING:
            stops.append(Stop(cell.session, cell.day, start))
            price = next(price for price, starts in cell.prices if starts & start)
            cell, level, start = self._before(cell, level - price + cell.least, start)
        return stops[::-1]

    def _before(self, cell: Cell, level: int, start: int) -> tuple[Cell, int, int]:
        """Where a start, reached at a level but for its own price, was reached from: the nearest time of day wins."""
        best: tuple[int, Cell, int, int] | None = None
        for cells in reversed(self._reached[: cell.session + 1]):
            for before in cells:
                for option in before.options:
                    if option.cell is cell:
                        for earlier, starts in before.levels.items():
                            change = level - earlier - option.cost
                            nearest = self._nearest(starts, start, change, option)
                            if nearest and (best is None or nearest[0] < best[0]):
                                best = (nearest[0], before, earlier, nearest[1])
            if best:
                return best[1:]
        raise AssertionError("a start was reached from nowhere")

    def _nearest(self, starts: int, start: int, change: int, option: Option) -> tuple[int, int] | None:
        """The start, among some, nearest in time from which this change leads to a start; first how far off it is."""
        if option.plain:
            return None if change else (0, starts & -starts)
        lanes, weights = self._lanes, self._weights
        lane, tick = lanes.locate(start)
        for other in (False, True):
            if change < other * weights.practitioner_change:
                break
            ticks = lanes.of(lanes.folded(starts), 0) if other else lanes.of(lanes.companions(starts), lane)
            if option.rest is not None:
                ticks &= (1 << max(tick - option.rest + 1, 0)) - 1
            if ticks:
                at = _nearest_bit(ticks, tick)
                cost = time_change_cost(weights, (at - tick) * TICK_MINUTES)
                if cost + other * weights.practitioner_change == change:
                    there = (
                        lanes.everywhere(lanes.bit(0, at)) if other else lanes.companions(lanes.bit(lane, at))
                    )
                    found = starts & lanes.bit(lane, at) or starts & there
                    return abs(at - tick) + other * lanes.size, found & -found
        return None


def _nearest_bit(bits: int, place: int) -> int:
    """The set bit nearest to a place; of two, the lower one."""
    below = (bits & ((2 << place) - 1)).bit_length() - 1
    above = bits >> place
    higher = place + (above & -above).bit_length() - 1
    if below < 0 or (above and higher - place < place - below):
        return higher
    return below
