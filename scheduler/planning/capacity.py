"""Whether the coming weeks can carry the sessions that wait: what still fits, and which sessions find no room.

Supply is constructive: `pack` books usual sessions one after the other into what is free, with rooms and buffers, so
what it counts can really be booked together. Demand is matched, not spread: `fill` gives as many sessions as possible a
place on a day of their window (a largest bipartite matching), so each session and each place count once. Where one is
left over, Hall's theorem names the reason: days whose places are fewer than the sessions that have no other days.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import heapify, heappop, heappush

from scheduler.planning.cadence import Phase, Window, first_window, next_window
from scheduler.planning.timeline import indices

LATER = -1
"""The place of a session that can wait until after the days looked at."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A practitioner at a location, and the ticks at which a session could start if it were the only one."""

    practitioner_id: int
    location_id: int
    starts: int


@dataclass(frozen=True, slots=True)
class Shape:
    """How long a session takes and keeps free around it, in ticks."""

    duration: int
    before: int = 0
    after: int = 0

    @property
    def whole(self) -> int:
        """With its buffers."""
        return self.before + self.duration + self.after


def pack(
    lanes: Sequence[Lane], shape: Shape, rooms: Mapping[int, Mapping[int, int]] | None = None
) -> list[list[int]]:
    """The ticks at which sessions of one shape can all be booked together, by lane and ascending.

    ``rooms`` maps location -> room -> the ticks at which a session may start in it; None where none is needed. Taken
    from left to right, which is the most there is for a lane on its own; who has the fewest so far goes first where
    rooms are short, and there the result may miss a few.
    """
    ways = [list(indices(lane.starts)) for lane in lanes]
    open_rooms = _bytes_of(rooms) if rooms is not None else None
    room_free: dict[int, int] = {}
    person_free: dict[int, int] = {}
    packed: list[list[int]] = [[] for _ in lanes]
    turns = [(way[0], 0, number) for number, way in enumerate(ways) if way]
    heapify(turns)
    while turns:
        tick, _, number = heappop(turns)
        lane, way = lanes[number], ways[number]
        earliest = max(tick, person_free.get(lane.practitioner_id, tick))
        if earliest == tick:
            room = _room_at(open_rooms, room_free, lane.location_id, tick)
            if room is not None:
                packed[number].append(tick)
                earliest = tick + shape.whole
                person_free[lane.practitioner_id] = earliest
                room_free[room] = earliest
            else:
                earliest = tick + 1
        following = bisect_left(way, earliest)
        if following < len(way):
            heappush(turns, (way[following], len(packed[number]), number))
    return packed


NO_ROOM_NEEDED = 0


def _room_at(
    rooms: Mapping[int, Sequence[tuple[int, bytes]]] | None,
    taken_until: Mapping[int, int],
    location_id: int,
    tick: int,
) -> int | None:
    """A room in which a session may start at the tick; ``taken_until`` is the first start after what was packed."""
    if rooms is None:
        return NO_ROOM_NEEDED
    for room, starts in rooms.get(location_id, ()):
        is_open = tick >> 3 < len(starts) and starts[tick >> 3] >> (tick & 7) & 1
        if is_open and taken_until.get(room, tick) <= tick:
            return room
    return None


def _bytes_of(rooms: Mapping[int, Mapping[int, int]]) -> dict[int, list[tuple[int, bytes]]]:
    """Bits as bytes: looking at one of them then costs the same wherever it is."""
    return {
        location: [
            (room, starts.to_bytes(-(-starts.bit_length() // 8), "little"))
            for room, starts in by_room.items()
        ]
        for location, by_room in rooms.items()
    }


@dataclass(frozen=True, slots=True)
class Job:
    """A session that waits: how many usual ones it counts for, and where it could be, best first."""

    units: int
    places: Sequence[int]
    can_wait: bool = False
    """Its window reaches beyond the days looked at, so it is never left over."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Jobs that may only be at these places, and are too many for them; both ascending."""

    jobs: tuple[int, ...]
    places: tuple[int, ...]
    left_over: int
    """Units for which there is no place."""


@dataclass(frozen=True, slots=True)
class Filling:
    """Where each job's units are (LATER where it waits), by job; fewer than its units where it is left over."""

    places: list[list[int]]
    shortages: list[Shortage]


def fill(capacities: Sequence[int], jobs: Sequence[Job]) -> Filling:
    """Give as many units as possible a place; ``capacities`` are by place.

    The number placed is the largest there is, and no job loses its place to one further down the list. The units of one
    job may be apart: what is said to be left over truly is, while a job of several may be counted in where it would not
    fit in one piece.
    """
    filler = _Filler(capacities, jobs)
    for number, job in enumerate(jobs):
        for _ in range(job.units):
            filler.add(number)
    return filler.result()


class _Filler:
    """A growing matching of units to places by augmenting paths.

    What a failed search has reached stays closed: all of it is full and leads nowhere else, now and later.
    """

    def __init__(self, capacities: Sequence[int], jobs: Sequence[Job]) -> None:
        self._capacities = capacities
        self._jobs = jobs
        self._job_of: list[int] = []
        """unit -> job."""
        self._place_of: list[int | None] = []
        """unit -> place."""
        self._held: list[set[int]] = [set() for _ in capacities]
        """place -> units in it."""
        self._group_of: dict[int, int] = {}
        """closed place -> the shortage that it belongs to."""
        self._left_over: dict[int, list[int]] = {}
        """shortage -> units."""
        self._last_left_over: tuple[int, int] | None = None
        """job and shortage; the units of one job come one after the other."""

    def add(self, job: int) -> None:
        """Find a place for one more unit of a job, moving others if need be; close what was searched in vain."""
        unit = len(self._job_of)
        self._job_of.append(job)
        self._place_of.append(None)
        came_by: dict[int, int] = {}
        touched: set[int] = set()
        queue = [unit]
        for current in queue:
            wanted = self._jobs[self._job_of[current]]
            for place in wanted.places:
                if place in self._group_of:
                    touched.add(self._group_of[place])
                elif place not in came_by:
                    came_by[place] = current
                    if len(self._held[place]) < self._capacities[place]:
                        self._move(current, place, came_by)
                        return
                    queue.extend(sorted(self._held[place]))
            if wanted.can_wait:
                self._move(current, LATER, came_by)
                return
        self._close(unit, set(came_by), touched)

    def _move(self, unit: int, place: int, came_by: Mapping[int, int]) -> None:
        """Put a unit there, the one that wanted its place into that, and so on back to the one that asked."""
        target = place
        while True:
            before = self._place_of[unit]
            self._place_of[unit] = target
            if target != LATER:
                self._held[target].add(unit)
            if before is None:
                return
            self._held[before].discard(unit)
            unit, target = came_by[before], before

    def _close(self, unit: int, places: set[int], touched: set[int]) -> None:
        """Note that a unit is left over; shortages that share places are one."""
        job = self._job_of[unit]
        if self._last_left_over and self._last_left_over[0] == job:
            touched.add(self._last_left_over[1])
        group = min(touched, default=unit)
        for other in touched - {group}:
            self._left_over[group] += self._left_over.pop(other)
        if len(touched) > 1:
            for place, found in self._group_of.items():
                if found in touched:
                    self._group_of[place] = group
        self._group_of.update(dict.fromkeys(places, group))
        self._left_over.setdefault(group, []).append(unit)
        self._last_left_over = (job, group)

    def result(self) -> Filling:
        """The places by job, and the shortages."""
        places: list[list[int]] = [[] for _ in self._jobs]
        for unit, place in enumerate(self._place_of):
            if place is not None:
                places[self._job_of[unit]].append(place)
        return Filling(places, [self._shortage(group) for group in sorted(self._left_over)])

    def _shortage(self, group: int) -> Shortage:
        places = sorted(place for place, found in self._group_of.items() if found == group)
        units = [*self._left_over[group], *(unit for place in places for unit in self._held[place])]
        return Shortage(
            jobs=tuple(sorted({self._job_of[unit] for unit in units})),
            places=tuple(places),
            left_over=len(self._left_over[group]),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """A session of a plan: its cadence, the date it was held or is booked for, whether nobody waits for it."""

    phase: Phase
    held_on: date | None = None
    passed_over: bool = False


def waiting_windows(
    starts_on: date, steps: Sequence[Step], today: date, leeway_days: int
) -> list[Window | None]:
    """The window of each session that still waits, from today on; None for the others.

    As the plan shows them, except that what is overdue is looked for now: a window that is over runs from today for as
    long as it was, at least ``leeway_days``, and later sessions follow from there.
    """
    found: list[Window | None] = []
    previous: date | None = None
    for step in steps:
        window = (
            first_window(starts_on, step.phase) if previous is None else next_window(previous, step.phase)
        )
        waits = step.held_on is None and not step.passed_over
        if waits:
            window = _from_today(window, today, leeway_days)
        found.append(window if waits else None)
        if not step.passed_over:
            previous = step.held_on or window.ideal
    return found


def _from_today(window: Window, today: date, leeway_days: int) -> Window:
    if window.latest < today:
        length = max((window.latest - window.earliest).days, leeway_days)
        return Window(today, today, today + timedelta(days=length))
    earliest = max(window.earliest, today)
    return Window(earliest, max(window.ideal, earliest), window.latest)
