"""The cheapest series: a best-first search over sets of starts, exact for the costs of costs.py.

The starts of a cell (one session on one day) are the bits of one integer, a lane a practitioner and a bit a tick. All
that are reached at the same cost go on together: to another day, another time of day or another practitioner is a few
shifts, however many starts there are.

Cells are taken up by cost so far plus bound, cheapest first, so that a start is first reached at its true cost and the
first complete series is the cheapest. A start is dropped where an earlier one of the same cell can go on in every way
that it can, a change of time or practitioner included, for no more.
"""

from bisect import bisect_right
from collections.abc import Generator
from heapq import heappop, heappush
from typing import NamedTuple

from scheduler.planning.series.cells import PLAIN, Avoided, Cell, Cells, Step
from scheduler.planning.series.costs import TIME_STEP_TICKS, time_steps
from scheduler.planning.series.diary import Diary
from scheduler.planning.series.legs import BEGINNING, NEVER, Legs


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


class _Task:
    """Starts of a cell that were reached at the same cost, on their way on; `ticks` are those new to the cell."""

    __slots__ = ("cell", "level", "reach", "starts", "ticks")

    def __init__(self, cell: Cell, level: int, starts: int, ticks: int) -> None:
        self.cell, self.level, self.starts, self.ticks = cell, level, starts, ticks
        # What comes within reach by a kind of change, under a rest.
        self.reach: dict[tuple[int, int | None], int] = {}


class _Round:
    """What waits for one cost so far plus bound: starts by session and cell, and tasks to be gone on with."""

    __slots__ = ("arrivals", "tasks")

    def __init__(self, sessions: int) -> None:
        self.arrivals: list[dict[Cell, int]] = [{} for _ in range(sessions)]
        self.tasks: list[_Task] = []


class _Search:
    """One run of the search."""

    def __init__(self, legs: Legs, diary: Diary, avoided: Avoided) -> None:
        self._legs, self._diary, self._lanes = legs, diary, diary.lanes
        self._practitioner_change = legs.weights.practitioner_change
        self._time_change = time_steps(legs.weights)[-1].cost
        steps = time_steps(legs.weights)
        self._radii = [step.radius for step in steps]
        costs = [step.cost for step in steps]
        costs += [legs.weights.practitioner_change + cost for cost in costs]
        self._cells = Cells(legs, diary, avoided, costs)
        self._rounds: dict[int, _Round] = {}
        self._frontier: list[int] = []
        self.least = self._cells.bound(self._cells.beginning)

    def run(self, limit: int) -> Run:
        """Look for the cheapest series as long as it may cost less than the limit."""
        self._cells.spare = limit - self.least
        self._round(self.least).arrivals[0][self._cells.beginning] = 1
        while self._frontier:
            cost = heappop(self._frontier)
            if cost >= limit:
                break
            yield cost
            last = self._play(self._rounds[cost], cost)
            if last:
                return Found(cost, self._traced(last.cell, last.level, last.starts & -last.starts))
            del self._rounds[cost]
        return None

    def _round(self, cost: int) -> _Round:
        found = self._rounds.get(cost)
        if found is None:
            found = self._rounds[cost] = _Round(len(self._legs.sessions) or 1)
            heappush(self._frontier, cost)
        return found

    def _play(self, round_: _Round, cost: int) -> _Task | None:
        """Do all that is due at a cost, the latest sessions first, or until a task completes a series: that task."""
        tasks, arrivals = round_.tasks, round_.arrivals
        while True:
            if tasks:
                task = tasks.pop()
            else:
                waiting = next((cells for cells in reversed(arrivals) if cells), None)
                if waiting is None:
                    return None
                cell, starts = waiting.popitem()
                settled = self._settle(cell, starts, cost)
                if settled is None:
                    continue
                task = settled
            cell, amount = task.cell, cost - task.level
            if cell.ending == amount:
                return task
            if cell.hidden:
                self._cells.reveal(cell, amount)
            for step in cell.plan.get(amount, ()):
                if step[0].left:
                    self._take(step, task, cost, round_)
            due = bisect_right(cell.agenda, amount)
            if due < len(cell.agenda):
                self._round(task.level + cell.agenda[due]).tasks.append(task)

    def _settle(self, cell: Cell, starts: int, cost: int) -> _Task | None:
        """Which of the starts that reach a cell at a cost are worth going on with."""
        levels, lanes = cell.levels, self._lanes
        if not levels:
            self._cells.prepare(cell)
        while cell.shared < len(levels) and levels[cell.shared][0] + self._practitioner_change <= cost:
            cell.beaten |= lanes.everywhere(lanes.folded(levels[cell.shared][1]))
            cell.shared += 1
        while (
            not cell.rests and cell.timed < len(levels) and levels[cell.timed][0] + self._time_change <= cost
        ):
            cell.beaten |= lanes.filled(levels[cell.timed][1])
            cell.timed += 1
        starts &= ~cell.beaten
        if not starts:
            return None
        levels.append((cost, starts))
        ticks = lanes.folded(starts) & ~cell.ticks
        cell.ticks |= ticks
        return _Task(cell, cost, starts, ticks)

    def _take(self, step: Step, task: _Task, cost: int, round_: _Round) -> None:
        """Queue the starts that a step leads to for the first time, by what they cost on their own."""
        cell, change, rest = step
        reached = cell.left
        if change != PLAIN:
            if change >= len(self._radii) and not task.ticks:
                return
            reach = task.reach.get((change, rest))
            if reach is None:
                reach = task.reach[change, rest] = self._reach(task, change, rest)
            reached &= reach
        if not reached:
            return
        cell.left ^= reached
        for price, starts in cell.prices:
            hits = starts & reached
            if hits:
                extra = price - cell.least
                waiting = (self._round(cost + extra) if extra else round_).arrivals[cell.session]
                waiting[cell] = waiting.get(cell, 0) | hits

    def _reach(self, task: _Task, change: int, rest: int | None) -> int:
        """The ticks of the lanes within reach of a task's starts by a kind of change, under a rest."""
        lanes, kinds = self._lanes, len(self._radii)
        other, step = divmod(change, kinds)
        radius = self._radii[step]
        if radius is not None and step and rest is None:
            narrower = task.reach.get((change - 1, None)) or self._reach(task, change - 1, None)
            return lanes.wider(narrower, TIME_STEP_TICKS)
        starts = task.ticks if other else lanes.companions(task.starts)
        if radius is not None:
            ticks = lanes.near(starts, -radius if rest is None else max(-radius, rest), radius)
        elif rest is not None:
            ticks = lanes.since_earliest(starts, rest)
        else:
            ticks = lanes.first if other else lanes.filled(starts)
        return lanes.everywhere(ticks) if other else ticks

    def _traced(self, cell: Cell, level: int, start: int) -> list[Stop]:
        """The way back from a start reached at a level, as a series from the first session on."""
        stops = []
        while cell.session != BEGINNING:
            stops.append(Stop(cell.session, cell.day, start))
            price = next(price for price, starts in cell.prices if starts & start)
            cell, level, start = self._before(cell, level - price + cell.least, start)
        return stops[::-1]

    def _before(self, cell: Cell, level: int, start: int) -> tuple[Cell, int, int]:
        """Where a start, reached at a level before its own price, was reached from: the nearest time of day wins."""
        best: tuple[int, Cell, int, int] | None = None
        for session in range(cell.session - 1, BEGINNING - 1, -1):
            cells = self._cells.reached(session) if session >= 0 else [self._cells.beginning]
            for before in cells:
                for earlier, starts in before.levels:
                    for step in before.plan.get(level - earlier, ()):
                        if step[0] is cell:
                            nearest = self._nearest(starts, start, step)
                            if nearest and (best is None or nearest[0] < best[0]):
                                best = (nearest[0], before, earlier, nearest[1])
            if best:
                return best[1:]
        raise AssertionError("a start was reached from nowhere")

    def _nearest(self, starts: int, start: int, step: Step) -> tuple[int, int] | None:
        """The start nearest in time, among some, from which a step leads to a start; first how far off it is."""
        _, change, rest = step
        if change == PLAIN:
            return 0, starts & -starts
        lanes = self._lanes
        lane, tick = lanes.locate(start)
        other, radius = divmod(change, len(self._radii))
        ticks = lanes.of(lanes.folded(starts), 0) if other else lanes.of(lanes.companions(starts), lane)
        if rest is not None:
            ticks &= (1 << max(tick - rest + 1, 0)) - 1
        if not ticks:
            return None
        at = _nearest_bit(ticks, tick)
        reach = self._radii[radius]
        if reach is not None and abs(at - tick) > reach:
            return None
        there = lanes.everywhere(lanes.bit(0, at)) if other else lanes.companions(lanes.bit(lane, at))
        found = starts & lanes.bit(lane, at) or starts & there
        return abs(at - tick) + other * lanes.size, found & -found


def _nearest_bit(bits: int, place: int) -> int:
    """The set bit nearest to a place; of two, the lower one."""
    below = (bits & ((2 << place) - 1)).bit_length() - 1
    above = bits >> place
    higher = place + (above & -above).bit_length() - 1
    if below < 0 or (above and higher - place < place - below):
        return higher
    return below
