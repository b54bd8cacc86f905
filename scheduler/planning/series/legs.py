"""What may follow what in a series: the legs from one session's day to the next one's.

Sessions are counted from 0 here, and -1 stands for the beginning, before the first. A session that is left out counts
as held on its ideal day, at the time and with the practitioner of the session before it, so the legs past it are
measured from there; the rest is measured from the session really held before. A fixed session cannot be left out.

Between two fixed sessions, or from the beginning to one, nothing is charged nor refused. From a session to be placed
to a fixed one the window counts as usual; past left-out sessions only the rest is demanded, and days are charged.
"""

from collections.abc import Iterator, Sequence

from scheduler.planning.cadence import Window
from scheduler.planning.hours import DAY_MINUTES
from scheduler.planning.series.costs import Weights, gap_cost
from scheduler.planning.series.sessions import DAY_TICKS, WantedSession
from scheduler.planning.timeline import TICK_MINUTES

BEGINNING = -1
NEVER = 1 << 62


Leg = tuple[int, int, int, int | None, bool]
"""(cost, session, day, rest, plain): a way on, at a cost for days off and for sessions left out.

rest: the start must be so many ticks later in the day than the one before, or more (less than 0: may be earlier); None:
any. plain: nothing depends on the start before, and no change is charged.
"""


def rest_ticks(rest_minutes: int, days: int) -> int | None:
    """How many ticks later in the day a start so many days on must be at least: a day's ticks or more if it cannot be.

    None: any time of day will do.
    """
    ticks = -((days * DAY_MINUTES - rest_minutes) // TICK_MINUTES)
    return ticks if ticks > -DAY_TICKS else None


def rest_between(earlier: WantedSession, later: WantedSession) -> int:
    """The least minutes from start to start: the later one's rest, and never less than the earlier one lasts."""
    return max(later.rest_minutes, earlier.duration_ticks * TICK_MINUTES)


class Legs:
    """The legs between the sessions of one series; `first` is the first one's window unless that is fixed.

    From `end_day` on nothing starts any more, fixed sessions aside.
    """

    def __init__(
        self, sessions: Sequence[WantedSession], first: Window, weights: Weights, end_day: int
    ) -> None:
        self.sessions, self.weights = sessions, weights
        self._first, self._end_day = first, end_day
        self._gaps = [[], *(self._gaps_to(later) for later in range(1, len(sessions)))]
        self.ending_costs = [self._ending_cost(session) for session in (*range(len(sessions)), BEGINNING)]
        """What it costs to leave out all after a session, the beginning last; NEVER where a fixed one follows."""
        self.rests = [self._may_rest(session) for session in (*range(len(sessions)), BEGINNING)]
        """Whether any leg from a session, the beginning last, may demand rest."""

    def direct(self, session: int, day: int) -> list[Leg]:
        """The legs to the very next session, cheapest first."""
        following = session + 1
        if following == len(self.sessions):
            return []
        fixed = self.sessions[following].fixed
        if fixed:
            return self._to_fixed(session, day, following, fixed.day, day)
        if session == BEGINNING:
            return self._to_first()
        return [(cost, following, day + gap, rest, False) for cost, gap, rest in self._gaps[following]]

    def detours(self, session: int, day: int) -> Iterator[Leg]:
        """The legs that leave sessions out, cheapest first: leaving out one more costs more than any gap."""
        counted_from = day
        for later in range(session + 2, len(self.sessions)):
            skipped, wanted = self.sessions[later - 1], self.sessions[later]
            if skipped.fixed:
                return
            if later == 1:
                counted_from = self._first.ideal.toordinal()
            else:
                counted_from += skipped.ideal_days
            if wanted.fixed:
                yield from self._to_fixed(session, day, later, wanted.fixed.day, counted_from)
            elif counted_from + wanted.min_days < self._end_day:
                yield from sorted(self._past(session, day, later, counted_from))

    def _ending_cost(self, session: int) -> int:
        later = self.sessions[session + 1 :]
        return NEVER if any(one.fixed for one in later) else len(later) * self.weights.unplaced

    def _may_rest(self, session: int) -> bool:
        """Whether the soonest that any later session can be, from this one, is soon enough to ask for rest."""
        days = 0
        for later in self.sessions[session + 1 :] if session != BEGINNING else ():
            soonest = rest_ticks(rest_between(self.sessions[session], later), days + later.min_days)
            if later.fixed or soonest is not None:
                return True
            days += later.ideal_days
        return False

    def _to_first(self) -> list[Leg]:
        window, weight = self._first, self.weights.day_off_ideal
        ideal = window.ideal.toordinal()
        days = range(window.earliest.toordinal(), window.latest.toordinal() + 1)
        return sorted((abs(day - ideal) * weight, 0, day, None, True) for day in days)

    def _past(self, session: int, day: int, later: int, counted_from: int) -> Iterator[Leg]:
        """The legs to a session that is to be placed, from one held earlier than just before it."""
        wanted = self.sessions[later]
        left_out = (later - session - 1) * self.weights.unplaced
        rest = None
        for gap in range(wanted.min_days, wanted.max_days + 1):
            there = counted_from + gap
            if session != BEGINNING:
                rest = rest_ticks(rest_between(self.sessions[session], wanted), there - day)
                if rest is not None and rest >= DAY_TICKS:
                    continue
            cost = left_out + gap_cost(self.weights, gap, wanted.ideal_days)
            yield cost, later, there, rest, session == BEGINNING

    def _gaps_to(self, later: int) -> list[tuple[int, int, int | None]]:
        """(cost, days, rest) of every gap to a session from one held just before it, cheapest first."""
        session = self.sessions[later]
        needed = rest_between(self.sessions[later - 1], session)
        gaps = []
        for days in range(session.min_days, session.max_days + 1):
            rest = rest_ticks(needed, days)
            if rest is None or rest < DAY_TICKS:
                gaps.append((gap_cost(self.weights, days, session.ideal_days), days, rest))
        return sorted(gaps, key=lambda gap: gap[:2])

    def _to_fixed(self, session: int, day: int, later: int, there: int, counted_from: int) -> list[Leg]:
        """The leg to a fixed session, if it can be reached; `counted_from` is the day that its gap counts from."""
        wanted = self.sessions[later]
        left_out = later - session - 1
        cost = left_out * self.weights.unplaced
        if session == BEGINNING or self.sessions[session].fixed:
            return [(cost, later, there, None, True)]
        days = there - counted_from
        if not left_out and not wanted.min_days <= days <= wanted.max_days:
            return []
        rest = rest_ticks(rest_between(self.sessions[session], wanted), there - day)
        if rest is not None and rest >= DAY_TICKS:
            return []
        return [(cost + gap_cost(self.weights, days, wanted.ideal_days), later, there, rest, False)]
