"""The smallest change that puts a plan's sessions back into their windows: exact, by stretches between kept slots.

First the fewest windows broken, then the fewest appointments moved: a shortest path over the stretches. Among the
stretches that lie on such a path, the cheapest way, each stretch being a small series of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from scheduler.planning.cadence import Window
from scheduler.planning.repair.course import Course, Repair, RepairLine, RepairReason, Step, wall_minute
from scheduler.planning.repair.displaced import bits_since
from scheduler.planning.repair.openings import Openings
from scheduler.planning.repair.stretches import BEGINNING, Stretch, Stretches
from scheduler.planning.series import (
    Fixed,
    PlacedSession,
    Preferences,
    Supply,
    WantedSession,
    Weights,
    best_series,
)
from scheduler.planning.series.legs import rest_between
from scheduler.planning.series.reasons import Neighbour, Reasons

_DEFAULT = Weights()
_NOT_OFFERED = -1
"""An appointment type that nobody offers: so the series leaves the session out."""

Node = tuple[int, bool]
"""A session that keeps its slot, the beginning or the end, and whether there is a new slot before it."""


class Way(NamedTuple):
    """A way to a node: what it costs, and its new slots by place in the list."""

    cost: int
    placed: dict[int, PlacedSession]


def repair_plan(
    sessions: Sequence[WantedSession],
    standing: Mapping[int, Fixed],
    supplies: Sequence[Supply],
    preferences: Preferences,
    first: Window | None = None,
    weights: Weights = _DEFAULT,
) -> Repair:
    """The change with the fewest windows broken, then the fewest appointments moved, then the least cost.

    Sessions with `fixed` set stay where they are: the last one held, and the one just moved by hand. `standing` holds,
    by number, the slots of those that may be moved; one with neither has lost its slot and is placed, if possible. The
    supplies must be worked out as if the appointments in `standing` did not exist: a new slot keeps clear of those that
    stay. A session without a slot counts as a broken window; the window after it is not known and not judged.

    A new slot always lies in its session's window, after all sessions before it; from the first new slot on, sessions
    stand in the order of their numbers. The cost is what `series_cost` says with the sessions that stay as fixed ones.
    ValueError if the question makes no sense.
    """
    course = Course(sessions, standing, first)
    planner = _Planner(course, supplies, preferences, weights)
    broken, moved, way = planner.best()
    return Repair(_lines(course, supplies, way), broken, moved, way.cost)


class _Planner:
    def __init__(
        self, course: Course, supplies: Sequence[Supply], preferences: Preferences, weights: Weights
    ) -> None:
        self._course, self._supplies = course, supplies
        self._preferences, self._weights = preferences, weights
        self._stretches = Stretches(course, Openings(supplies))

    def best(self) -> tuple[int, int, Way]:
        """The fewest windows broken, the fewest appointments moved, and the cheapest such way."""
        if not self._course.sessions:
            return 0, 0, _NOWHERE
        fewest: dict[Node, tuple[int, int]] = {(BEGINNING, False): (0, 0)}
        into: dict[Node, list[tuple[Node, Stretch]]] = {}
        end = len(self._course.sessions)
        for node in ((at, in_order) for at in range(BEGINNING, end) for in_order in (False, True)):
            if node not in fewest:
                continue
            broken, moved = fewest[node]
            for stretch in self._stretches.since(*node):
                there = (stretch.target, stretch.in_order)
                total = (broken + stretch.broken, moved + stretch.moved)
                if there not in fewest or total < fewest[there]:
                    fewest[there], into[there] = total, []
                if total == fewest[there]:
                    into[there].append((node, stretch))
        ends = [node for node in ((end, False), (end, True)) if node in fewest]
        least = min(fewest[node] for node in ends)
        known = {(BEGINNING, False): _NOWHERE}
        ways = [self._way(node, into, known) for node in ends if fewest[node] == least]
        return *least, min(ways, key=lambda way: way.cost)

    def _way(
        self, node: Node, into: Mapping[Node, list[tuple[Node, Stretch]]], known: dict[Node, Way]
    ) -> Way:
        """The cheapest way to a node among those that break and move the least."""
        if node not in known:
            ways = []
            for before, stretch in into[node]:
                so_far = self._way(before, into, known)
                cost, placed = self._priced(stretch, before[1])
                ways.append(Way(so_far.cost + cost, so_far.placed | placed))
            known[node] = min(ways, key=lambda way: way.cost)
        return known[node]

    def _priced(self, stretch: Stretch, in_order: bool) -> tuple[int, dict[int, PlacedSession]]:
        """What a stretch costs at least, and its new slots by place in the list."""
        if not stretch.has_new:
            return stretch.left_out.bit_count() * self._weights.unplaced, {}
        course = self._course
        first, end = max(stretch.source, 0), len(course.sessions)
        wanted = [self._as_wanted(stretch, at) for at in range(first, min(stretch.target + 1, end))]
        latest = course.latest(stretch.source)
        supplies = self._supplies
        if not in_order and latest != stretch.source:
            supplies = self._after(latest, stretch)
        window = course.first if stretch.source == BEGINNING else None
        found = best_series(wanted, supplies, self._preferences, window, self._weights)
        at_of = {session.number: at for at, session in enumerate(course.sessions)}
        return found.cost, {at_of[one.number]: one for one in found.placed if not one.fixed}

    def _after(self, latest: int, stretch: Stretch) -> list[Supply]:
        """The supplies from the rest after a session on that stands later than those between it and the stretch."""
        course = self._course
        inner = range(stretch.source + 1, stretch.target)
        begins = next(at for at in inner if not stretch.left_out >> at & 1)
        soonest = wall_minute(course.slots[latest]) + rest_between(
            course.spaced[latest], course.spaced[begins]
        )
        return [_later_than(supply, soonest) for supply in self._supplies]

    def _as_wanted(self, stretch: Stretch, at: int) -> WantedSession:
        """One session as a stretch wants it: kept, new, or left out."""
        course, wanted = self._course, self._course.spaced[at]
        slot = course.slots[at]
        if at == stretch.target and stretch.target_broken and slot:
            # Its window is broken, so it must not be refused; it still costs its days off the ideal.
            begins = course.slots[stretch.source] if stretch.source != BEGINNING else None
            least = begins.day if begins else course.first.earliest.toordinal()
            return replace(wanted, fixed=slot, min_days=0, max_days=max(wanted.max_days, slot.day - least))
        if at in (stretch.source, stretch.target):
            return replace(wanted, fixed=slot)
        if stretch.left_out >> at & 1:
            return replace(wanted, appointment_type_id=_NOT_OFFERED)
        return wanted


_NOWHERE = Way(0, {})


def _later_than(supply: Supply, wall: int) -> Supply:
    """A supply with only the starts from a wall minute on."""
    later = bits_since(supply.clock, wall)
    return replace(supply, starts={kind: starts & later for kind, starts in supply.starts.items()})


def _lines(course: Course, supplies: Sequence[Supply], way: Way) -> tuple[RepairLine, ...]:
    slots = [_slot(way.placed[at]) if at in way.placed else slot for at, slot in enumerate(course.slots)]
    reasons = Reasons(supplies)
    lines = []
    pairs = zip(course.standings(course.slots), course.standings(slots), strict=True)
    for at, (before, after) in enumerate(pairs):
        step: Step = "unplaced" if after.slot is None else "stays"
        if at in way.placed:
            step = "placed" if before.slot is None else "moves"
        lines.append(
            RepairLine(
                number=course.sessions[at].number,
                step=step,
                before=before,
                after=after,
                reason=_reason(course, slots, at, reasons) if after.broken else None,
                notes=way.placed[at].notes if at in way.placed else (),
            )
        )
    return tuple(lines)


def _slot(placed: PlacedSession) -> Fixed:
    return Fixed(placed.tick, placed.day, placed.minute, placed.practitioner_id, placed.location_id)


def _reason(course: Course, slots: Sequence[Fixed | None], at: int, reasons: Reasons) -> RepairReason:
    """Why a session is not in its window: the first thing that leaves nothing of it."""
    if not course.movable[at]:
        return "fixed"
    wanted = course.spaced[at]
    counted = course.counted(slots, at)
    if counted is None:
        days = (course.first.earliest.toordinal(), course.first.latest.toordinal())
    else:
        days = (counted + wanted.min_days, counted + wanted.max_days)
    earlier = later = None
    held = [(k, slot) for k, slot in enumerate(slots[:at]) if slot]
    if held:
        k, slot = max(held, key=lambda one: wall_minute(one[1]))
        earlier = Neighbour(slot.day, slot.minute, rest_between(course.spaced[k], wanted))
    for k, following in enumerate(slots[at + 1 :], at + 1):
        if following:
            later = Neighbour(following.day, following.minute, rest_between(wanted, course.spaced[k]))
            break
    return reasons.find(wanted.appointment_type_id, days, earlier, later)
