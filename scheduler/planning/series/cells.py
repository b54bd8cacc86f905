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
from scheduler.planning.series.sessions import Fixed


class Avoided(NamedTuple):
    """What the sessions still to be placed must keep away from: ticks of the lanes, on any day, and one weekday."""

    starts: int = 0
    weekday: int | None = None


Days = dict[int, tuple[PricedStarts, int]]
"""A session's starts by day: by cost, and all together."""


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

    def __init__(self, session: int, day: int, prices: PricedStarts, starts: int, bound: int) -> None:
        self.session, self.day, self.prices, self.bound = session, day, prices, bound
        self.least = prices[0][0]
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
    """All cells of one search, made when a leg to them is taken up.

    `spare` is how much a series may cost beyond the bound. Where that allows to leave out a session more than the bound
    does, there are legs past any session; else only where the bound itself takes one, as others cannot pay off.
    """

    def __init__(self, legs: Legs, diary: Diary, avoided: Avoided) -> None:
        self._legs, self._diary, self._avoided = legs, diary, avoided
        kinds: dict[Kind, Days] = {}
        self._days: list[Days] = [
            self._fixed_days(session.fixed) if session.fixed else kinds.setdefault(kind_of(session), {})
            for session in legs.sessions
        ]
        self._known: list[dict[int, Cell]] = [{} for _ in legs.sessions]
        # By session and day; the beginning's, whose session is -1, is the last.
        self._bounds: list[dict[int, int]] = [{} for _ in range(len(legs.sessions) + 1)]
        self.beginning = Cell(BEGINNING, 0, [(0, 1)], 1, self._bound(BEGINNING, 0))
        self.spare = 0

    def prepare(self, cell: Cell) -> None:
        """Look at the ways on from a cell, without opening the days that they lead to."""
        session, unplaced = cell.session, self._legs.weights.unplaced
        legs = self._legs.direct(session, cell.day)
        if cell.bound >= unplaced or self.spare > unplaced:
            legs += self._legs.detours(session, cell.day)
        cell.ending = self._legs.ending_costs[session] - cell.bound
        cell.rests = self._legs.rests[session]
        cell.hidden = sorted(legs, reverse=True)

    def reveal(self, cell: Cell, amount: int) -> None:
        """Turn the legs that may add as little as an amount into options."""
        hidden = cell.hidden
        while hidden and hidden[-1][0] - cell.bound <= amount:
            cost, session, day, rest, plain = hidden.pop()
            prices, starts = self._starts(session, day)
            if starts and (rest is None or self._rest_fits(cell.session, cell.day, starts, rest)):
                added = cost + prices[0][0] + self._bound(session, day) - cell.bound
                if added < self.spare:
                    cell.options.append(Option(added, self._at(session, day), rest, plain))

    def _at(self, session: int, day: int) -> Cell:
        known = self._known[session]
        if day not in known:
            known[day] = Cell(session, day, *self._starts(session, day), self._bound(session, day))
        return known[day]

    def _bound(self, session: int, day: int) -> int:
        """The least that everything after a session can cost; NEVER if a later fixed session cannot be reached."""
        known = self._bounds[session]
        if day not in known:
            least = self._legs.ending_costs[session]
            least = self._least(session, day, self._legs.direct(session, day), least)
            if least >= self._legs.weights.unplaced:
                least = self._least(session, day, self._legs.detours(session, day), least)
            known[day] = least
        return known[day]

    def _least(self, session: int, day: int, legs: Iterable[Leg], least: int) -> int:
        for cost, following, there, rest, _ in legs:
            if cost >= least:
                break
            prices, starts = self._days[following].get(there) or self._starts(following, there)
            if starts and cost + prices[0][0] < least:
                if rest is not None and not self._rest_fits(session, day, starts, rest):
                    continue
                bound = self._bounds[following].get(there)
                if bound is None:
                    bound = self._bound(following, there)
                least = min(least, cost + prices[0][0] + bound)
        return least

    def _starts(self, session: int, day: int) -> tuple[PricedStarts, int]:
        """A session's starts on a day, by cost and all together, as far as they need not be avoided."""
        days = self._days[session]
        if day not in days:
            avoided = self._avoided.starts
            prices: PricedStarts = []
            if not self._legs.sessions[session].fixed and weekday_of(day) != self._avoided.weekday:
                prices = self._diary.starts(kind_of(self._legs.sessions[session]), day)
            if avoided:
                left = [(cost, starts & ~avoided) for cost, starts in prices]
                prices = [(cost, starts) for cost, starts in left if starts]
            # The sets are disjoint.
            days[day] = prices, sum([starts for _, starts in prices])
        return days[day]

    def _fixed_days(self, fixed: Fixed) -> Days:
        start = self._diary.fixed_start(fixed)
        return {fixed.day: ([(0, start)], start)}

    def _rest_fits(self, session: int, day: int, later: int, rest: int) -> bool:
        """Whether any of the later starts is late enough after any start of a session, whoever treats."""
        earlier = self._diary.lanes.folded(self._starts(session, day)[1])
        later = self._diary.lanes.folded(later)
        return later.bit_length() >= (earlier & -earlier).bit_length() + rest
