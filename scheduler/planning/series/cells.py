"""The cells of a search for a series, with the bound that guides it. A cell is one session on one day.

The bound of a cell is the least that the sessions after it can cost if nobody minds a change of time or practitioner:
days, sessions left out, and the cheapest start of each day. It never exceeds the true cost, and from one cell to the
next it never falls by more than the way there costs.
"""

from collections.abc import Iterable
from itertools import takewhile
from typing import NamedTuple

from scheduler.planning.series.costs import weekday_of
from scheduler.planning.series.diary import Diary, Kind, PricedStarts, kind_of
from scheduler.planning.series.legs import BEGINNING, NEVER, Leg, Legs
from scheduler.planning.series.sessions import Fixed


class Allowed(NamedTuple):
    """What the sessions still to be placed must keep to: ticks of the lanes, on any day, and all weekdays but one."""

    starts: int = -1
    weekday_avoided: int | None = None


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
        "first",
        "hidden",
        "last",
        "least",
        "left",
        "levels",
        "options",
        "prices",
        "reachable",
        "rests",
        "reveals",
        "same",
        "session",
        "wakes",
    )

    def __init__(self, session: int, day: int, prices: PricedStarts, starts: int, bound: int) -> None:
        self.session, self.day, self.prices, self.bound = session, day, prices, bound
        self.least = prices[0][0]
        # Legs not yet looked at, dearest first, and the cost at which the next one must be; what the others lead to.
        self.hidden: list[Leg] = []
        self.reveals = NEVER
        self.options: list[Option] = []
        # Whether any leg may demand rest; what it adds to leave out all later sessions.
        self.rests = False
        self.ending = NEVER
        # Starts that nothing has led to yet. As costs ascend, what leads to a start first does so at the least cost.
        self.left = starts
        # Starts by the level that they will be taken in at, and when to look at the cell next.
        self.due: dict[int, int] = {}
        self.wakes = NEVER
        # The starts taken in, by level, ascending; the first level and the last.
        self.levels: dict[int, int] = {}
        self.first = self.last = NEVER
        # What is within reach of the same practitioner, and of anyone, by the costs at which it grew.
        self.same: dict[int, int] = {}
        self.anyone: dict[int, int] = {}
        self.reachable = (0, 0)
        # All ticks of the lanes with starts so far back that any change of time is paid for.
        self.filled = 0
        # Starts no better than one taken in before plus a change.
        self.beaten = 0


class Cells:
    """All cells of one search, made when a leg to them is taken up.

    `spare` is how much a series may cost beyond the bound. Where that allows to leave out a session more than the bound
    does, there are legs past any session; else only where the bound itself takes one, as others cannot pay off.
    """

    def __init__(self, legs: Legs, diary: Diary, allowed: Allowed) -> None:
        self._legs, self._diary, self._allowed = legs, diary, allowed
        self._kinds = [kind_of(session) for session in legs.sessions]
        kinds: dict[Kind, Days] = {}
        self._days: list[Days] = [
            self._fixed_days(session.fixed) if session.fixed else kinds.setdefault(kind, {})
            for session, kind in zip(legs.sessions, self._kinds, strict=True)
        ]
        self._known: list[dict[int, Cell]] = [{} for _ in legs.sessions]
        # By session and day; the beginning's, whose session is -1, is the last.
        self._bounds: list[dict[int, int]] = [{} for _ in range(len(legs.sessions) + 1)]
        self.beginning = Cell(BEGINNING, 0, [(0, 1)], 1, self._bound(BEGINNING, 0))
        self.spare = 0

    def prepare(self, cell: Cell, cost: int) -> None:
        """Look at the ways on from a cell reached for the first time, without opening the days that they lead to."""
        cell.first = cost
        session, unplaced = cell.session, self._legs.weights.unplaced
        legs = self._legs.direct(session, cell.day)
        if cell.bound >= unplaced or self.spare > unplaced:
            legs += takewhile(
                lambda leg: leg[0] - cell.bound < self.spare, self._legs.detours(session, cell.day)
            )
        cell.ending = self._legs.ending_costs[session] - cell.bound
        cell.rests = self._legs.rests[session]
        cell.hidden = legs[::-1]
        self.reveal(cell, cost)

    def reveal(self, cell: Cell, until: int) -> None:
        """Turn the legs that may lead on at a cost, or at less, into options."""
        hidden, base = cell.hidden, cell.first - cell.bound
        while hidden and hidden[-1][0] + base <= until:
            cost, session, day, rest, plain = hidden.pop()
            prices, starts = self._starts(session, day)
            if starts and (rest is None or self._rest_fits(cell.session, cell.day, starts, rest)):
                added = cost + prices[0][0] + self._bound(session, day) - cell.bound
                if added < self.spare:
                    cell.options.append(Option(added, self._at(session, day), rest, plain))
        cell.reveals = hidden[-1][0] + base if hidden else NEVER

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
        """A session's starts on a day, by cost and all together, as far as they are allowed."""
        days = self._days[session]
        if day not in days:
            allowed = self._allowed.starts
            prices: PricedStarts = []
            if not self._legs.sessions[session].fixed and weekday_of(day) != self._allowed.weekday_avoided:
                prices = self._diary.starts(self._kinds[session], day)
            if allowed != -1:
                prices = [(cost, starts & allowed) for cost, starts in prices if starts & allowed]
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
