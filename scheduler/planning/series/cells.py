"""The cells of a search for a series, with the bound that guides it. A cell is one session on one day.

The bound of a cell is the least that the sessions after it can cost if nobody minds a change of time or practitioner:
days, sessions left out, and the cheapest start of each day. It never exceeds the true cost, and from one cell to the
next it never falls by more than the way there costs.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scheduler.planning.series.costs import weekday_of
from scheduler.planning.series.diary import Diary, Kind, PricedStarts, kind_of
from scheduler.planning.series.legs import BEGINNING, NEVER, Leg, Legs


class Avoided(NamedTuple):
    """What the sessions still to be placed must keep away from: ticks of the lanes, on any day, and one weekday."""

    starts: int = 0
    weekday: int | None = None


Step = tuple["Cell", int, int | None]
"""A way on to a cell: by which kind of change (PLAIN: any start leads to any), and under which rest."""
PLAIN = -1


class Cell:
    """One session on one day: its starts, the ways on, and what has reached it so far."""

    __slots__ = (
        "agenda",
        "beaten",
        "bound",
        "day",
        "ending",
        "hidden",
        "least",
        "left",
        "levels",
        "plan",
        "prices",
        "rests",
        "session",
        "shared",
        "ticks",
        "timed",
    )

    def __init__(self, session: int, day: int, prices: PricedStarts, starts: int) -> None:
        self.session, self.day, self.prices = session, day, prices
        self.least = prices[0][0]
        self.bound: int | None = None
        # (cost so far plus bound, the starts first reached at it), ascending.
        self.levels: list[tuple[int, int]] = []
        # Starts that nothing has led to yet. As costs ascend, what leads to a start first does so at the least cost.
        self.left = starts
        # Starts that are no better than one reached before plus a change of practitioner or of time; so many levels
        # have been added to it in each respect.
        self.beaten = 0
        self.shared = self.timed = 0
        # The ticks, of any lane, reached so far.
        self.ticks = 0
        # Legs not yet looked at, dearest first; whether any leg demands rest.
        self.hidden: list[Leg] = []
        self.rests = False
        # The steps that each amount pays for, on top of the cost at which a start was reached.
        self.plan: dict[int, list[Step]] = {}
        # The amount for which all later sessions are left out.
        self.ending = NEVER
        # All amounts at which something is to be done, ascending.
        self.agenda: list[int] = []


class Cells:
    """All cells of one search, made when first asked for.

    `changes` is what each kind of change costs, `spare` how much a series may cost beyond the bound. Where that allows
    to leave out a session more than the bound does, there are legs past any session; else only where the bound itself
    takes one, as others cannot pay off.
    """

    def __init__(self, legs: Legs, diary: Diary, avoided: Avoided, changes: Sequence[int]) -> None:
        self._legs, self._diary, self._avoided = legs, diary, avoided
        self._changes = changes
        self._kinds = [kind_of(session) for session in legs.sessions]
        self._known: list[dict[int, Cell | None]] = [{} for _ in legs.sessions]
        self._days: dict[tuple[Kind, int], tuple[PricedStarts, int]] = {}
        self.beginning = Cell(BEGINNING, 0, [(0, 1)], 1)
        self.spare = 0

    def reached(self, session: int) -> list[Cell]:
        """The cells of a session that something has reached."""
        return [cell for cell in self._known[session].values() if cell and cell.levels]

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
        cell.agenda = sorted({max(leg[0] - bound, 0) for leg in legs} | {cell.ending})

    def reveal(self, cell: Cell, amount: int) -> None:
        """Plan the steps of all legs that `amount` might pay for."""
        bound, hidden, plan = self.bound(cell), cell.hidden, cell.plan
        known = len(plan)
        while hidden and hidden[-1][0] - bound <= amount:
            cost, session, day, rest, plain = hidden.pop()
            there = self._at(session, day)
            if there is None or not (rest is None or self._rest_fits(cell, there, rest)):
                continue
            added = cost + there.least + self.bound(there) - bound
            if plain:
                plan.setdefault(added, []).append((there, PLAIN, None))
            elif added < self.spare:
                for change, extra in enumerate(self._changes):
                    plan.setdefault(added + extra, []).append((there, change, rest))
        if len(plan) > known:
            cell.agenda = sorted(plan.keys() | cell.agenda)

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
