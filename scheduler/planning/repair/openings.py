"""When anybody could treat, day by day on the wall clock: enough to tell whether sessions can follow each other."""

from collections.abc import Sequence

from scheduler.planning.hours import DAY_MINUTES, WallClock
from scheduler.planning.series import Supply
from scheduler.planning.series.diary import day_bits
from scheduler.planning.timeline import TICK_MINUTES


class Openings:
    """The starts of all supplies together, by appointment type and day; bit t is tick t of the day."""

    def __init__(self, supplies: Sequence[Supply]) -> None:
        self._sums: dict[int, dict[WallClock, int]] = {}
        for supply in supplies:
            for type_id, starts in supply.starts.items():
                sums = self._sums.setdefault(type_id, {})
                sums[supply.clock] = sums.get(supply.clock, 0) | starts
        self._days: dict[tuple[int, int], int] = {}

    def on(self, type_id: int, day: int) -> int:
        """The ticks of a day at which a session of a type can start."""
        known = self._days.get((type_id, day))
        if known is None:
            known = 0
            for clock, starts in self._sums.get(type_id, {}).items():
                known |= day_bits(clock, starts, day)
            self._days[type_id, day] = known
        return known

    def first(self, type_id: int, day: int, not_before: int) -> int | None:
        """The first start of a day that is no sooner than a wall minute; both count minutes from day 0 on."""
        ticks = self.on(type_id, day)
        skipped = max(-((day * DAY_MINUTES - not_before) // TICK_MINUTES), 0)
        ticks = ticks >> skipped << skipped
        if not ticks:
            return None
        return day * DAY_MINUTES + ((ticks & -ticks).bit_length() - 1) * TICK_MINUTES
