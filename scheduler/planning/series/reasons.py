"""Why there is no start for a session: what is left of its window when closures, absences … are taken off the hours."""

from collections.abc import Sequence
from typing import NamedTuple

from scheduler.planning.hours import WallClock
from scheduler.planning.series.diary import day_bits, day_span
from scheduler.planning.series.legs import rest_ticks
from scheduler.planning.series.sessions import ReasonCode, Supply
from scheduler.planning.timeline import TICK_MINUTES


class Neighbour(NamedTuple):
    """A session that stands before or after: when, on the wall clock, and the least minutes from start to start."""

    day: int
    minute: int
    rest_minutes: int


class _Layers(NamedTuple):
    """All supplies that share a clock: what is in the hours, not closed, not away, free, a start but for rooms that are
    out of use, and a start."""

    clock: WallClock
    no_hours: int
    closed: int
    away: int
    fully_booked: int
    no_opening: int
    rooms_shut: int


_REASONS: tuple[ReasonCode, ...] = (
    "no_hours",
    "closed",
    "away",
    "fully_booked",
    "no_opening",
    "rooms_shut",
)


class Reasons:
    """The supplies, added up layer by layer once per appointment type and asked for any number of sessions."""

    def __init__(self, supplies: Sequence[Supply]) -> None:
        self._supplies = supplies
        self._added: dict[int, list[_Layers]] = {}

    def find(
        self, type_id: int, days: tuple[int, int], earlier: Neighbour | None, later: Neighbour | None
    ) -> ReasonCode:
        """The first layer that has nothing on the days [first, last]; then the rest, then the other sessions."""
        first, last = days
        layers = self._layers(type_id)
        if not layers:
            return "not_offered"
        spans = [day_span(row.clock) for row in layers if row.clock.horizon.ticks]
        if all(first >= end for _, end in spans):
            return "past_horizon"
        if all(last < begin for begin, _ in spans):
            return "window_over"
        windows = [row.clock.bits_of_days(first, last) for row in layers]
        for reason in _REASONS:
            if not any(window & getattr(row, reason) for window, row in zip(windows, layers, strict=True)):
                return reason
        rested = any(
            _has_rested(day_bits(row.clock, row.rooms_shut, day), day, earlier, later)
            for row in layers
            for day in range(first, last + 1)
        )
        return "other_sessions" if rested else "rest_period"

    def _layers(self, type_id: int) -> list[_Layers]:
        found = self._added.get(type_id)
        if found is None:
            sums: dict[WallClock, tuple[int, ...]] = {}
            for supply in self._supplies:
                starts = supply.starts.get(type_id)
                if starts is not None:
                    opened = supply.hours & ~supply.closed
                    but_for_rooms = starts | supply.shut.get(type_id, 0)
                    mine = (
                        supply.hours,
                        opened,
                        opened & ~supply.away,
                        supply.free,
                        but_for_rooms,
                        starts,
                    )
                    others = sums.get(supply.clock, (0,) * len(mine))
                    sums[supply.clock] = tuple(a | b for a, b in zip(mine, others, strict=True))
            found = self._added[type_id] = [_Layers(clock, *layers) for clock, layers in sums.items()]
        return found


def _has_rested(starts: int, day: int, earlier: Neighbour | None, later: Neighbour | None) -> bool:
    """Whether any start of a day leaves enough rest from the session before and to the one after."""
    if earlier:
        rest = rest_ticks(earlier.rest_minutes, day - earlier.day)
        if rest is not None:
            first = max(earlier.minute // TICK_MINUTES + rest, 0)
            starts = starts >> first << first
    if later:
        rest = rest_ticks(later.rest_minutes, later.day - day)
        if rest is not None:
            starts &= (1 << max(later.minute // TICK_MINUTES - rest + 1, 0)) - 1
    return starts != 0
