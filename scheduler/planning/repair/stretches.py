"""The stretches of a repair: from one session that keeps its slot to the next one that does.

The sessions within a stretch get new slots, or, if they have none, may be left without. As both ends of a stretch are
known, stretches can be judged one by one: here whether they are possible, and how many windows they leave broken.

A new slot stands in its own window. From the first new slot on, all sessions stand in the order of their numbers.
"""

from collections.abc import Iterator
from typing import NamedTuple

from scheduler.planning.hours import DAY_MINUTES
from scheduler.planning.repair.course import LONG_AGO, Course, wall_minute
from scheduler.planning.repair.openings import Openings
from scheduler.planning.series.legs import rest_between
from scheduler.planning.timeline import indices

BEGINNING = -1
Layer = dict[tuple[int, int], dict[int, int]]
"""(sessions left out as bits, last session with a slot) -> the day that the next gap counts from -> the earliest that
the last session with a slot can start then, as a wall minute."""


class Stretch(NamedTuple):
    """A way from one session that keeps its slot, or the beginning, to the next one, or the end.

    left_out: sessions left without a slot, as bits; target_broken: the session at its end is outside its window;
    in_order: there is a new slot in this stretch or one before it.
    """

    source: int
    target: int
    broken: int
    moved: int
    left_out: int
    target_broken: bool
    has_new: bool
    in_order: bool


class Stretches:
    """All stretches of a course that may be part of its smallest repair."""

    def __init__(self, course: Course, openings: Openings) -> None:
        self._course, self._openings = course, openings
        self._count = len(course.sessions)

    def since(self, source: int, in_order: bool) -> Iterator[Stretch]:
        """The stretches from a session: for each target, those that break the fewest windows."""
        yield from self._plain(source, in_order)
        wanting = [at for at in self._inner(source) if not self._course.slots[at]]
        open_targets = set(self._targets(source))
        for most in range(len(wanting) + 1):
            if not open_targets:
                return
            ways: dict[int, list[Stretch]] = {}
            for way in self._with_new(source, in_order, most):
                ways.setdefault(way.target, []).append(way)
            for target, found in ways.items():
                least = min(way.broken for way in found)
                lacking = sum(at < target for at in wanting)
                if target in open_targets and (least <= most or lacking <= most):
                    open_targets.remove(target)
                    yield from (way for way in found if way.broken == least)
            open_targets -= {target for target in open_targets if sum(at < target for at in wanting) <= most}

    def _inner(self, source: int) -> Iterator[int]:
        """The sessions after one that may be inside a stretch."""
        for at in range(source + 1, self._count):
            if not self._course.movable[at]:
                return
            yield at

    def _targets(self, source: int) -> Iterator[int]:
        """Where a stretch with new slots may end."""
        for at in self._inner(source):
            if at + 1 == self._count or self._course.slots[at + 1]:
                yield at + 1

    def _plain(self, source: int, in_order: bool) -> Iterator[Stretch]:
        """The stretch without any new slot: up to the next session that has one, all before it left out."""
        course = self._course
        target = source + 1
        while target < self._count and not course.slots[target]:
            target += 1
        lacking = target - source - 1
        left_out = sum(1 << at for at in range(source + 1, target))
        if target == self._count:
            yield Stretch(source, target, lacking, 0, left_out, False, False, in_order)
            return
        here = course.slots[source] if source != BEGINNING else None
        if in_order and wall_minute(course.slots[target]) <= wall_minute(here):
            return
        broken = course.is_broken(course.slots, target)
        yield Stretch(source, target, lacking + broken, 0, left_out, broken, False, in_order)

    def _with_new(self, source: int, in_order: bool, most: int) -> Iterator[Stretch]:
        """The stretches with new slots that leave out at most so many sessions."""
        course = self._course
        moved = 0
        last = source if in_order else course.latest(source)
        layer: Layer = {(0, last): {self._counted(source): self._wall(last)}}
        upset = last != source
        for at in self._inner(source):
            layer = self._next(layer, at, source, most, upset)
            moved += course.slots[at] is not None
            if at + 1 == self._count:
                for left_out, held in layer:
                    if held > source:
                        lost = left_out.bit_count()
                        yield Stretch(source, at + 1, lost, moved, left_out, False, True, True)
            else:
                yield from self._arrivals(layer, source, at + 1, moved)

    def _counted(self, at: int) -> int:
        slot = self._course.slots[at] if at != BEGINNING else None
        return slot.day if slot else 0

    def _wall(self, at: int) -> int:
        return wall_minute(self._course.slots[at]) if at != BEGINNING else LONG_AGO

    def _next(self, layer: Layer, at: int, source: int, most: int, upset: bool) -> Layer:
        """Give one more session a new slot, or leave it out."""
        wanted = self._course.spaced[at]
        found: Layer = {}
        for (left_out, last), days in layer.items():
            rest = rest_between(self._course.spaced[last], wanted) if last != BEGINNING else 0
            easy = not upset and rest <= wanted.min_days * DAY_MINUTES - DAY_MINUTES
            into = found.setdefault((left_out, at), {})
            for day in self._reached(days, at):
                soonest = day * DAY_MINUTES
                if not easy and last != BEGINNING:
                    soonest = rest + min(self._leading(days, day, wanted.min_days, wanted.max_days))
                start = self._openings.first(wanted.appointment_type_id, day, soonest)
                if start is not None:
                    into[day] = min(start, into.get(day, start))
            if not into:
                del found[left_out, at]
            if not self._course.slots[at] and left_out.bit_count() < most:
                found[left_out | 1 << at, last] = {self._ideal(at, day): wall for day, wall in days.items()}
        return found

    def _ideal(self, at: int, counted: int) -> int:
        if at == 0:
            return self._course.first.ideal.toordinal()
        return counted + self._course.sessions[at].ideal_days

    def _leading(self, days: dict[int, int], day: int, shortest: int, longest: int) -> Iterator[int]:
        return (wall for counted, wall in days.items() if shortest <= day - counted <= longest)

    def _reached(self, days: dict[int, int], at: int) -> Iterator[int]:
        """The days of a session's window, counted from any of the days."""
        if at == 0:
            window = self._course.first
            yield from range(window.earliest.toordinal(), window.latest.toordinal() + 1)
            return
        wanted = self._course.sessions[at]
        base = min(days)
        bits = sum(1 << day - base for day in days)
        reach = 0
        for gap in range(wanted.min_days, wanted.max_days + 1):
            reach |= bits << gap
        for offset in indices(reach):
            yield base + offset

    def _arrivals(self, layer: Layer, source: int, target: int, moved: int) -> Iterator[Stretch]:
        """The stretches that end at a session which keeps its slot; by its rest after the new slots."""
        course = self._course
        wanted, slot = course.spaced[target], course.slots[target]
        if slot is None:
            return
        wall = wall_minute(slot)
        for (left_out, last), days in layer.items():
            if last <= source or last == BEGINNING:
                continue
            rest = rest_between(course.spaced[last], wanted)
            arriving = [day for day, start in days.items() if start + rest <= wall]
            if not arriving:
                continue
            judged = not left_out >> (target - 1) & 1
            fits = any(wanted.min_days <= slot.day - day <= wanted.max_days for day in arriving)
            broken = judged and not fits
            lost = left_out.bit_count() + broken
            yield Stretch(source, target, lost, moved, left_out, broken, True, True)
