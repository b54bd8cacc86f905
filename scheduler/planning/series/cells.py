"""The cells of a search for a series, with the bound that guides it. A cell is one session on one day.

The bound of a cell is the least that the sessions after it can cost if nobody minds a change of time or practitioner:
days, sessions left out, and the cheapest start of each day. It never exceeds the true cost, and from one cell to the
next it never falls by more than the way there costs.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from scheduler.planning.series.costs import weekday_of
from scheduler.planning.series.diary import Diary, Kind, PricedStarts, kind_of
from scheduler.planning.series.legs import BEGINNING, NEVER, Leg, Legs


class Avoided(NamedTuple):
    """What the sessions still to be placed must keep away from: ticks of the lanes, on any day, and one weekday."""

    starts: int = 0
    weekday: int | None = None


class Option(NamedTuple):
    """A way on to a cell; `cost` is what it adds to cost so far plus bound."""

    cost: int
    cell: "Cell"
    rest: int | None
    plain: bool


class Cell:
    """One session on one day: its starts, the ways on, and how far the search has got with it.

    A level is the cost so far plus bound at which starts were reached, their own cost included.
    """

    __slots__ = (
        "anyone",
        "beaten",
        "bound",
        "day",
        "due",
        "ending",
        "filled",
        "filled_levels",
        "hidden",
        "least",
        "left",
        "levels",
        "options",
        "prices",
        "rests",
        "same",
        "session",
        "shared",
        "times",
        "wakes",
    )

    def __init__(self, session: int, day: int, prices: PricedStarts, starts: int) -> None:
        self.session, self.day, self.prices = session, day, prices
        self.least = prices[0][0]
        self.bound: int | None = None
        # Legs not yet looked at, dearest first; whether any leg demands rest; what the others lead to.
        self.hidden: list[Leg] = []
        self.rests = False
        self.options: list[Option] = []
        # What it adds to leave out all later sessions.
        self.ending = NEVER
        # Starts that nothing has led to yet. As costs ascend, what leads to a start first does so at the least cost.
        self.left = starts
        # Starts by the level that they will be taken in at, and when to look at the cell next.
        self.due: dict[int, int] = {}
        self.wakes = NEVER
        # (level, the starts taken in), ascending.
        self.levels: list[tuple[int, int]] = []
        # What was within reach at some costs, ascending: of the same practitioner, and of anyone.
        self.times: list[int] = []
        self.same: list[int] = []
        self.anyone: list[int] = []
        # All ticks of the lanes with starts so far back that any change of time is paid for; from so many levels.
        self.filled = self.filled_levels = 0
        # Starts no better than one taken in before plus a change; of practitioner, from so many levels.
        self.beaten = self.shared = 0

    def reach_at(self, reach: list[int], cost: int) -> int:
        """What was within reach at a cost, in one of the histories."""
        known = bisect_right(self.times, cost)
        return reach[known - 1] if known else 0


class Cells:
    """All cells of one search, made when first asked for.

    `spare` is how much a series may cost beyond the bound. Where that allows to leave out a session more than the bound
    does, there are legs past any session; else only where the bound itself takes one, as others cannot pay off.
    """

    def __init__(self, legs: Legs, diary: Diary, avoided: Avoided) -> None:
        self._legs, self._diary, self._avoided = legs, diary, avoided
        self._kinds = [kind_of(session) for session in legs.sessions]
        self._known: list[dict[int, Cell | None]] = [{} for _ in legs.sessions]
        self._days: dict[tuple[Kind, int], tuple[PricedStarts, int]] = {}
        self.beginning = Cell(BEGINNING, 0, [(0, 1)], 1)
        self.spare = 0

    def bound(self, cell: Cell) -> int:
        """The least that everything after the cell can cost; NEVER if a later fixed session cannot be reached."""
        if cell.bound is None:
            session, day = cell.session, cell.day
            least = self._least(cell, self._legs.direct(session, day), self._legs.ending_cost(session))
            if least >= self._legs.weights.unplaced:
                least = self._least(cell, self._legs.detours(session, day), least)
            cell.bound = least
        return cell.bound

    def prepare(self, cell: Cell) -> None:
        """Look at the ways on from a cell, without opening the days that they lead to."""
        session, day, bound = cell.session, cell.day, self.bound(cell)
        unplaced = self._legs.weights.unplaced
        legs = self._legs.direct(session, day)
        if bound >= unplaced or self.spare > unplaced:
            legs += self._legs.detours(session, day)
        cell.ending = self._legs.ending_cost(session) - bound
        cell.rests = any(leg[3] is not None for leg in legs)
        cell.hidden = sorted(legs, reverse=True)

    def least_hidden(self, cell: Cell) -> int:
        """What the legs not yet revealed add at least."""
        return cell.hidden[-1][0] - self.bound(cell)

    def reveal(self, cell: Cell, amount: int) -> None:
        """Turn the legs that may add as little as an amount into options."""
        bound, hidden = self.bound(cell), cell.hidden
        while hidden and hidden[-1][0] - bound <= amount:
            cost, session, day, rest, plain = hidden.pop()
            there = self._at(session, day)
            if there and (rest is None or self._rest_fits(cell, there, rest)):
                added = cost + there.least + self.bound(there) - bound
                if added < self.spare:
                    cell.options.append(Option(added, there, rest, plain))

    def _least(self, cell: Cell, legs: Iterable[Leg], least: int) -> int:
        for cost, session, day, rest, _ in legs:
            if cost >= least:
                break
            there = self._at(session, day)
            if there is not None:
                total = cost + there.least
                if total < least and (rest is None or self._rest_fits(cell, there, rest)):
                    total += self.bound(there) if there.bound is None else there.bound
                    least = min(least, total)
        return least

    def _at(self, session: int, day: int) -> Cell | None:
        """The cell of a session on a day; None where nothing starts."""
        known = self._known[session]
        if day not in known:
            fixed = self._legs.sessions[session].fixed
            if fixed:
                start = self._diary.fixed_start(fixed)
                known[day] = Cell(session, day, [(0, start)], start)
            else:
                prices, starts = self._starts(self._kinds[session], day)
                known[day] = Cell(session, day, prices, starts) if starts else None
        return known[day]

    def _starts(self, kind: Kind, day: int) -> tuple[PricedStarts, int]:
        """The starts of a kind on a day, by cost and all together, as far as they need not be avoided."""
        found = self._days.get((kind, day))
        if found is None:
            prices = [] if weekday_of(day) == self._avoided.weekday else self._diary.starts(kind, day)
            avoided = self._avoided.starts
            if avoided:
                left = ((cost, starts & ~avoided) for cost, starts in prices)
                prices = [(cost, starts) for cost, starts in left if starts]
            # The sets are disjoint.
            found = self._days[kind, day] = prices, sum(starts for _, starts in prices)
        return found

    def _rest_fits(self, cell: Cell, there: Cell, rest: int) -> bool:
        """Whether any start there is late enough after any here, whoever treats."""
        earliest, latest = (
            self._diary.lanes.folded(sum(s for _, s in each.prices)) for each in (cell, there)
        )
        return latest.bit_length() >= (earliest & -earliest).bit_length() + rest
