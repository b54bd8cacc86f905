"""The best series of slots for a plan, not the first: exact, with up to two alternatives that clearly differ.

A series costs what `costs.Weights` says: days off the ideal gaps, preferences missed, changes of practitioner, time of
day and weekday from one session to the next, and free time fragmented. As few sessions as possible are left out. One
that is left out counts, for the sessions after it, as held on its ideal day, at the time and with the practitioner of
the session before it; the rest counts from the session really held before. Fixed sessions are kept: between two of them
nothing is charged or refused. See `legs` for how days and rests are counted, `search` for how it is done.

Among series of the same cost the choice is deterministic and prefers to keep to the same time of day.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from operator import itemgetter

from scheduler.planning.cadence import Window
from scheduler.planning.series.cells import Allowed
from scheduler.planning.series.costs import Weights, dearest_session, weekday_of
from scheduler.planning.series.diary import Diary, kind_of
from scheduler.planning.series.explain import Question, check, explain
from scheduler.planning.series.legs import Legs
from scheduler.planning.series.reasons import Reasons
from scheduler.planning.series.search import Found, Run, cheapest, cheapest_below
from scheduler.planning.series.sessions import (
    Choice,
    Difference,
    PlacedSession,
    Preferences,
    Proposal,
    Supply,
    WantedSession,
)

OTHER_TIME_MINUTES = 120
"""Starts at least so far apart are at clearly different times of day."""

_DIFFERENCES: tuple[Difference, ...] = ("time_of_day", "practitioner", "weekday")
_DEFAULT = Weights()


def propose(
    sessions: Sequence[WantedSession],
    supplies: Sequence[Supply],
    preferences: Preferences,
    first: Window | None = None,
    weights: Weights = _DEFAULT,
    limit: int = 3,
) -> list[Proposal]:
    """The best series and, up to the limit, alternatives that clearly differ, cheapest first.

    `first` is the window of the first session in the list, unless that is fixed (the last one held, say).

    An alternative is the best series of which every session to be placed keeps away from what is usual in the best one:
    from two hours around its time of day, its practitioner, or its weekday, where a third of its sessions or more have
    that. It leaves out no more sessions than the best one, and differs from each proposal before it in the time of day,
    practitioner or weekday of at least a third of the sessions. ValueError if the question makes no sense.
    """
    if limit < 1:
        raise ValueError(f"at least one proposal must be asked for, not {limit}")
    planner = _Planner(_question(sessions, supplies, preferences, first, weights))
    kept = [planner.best()]
    alternatives = planner.alternatives(kept[0])
    while len(kept) < limit:
        alternative = next(alternatives, None)
        if alternative is None:
            break
        if all(clearly_different(before, alternative) for before in kept):
            kept.append(alternative)
    return kept


def best_series(
    sessions: Sequence[WantedSession],
    supplies: Sequence[Supply],
    preferences: Preferences,
    first: Window | None = None,
    weights: Weights = _DEFAULT,
) -> Proposal:
    """The best series alone: the first of `propose`."""
    return _Planner(_question(sessions, supplies, preferences, first, weights)).best()


def series_cost(
    sessions: Sequence[WantedSession],
    supplies: Sequence[Supply],
    preferences: Preferences,
    chosen: Mapping[int, Choice],
    first: Window | None = None,
    weights: Weights = _DEFAULT,
) -> int:
    """What a choice of starts by session number costs, worked out session by session; what is not chosen is left out.

    ValueError, naming the session, if a start cannot be booked or breaks a window or a rest.
    """
    question = _question(sessions, supplies, preferences, first, weights)
    check(question, chosen)
    return explain(question, chosen, Reasons(supplies)).cost


class _Planner:
    """One question, asked several times with something to avoid."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._diary = Diary(question.supplies, question.sessions, question.preferences, question.weights)
        self._legs = Legs(question.sessions, question.first, question.weights, self._diary.end_day)
        self._reasons = Reasons(question.supplies)

    def best(self) -> Proposal:
        """The best series of all."""
        return self._explained(cheapest(self._legs, self._diary), None)

    def alternatives(self, best: Proposal) -> Iterator[Proposal]:
        """The best series that differs from the best of all in each respect, cheapest first.

        The searches go on side by side, the one that may end up cheapest first: what nobody asks for is not found.
        """
        limit = (len(best.unplaced) + 1) * self._question.weights.unplaced
        runs: list[tuple[int, Difference, Run]] = []
        for difference in _DIFFERENCES:
            allowed = self._unusual(best, difference)
            if allowed:
                runs.append((0, difference, cheapest_below(limit, self._legs, self._diary, allowed)))
        while runs:
            _, difference, run = runs.pop(runs.index(min(runs, key=itemgetter(0))))
            try:
                runs.append((next(run), difference, run))
            except StopIteration as end:
                if end.value:
                    yield self._explained(end.value, difference)

    def _explained(self, found: Found, differs_in: Difference | None) -> Proposal:
        chosen = {}
        for session, day, start in found.stops:
            wanted = self._question.sessions[session]
            if not wanted.fixed:
                chosen[wanted.number] = self._diary.choice(kind_of(wanted), day, start)
        return explain(self._question, chosen, self._reasons, differs_in)

    def _unusual(self, best: Proposal, difference: Difference) -> Allowed | None:
        """All but what is usual in a series in one respect; None where that is less than a third of the sessions."""
        placed = _to_place(best)
        if not placed:
            return None
        lanes = self._diary.lanes
        if difference == "time_of_day":
            usual = sorted(session.minute for session in placed)[len(placed) // 2]
            like = sum(abs(session.minute - usual) < OTHER_TIME_MINUTES for session in placed)
            near = self._diary.ticks_between(usual - OTHER_TIME_MINUTES + 1, usual + OTHER_TIME_MINUTES)
            allowed = Allowed(starts=lanes.all ^ lanes.repeated(near))
        elif difference == "practitioner":
            usual, like = Counter(session.practitioner_id for session in placed).most_common(1)[0]
            mine = [lane for lane, (who, _) in enumerate(self._diary.places) if who == usual]
            allowed = Allowed(starts=lanes.all ^ sum(lanes.whole(lane) for lane in mine))
        else:
            usual, like = Counter(weekday_of(session.day) for session in placed).most_common(1)[0]
            allowed = Allowed(weekday_avoided=usual)
        return allowed if like * 3 >= len(placed) + len(best.unplaced) else None


def clearly_different(one: Proposal, other: Proposal) -> bool:
    """Whether a third or more of the sessions to be placed differ in practitioner, weekday or time of day."""
    mine = {session.number: session for session in _to_place(one)}
    theirs = {session.number: session for session in _to_place(other)}
    total = len(mine) + len(one.unplaced)
    differing = sum(
        number not in mine or number not in theirs or _differ(mine[number], theirs[number])
        for number in mine.keys() | theirs.keys()
    )
    return differing > 0 and differing * 3 >= total


def _differ(one: PlacedSession, other: PlacedSession) -> bool:
    return (
        one.practitioner_id != other.practitioner_id
        or weekday_of(one.day) != weekday_of(other.day)
        or abs(one.minute - other.minute) >= OTHER_TIME_MINUTES
    )


def _to_place(proposal: Proposal) -> list[PlacedSession]:
    return [session for session in proposal.placed if not session.fixed]


def _question(
    sessions: Sequence[WantedSession],
    supplies: Sequence[Supply],
    preferences: Preferences,
    first: Window | None,
    weights: Weights,
) -> Question:
    """The question, checked: numbers differ, the first session has a window, leaving a session out never saves cost."""
    if len({session.number for session in sessions}) != len(sessions):
        raise ValueError("session numbers must differ")
    days = [session.fixed.day for session in sessions if session.fixed]
    if first:
        days += [first.earliest.toordinal(), first.latest.toordinal()]
    elif sessions and not sessions[0].fixed:
        raise ValueError("the first session needs a window unless it is fixed")
    # Days off: at most its longest gap for each session, and any number where a fixed one follows ones left out.
    spread = max(days, default=0) - min(days, default=0)
    kept = sum(later.fixed is not None and earlier.fixed is None for earlier, later in pairwise(sessions))
    days_off = sum(session.max_days for session in sessions) * (1 + kept) + spread * (1 + kept)
    worst = days_off * weights.day_off_ideal + len(sessions) * dearest_session(weights)
    if worst >= weights.unplaced:
        raise ValueError(f"the weight unplaced must be more than {worst} for this series")
    # Nothing looks at the window of a fixed session.
    return Question(sessions, supplies, preferences, first or Window(date.min, date.min, date.min), weights)
