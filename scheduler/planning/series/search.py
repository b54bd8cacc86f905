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

from scheduler.planning.series.cells import Avoided, Cell, Cells, Option
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
    run = cheapest_below(NEVER, legs, diary, Avoided())
    while True:
        try:
            next(run)
        except StopIteration as end:
            found: Found = end.value
            return found


def cheapest_below(limit: int, legs: Legs, diary: Diary, avoided: Avoided) -> Run:
    """Look for the cheapest series that avoids something, as long as it may cost less than the limit.

    Tries to leave out no more sessions than the bound says, then one more, and so on: looking for ways past sessions
    that need not be left out would take long and is hardly ever needed.
    """
    unplaced = legs.weights.unplaced
    top = 0
    while top < limit:
        search = _Search(legs, diary, avoided)
        top = min((max(search.least, top) // unplaced + 1) * unplaced, limit)
        found = yield from search.run(top)
        if found:
            return found
    return None


class _Search:
    """One run of the search."""

    def __init__(self, legs: Legs, diary: Diary, avoided: Avoided) -> None:
        self._lanes, self._weights = diary.lanes, legs.weights
        self._steps = time_steps(legs.weights)
        self._any_time = self._steps[-1].cost
        self._dearest_change = self._any_time + legs.weights.practitioner_change
        self._unit = common_unit(legs.weights)
        self._cells = Cells(legs, diary, avoided)
        self._reached: list[dict[Cell, None]] = [{} for _ in range(len(legs.sessions) + 1)]
        self.least = self._cells.beginning.bound

    def run(self, limit: int) -> Run:
        """Look for the cheapest series as long as it may cost less than the limit."""
        self._cells.spare = limit - self.least
        self._queue(self._cells.beginning, 1, self.least)
        cost = self.least
        while cost < limit:
            yield cost
            for cells in self._reached:
                for cell in cells:
                    if cell.wakes <= cost and self._visit(cell, cost):
                        return Found(cost, self._traced(cell))
            cost = min(cell.wakes for cells in self._reached for cell in cells)
        return None

    def _queue(self, cell: Cell, starts: int, cost: int) -> None:
        """Have a cell take in starts at a cost that includes their own."""
        cell.due[cost] = cell.due.get(cost, 0) | starts
        if cost < cell.wakes:
            cell.wakes = cost
        self._reached[cell.session + 1][cell] = None

    def _visit(self, cell: Cell, cost: int) -> bool:
        """Do all that is due in a cell at a cost; whether this completes a series."""
        self._age(cell, cost)
        starts = cell.due.pop(cost, 0) & ~cell.beaten
        if not cell.levels:
            self._cells.prepare(cell)
        if starts:
            cell.levels.append((cost, starts))
        first, last = cell.levels[0][0], cell.levels[-1][0]
        if cost - first == cell.ending:
            return True
        if cell.hidden:
            self._cells.reveal(cell, cost - first)
        if cost <= last + self._dearest_change:
            self._grow(cell, cost)
        for option in cell.options:
            if option.cell.left:
                self._pass_on(cell, option, cost)
        cell.wakes = self._next_wake(cell, cost)
        return False

    def _next_wake(self, cell: Cell, cost: int) -> int:
        """The next cost at which something may be due in a cell."""
        first, last = cell.levels[0][0], cell.levels[-1][0]
        if cost < last + self._dearest_change:
            return cost + self._unit
        wakes = [first + cell.ending, *cell.due]
        if cell.hidden:
            wakes.append(first + cell.hidden[-1][0] - cell.bound)
        for option in cell.options:
            if option.cell.left and cost < last + self._dearest_change + option.cost:
                wakes.append(max(first + option.cost, cost + self._unit))
        return min(wakes)

    def _age(self, cell: Cell, cost: int) -> None:
        """Let levels that lie back by a whole change of time or practitioner drop what they beat."""
        levels, lanes, beaten = cell.levels, self._lanes, cell.beaten
        while (
            cell.shared < len(levels) and levels[cell.shared][0] + self._weights.practitioner_change <= cost
        ):
            beaten |= lanes.everywhere(lanes.folded(levels[cell.shared][1]))
            cell.shared += 1
        while cell.filled_levels < len(levels) and levels[cell.filled_levels][0] + self._any_time <= cost:
            cell.filled |= lanes.filled(lanes.companions(levels[cell.filled_levels][1]))
            cell.filled_levels += 1
            if not cell.rests:
                beaten |= cell.filled
        if beaten != cell.beaten:
            cell.beaten = beaten
            cell.left &= ~beaten

    def _grow(self, cell: Cell, cost: int) -> None:
        """Add to a cell's reach what comes within it at a cost: by a change of time, and then of practitioner."""
        lanes = self._lanes
        same = cell.filled
        level, starts = cell.levels[-1]
        if level == cost:
            starts = lanes.companions(starts)
            radius = self._steps[0].radius
            same |= lanes.filled(starts) if radius is None else lanes.near(starts, -radius, radius)
        if cell.times:
            same |= cell.same[-1]
            same |= lanes.wider(cell.reach_at(cell.same, cost - self._weights.time_change), TIME_STEP_TICKS)
        cell.times.append(cost)
        cell.same.append(same)
        anyone = same | cell.anyone[-1] if cell.anyone else same
        other = cell.reach_at(cell.same, cost - self._weights.practitioner_change)
        cell.anyone.append(anyone | lanes.everywhere(lanes.folded(other)) if other else anyone)

    def _pass_on(self, cell: Cell, option: Option, cost: int) -> None:
        """Queue the starts of another cell that a cell leads to for the first time, by what they cost on their own."""
        there = option.cell
        then = cost - option.cost
        if option.plain:
            reached = there.left if then >= cell.levels[0][0] else 0
        elif option.rest is None:
            reached = there.left & cell.reach_at(cell.anyone, then)
        else:
            reached = there.left & self._rested(cell, option.rest, then)
        if reached:
            there.left ^= reached
            for price, starts in there.prices:
                hits = starts & reached
                if hits:
                    self._queue(there, hits, cost + price - there.least)

    def _rested(self, cell: Cell, rest: int, then: int) -> int:
        """The ticks within a cell's reach at exactly a cost that are at least `rest` ticks later than the start."""
        lanes, found = self._lanes, 0
        for other in (False, True):
            for radius, change in self._steps:
                paid = then - change - other * self._weights.practitioner_change
                for level, starts in cell.levels:
                    if level == paid:
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
        level, starts = cell.levels[0]
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
                        for earlier, starts in before.levels:
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
